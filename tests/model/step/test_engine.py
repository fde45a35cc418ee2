"""model/step/engine.py: an engine is a function of its prompt; what is warm never changes an answer."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from playing import SECOND, SYSTEM, answer, asked, assert_alike, engine, sound, thought_of, tokenizer

from pipeline.errors import BugError, ModelError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Called, Heard, Human, Prompt, Reply, Text, ToolCall, ToolResult

TOKENS = 12
CALLED = Called((ToolCall("1", "clock", "{}"),), (ToolResult("1", "clock", "noon"),), "Wait. ")


def random_prompt(rng: np.random.Generator, sounds: list) -> Prompt:
    """One of all the kinds of prompts that a conversation makes, cut anywhere."""
    parts: list = [SYSTEM]
    for _ in range(rng.integers(0, 3)):
        pcm = sounds[rng.integers(len(sounds))]
        parts.append(Human((Audio(pcm[: rng.integers(0, len(pcm) + 1)]),)))
        parts += [CALLED] if rng.random() < 0.3 else []
        parts.append(Heard(["", "Yes.", "Forty."][rng.integers(3)]))
    pcm = sounds[rng.integers(len(sounds))]
    user = [Audio(pcm[: [0, 1, 1280, rng.integers(0, len(pcm) + 1)][rng.integers(4)]])]
    if rng.random() < 0.3:
        user.insert(rng.integers(2), Text(["", "hi", "naïve <|EOT|> 日"][rng.integers(3)]))
    thoughts = "they ask the time\nseven plus two"
    thoughts = thoughts[: rng.integers(len(thoughts) + 1)]
    thinking = bool(rng.random() < 0.5)
    return Prompt(
        (
            *parts,
            Human(tuple(user)),
            Reply(thoughts, thinking, "" if thinking else "Forty"[: rng.integers(6)]),
        )
    )


@pytest.mark.parametrize("bounds", [{}, {"positions": 192, "heard": 20}, {"chunk": 5, "segment": 0.5}])
def test_a_warm_engine_answers_random_programs_as_a_fresh_one(bounds: dict) -> None:
    rng = np.random.default_rng(11)
    sounds = [sound(seed, 15 * 1280) for seed in range(3)]
    sounds.append(np.concatenate([sounds[0][: 8 * 1280], sounds[1][: 7 * 1280]]))
    warm = engine(**bounds)
    for _ in range(8):
        prompt = random_prompt(rng, sounds)
        if rng.random() < 0.5:
            warm.engine.prefill(Prompt(prompt.parts[: rng.integers(len(prompt.parts) + 1)]))
        if rng.random() < 0.5:
            dropped = warm.engine.generate(random_prompt(rng, sounds), Limits(8))
            next(dropped)
            dropped.close()
        alone = {**bounds, "positions": 512}
        assert_alike(answer(warm, prompt, 6), answer(engine(**alone), prompt, 6))
        assert warm.engine.stats().leased == 0
    assert warm.engine.stats().found > 0


def test_two_recordings_of_equal_length_get_their_own_answers() -> None:
    warm = engine()
    one, other = (asked(sound(seed, SECOND)) for seed in (1, 2))
    first = answer(warm, one)
    known = warm.engine.stats().found
    second = answer(warm, other)
    keys = [warm.engine._renderer.layout(prompt).keys("") for prompt in (one, other)]
    before = next(at for at, (a, b) in enumerate(zip(*keys, strict=True)) if a != b)
    assert warm.engine.stats().found - known == before, "a block of sound was shared"
    assert (first[0][1] - second[0][1]).abs().max() > 1e-3
    assert_alike(second, answer(engine(), other))


def test_a_repeated_prompt_reads_one_position_anew() -> None:
    warm = engine()
    prompt = asked(sound(1, 2 * SECOND))
    answer(warm, prompt, 1)
    warm.runs.clear()
    answer(warm, prompt, 1)
    assert warm.positions == 1


def test_a_growing_segment_reads_itself_again_and_nothing_before_it() -> None:
    warm, pcm = engine(segment=2.0), sound(1, 6 * SECOND)
    answer(warm, asked(pcm[: 5 * SECOND]), 1)
    warm.runs.clear()
    answer(warm, asked(pcm[: 5 * SECOND + 8000]), 1)
    tail = (
        len(("audio_end", "EOT", "BOT"))
        + len(tokenizer().encode("assistant\n"))
        + len(tokenizer().encode("<think>\n"))
    )
    assert warm.positions == 19 + tail
    assert warm.engine.work().encoded == 25 + 25 + 13 + 19


def test_prefill_reads_closed_segments_only_and_the_reply_reads_the_rest() -> None:
    warm, pcm = engine(segment=2.0), sound(1, 6 * SECOND)
    opening = warm.engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: 5 * SECOND]),)))))
    again = warm.engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: 5 * SECOND + 100].copy()),)))))
    more = warm.engine.prefill(Prompt((SYSTEM, Human((Audio(pcm), Text(""))))))
    assert opening > 2 * 25 and again == 0 and more == 25 + 2
    assert warm.engine.prefill(Prompt(())) == 0


def test_interleaved_generations_do_not_disturb_each_other() -> None:
    warm, pcm = engine(), sound(1, SECOND)
    prompts = [asked(pcm), asked(pcm, reply=Reply("two\n", False)), asked(sound(2, SECOND))]
    lines = [warm.engine.generate(prompt, Limits(TOKENS)) for prompt in prompts]
    got: list = [[] for _ in prompts]
    for _ in range(TOKENS):
        for line, pieces in zip(lines, got, strict=True):
            if (piece := next(line, None)) is not None:
                pieces.append(piece)
    for prompt, pieces in zip(prompts, got, strict=True):
        expected = [piece for piece, _ in answer(engine(), prompt)]
        assert [piece.token for piece in pieces] == [piece.token for piece in expected]
        np.testing.assert_allclose([p.logprob for p in pieces], [p.logprob for p in expected], atol=1e-4)
    assert len([run for run in warm.runs if run[0] > 1]) > 3, "they were not batched"


def test_a_dropped_fork_leaves_no_trace() -> None:
    warm, pcm = engine(), sound(1, 3 * SECOND)
    line = warm.engine.generate(asked(pcm), Limits(64))
    next(line)
    pool = warm.engine._runner._pool.kv
    held, blocks = warm.engine.stats().leased, warm.engine.stats().blocks
    filled = pool.flatten(3).abs().sum(-1).bool().any(1).any(0)
    before = pool[:, :, filled].clone()
    forks = [warm.engine.generate(asked(pcm, reply=Reply("x" * n, False)), Limits(64)) for n in range(1, 5)]
    for fork in forks:
        next(fork)
    assert warm.engine.stats().leased > held
    for fork in forks:
        fork.close()
    assert warm.engine.stats().leased == held > 0 and len(warm.engine._batch) == 1
    assert warm.engine.stats().blocks >= blocks
    now = pool[:, :, filled]
    untouched = before != 0  # places that were free then may have been written
    assert torch.equal(now[untouched], before[untouched])
    line.close()
    assert warm.engine.stats().leased == 0 and len(warm.engine._batch) == 0


def test_aborting_frees_row_and_leases_and_the_next_answer_is_as_ever() -> None:
    warm, prompt = engine(), asked(sound(1, SECOND))
    steps = warm.engine.generate(prompt, Limits(64))
    for _ in range(5):
        next(steps)
    assert warm.engine.stats().leased > 0
    steps.close()
    assert warm.engine.stats().leased == 0 and len(warm.engine._batch) == 0
    assert_alike(answer(warm, prompt), answer(engine(), prompt))


def test_sessions_do_not_share_what_they_said() -> None:
    warm, prompt = engine(), asked(sound(1, 2 * SECOND))
    alone = warm.engine.prefill(prompt, "a")
    assert warm.engine.prefill(prompt, "a") == 0
    system = warm.engine.prefill(Prompt((SYSTEM,)))
    assert system == 0 and 30 < warm.engine.prefill(prompt, "b") < alone


# --- how a generation ends --------------------------------------------------------------------------------


def test_the_token_limit_ends_it() -> None:
    pieces = thought_of(engine(), asked(sound(1, SECOND)), Limits(3))
    assert [p.last for p in pieces] == [False, False, True]
    assert thought_of(engine(), asked(sound(1, SECOND)), Limits(0)) == []


def test_a_stop_text_ends_it_and_is_in_the_last_piece() -> None:
    prompt = asked(sound(1, SECOND))
    whole = "".join(piece.text for piece in thought_of(engine(), prompt, Limits(12)))
    stop = whole[3:6]
    pieces = thought_of(engine(), prompt, Limits(12, (stop,)))
    assert stop in "".join(p.text for p in pieces) and pieces[-1].last
    assert stop not in "".join(p.text for p in pieces[:-1])


@pytest.mark.parametrize("name", ["eot", "tts_end"])
def test_an_end_of_turn_token_ends_it_and_is_not_read(name: str) -> None:
    end, other = getattr(tokenizer(), name), engine()
    plain = thought_of(engine(), asked(sound(1, SECOND)), Limits(2))

    def aim(_module: torch.nn.Module, _args: object, logits: torch.Tensor) -> torch.Tensor:
        if len(other.runs) == 3:
            logits = logits.clone()
            logits[..., end] = 1e4
        return logits

    other.network.lm_head.register_forward_hook(aim)
    pieces = thought_of(other, asked(sound(1, SECOND)), Limits(24))
    assert [p.token for p in pieces] == [*(p.token for p in plain), end]
    assert pieces[-1].last and pieces[-1].text == "" and len(other.runs) == 3


def test_going_round_in_circles_ends_it() -> None:
    watched = engine()
    watched.network.lm_head.weight.zero_()
    pieces = thought_of(watched, asked(sound(1, SECOND)), Limits(200))
    assert 30 < len(pieces) < 60 and pieces[-1].last


@pytest.mark.parametrize(
    ("positions", "told"), [(64, "its memory holds 64"), (4096, "this brain reads 2048")]
)
def test_a_prompt_that_is_too_long_is_refused_with_the_numbers(positions: int, told: str) -> None:
    long = asked(sound(1, 170 * SECOND if positions > 64 else 5 * SECOND))
    watched = engine(positions=positions)
    size = len(watched.engine._renderer.layout(long))
    with pytest.raises(ModelError, match=f"the prompt has {size} positions, and {told}"):
        thought_of(watched, long, Limits(5))
    assert watched.runs == [] and watched.engine.stats().leased == 0


def test_a_full_context_ends_it() -> None:
    watched = engine(positions=64)
    prompt = asked(sound(1, 2 * SECOND))
    size = len(watched.engine._renderer.layout(prompt))
    pieces = thought_of(watched, prompt, Limits(500))
    assert len(pieces) == 64 - size and pieces[-1].last


def test_values_that_are_not_numbers_are_one_error_and_leave_nothing_behind() -> None:
    watched, prompt = engine(), asked(sound(1, SECOND))
    watched.broken = True
    with pytest.raises(ModelError, match="not numbers"):
        thought_of(watched, prompt, Limits(5))
    watched.broken = False
    assert watched.engine.stats().blocks == 0
    assert_alike(answer(watched, prompt), answer(engine(), prompt))


def test_what_is_not_a_number_does_not_stay_in_memory_that_others_get() -> None:
    watched, prompt = engine(positions=96), asked(sound(1, SECOND))
    shorter = Prompt((Human((Text("hi"),)), Reply()))
    bias = watched.network.model.layers[0].self_attn.v_proj.bias
    kept = bias.clone()
    bias.fill_(torch.nan)
    with pytest.raises(ModelError, match="not numbers"):
        thought_of(watched, prompt, Limits(5))
    bias.copy_(kept)
    assert_alike(answer(watched, shorter), answer(engine(), shorter))


def test_reading_ahead_without_room_is_no_error_and_changes_no_answer() -> None:
    watched = engine(positions=96, chunk=16)
    holds = watched.engine.generate(asked(sound(1, SECOND)), Limits(40))
    next(holds)
    ahead = Prompt((SYSTEM, Human((Text("x" * 60),)), Reply()))
    assert 0 < watched.engine.prefill(ahead) < 84
    assert [p.token for p in holds] == [
        p.token for p in thought_of(engine(), asked(sound(1, SECOND)), Limits(40))[1:]
    ]


def test_sound_that_is_not_numbers_is_refused() -> None:
    pcm = sound(1, SECOND)
    pcm[7] = np.nan
    with pytest.raises(ModelError, match="sound holds values that are not numbers"):
        thought_of(engine(), asked(pcm), Limits(5))


# --- what it is -------------------------------------------------------------------------------------------


def test_its_facts_say_what_its_weights_can_do() -> None:
    r1 = engine(name="Step-Audio-R1.1").engine.facts()
    assert (r1.thinks, r1.thinks_while_listening, r1.speaking, r1.tools) == (
        True,
        "notes",
        "think-first",
        "no",
    )
    assert r1.hears == "audio" and r1.confirms and r1.continues and r1.note == "It calls no tools."
    mini = engine(name="Step-Audio-2-mini", thinks=False).engine.facts()
    assert (mini.thinks, mini.thinks_while_listening, mini.tools) == (False, "no", "native")


def test_a_brain_that_does_not_think_closes_an_open_thought_at_once() -> None:
    plain, prompt = engine(thinks=False), asked(sound(1, SECOND))
    pieces = thought_of(plain, prompt, Limits(30))
    text = "".join(piece.text for piece in pieces)
    assert text.startswith("</think>\n")
    words = thought_of(plain, asked(sound(1, SECOND), reply=Reply(None, False)), Limits(30))
    assert text == "</think>\n" + "".join(
        piece.text for piece in words[: 30 - len(tokenizer().encode("</think>\n"))]
    )
    (*_, last) = thought_of(plain, prompt, Limits(30, ("</think>",)))
    assert last.last and plain.engine.stats().leased == 0


def test_misuse_and_use_after_closing_are_bugs_of_ours() -> None:
    watched = engine()
    with pytest.raises(BugError, match="open Reply"):
        thought_of(watched, Prompt((SYSTEM,)), Limits(1))
    watched.engine.close()
    for use in (
        lambda: watched.engine.prefill(Prompt(())),
        lambda: thought_of(watched, asked(sound(1, 1)), Limits(1)),
    ):
        with pytest.raises(BugError, match="closed"):
            use()


def test_a_closed_engine_holds_neither_weights_nor_keys_and_values() -> None:
    watched = engine()
    thought_of(watched, asked(sound(1, 1)), Limits(3))
    steps = watched.engine.generate(asked(sound(1, 1)), Limits(9))
    next(steps)
    network, pool = weakref.ref(watched.engine._runner._network), watched.engine._runner._pool
    closing = watched.engine
    del watched
    closing.close()
    with pytest.raises(BugError, match="closed"):
        list(steps)
    gc.collect()
    assert network() is None and pool.kv.numel() == 0
    closing.close()
    assert closing.stats().leased == 0 and closing.work().written == 4
