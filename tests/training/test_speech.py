"""Engines, made-up speakers and endings; engines that are not installed are skipped with their own reason."""

import multiprocessing
import os
import random
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy")

from training import voices
from training.accent import foreign
from training.accent_phones import Segment, translated
from training.attempts import FATAL, TRYING, attempts, done, watched
from training.audio import RATE, Pcm, rms
from training.corpus import Corpus
from training.generate import Order, generate, generate_apart
from training.labels import median_pitch
from training.measure import fits, measure
from training.speech import EngineDied
from training.speech_change import Speaker, bend, change, draw_speaker, pitched
from training.speech_festival import Festival
from training.speech_variants import folder, invent


def test_i_am_is_said_run_together_and_apart() -> None:
    pytest.importorskip("espeakng_loader")
    from training.speech_saying import written

    rng, words = random.Random(1), ("i", "am", "speaking", "slowly", "am", "i", "right")
    found = {" ".join(written(words, rng)) for _ in range(20)}
    assert found == {"I am speaking slowly am I right", "i am speaking slowly am i right"}


def _vowel(hertz: float = 110.0, seconds: float = 1.0, formant: float = 700.0) -> Pcm:
    t = np.arange(int(RATE * seconds)) / RATE
    strength = [1 / (1 + ((hertz * k - formant) / 120) ** 2) + 0.02 for k in range(1, int(7000 / hertz))]
    buzz = sum(a * np.sin(2 * np.pi * hertz * k * t) for k, a in enumerate(strength, 1))
    return np.asarray(0.05 * buzz, np.float32)


def _peak(pcm: Pcm) -> float:
    """Hertz of the strongest 100 Hz band between 300 and 1500."""
    power = np.square(np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)))))
    hertz = np.fft.rfftfreq(len(pcm), 1 / RATE)
    bands = [power[(hertz >= f) & (hertz < f + 100)].sum() for f in range(300, 1500, 20)]
    return 350.0 + 20 * int(np.argmax(bands))


def test_no_change_is_no_change() -> None:
    pcm = _vowel()
    assert np.abs(change(pcm, Speaker(), random.Random(0)) - pcm).max() < 1e-3 * np.abs(pcm).max()


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_another_speaker_has_other_formants_and_the_same_pitch_and_level(factor: float) -> None:
    pcm = _vowel()
    other = change(pcm, Speaker((factor,) * 4), random.Random(0))
    assert _peak(other) == pytest.approx(factor * _peak(pcm), rel=0.12)
    assert median_pitch(other) == pytest.approx(median_pitch(pcm), rel=0.02)
    assert rms(other) == pytest.approx(rms(pcm), rel=0.02)
    assert len(other) == len(pcm)


def test_speakers_are_drawn_apart_and_breathe() -> None:
    assert len({draw_speaker(random.Random(seed)) for seed in range(20)}) == 20
    clear = change(_vowel(), Speaker(), random.Random(0))
    breathy = change(_vowel(), Speaker(breath=0.7), random.Random(0))
    assert np.abs(breathy - clear).max() > 0.01 * np.abs(clear).max()


@pytest.mark.parametrize("ratio", [0.7, 1.5])
def test_pitch_is_lifted_and_formants_stay(ratio: float) -> None:
    pcm = _vowel()
    lifted = pitched(pcm, ratio)
    assert median_pitch(lifted) == pytest.approx(ratio * median_pitch(pcm), rel=0.03)
    assert _peak(lifted) == pytest.approx(_peak(pcm), rel=0.28)
    assert len(lifted) == pytest.approx(len(pcm) / ratio, abs=2)


