"""Many answers at once are the answers one by one, with history, notes, given thoughts and tools, too."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("scipy")

from training import bundle  # noqa: E402 - after the skips
from training import crew as crew_of  # noqa: E402
from training.audio import POSITION  # noqa: E402
from training.augment import Clip  # noqa: E402
from training.batch_decoder import Sequences  # noqa: E402
from training.batch_player import BatchPlayer, Task, player_of  # noqa: E402
from training.crew import Crew  # noqa: E402
from training.evaluate import disagreements  # noqa: E402
from training.fresh import fresh_talker  # noqa: E402
from training.language import Language  # noqa: E402
from training.outcomes import Outcome, play, tasks_of  # noqa: E402
from training.player import Player  # noqa: E402
from training.sets import case_of  # noqa: E402
from training.skills.question import Question  # noqa: E402
from training.spectrum import NO_WARP  # noqa: E402

LIMIT = 12


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(3)
    talker = fresh_talker("tiny", len(Language().tokenizer)).eval()
    for value in talker.decoder.parameters():
        value.data *= 6  # so that an untrained network has opinions
    bundle.round_weights(talker)
    folder: Path = tmp_path_factory.mktemp("bundle")
    bundle.write(talker, folder, training={}, refusal={"heard_logprob": -1.0})
    return folder


@pytest.fixture(name="players", scope="module")
def _players(folder: Path) -> tuple[Player, BatchPlayer]:
    return Player(folder), player_of(folder, batch=4)


def _clips(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [
        (0.05 * rng.standard_normal(700 + POSITION * (3 + i % 4))).astype(np.float32) for i in range(count)
    ]


def test_the_ear_has_its_say_in_a_batch_as_one_by_one(folder: Path) -> None:
    one, many = Player(folder), player_of(folder, batch=4)
    clips = _clips(9)
    tasks = [Task(heard) for heard in many.hear(clips)]
    alone = [answer.text for answer in many.answer(tasks, LIMIT)]
    for reader in (one._reader, many.reader):
        assert reader is not None
        reader._begins = ()  # an untrained network begins no heard line: its first words are one
        reader._weight = 5.0
    found = [answer.text for answer in many.answer(tasks, LIMIT)]
    assert found == [one.answer(one.hear(clip), [], LIMIT).text for clip in clips]
    assert found != alone


def test_answers_in_a_batch_are_those_one_by_one(players: tuple[Player, BatchPlayer]) -> None:
    one, many = players
    clips = _clips(9)
    heard, exact = many.hear(clips), [one.hear(clip) for clip in clips]
    for a, b in zip(heard, exact, strict=True):
        assert np.abs(a.audio - b.audio).max() < 1e-4
        assert np.abs(a.vector - b.vector).max() < 1e-4
    called = ("<tool_call>function\nclock\n{}</tool_call>", "clock", "16:05")
    ways: list[dict[str, object]] = [
        {},
        {"thought": ""},
        {"notes": ((2, None),)},
        {"notes": ((1, "heard: two\n"), (2, None)), "thought": "heard:\n"},
        {"tools": ("clock", "timer"), "called": called},
        {"history": 1},
        {"history": 2, "notes": ((2, None),)},
        {},
        {},
    ]
    tasks, wanted = [], []
    for i, way in enumerate(ways):
        before = int(way.pop("history", 0))  # type: ignore[call-overload]
        history = [(j, "Okay.", called if j else None) for j in range(before)]
        tasks.append(Task(heard[i], tuple((heard[j], said, c) for j, said, c in history), **way))  # type: ignore[arg-type]
        wanted.append(one.answer(exact[i], [(exact[j], said, c) for j, said, c in history], LIMIT, **way))  # type: ignore[arg-type]
    for found, answer in zip(many.answer(tasks, LIMIT), wanted, strict=True):
        assert found.text == answer.text
        assert found.notes == answer.notes
        assert found.heard_logprob == pytest.approx(answer.heard_logprob, abs=1e-4)


def test_cases_with_earlier_turns_are_answered_alike(
    players: tuple[Player, BatchPlayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, many = players
    clips = [Clip(np.pad(clip, (0, -len(clip) % POSITION)), clip, NO_WARP) for clip in _clips(4)]
    total = Question("sum", ("two", "plus", "three"), (2, 3), ("+",))
    more = Question("addto", ("and", "plus", "three"), (3,), ("+",))
    first = case_of(clips[0], total, "f2")
    cases = [
        first,
        case_of(clips[1], more, "f2", (first,)),
        case_of(clips[2], total, "f2", (first, first), ("clock",)),
    ]
    written = many.write(tasks_of(cases, many), LIMIT)
    exact = one.answer
    monkeypatch.setattr(one, "answer", lambda now, history, **way: exact(now, history, LIMIT, **way))
    found = [Outcome(case, w.answer, w.thought_ids) for case, w in zip(cases, written, strict=True)]
    assert disagreements(one, found) == []


def test_several_processes_answer_as_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_of, "SLICE", 1)  # many parts for two processes
    total = Question("sum", ("two", "plus", "three"), (2, 3), ("+",))
    clips = [Clip(np.pad(clip, (0, -len(clip) % POSITION)), clip, NO_WARP) for clip in _clips(5)]
    cases = [case_of(clip, total, f"voice {i}") for i, clip in enumerate(clips)]
    with Crew(folder) as crew:
        bare, own = crew.play(cases, ""), crew.play(cases[:1])
    wanted = play(player_of(folder), cases, "")
    assert len({one.answer.text for one in wanted}) > 1
    assert [one.answer.text for one in bare] == [one.answer.text for one in wanted]
    assert own[0].answer.text != bare[0].answer.text


def test_sampled_answers_depend_on_the_seed_alone(players: tuple[Player, BatchPlayer]) -> None:
    many = players[1]
    tasks = [Task(now) for now in many.hear(_clips(3))]
    first, again, other = (
        [w.ids for w in many.write(tasks, 6, temperature=1.0, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_rows_of_different_lengths_are_read_as_if_alone() -> None:
    torch.manual_seed(0)
    decoder = fresh_talker("tiny", len(Language().tokenizer)).decoder
    embeds = torch.randn(3, 7, 48)
    rows = Sequences(decoder, 3)
    rows.feed(embeds[:, :4], torch.tensor([4, 2, 0]))
    rows.feed(torch.stack([embeds[0, 4:], embeds[1, 2:5], embeds[2, :3]]), torch.tensor([3, 1, 3]))
    rows.keep(torch.tensor([2, 0, 1]))
    rows.feed(embeds[[2, 0, 1], 3:6], torch.tensor([2, 0, 0]))
    with torch.no_grad():
        for row, (source, count) in enumerate(((2, 5), (0, 7), (1, 3))):
            alone = decoder.hidden(embeds[source : source + 1, :count])[0][0, -1]
            assert torch.allclose(rows.hidden[row], alone, atol=1e-5)
