"""The conversations of ``hocket talk``, in virtual time with a scripted brain and a voice of tones."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import agent.talk as talk
from agent.config import Config, RecordConfig, ToolsConfig
from agent.demo import Ask
from agent.launch import Parts
from agent.talk import Due
from agent.tap import tracks
from audio_io.wav import read_sound, write_wav
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.calls import written
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.errors import UserError
from pipeline.events import CommitDraft, Draft, DropDraft, Remember, Say, Turn
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, Pcm
from pipeline.prompt import Called, Prompt, System, ToolCall
from pipeline.trace import Entry, Item, read
from tts.tone import ToneVoice

ANSWER = Answer(said="Three and a bit.", thoughts="heard: what is one plus two\n1+2=3\n")


class Loud:
    """A detector that takes everything loud for speech."""

    window = 512

    def score(self, window: Pcm) -> float:
        return 0.99 if float(np.abs(window).max()) > 0.1 else 0.0

    def reset(self) -> None:
        pass


@asynccontextmanager
async def _parts(config: Config, said: Answer = ANSWER) -> AsyncIterator[Parts]:
    engine = ScriptedEngine(lambda prompt: said)
    brain = InlineCompute(engine, engine.cost)
    yield Parts(brain, await brain.call("facts"), ToneVoice())
    await brain.close()


@pytest.fixture
def virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "parts", _parts)
    monkeypatch.setattr(
        talk, "_interruptible", lambda session: nullcontext()
    )  # virtual loops know no signals
    monkeypatch.setattr("audio_io.detectors.make_detector", lambda name: Loud())


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """A second of sound after half a second of silence, stereo at 44.1 kHz."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 44_100)
    mono = np.concatenate([np.zeros(22_050), noise])
    write_wav(tmp_path / "question.wav", np.stack([mono, mono], axis=1), 44_100)
    return tmp_path / "question.wav"


def _told(run: Callable[[Console], object]) -> str:
    out = io.StringIO()
    run(Console(file=out, width=120))
    return out.getvalue()


