"""Text rows: whole conversations, loss only on what can be known, and marking by what was really written."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from model.cue_summary import FULL  # noqa: E402 - after the skip
from model.networks import Decoder  # noqa: E402 - after the skip
from model.tokenizer import AUDIO_END, AUDIO_PATCH, EOT  # noqa: E402
from training.drill import drawn_turn  # noqa: E402
from training.exam import Marked, mark, papers  # noqa: E402
from training.feed import RowFeed  # noqa: E402
from training.fresh import fresh_talker  # noqa: E402
from training.language import Language  # noqa: E402
from training.loop import Plan  # noqa: E402
from training.rows import collate  # noqa: E402
from training.sizes import dims  # noqa: E402
from training.skills import tools  # noqa: E402
from training.skills.registry import FAMILIES, VOICED, imagined  # noqa: E402
from training.text import any_row, text_loss, text_row  # noqa: E402
from training.turns import turn_row  # noqa: E402

LANGUAGE = Language()


def _lossy(name: str, seed: int, *, prompt: bool) -> str:
    row = text_row(LANGUAGE, name, random.Random(seed), prompt=prompt)
    return LANGUAGE.tokenizer.decode(i for i, w in zip(row.ids, row.weights, strict=True) if w)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_row_ends_with_its_turn_and_never_learns_the_history(name: str) -> None:
    for seed in range(25):
        row = text_row(LANGUAGE, name, random.Random(seed), prompt=seed % 2 == 0)
        assert row.ids[-1] == EOT
        assert row.weights[-1] > 0
        assert AUDIO_PATCH not in row.ids
        if AUDIO_END not in row.ids:
            assert row.ids[0] == EOT
            continue  # bare
        last = len(row.ids) - 1 - row.ids[::-1].index(AUDIO_END)
        assert not any(row.weights[: last + 1])
        assert [place for place, _ in row.ends] == [i for i, t in enumerate(row.ids) if t == AUDIO_END]


@pytest.mark.parametrize("name", VOICED)
def test_made_up_cue_values_carry_no_loss_where_nothing_tells_them(name: str) -> None:
    for seed in range(40):
        row = text_row(LANGUAGE, name, random.Random(seed), prompt=False)
        lossy = LANGUAGE.tokenizer.decode(i for i, w in zip(row.ids, row.weights, strict=True) if w)
        assert row.ends or not any(character.isdigit() for character in lossy)


def test_without_pseudo_audio_what_was_heard_carries_no_loss() -> None:
    assert "heard:" in _lossy("sum", 1, prompt=True)
    assert "heard:" not in _lossy("sum", 1, prompt=False)


def test_the_measured_values_of_a_row_are_those_of_its_wish() -> None:
    for seed in range(30):
        row = text_row(LANGUAGE, "pace", random.Random(seed), prompt=True)
        pace = 4 * row.ends[-1][1][FULL.index("pace")]  # as a trained head tells it: a few per cent off
        text = LANGUAGE.tokenizer.decode(row.ids)
        assert text.endswith("slowly." if pace < 4.2 else "fast.")


def test_a_tool_is_called_only_where_it_was_offered() -> None:
    for seed in range(60):
        text = LANGUAGE.tokenizer.decode(text_row(LANGUAGE, "timer", random.Random(seed), prompt=True).ids)
        offered = text.startswith("system\npractice clock timer")
        assert offered or "<tool_call>" not in text
        assert ("I have no timer" in text.split("</think>")[-1]) != offered or "function_output" in text


def test_after_a_result_nothing_is_heard_again() -> None:
    rng = random.Random(2)
    while True:
        question = FAMILIES["clock"].draw(rng, test=False)
        if tools.stage(question) == "result":
            break
    written, name, result = tools.called(question, rng)
    assert (written, name) == ("<tool_call>function\nclock\n{}</tool_call>", "clock")
    assert result
    assert imagined(question, rng).pitch is None


def _fed(tmp_path: Path, rank: int, numbers: Sequence[int]) -> list[torch.Tensor]:
    plan = Plan(tmp_path / "text.pt", 0.0, rank=rank, seed=3)
    feed = RowFeed(plan, "plain", lambda rng: any_row(LANGUAGE, rng, prompt=False), 8)
    return [feed(number).ids for number in numbers]


def test_batches_are_of_rows_of_about_one_length_in_all_processes(tmp_path: Path) -> None:
    one, other = (_fed(tmp_path, rank, range(12)) for rank in (0, 1))
    lengths = [ids.shape[1] for ids in one]
    assert all(len(ids) == 8 for ids in one)
    assert max(lengths) - min(lengths) > 48
    assert max(abs(a - b.shape[1]) for a, b in zip(lengths, other, strict=True)) <= 48
    assert not any(a.shape == b.shape and torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_a_batch_is_the_same_whatever_was_asked_before(tmp_path: Path) -> None:
    straight = _fed(tmp_path, 0, range(6))
    assert all(torch.equal(a, b) for a, b in zip(straight[4:], _fed(tmp_path, 0, (4, 5)), strict=True))


def test_noise_lies_on_pseudo_audio_of_every_turn() -> None:
    for seed in range(40):
        row = text_row(LANGUAGE, "addto", random.Random(seed), prompt=True)
        batch = collate([row])
        assert len(row.noisy) == len(row.ends)
        for (first, last), (end, _) in zip(row.noisy, row.ends, strict=True):
            assert last == end
            assert bool(batch.noisy[0, first:last].all())
            assert not bool(batch.noisy[0, end])


def test_what_only_sound_tells_is_learned_where_a_summary_of_cues_stands_before_it() -> None:
    line = LANGUAGE.tokenizer.encode("pitch ")[0]
    for seed in range(40):
        rng = random.Random(seed)
        turn = drawn_turn(LANGUAGE, rng, "pitch", {"think": 1.0}, notes=False, audio=seed % 2 == 0)
        felt = text_row(LANGUAGE, "pitch", rng, prompt=seed % 2 == 0)
        for row, feels in ((felt, True), (turn_row(LANGUAGE, turn, rng), False)):
            cited = max(i for i, token in enumerate(row.ids) if token == line)
            assert bool(row.weights[cited + 1]) == bool(row.ends) == feels, LANGUAGE.tokenizer.decode(row.ids)


def test_a_summary_moves_the_loss_of_what_cites_it() -> None:
    talker = fresh_talker("tiny", len(LANGUAGE.tokenizer))
    rows = [text_row(LANGUAGE, "pitch", random.Random(seed), prompt=True) for seed in range(4)]
    batch = collate(rows)
    assert batch.cues.shape == (sum(len(row.ends) for row in rows), 22)
    torch.manual_seed(0)
    once = text_loss(talker.decoder, batch, talker.embed_cues)
    torch.manual_seed(0)
    again = text_loss(talker.decoder, replace(batch, cues=batch.cues + 1), talker.embed_cues)
    assert once.item() != again.item()
    once.backward()
    assert talker.cue_embedding.down.weight.grad.abs().sum() > 0


def test_marks_are_given_for_exact_replies() -> None:
    torch.manual_seed(1)
    decoder = Decoder(dims("tiny", len(LANGUAGE.tokenizer))).eval()
    found = papers(LANGUAGE, "sum", 3, 1)
    assert not any(one.right for one in mark(decoder, LANGUAGE, found))
    assert Marked(found[0], "lines\n</think>\n" + found[0].wanted).right
    direct = papers(LANGUAGE, "sum", 1, 1, mode="direct")[0]
    assert LANGUAGE.tokenizer.decode(direct.ids).endswith("<think>\n\n</think>\n")
    given = papers(LANGUAGE, "pace", 1, 1)[0]
    assert LANGUAGE.tokenizer.decode(given.ids).endswith(" syllables: ")
