"""The sessions under test: the shipped parts in real time, or parts of declared cost in virtual time.

Heavy libraries are loaded by the factories, when a run first needs them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from agent.brains import make_brain
from agent.config import BUNDLED, BrainConfig
from audio_io.detectors import make_detector
from audio_io.echo import EchoCanceller
from model.ears.choose import MOONSHINE, EarConfig, make_ear, moonshine_folder
from pipeline.clock import run
from pipeline.compute import InlineCompute
from pipeline.errors import UserError, VoiceError
from pipeline.ports import Compute
from pipeline.second import SecondEar
from tts.choose import available_voices, best_voice
from tts.espeak import EspeakVoice
from tts.tone import ToneVoice

from .cast import USERS, Cast, cast_names, steady_voice
from .session_run import Target
from .think_brain import fingerprint

DETECTOR = "silero"
FIRST_SOUND = 0.03
"""Declared seconds from a phrase to its voice's first sound: flite's, on one core."""
PER_SECOND = 0.03
"""Declared seconds of work per second of sound."""


def real_target(
    voice: str = "auto", user: str = "auto", brain: Path | None = None, ear: str = "off"
) -> Target:
    """The shipped brain in a thread, this machine's voices, Silero and AEC3. ``ear``: a second one beside
    the brain. Raises UserError."""
    agent, asker = choose_voices(voice, user)
    _there(agent, asker)
    who, second = users(agent, asker, user), _second_ear(ear)
    return Target(
        brain=lambda: _hearing(brain, second),
        voice=lambda: best_voice(agent),
        user=lambda: Cast(who),
        detector=lambda: make_detector(DETECTOR),
        canceller=EchoCanceller,
        names=_names(agent, who, brain) | ({} if ear == "off" else {"second ear": ear}),
    )


def _second_ear(name: str) -> EarConfig:
    """Raises UserError for one that weighs no lines."""
    if name == "off":
        return EarConfig()
    if name != MOONSHINE and (not name.startswith(f"{MOONSHINE}:") or name.endswith(":")):
        raise UserError(f"there is no second ear {name!r}: give {MOONSHINE} or {MOONSHINE}:FOLDER")
    moonshine_folder(name)
    return EarConfig(name)


def _hearing(brain: Path | None, ear: EarConfig) -> Compute:
    alone = make_brain(BrainConfig(BUNDLED if brain is None else str(brain)))
    second = make_ear(ear)
    return alone if second is None else SecondEar(alone, second)


def declared_target(voice: str = "auto", user: str = "auto", brain: Path | None = None) -> Target:
    """The shipped brain inline at its declared cost, and a tone voice: for the virtual clock.

    Where a scenario needs the agent's real voice, it is recorded beforehand.
    """
    agent, asker = choose_voices(voice, user)
    _there(agent, asker)
    who = users(agent, asker, user)

    def inline() -> Compute:
        from model.engine import load_bundled, load_engine

        engine = load_bundled() if brain is None else load_engine(str(brain))
        return InlineCompute(engine, engine.cost)

    names = _names(agent, who, brain) | {"voice": f"tone at declared cost, {agent} where recorded"}
    return Target(
        brain=inline,
        voice=lambda: ToneVoice(FIRST_SOUND, PER_SECOND),
        user=lambda: Cast(who),
        detector=lambda: make_detector(DETECTOR),
        canceller=EchoCanceller,
        names=names,
        studio=lambda: steady_voice(agent),
    )


def with_weights(target: Target, brain: Path | None) -> Target:
    """The same, told by its weights too: a folder keeps its name when they change. Raises CheckpointError."""
    return replace(target, names=target.names | {"weights": fingerprint(brain)})


def choose_voices(agent: str = "auto", user: str = "auto") -> tuple[str, str]:
    """Names of the agent's and the user's voice, which must differ or an echo could not be told from a user.

    Raises UserError where they are equal, or where this machine has only one.
    """
    found = [name for name in available_voices() if name != "tone"]
    if agent == "auto":
        agent = found[0] if found else "auto"
    if user == "auto":
        others = [name for name in found if name.partition(":")[0] != agent.partition(":")[0]]
        others += [name for name in found if name != agent]
        if not others:
            raise UserError(
                "a conversation needs two voices and this machine has fewer; "
                "install libflite1 or espeakng-loader"
            )
        user = others[0]
    if agent == user:
        raise UserError(f"agent and user both speak in {agent}; give them different voices")
    return agent, user


def users(agent: str, asker: str, asked: str = "auto") -> tuple[str, ...]:
    """The voices of a run's people. One that was asked for by name is every conversation's user."""
    return cast_names(agent, asker, available_voices()) if asked == "auto" else (asker,)


def _there(agent: str, asker: str) -> None:
    """Raises UserError for a voice that this machine lacks, before a folder is claimed or a word is said."""
    known = available_voices()
    for name in (agent, asker):
        if name in known:
            continue
        try:
            voice = best_voice(name)
            if isinstance(voice, EspeakVoice):  # it alone knows its names, once it runs
                run(partial(_start, voice))
        except VoiceError as error:
            raise UserError(str(error)) from error


async def _start(voice: EspeakVoice) -> None:
    try:
        await voice.prepare()
    finally:
        await voice.close()


def _names(agent: str, who: tuple[str, ...], brain: Path | None) -> dict[str, str]:
    shown = "bundled" if brain is None else str(brain)
    others = {"other users": ", ".join(who[1:USERS])} if len(who) > 1 else {}
    return {
        "brain": shown, "voice": agent, "user": who[0], "detector": DETECTOR, "canceller": "AEC3",
    } | others  # fmt: skip