@pytest.mark.usefixtures("virtual")
def test_a_recording_is_answered_in_words_and_in_a_file(question: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.wav"
    told = _told(lambda console: simulate(lambda: talk.talk_file(Config(), console, question, answer)))
    assert "  you    what is one plus two\n  thinks 1+2=3\n  hocket Three and a bit." in told
    assert "Nothing was recorded." in told and f"The answer is in {answer}." in told
    sound = read_sound(answer, PLAYOUT_RATE)
    assert np.abs(sound[:240]).max() > 0.003, "it begins with the voice"
    assert 0.5 < len(sound) / PLAYOUT_RATE < 5.0
    assert {path.name for path in tmp_path.iterdir()} == {"question.wav", "answer.wav"}


@pytest.mark.usefixtures("virtual")
@pytest.mark.parametrize(("setting", "offered"), [("auto", True), ("off", False)])
def test_a_brain_that_calls_in_place_of_words_is_given_a_clock(
    question: Path, monkeypatch: pytest.MonkeyPatch, setting: str, offered: bool
) -> None:
    told, given = list[str](), list[tuple[str, ...]]()

    def script(prompt: Prompt) -> Answer:
        results = [part.results[0].content for part in prompt if isinstance(part, Called)]
        told.extend(results)
        given.extend(tuple(tool.name for tool in part.tools) for part in prompt if isinstance(part, System))
        said = "It is late." if results or not given else written(ToolCall("", "clock", "{}"))
        return Answer(said, "heard: what time is it\n")

    @asynccontextmanager
    async def calls(config: Config) -> AsyncIterator[Parts]:
        engine = ScriptedEngine(script, facts=replace(FACTS, tools="alone", holds=True))
        brain = InlineCompute(engine, engine.cost)
        yield Parts(brain, await brain.call("facts"), ToneVoice())
        await brain.close()

    monkeypatch.setattr(talk, "parts", calls)
    config = Config(tools=ToolsConfig(clock=setting))
    shown = _told(lambda console: simulate(lambda: talk.talk_file(config, console, question, None)))
    assert "It is late." in shown
    assert bool(given and given[0] == ("clock", "timer")) is offered
    assert bool(told and all(re.fullmatch(r"\d\d:\d\d", each) for each in told)) is offered


@pytest.mark.usefixtures("virtual")
def test_without_a_file_for_the_answer_nothing_is_written(question: Path, tmp_path: Path) -> None:
    told = _told(lambda console: simulate(lambda: talk.talk_file(Config(), console, question, None)))
    assert "Three and a bit." in told
    assert list(tmp_path.iterdir()) == [question]


@pytest.mark.usefixtures("virtual")
def test_a_recording_in_which_nobody_speaks_is_told(tmp_path: Path) -> None:
    write_wav(tmp_path / "silence.wav", np.zeros(CAPTURE_RATE, np.float32), CAPTURE_RATE)
    with pytest.raises(UserError, match="does somebody speak in it"):
        _told(
            lambda console: simulate(
                lambda: talk.talk_file(Config(), console, tmp_path / "silence.wav", tmp_path / "a")
            )
        )
    assert not (tmp_path / "a").exists()


@pytest.mark.usefixtures("virtual")
def test_ten_minutes_are_played_to_the_end(tmp_path: Path) -> None:
    sound = np.zeros(600 * 8000, np.float32)
    for second in (1, 300, 598):
        sound[second * 8000 : (second + 1) * 8000] = 0.5 * (-1.0) ** np.arange(8000)
    sound = np.repeat(sound[::2], 2)  # at 2 kHz, which survives resampling
    write_wav(tmp_path / "long.wav", sound, 8000)
    receipts = []
    _told(
        lambda console: receipts.append(
            simulate(lambda: talk.talk_file(Config(), console, tmp_path / "long.wav", None))
        )
    )
    assert receipts[0].turns == 3


@pytest.mark.usefixtures("virtual")
def test_a_kept_conversation_lies_together_with_its_trace(question: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    config = replace(Config(), record=RecordConfig(kept))
    told = _told(lambda console: simulate(lambda: talk.talk_file(config, console, question, None)))
    assert f"Recorded in {kept}: conversation.wav" in told
    both = tracks(kept / "conversation.wav")
    user, agent = (np.flatnonzero(np.abs(lane) > 0.05)[0] / both.rate for lane in (both.user, both.agent))
    assert user == pytest.approx(0.5, abs=0.03)
    entries = read(kept / "conversation.jsonl")
    kinds = [type(entry.item).__name__ for entry in entries]
    assert kinds.count("CommitDraft") == 1
    started = next(entry.at for entry in entries if type(entry.item).__name__ == "PlaybackStarted")
    spoke = next(entry for entry in entries if type(entry.item).__name__ == "SpeechStarted")
    assert agent - user == pytest.approx(started - spoke.at, abs=0.15)
    assert (kept / "conversation.png").stat().st_size > 1000


@pytest.mark.usefixtures("virtual")
def test_the_demonstration_asks_everything_and_is_interrupted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = (Ask("a", ""), Ask("b", ""), Ask("c", "", over=0.8))
    burst = np.random.default_rng(0).uniform(-0.5, 0.5, CAPTURE_RATE).astype(np.float32)

    async def spoken(chosen: tuple[Ask, ...], voice: str) -> list[Pcm]:
        return [burst] * len(chosen)

    monkeypatch.setattr(talk, "spoken", spoken)
    monkeypatch.setattr(talk, "QUESTIONS", asks)
    longer = replace(
        ANSWER, said="This is a long answer that goes on for a while, and then for a while more."
    )
    monkeypatch.setattr(talk, "parts", lambda config: _parts(config, longer))
    receipts = []
    told = _told(
        lambda console: receipts.append(simulate(lambda: talk.talk_demo(Config(), console, tmp_path, 3)))
    )
    assert (receipts[0].turns, receipts[0].interrupted) == (3, 1)
    assert told.count("‖ interrupted") == 1
    assert "hocket I'm a practice brain." in told


def test_a_reply_is_due_from_its_commit_until_it_is_remembered_or_taken_back() -> None:
    due = Due()

    def after(*items: Item) -> bool:
        for item in items:
            due.see(Entry(0, 0.0, item))
        return due.nothing()

    one, two = Turn(1), Turn(2)
    assert after()
    assert not after(CommitDraft(one, Draft(3)))
    assert not after(DropDraft(two, Draft(4)))  # the next turn's, begun while this one is spoken
    assert after(DropDraft(one, Draft(3)))
    assert not after(CommitDraft(two, Draft(5)), DropDraft(two, Draft(5)), Say(two, "failed"))
    assert after(Remember(two, None))
