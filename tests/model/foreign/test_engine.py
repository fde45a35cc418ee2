"""model/foreign/engine.py: transformers' own answers, whatever is warm, whoever else asks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.foreign.engine import NO_TOKEN, ForeignEngine
from model.foreign.load import ForeignOptions, load_foreign
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.errors import BugError, ModelError
from pipeline.ports import Limits
from pipeline.prompt import Audio, Heard, Human, OpenNote, Prompt, Reply, System, Text, ToolSpec

SYSTEM = System("You are a helpful assistant.")


def noise(seed, seconds):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(16_000 * seconds))).astype(np.float32)


def asked(seed=0, seconds=1.0, text="what is the time", said=""):
    heard = Human((Audio(noise(seed, seconds)), Text(text)))
    return Prompt((SYSTEM, heard, Reply(None, thinking=False, said=said)))


def tokens(engine, prompt, count=24, **limits):
    return [piece.token for piece in engine.generate(prompt, Limits(count, **limits))]


@pytest.fixture(scope="module")
def engine(folder):
    return load_foreign(str(folder))


@pytest.fixture
def cold(folder):
    """An engine that knows nothing."""
    return load_foreign(str(folder))


def by_transformers(engine, prompt, count):
    """What ``generate`` of the model's own class writes for the same positions and sound."""
    network, chat = engine._network, engine._chat
    audio_id = chat.tokenizer.special("<|AUDIO|>")
    ids, sounds = [], []
    for run in chat.layout(prompt).runs:
        ids += run.ids if hasattr(run, "ids") else [audio_id] * len(run)
        sounds += [] if hasattr(run, "ids") else [run.audio.pcm]
    mel = network._extractor(
        sounds, sampling_rate=16_000, return_tensors="pt", padding="max_length", return_attention_mask=True
    )
    written = network._model.generate(
        input_ids=torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        input_features=mel["input_features"],
        feature_attention_mask=mel["attention_mask"],
        max_new_tokens=count,
        do_sample=False,
        eos_token_id=sorted(engine._stops),
        pad_token_id=0,
    )
    return written[0, len(ids) :].tolist()


@pytest.mark.parametrize("seed", [1, 2])
def test_it_writes_what_transformers_writes(engine, seed):
    first, second = asked(seed, 0.96), asked(seed + 10, 1.6)
    prompt = Prompt((*first.parts[:2], Heard("one two"), *second.parts[1:]))
    written = tokens(engine, prompt, 30)
    assert len(set(written)) > 5
    assert written == by_transformers(engine, prompt, 30)[: len(written)]


def test_a_warm_engine_answers_like_a_cold_one(engine, cold):
    prompt, longer = asked(3), asked(3, said=" one two")
    first = tokens(engine, prompt)
    assert tokens(engine, prompt) == first == tokens(cold, prompt)
    before = engine.work().read
    warm = list(engine.generate(longer, Limits(6)))
    assert engine.work().read - before < 20
    fresh = list(load_cold(cold, longer, 6))
    assert [p.token for p in warm] == [p.token for p in fresh]
    assert np.allclose([p.logprob for p in warm], [p.logprob for p in fresh], atol=1e-4)


def load_cold(engine, prompt, count):
    engine._states.clear()
    return engine.generate(prompt, Limits(count))


def test_what_it_wrote_needs_no_second_reading(engine):
    prompt = asked(4)
    pieces = list(engine.generate(prompt, Limits(12)))
    keys = engine._chat.layout(prompt).keys("")
    states, known = engine._states.fork([*keys, *(piece.token for piece in pieces)])
    assert known == len(keys) + len(pieces) - 1 == states.get_seq_length()


def test_recordings_of_one_length_share_nothing_but_what_is_before_them(engine):
    first, second = asked(5, 0.8), asked(6, 0.8)
    keys = [engine._chat.layout(prompt).keys("") for prompt in (first, second)]
    shared = next(at for at, (a, b) in enumerate(zip(*keys, strict=True)) if a != b)
    sound = next(at for at, key in enumerate(keys[0]) if isinstance(key, bytes))
    assert shared == sound
    tokens(engine, first, 3)
    encoded = engine.work().encoded
    tokens(engine, second, 3)
    assert engine.work().encoded - encoded == 20


def test_sessions_share_the_system_text_and_no_more(engine):
    layout = engine._chat.layout(asked(7))
    mine, theirs = layout.keys("a"), layout.keys("b")
    assert mine[: layout.shared] == theirs[: layout.shared]
    assert mine[layout.shared] != theirs[layout.shared]


def test_generations_side_by_side_write_as_if_alone(engine, cold):
    prompts = [asked(8), asked(8, said=" one"), asked(9, 0.5)]
    alone = []
    for prompt in prompts:
        cold._states.clear()
        alone.append(tokens(cold, prompt, 10))
    streams = [engine.generate(prompt, Limits(10)) for prompt in prompts]
    beside = [[] for _ in prompts]
    for _ in range(10):
        for stream, written in zip(streams, beside, strict=True):
            written += [piece.token for piece in [next(stream, None)] if piece is not None]
    assert beside == alone


def test_an_aborted_generation_leaves_true_states_behind(engine, cold):
    prompt = asked(10)
    stream = engine.generate(prompt, Limits(20))
    begun = [next(stream).token for _ in range(4)]
    stream.close()
    whole = tokens(engine, prompt, 20)
    assert whole[:4] == begun
    assert whole == tokens(cold, prompt, 20)


