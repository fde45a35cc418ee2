"""The ear that people taught: a function of the sound alone, and a judge of what others think was said."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import cascade_scene
import numpy as np
import pytest
from fetched_ear import ear_folder

from model.checkpoint import bundled, load
from model.ears.choose import EarConfig, make_ear
from model.ears.fetch import FILES
from model.ears.moonshine import MoonshineEar
from model.orthography import lines, sentences
from model.readings import known
from pipeline.clock import run
from pipeline.errors import CheckpointError, ConfigError, ModelError
from pipeline.ports import CAPTURE_RATE, EarFacts
from pipeline.prompt import Audio


@lru_cache
def warm() -> MoonshineEar:
    return MoonshineEar(ear_folder())


def spoken(text: str) -> Audio:
    return Audio(np.pad(cascade_scene.spoken(text), round(0.2 * CAPTURE_RATE)).astype(np.float32))


def test_a_sentence_is_written_down_whatever_was_heard_before() -> None:
    sentence, other = spoken("what is fourteen plus nine"), spoken("who wrote romeo and juliet")
    first = warm().transcribe(sentence)
    warm().transcribe(other)
    assert MoonshineEar(ear_folder()).transcribe(sentence) == first == warm().transcribe(sentence)
    assert "plus" in first.text and first.final and not first.words


def test_every_word_of_the_closed_language_is_spelled_as_the_ear_was_taught() -> None:
    taught = pytest.importorskip("tokenizers").Tokenizer.from_file(str(ear_folder() / FILES[2]))
    words = sorted(known(load(bundled(), heads=False).tokenizer))
    texts = [text for word in words for text in sentences(f"say {word}")] + ["What is 902 plus 28?"]
    assert len(words) > 400
    for text in texts:
        assert warm()._encode(text) == taught.encode(text, add_special_tokens=False).ids


def test_the_line_that_was_said_is_the_likeliest() -> None:
    said = "what is fourteen plus nine"
    others = ["what is forty plus nine", "what is fourteen plus five", "stop", "unclear"]
    weights = warm().weigh(spoken(said), [said, *others])
    assert all(weight is not None and weight < 0 for weight in weights)
    assert max(range(5), key=lambda i: weights[i] or 0.0) == 0


def test_a_line_weighs_nearly_the_same_alone_and_among_others() -> None:
    said, lines = spoken("two plus nine"), ["two plus nine", "two plus nine please", "ten"]
    for line, weight in zip(lines, warm().weigh(said, lines), strict=True):
        assert warm().weigh(said, [line])[0] == pytest.approx(weight, abs=1.0), "its weights are of 8 bits"


def test_sounds_are_not_weighed_and_nothing_is_heard_in_next_to_nothing() -> None:
    assert warm().weigh(spoken("hello"), ["beep beep"]) == [None]
    blink = Audio(np.zeros(800, np.float32))
    assert warm().transcribe(blink).text == "" and warm().weigh(blink, ["hello"]) == [None]


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_no_sentence(seed: int) -> None:
    rng = np.random.default_rng(seed)
    hiss = Audio((0.05 * rng.standard_normal(2 * CAPTURE_RATE)).astype(np.float32))
    assert warm().transcribe(hiss).text == ""


def test_recorded_people_are_understood(recordings: Path) -> None:
    """Three digits of each of four people, glued: at least half of 24 phrases to the letter."""
    people = pytest.importorskip("training.people", exc_type=ImportError)
    cases = people.cases(recordings / "fsdd", 5, 6)
    known = {word for case in cases for word in case.words}
    right = sum(
        " ".join(case.words) in lines(warm().transcribe(Audio(case.noisy.copy())).text, known)
        for case in cases
    )
    assert len(cases) == 24 and right >= 12


def test_what_is_no_number_and_a_closed_ear_are_refused() -> None:
    ear = MoonshineEar(ear_folder())
    with pytest.raises(ModelError, match="not numbers"):
        ear.transcribe(Audio(np.full(CAPTURE_RATE, np.nan, np.float32)))
    ear.close()
    with pytest.raises(ModelError, match="closed"):
        ear.transcribe(spoken("hello"))


def test_it_computes_in_a_process_of_its_own() -> None:
    said = spoken("stop")

    async def main() -> tuple[EarFacts, list[float | None]]:
        ear = make_ear(EarConfig(f"moonshine:{ear_folder()}"))
        assert ear is not None
        try:
            return await ear.call("facts"), await ear.call("weigh", said, ["stop", "go"])
        finally:
            await ear.close()

    facts, (stop, go) = run(main)
    assert facts.name == "moonshine" and stop is not None and go is not None and stop > go


def test_a_folder_that_lacks_a_file_or_holds_a_broken_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"lacks encoder_model\.onnx; .*--get moonshine"):
        MoonshineEar(tmp_path)
    for name in FILES:
        (tmp_path / name).write_bytes(b"no model")
    with pytest.raises(CheckpointError, match="no Moonshine model that can be read"):
        MoonshineEar(tmp_path)


def test_an_ear_that_was_not_fetched_says_how(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="hocket models --get moonshine"):
        make_ear(EarConfig("moonshine"))
    with pytest.raises(ConfigError, match="no folder"):
        make_ear(EarConfig(f"moonshine:{tmp_path / 'none'}"))
    assert EarConfig("moonshine").weighs and EarConfig("moonshine:x").weighs
    assert not EarConfig("pocketsphinx").weighs and not EarConfig().weighs
