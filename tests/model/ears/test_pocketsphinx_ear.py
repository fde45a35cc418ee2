"""The zero-download ear: its words are a function of the sound, however and whenever it came."""

from __future__ import annotations

import builtins
from functools import lru_cache
from importlib.util import find_spec

import cascade_scene
import numpy as np
import pytest

from model.ears.pocketsphinx_ear import CALIBRATED, PocketSphinxEar
from pipeline.errors import ModelError
from pipeline.ports import CAPTURE_RATE, Pcm, Transcript
from pipeline.prompt import BLOCK, Audio

installed = pytest.mark.skipif(find_spec("pocketsphinx") is None, reason="pocketsphinx is not installed")
FIRST, SECOND = "what is fourteen plus nine", "who wrote the play about romeo and juliet"


def spoken(text: str) -> Pcm:
    """A sentence in flite's voice between silences."""
    return np.pad(cascade_scene.spoken(text), round(0.1 * CAPTURE_RATE))


@lru_cache
def warm() -> PocketSphinxEar:
    return PocketSphinxEar()


def final(pcm: Pcm, ear: PocketSphinxEar | None = None) -> Transcript:
    return (ear or PocketSphinxEar()).transcribe(Audio(pcm.copy()))


@installed
def test_a_sentence_in_a_clear_voice_is_heard_with_the_times_of_its_words() -> None:
    found = final(spoken(FIRST), warm())
    assert found.text == FIRST and found.final
    assert [word.text for word in found.words] == FIRST.split()
    assert all(a.ends <= b.begins + 0.02 for a, b in zip(found.words, found.words[1:], strict=False))
    assert found.words[0].begins >= 0.0 and found.words[-1].ends <= len(spoken(FIRST)) / CAPTURE_RATE + 0.1


@installed
def test_words_do_not_depend_on_what_was_heard_before_or_on_how_the_sound_grew() -> None:
    pcm, other = spoken(SECOND), spoken(FIRST)[:16000]
    ear = PocketSphinxEar()
    for end in range(7680, len(pcm), 7680):
        ear.transcribe(Audio(pcm[:end].copy()), False)
        if end == 23040:
            ear.transcribe(Audio(other.copy()))  # another turn between, and a draft on half of this one
            ear.transcribe(Audio(pcm[:end].copy()))
    assert final(pcm, ear) == final(pcm)
    assert final(pcm, ear).text.split()[1:] == SECOND.split()[1:]


@installed
def test_partial_words_come_early_and_only_grow_what_is_known() -> None:
    ear, pcm = PocketSphinxEar(), spoken(FIRST)
    texts = [ear.transcribe(Audio(pcm[:end].copy()), False) for end in range(6400, len(pcm), 6400)]
    assert not any(found.final for found in texts)
    assert "fourteen" in texts[-1].text
    known = ear.transcribe(Audio(pcm[: len(pcm) - 4 * BLOCK].copy()), False)
    assert known.text == texts[-1].text  # it has heard more than that, and says so


@installed
def test_a_new_sound_that_begins_in_silence_is_not_told_the_words_of_the_one_before() -> None:
    ear, quiet = PocketSphinxEar(), np.zeros(10 * BLOCK, np.float32)
    assert ear.transcribe(Audio(np.concatenate([quiet, spoken(FIRST)])), False).text
    for count in (100, BLOCK, 10 * BLOCK):
        assert ear.transcribe(Audio(quiet[:count].copy()), False).text == ""


@installed
def test_equal_sounds_give_equal_words_even_where_one_ends_in_more_silence() -> None:
    pcm = spoken(FIRST)
    cut = pcm[: CALIBRATED[1] * BLOCK + 100]
    padded = np.concatenate([cut, np.zeros(-len(cut) % BLOCK, np.float32)])
    assert Audio(cut.copy()) == Audio(padded.copy())
    assert final(cut) == final(padded)


@installed
def test_a_growing_sound_costs_what_is_new_of_it() -> None:
    ear, pcm = PocketSphinxEar(), spoken(SECOND)
    fed = 0

    class Counting:
        def __init__(self, decoder: object) -> None:
            self._decoder = decoder

        def process_raw(self, raw: bytes, **how: bool) -> None:
            nonlocal fed
            fed += 0 if how else 1
            self._decoder.process_raw(raw, **how)  # type: ignore[attr-defined]

        def __getattr__(self, name: str) -> object:
            return getattr(self._decoder, name)

    ear._decoder = Counting(ear._decoder)
    for end in range(5120, len(pcm), 5120):
        ear.transcribe(Audio(pcm[:end].copy()), False)
    replayed = sum(at for at in CALIBRATED if at <= len(pcm) // BLOCK)
    assert fed <= len(pcm) // BLOCK + replayed
    before = fed
    ear.transcribe(Audio(pcm.copy()))
    ear.transcribe(Audio(pcm.copy()))
    assert fed - before <= 5


@installed
def test_silence_and_nothing_hold_no_words() -> None:
    for count in (0, 100, 1280, 16000):
        assert final(np.zeros(count, np.float32), warm()).text == ""


@installed
def test_what_is_remembered_is_bounded() -> None:
    ear = PocketSphinxEar()
    for i in range(80):
        ear.transcribe(Audio(np.full(BLOCK, i / 1000, np.float32)))
    assert len(ear._finals) == len(ear._means) == 64


@installed
def test_sound_that_is_no_numbers_is_refused() -> None:
    with pytest.raises(ModelError, match="not numbers"):
        final(np.full(1280, np.nan, np.float32), warm())


@installed
def test_a_closed_ear_hears_nothing_more() -> None:
    ear = PocketSphinxEar()
    ear.transcribe(Audio(np.zeros(5120, np.float32)), False)
    ear.close()
    ear.close()
    with pytest.raises(ModelError, match="closed"):
        final(spoken(FIRST), ear)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: object, **kwargs: object) -> object:
        if name == "pocketsphinx":
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ModelError, match=r"pip install 'hocket\[ears\]'"):
        PocketSphinxEar()
