"""model/judge.py and OnnxEngine.judge: whether the user has finished, and what kind of sound a burst is."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from model import judge
from model.checkpoint import HEADS, load
from model.ear import Ear
from model.engine import OnnxEngine
from model.judge import Heads, Track, burst_window, ending_window
from model.onnx_runtime import OnnxNetwork
from model.render import SEGMENT
from pipeline.errors import CheckpointError, ModelError, VoiceError
from pipeline.prompt import BLOCK, Audio, Heard, Human, OpenNote, Prompt, Reply, System, Text
from tts.flite_library import synthesiser

RATE = 16_000
WIDTH = 192


@pytest.fixture(scope="module")
def network(real):
    return OnnxNetwork(real)


@pytest.fixture
def engine(real, network):
    if real.heads is None:
        pytest.skip("the bundle has no heads; train them (python -m training heads)")
    return OnnxEngine(real, network=network)


@pytest.fixture
def chance_engine(chance, network):
    """Any heads: what holds for them holds for all."""
    rng = np.random.default_rng(3)
    shapes = judge.shapes(chance.card.dims.width)
    heads = {name: (0.1 * rng.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}
    heads["calibration"] = np.ones(3, np.float32)
    return OnnxEngine(dataclasses.replace(chance, heads=heads), network=OnnxNetwork(chance))


@pytest.fixture(scope="module")
def say():
    """``say(text)``: the held-out human-derived voice, in a quiet room, with ``silence`` seconds after it."""
    try:
        voice = synthesiser("rms")
    except VoiceError as error:
        pytest.skip(str(error))

    def speak(text: str, silence: float = 0.4):
        parts: list[np.ndarray] = []

        def take(pcm, _words):
            parts.append(pcm)
            return True

        voice.speak(text, take)
        pcm = np.concatenate(parts)
        loud = np.nonzero(np.abs(pcm) > 0.01)[0]
        pcm = np.pad(pcm[loud[0] : loud[-1] + 1], (4000, round(silence * RATE)))
        room = np.random.default_rng(len(pcm)).standard_normal(len(pcm)).astype(np.float32)
        return (0.5 * pcm + 3e-4 * room).astype(np.float32)

    return speak


def asked(pcm, *after):
    return Prompt((System("practice"), Human((Audio(pcm),)), *after))


def ended(engine, pcm):
    return engine.judge(asked(pcm), 4000).end_of_turn


@pytest.mark.parametrize("silence", [0.2, 0.4, 0.8])
def test_a_whole_sum_sounds_finished_and_one_that_breaks_off_does_not(engine, say, silence):
    for whole, broken in (
        ("what is fourteen plus five.", "what is fourteen plus."),
        ("calculate thirty minus eight.", "calculate thirty."),
        ("how much is six plus nine minus three.", "how much is six plus nine minus."),
    ):
        assert ended(engine, say(whole, silence)) > 0.7
        assert ended(engine, say(broken, silence)) < 0.3


def test_silence_alone_decides_nothing(engine, say):
    values = [ended(engine, say("what is twelve plus.", silence)) for silence in (0.3, 0.8, 1.6, 3.0)]
    assert max(values) < 0.4


def test_sound_in_which_nothing_was_said_is_left_to_the_silence(engine):
    room = 1e-3 * np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    assert ended(engine, room) == 0.5


def test_words_and_knocks_are_told_apart_while_they_go_on(engine, say):
    speech = say("what is fourteen plus five.", 0.0)[: 4000 + RATE // 2]
    said = engine.judge(asked(speech), 4000)
    rng, knocks = np.random.default_rng(1), 1e-4 * np.random.default_rng(2).standard_normal(12_000)
    for at in (4000, 7200, 10_400):
        decay = np.exp(-np.arange(1600) / 300)
        knocks[at : at + 1600] += 0.2 * decay * np.sin(2 * np.pi * 180 * np.arange(1600) / RATE)
        knocks[at : at + 1600] += 0.1 * decay * rng.standard_normal(1600)
    banged = engine.judge(asked(knocks.astype(np.float32)), 4000)
    assert said.words > 0.8
    assert banged.noise > 0.8


def test_kinds_sum_to_one(chance_engine, sound):
    for seed in range(4):
        found = chance_engine.judge(asked(sound(seed, 30_000)), 9000)
        assert found.words + found.backchannel + found.noise == pytest.approx(1, abs=1e-6)
        assert 0 <= found.end_of_turn <= 1


@pytest.mark.parametrize("blocks", [37, 120])
def test_growing_sound_is_judged_as_if_it_came_at_once(chance, chance_engine, sound, blocks):
    pcm = sound(5, blocks * BLOCK)
    rng, at = np.random.default_rng(1), 3
    while at < blocks:
        at = min(blocks, at + int(rng.integers(1, 5)))
        prompt = asked(pcm[: at * BLOCK + int(rng.integers(0, BLOCK))])
        grown = chance_engine.judge(prompt, 3 * BLOCK)
        fresh = OnnxEngine(
            dataclasses.replace(chance, heads=chance_engine._heads._w), network=chance_engine._network
        ).judge(prompt, 3 * BLOCK)
        for one, other in zip(dataclasses.astuple(grown), dataclasses.astuple(fresh), strict=True):
            assert one == pytest.approx(other, abs=1e-4)


def test_a_long_turn_is_judged_by_its_newest_group(chance_engine, sound):
    tail = sound(8, 4 * RATE)
    long = np.concatenate([sound(9, SEGMENT), tail])
    late = chance_engine.judge(asked(long), SEGMENT + RATE)
    alone = chance_engine.judge(asked(tail), RATE)
    assert dataclasses.astuple(late)[1:] == pytest.approx(dataclasses.astuple(alone)[1:], abs=1e-4)


@pytest.mark.parametrize("length", [BLOCK, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT + 5])
def test_every_length_and_onset_can_be_judged(chance_engine, sound, length):
    pcm = sound(2, length)
    for onset in (0, 1, length // 2, max(0, length - SEGMENT), length):
        chance_engine.judge(asked(pcm), onset)


def test_judging_reads_no_word_and_changes_no_answer(chance_engine, sound):
    pcm = sound(3, 20 * BLOCK)
    before = chance_engine.prefill(asked(pcm))
    read = chance_engine.work()
    chance_engine.judge(asked(pcm), 0)
    assert chance_engine.work() == read, "all of it was warm"
    chance_engine.judge(asked(sound(4, 20 * BLOCK)), 0)
    assert chance_engine.work().read == read.read and chance_engine.prefill(asked(pcm)) == 0 < before


def test_the_last_sound_of_the_last_human_turn_is_judged(chance_engine, sound):
    one, two = sound(1, 15_000), sound(2, 15_000)
    wanted = chance_engine.judge(asked(two), 0)
    earlier = (System("practice"), Human((Audio(one),)), Heard("Yes."))
    for last in (
        Prompt((*earlier, Human((Audio(two),)))),
        Prompt((*earlier, Human((Audio(one), Text("so"), Audio(two))), Reply())),
        Prompt((*earlier, Human((Audio(two), Text("so"))), OpenNote())),
    ):
        assert chance_engine.judge(last, 0) == wanted


def test_prompts_that_cannot_be_judged_are_refused_in_a_sentence(chance_engine, sound):
    pcm = sound(1, 5000)
    with pytest.raises(ModelError, match="holds no sound"):
        chance_engine.judge(Prompt((System("practice"),)), 0)
    with pytest.raises(ModelError, match="holds no sound"):
        chance_engine.judge(Prompt((Human((Audio(pcm),)), Heard("Yes."), Human((Text("hi"),)))), 0)
    with pytest.raises(ModelError, match="1280 samples"):
        chance_engine.judge(asked(pcm[: BLOCK - 1]), 0)
    for onset in (-1, 5001):
        with pytest.raises(ModelError, match="outside the sound"):
            chance_engine.judge(asked(pcm), onset)
    with pytest.raises(ModelError, match="not numbers"):
        chance_engine.judge(asked(np.full(5000, np.nan, np.float32)), 0)


def test_a_brain_without_heads_says_so(chance, network, sound):
    engine = OnnxEngine(dataclasses.replace(chance, heads=None), network=network)
    assert not engine.facts().judges
    with pytest.raises(ModelError, match="no heads"):
        engine.judge(asked(sound(1, 5000)), 0)


def test_a_brain_with_heads_says_so(engine):
    assert engine.facts().judges


def test_heads_of_another_encoder_are_refused(tmp_path, folder, real):
    if real.heads is None:
        pytest.skip("the bundle has no heads")
    for file in filter(Path.is_file, folder.iterdir()):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    data = bytearray((tmp_path / HEADS).read_bytes())
    header = int.from_bytes(data[:8], "little")
    begin, _ = json.loads(data[8 : 8 + header])["encoder"]["data_offsets"]
    data[8 + header + begin + 1] ^= 1
    (tmp_path / HEADS).write_bytes(data)
    with pytest.raises(CheckpointError, match="another encoder"):
        load(tmp_path)
    assert load(tmp_path, heads=False).heads is None
    (tmp_path / HEADS).unlink()
    assert load(tmp_path).heads is None


def test_features_are_those_that_the_ear_gives_the_language_model(chance, sound):
    ear = Ear(OnnxNetwork(chance), positions=100, state_bytes=1 << 20)
    audio = Audio(sound(1, 10 * BLOCK))
    embeddings, cues = ear.features(audio, 2, 7)
    assert embeddings.shape == (5, WIDTH) and cues.shape == (10, len(chance.card.cues))
    np.testing.assert_array_equal(embeddings, ear.embeddings(audio, 2, 7))
    assert ear.encoded == 7


def track_of(spoken: list[bool]) -> Track:
    """A track in which only the given positions hold speech."""
    rng = np.random.default_rng(0)
    cues = rng.uniform(0, 0.4, (2 * len(spoken), 5)).astype(np.float32)
    cues[:, 4] = np.repeat(np.array(spoken, np.float32), 2)
    return Track.of(rng.standard_normal((len(spoken), 8)).astype(np.float32), cues)


def test_the_ending_is_looked_for_before_the_newest_speech():
    window = ending_window(track_of([False] * 5 + [True] * 30 + [False] * 9))
    assert window is not None and (window.start, window.stop) == (15, 35)
    assert window.scalars[0] == pytest.approx(9 / 12)
    early = ending_window(track_of([True] * 3))
    assert early is not None and (early.start, early.stop) == (0, 3)
    assert ending_window(track_of([True] + [False] * judge.REACH)) is None


def test_a_burst_is_looked_at_from_its_onset():
    track = track_of([False] * 6 + [True] * 4)
    assert (burst_window(track, 6).start, burst_window(track, 6).stop) == (6, 10)
    assert burst_window(track, 99).start == 9 and burst_window(track, -1).start == 0
    assert np.isfinite(burst_window(track, 0).scalars).all()


def test_loudness_of_the_embedding_does_not_matter():
    rng = np.random.default_rng(4)
    embeddings, cues = rng.standard_normal((9, WIDTH)), rng.uniform(0, 1, (18, 5)).astype(np.float32)
    shapes = judge.shapes(WIDTH)
    heads = Heads({n: (0.1 * rng.standard_normal(s)).astype(np.float32) for n, s in shapes.items()})
    one, other = (heads.judge(Track.of(scale * embeddings, cues), 2) for scale in (1.0, 7.0))
    assert dataclasses.astuple(one) == pytest.approx(dataclasses.astuple(other), abs=1e-4)


def test_another_encoder_has_another_digest(real):
    digest = judge.encoder_digest(real.weights)
    changed = dict(real.weights) | {"adaptor.gain": real.weights["adaptor.gain"] + 1}
    text = dict(real.weights) | {"model.norm.weight": real.weights["model.norm.weight"] + 1}
    assert not np.array_equal(digest, judge.encoder_digest(changed))
    assert np.array_equal(digest, judge.encoder_digest(text)), "the decoder is not what the heads read"
    assert all(0 <= value < 256 for value in digest) and len(set(itertools.chain(digest))) > 4
