"""From settings to a session: what is built, and that nothing is left behind when building fails."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.brains import make_brain
from agent.config import BrainConfig, Config, PersonaConfig, VoiceConfig, Where
from agent.launch import Parts, launch, make_session, parts, suited
from agent.session import Agent, AgentSession
from audio_io.wav_edge import WavEdge
from model.ears.choose import EarConfig
from model.scripted import Answer, ScriptedEngine
from pipeline.clock import run
from pipeline.compute import InlineCompute, ProcessCompute, ThreadCompute
from pipeline.decoder import DecoderConfig
from pipeline.errors import CheckpointError, VoiceError
from pipeline.ports import CAPTURE_RATE, BrainFacts, EarFacts, Transcript
from pipeline.prompt import Audio
from pipeline.second import SecondEar

KINDS = {Where.INLINE: InlineCompute, Where.THREAD: ThreadCompute, Where.PROCESS: ProcessCompute}


def _ended() -> bool:
    """True when no engine's thread is left, at most a moment after it said goodbye."""
    left = [thread for thread in threading.enumerate() if thread.name == "compute"]
    for thread in left:
        thread.join(5.0)
    return not any(thread.is_alive() for thread in left)


@pytest.mark.parametrize("where", list(Where))
def test_the_brain_computes_where_the_settings_say(where: Where) -> None:
    async def main() -> BrainFacts:
        brain = make_brain(BrainConfig(where=where))
        try:
            assert isinstance(brain, KINDS[where])
            facts: BrainFacts = await brain.call("facts")
            return facts
        finally:
            await brain.close()

    assert run(main).hears == "audio"


def test_a_folder_without_a_brain_is_told_and_leaves_no_thread(tmp_path: Path) -> None:
    async def main() -> None:
        async with parts(Config(brain=BrainConfig(str(tmp_path)))):
            raise AssertionError("there is no brain in an empty folder")

    with pytest.raises(CheckpointError):
        run(main)
    assert _ended()


def test_an_unknown_voice_is_told_and_leaves_no_thread() -> None:
    async def main() -> None:
        async with parts(Config(voice=VoiceConfig("nobody"))):
            raise AssertionError("there is no such voice")

    with pytest.raises(VoiceError, match="nobody"):
        run(main)
    assert _ended()


def test_a_voice_that_cannot_speak_is_told_before_anybody_talks() -> None:
    async def main() -> None:
        async with parts(Config(voice=VoiceConfig("http://127.0.0.1:9/v1#anna"))):  # a port that nobody has
            raise AssertionError("there is no such server")

    with pytest.raises(VoiceError, match="is the server running"):
        run(main)
    assert _ended()


def test_a_launched_session_keeps_its_files_also_when_the_program_fails(tmp_path: Path) -> None:
    config = replace(Config(), voice=VoiceConfig("tone"))

    async def main() -> None:
        edge = WavEdge(np.zeros(CAPTURE_RATE // 2, np.float32), tail=0.1)
        async with launch(Agent(greeting="Hello"), edge, config=config, record=tmp_path) as session:
            await session.run()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)
    assert {path.suffix for path in tmp_path.iterdir()} == {".wav", ".jsonl", ".png"}


READER = BrainFacts("reader", "text", "no", obeys_instructions=True, history_turns=4, thinks=False)


class Deaf:
    """A recogniser that understands one thing."""

    def facts(self) -> EarFacts:
        return EarFacts("deaf", streams=False, note="What you say is sent away.")

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        return Transcript("hello")

    def close(self) -> None:
        """Holds nothing."""


def _other_brain(monkeypatch: pytest.MonkeyPatch, facts: BrainFacts) -> list[EarConfig]:
    """A scripted brain and ear in place of those that the settings name -> the ears that were asked for."""
    asked: list[EarConfig] = []

    def ear(config: EarConfig) -> InlineCompute:
        asked.append(config)
        return InlineCompute(Deaf())

    brain = ScriptedEngine(lambda prompt: Answer("Hello."), facts=facts)
    monkeypatch.setattr("agent.launch.make_brain", lambda *_: InlineCompute(brain))
    monkeypatch.setattr("agent.launch.make_ear", ear)
    return asked


def _built(config: Config) -> tuple[Parts, AgentSession]:
    async def main() -> tuple[Parts, AgentSession]:
        async with parts(config) as built:
            return built, make_session(config, built, WavEdge(np.zeros(CAPTURE_RATE, np.float32)))

    return run(main)


OTHER = replace(Config(), brain=BrainConfig("ollama:m"), voice=VoiceConfig("tone"))


def test_a_brain_that_reads_gets_an_ear_and_the_words_it_was_told_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _other_brain(monkeypatch, READER)
    built, session = _built(OTHER)
    assert [ear.name for ear in asked] == ["auto"]
    assert built.facts.hears == "text via deaf"
    assert session._config.captions.ends and session._config.captions.shown


def test_a_brain_that_hears_gets_an_ear_only_for_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _other_brain(monkeypatch, replace(READER, hears="audio"))
    assert _built(OTHER)[0].ear is None and asked == []
    built, session = _built(replace(OTHER, ear=EarConfig("pocketsphinx", captions=True)))
    assert built.ear is not None and built.facts.hears == "audio"
    assert built.facts.note == "What you say is sent away."
    assert session._config.captions.shown and not session._config.captions.ends


def test_the_practice_brain_weighs_its_words_against_an_ear_that_can(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = _other_brain(monkeypatch, replace(READER, hears="audio"))
    ours = replace(OTHER, brain=BrainConfig())
    assert not isinstance(_built(ours)[0].brain, SecondEar) and asked == []
    built, session = _built(replace(ours, ear=EarConfig("moonshine")))
    assert isinstance(built.brain, SecondEar) and "deaf" in built.facts.note
    assert built.ear is None and not session._config.captions.shown
    built, _ = _built(replace(ours, ear=EarConfig("moonshine", captions=True)))
    assert isinstance(built.brain, SecondEar) and built.ear is not None
    built, _ = _built(replace(ours, ear=EarConfig("pocketsphinx", captions=True)))
    assert not isinstance(built.brain, SecondEar) and built.ear is not None
    assert _built(replace(OTHER, ear=EarConfig("moonshine")))[0].ear is None


def test_what_the_practice_brain_says_of_itself_no_other_brain_says(monkeypatch: pytest.MonkeyPatch) -> None:
    _other_brain(monkeypatch, READER)
    agent = _built(OTHER)[1].agent
    assert "practice" not in (agent.greeting or "") and "by voice" in agent.instructions
    ours, theirs = DecoderConfig(), suited(OTHER).decoder
    assert "a word to spell" in ours.show_heard and "a word to spell" in ours.heard_nothing
    assert "spell" not in theirs.show_heard + theirs.heard_nothing
    own = replace(OTHER, persona=PersonaConfig("Be Bob.", "I am Bob."))
    assert suited(own).persona == own.persona
    assert suited(Config()) == Config()