def test_prefill_reads_all_but_sound_that_may_still_grow(folder):
    engine = load_foreign(str(folder), ForeignOptions(segment=2.0))
    sound = noise(11, 4.5)
    open_turn = Prompt((SYSTEM, Human((Audio(sound),))))
    assert engine.prefill(open_turn) > 0
    assert engine.work().encoded == 100  # two closed segments
    assert engine.prefill(open_turn) == 0
    before = engine.work().read
    grown = Prompt((SYSTEM, Human((Audio(np.concatenate([sound, noise(12, 0.3)])),)), Reply(None, False)))
    tokens(engine, grown, 1)
    assert engine.work().encoded == 100 + 20
    assert engine.work().read - before < 20 + 20


def test_prefill_changes_no_answer(engine, cold):
    prompt = asked(13)
    expected = tokens(cold, prompt)
    assert engine.prefill(prompt) > 0
    assert engine.prefill(prompt) == 0
    assert tokens(engine, prompt) == expected


def test_an_open_thought_is_closed_at_once_and_the_answer_is_the_same(engine):
    answer = asked(14)
    thinking = Prompt((*answer.parts[:-1], Reply("it may be", thinking=True)))
    pieces = list(engine.generate(thinking, Limits(9)))
    assert pieces[0].text == "</think>\n" and pieces[0].token == NO_TOKEN
    assert [piece.token for piece in pieces[1:]] == tokens(engine, answer, 8)
    stopped = list(engine.generate(thinking, Limits(9, stop=("</think>",))))
    assert len(stopped) == 1 and stopped[0].last


def test_a_stop_text_ends_it_and_is_the_last_thing_written(engine):
    prompt = asked(15)
    text = [piece.text for piece in engine.generate(prompt, Limits(12))]
    whole = "".join(text)
    stop = whole[len(whole) // 2 :][:2]
    until = "".join(piece.text for piece in engine.generate(prompt, Limits(12, stop=(stop,))))
    assert stop in until and whole.startswith(until)
    assert len(until) <= whole.index(stop) + 2 + max(map(len, text))


def test_a_token_that_ends_a_turn_is_the_last_piece_and_no_text(engine):
    written = tokens(engine, asked(16), 8)
    ends = ForeignEngine("x", engine._network, engine._chat, frozenset({written[4]}))
    pieces = list(ends.generate(asked(16), Limits(8)))
    assert [piece.token for piece in pieces] == written[: written.index(written[4]) + 1]
    assert pieces[-1].text == ""
    assert [piece.last for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert {engine.tokenizer.special(name) for name in ("<|im_end|>", "<|endoftext|>")} <= engine._stops


def test_it_never_goes_round_in_circles(engine):
    pieces = list(engine.generate(asked(16), Limits(600)))
    assert len(pieces) < 600


def test_logprobs_are_those_of_the_softmax(engine):
    prompt = asked(17)
    piece = next(iter(engine.generate(prompt, Limits(1))))
    keys = engine._chat.layout(prompt).keys("")
    states, known = engine._states.fork(keys[:-1])
    logits = engine._catch_up(engine._chat.layout(prompt), states, known)
    assert piece.logprob == pytest.approx(float(torch.log_softmax(logits, -1)[piece.token]), abs=1e-5)


def test_facts_promise_no_thoughts(engine, folder):
    facts = engine.facts()
    assert (facts.thinks, facts.continues, facts.thinks_while_listening, facts.hears) == (
        False,
        True,
        "no",
        "audio",
    )
    assert facts.tools == ("no" if folder.name == "qwen2_audio" else "text")
    assert facts.name == folder.name


def test_what_is_too_long_is_refused_with_numbers(folder):
    engine = load_foreign(str(folder), ForeignOptions(positions=64))
    with pytest.raises(ModelError, match=r"\d+ positions, and this brain was given 64"):
        tokens(engine, asked(18, 4.0))
    room = 64 - len(engine._chat.layout(asked(18, 0.3)))
    assert 0 < len(tokens(engine, asked(18, 0.3), 500)) <= room


def test_sound_that_is_no_number_is_refused(engine):
    bad = noise(19, 0.5)
    bad[100] = np.nan
    with pytest.raises(ModelError, match="not numbers"):
        tokens(engine, Prompt((SYSTEM, Human((Audio(bad),)), Reply(None, False))))


def test_prompts_that_it_cannot_continue_are_refused(engine):
    with pytest.raises(BugError, match="open Reply"):
        tokens(engine, Prompt((SYSTEM, Human((Text("hi"),)))))
    with pytest.raises(ModelError, match="no notes"):
        engine.prefill(Prompt((SYSTEM, Human((Text("hi"),)), OpenNote("x"))))


def test_a_closed_engine_says_so(cold):
    cold.close()
    with pytest.raises(BugError, match="closed"):
        tokens(cold, asked(20))


def test_states_are_bounded_in_bytes(folder):
    engine = load_foreign(str(folder), ForeignOptions(positions=256))
    for seed in range(6):
        tokens(engine, asked(seed, 1.0), 4)
        assert engine._states.bytes <= engine._states._limit
    assert 1 <= len(engine._states) < 6


def test_tools_are_told_in_words(engine):
    tool = ToolSpec("clock", "tells the time", "{}")
    plain, told = (
        engine._chat.layout(Prompt((System("Be brief.", tools), Human(()), Reply(None, False))))
        for tools in ((), (tool,))
    )
    text = engine.tokenizer.decode(id for run in told.runs for id in run.ids)
    assert "clock: tells the time" in text and len(told) > len(plain)


def test_it_serves_through_a_compute_port(engine):
    async def main():
        compute = InlineCompute(engine)
        return [piece.token async for piece in compute.stream("generate", asked(21), Limits(5))]

    assert simulate(main) == tokens(engine, asked(21), 5)