@pytest.mark.parametrize(("semitones", "lowest", "highest"), [(7, 2.0, 9.0), (-7, -9.0, -1.8)])
def test_an_ending_bends_as_it_is_told(semitones: float, lowest: float, highest: float) -> None:
    pcm = np.pad(bend(_vowel(140.0), semitones, 0.5), (1280, 1280))
    found = measure(pcm[: len(pcm) // 640 * 640], syllables=1)
    assert found.slope is not None
    assert lowest < found.slope < highest


def test_invented_voices_differ_and_lie_beside_the_installed_ones(tmp_path: Path) -> None:
    data = tmp_path / "espeak-ng-data"
    (data / "voices" / "!v").mkdir(parents=True)
    (data / "voices" / "!v" / "f2").write_text("language variant\n")
    (data / "en_dict").write_text("words")
    assert len({invent(random.Random(seed)) for seed in range(5)}) == 5
    assert not any("klatt 3" in invent(random.Random(seed)) for seed in range(300))
    with folder(data) as made:
        top = Path(made) / "espeak-ng-data"
        assert (top / "en_dict").read_text() == "words"
        assert {path.name for path in (top / "voices" / "!v").iterdir()} == {"f2"}


def test_people_who_test_never_train() -> None:
    tested = {(g.engine, v) for g in voices.GROUPS.values() if g.test for v in g.voices}
    trained = {
        (g.engine, v) for name, g in voices.GROUPS.items() if name in voices.trained() for v in g.voices
    }
    assert {voice for _, voice in tested} == {"rms", "ked", "bdl", "clb"}
    assert {group.engine for group in voices.GROUPS.values()} == set(voices.LICENCES)
    assert not {voice for _, voice in tested} & {voice for _, voice in trained}
    assert sum(voices.shares(frozenset(voices.trained())).values()) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="not trained"):
        voices.shares(frozenset({"rms", "espeak"}))


@pytest.mark.parametrize("group", ["rms", "ked", "festival-foreign", "pico-gb", "pico-foreign", "bdl"])
def test_an_engine_speaks_as_is_wanted_and_tells_its_words(group: str, tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    skills = (("sum", 1.0), ("pace", 1.0), ("pitch", 1.0))
    generate_apart([Order(str(tmp_path / "out"), group, 8, seed=1, test=True, skills=skills)])
    if not (tmp_path / "out").exists():
        pytest.skip(f"the engine of the voices {group} is not installed")
    for shard, utterance in (corpus := Corpus(tmp_path / "out")):
        pcm, how = corpus.pcm(shard, utterance), utterance.question.how
        found = measure(np.pad(pcm, (1280, 1280 + -len(pcm) % 1280)), syllables=utterance.syllables)
        assert fits(replace(how, loudness=""), replace(found, events=()))
        assert 0.3 * RATE < len(pcm) < 13 * RATE
        if voices.GROUPS[group].engine != "pico":
            assert not utterance.ends or utterance.ends[-1] == len(pcm)
    if voices.GROUPS[group].engine != "pico":
        assert sum(bool(utterance.ends) for _, utterance in corpus) > 5


def test_other_languages_say_english_in_their_own_sounds_and_the_same_time() -> None:
    assert foreign("θˈɜːɾi", "de-DE") == 's"9di'
    assert foreign("wˌʌt", "es-ES") == "uat"
    said = [
        Segment("hh", 0.05, ((0.0, 120.0),)),
        Segment("aw", 0.2, ((0.0, 110.0), (0.15, 100.0))),
        Segment("th", 0.1),
    ]
    italian = translated(said, "it")
    assert [segment.phone for segment in italian] == ["a1", "u", "t"]
    assert sum(segment.seconds for segment in italian) == pytest.approx(0.35)
    assert italian[0].targets == ((pytest.approx(0.05), 110.0),)
    assert italian[1].targets == ((pytest.approx(0.075), 100.0),)


def test_a_group_without_its_engine_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("espeakng_loader")
    monkeypatch.setenv("HOCKET_PICO", str(tmp_path / "none"))
    generate_apart([Order(str(tmp_path / "out"), "pico-us", 3, seed=1)])
    assert not (tmp_path / "out").exists()


def test_an_utterance_that_kills_the_engine_is_left_out_and_the_rest_is_made(tmp_path: Path) -> None:
    order = Order(str(tmp_path), "espeak", 150, seed=5, skills=(("sum", 1.0),))
    with ThreadPoolExecutor(1) as apart:
        made = apart.submit(generate_apart, [order])
        while not any(path.read_text() for path in tmp_path.glob(f"*{TRYING}")):  # a real process: real time
            assert not made.done()
        for worker in multiprocessing.active_children():
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGSEGV)
        made.result()
    shard = tmp_path / "espeak-5-0000"
    assert len(shard.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()) == 150
    assert len(shard.with_suffix(FATAL).read_text().split()) == 1
    assert not shard.with_suffix(TRYING).exists()


@pytest.mark.parametrize("ends, crashed", [("kill -ABRT $$", True), ("exit 3", False)])
def test_an_engine_of_its_own_process_that_crashes_is_told_from_one_that_ends(
    ends: str, crashed: bool
) -> None:
    engine = object.__new__(Festival)
    engine._process = subprocess.Popen(
        ["sh", "-c", f"read asked; {ends}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    )
    with engine._process, pytest.raises(RuntimeError, match="festival ended") as found:
        engine._ask("(say it)\n")
    assert isinstance(found.value, EngineDied) == crashed


def _two_of_three(row: list[Order]) -> None:
    """Speaks numbers; its engine, elsewhere, dies of the second."""
    name = Path(row[0].folder) / f"{row[0].group}-{row[0].seed}-0000"
    said = []
    for number in attempts(name):
        if number == 1:
            raise EngineDied("it crashed over 1")
        said.append(str(number))
        if number == 2:
            break
    name.with_suffix(".said").write_text(" ".join(said), "ascii")
    done(name)


def test_what_crashes_an_engine_of_its_own_process_is_left_out_too(tmp_path: Path) -> None:
    watched(_two_of_three, [Order(str(tmp_path), "ked", 3, 1, test=True)])
    assert (tmp_path / "ked-1-0000.said").read_text() == "0 2"
    assert (tmp_path / f"ked-1-0000{FATAL}").read_text().split() == ["1"]


def test_an_order_makes_the_same_speech_twice(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    skills = (("sum", 1.0), ("voices", 1.0), ("ending", 1.0))
    for name in ("one", "two"):
        generate_apart([Order(str(tmp_path / name), "invented", 8, seed=3, skills=skills)])
    first, second = (sorted((tmp_path / name).glob("*.pcm"))[0].read_bytes() for name in ("one", "two"))
    assert first == second
    corpus = Corpus(tmp_path / "one")
    assert len({utterance.speaker for _, utterance in corpus}) > 1
    for shard, utterance in corpus:
        assert bool(utterance.others) == (utterance.question.how.voices == 2)
        assert len(corpus.pcm(shard, utterance)) == utterance.count


def test_the_engine_of_an_order_is_gone_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty orders for one voice of festival held 16 GB, once."""
    closed = list[Festival]()
    monkeypatch.setattr(Festival, "close", lambda self: closed.append(self))
    engine = object.__new__(Festival)
    monkeypatch.setattr("training.generate.open_engine", lambda *_: engine)
    monkeypatch.setattr("training.generate.open_espeak", lambda *_: None)
    monkeypatch.setattr("training.generate.Teller", lambda *_, **__: None)
    generate(Order(str(tmp_path), "ked", 0, 1, test=True))
    assert closed == [engine]
