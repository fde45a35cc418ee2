"""Who runs with which flags, over what: one program at a time, and everyone hears the same samples.

Pure but for the recordings it writes. The peers' scripts are used as they are; where one cannot do a variant,
``NOT_MEASURED`` says so.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.errors import UserError

from .peers_ours import SETTINGS
from .peers_timeline import (
    BARGE,
    GAP,
    LEAD,
    QUESTION,
    TAIL,
    cough,
    murmur,
    parted,
    read_words,
    short_word,
    write_words,
)

BURSTS = ("short word", "mm-hm", "cough")
"""0.26 to 0.3 s over the agent's voice: nothing that wants the floor."""
SCENES = ("plain", "pause 0.3", "pause 0.6", *BURSTS)
PIPECAT, LIVEKIT = "pipecat", "livekit"
OURS = tuple(f"hocket, {setting}" for setting in SETTINGS)
STT = (0, 100, 400)
"""Milliseconds of the STT stub; ours hears the sound itself, and gets them added to its first token."""
STUBS = ("--ttft", "250", "--tok", "15", "--ttfb", "120")
UNHEARD = 3200
"""Livekit's STT stub in bursts: so late that no text comes of the burst, as no recogniser gives any."""
FAR = 8.5
"""Seconds to the burst in that case: the reply begins later, and livekit is deaf in its first 3 s."""
NOTES = (
    "Equal stubs, no network: first token 250 ms, 15 ms per word, first sound 120 ms; the same words.",
    "The same samples in 20 ms frames in real time; zero is the true last sample of the question, or the "
    "true first sample of what is said over the voice.",
    "hocket: sound as pulled by a sink on a 20 ms clock, measured from the recording (-45 dBFS); the peers: "
    "the moment at which sound is handed to their sink, which is up to 20 ms earlier.",
    "pipecat's stop is the end of the last 40 ms chunk that it handed over; livekit's is the order to pause, "
    "after which its sink is taken to be silent at once; hocket's includes its fade.",
    "stt: pipecat's stub speaks that long after its own VAD's stop, livekit's that long after the true end "
    "(0 is an oracle); hocket has none, so the row adds it to the first token (0 is how it is used).",
    "livekit runs its language model inside the endpoint wait when the text is there (stt 0, 100); hocket "
    "always; pipecat never.",
    "livekit in pauses: its script is given the two parts of the question as question and barge-in, so that "
    "its STT stub gives text for the first part in the pause, as a recogniser would.",
    "livekit in bursts: STT at 3200 ms and the burst 8.5 s after the question, so that its stub does not put "
    "words to it. pipecat's stub gives words to whatever its VAD takes for speech, after the fact.",
)
NOT_MEASURED = (
    "pipecat, livekit: cut-ins in the pauses of the barge-in itself (livekit's stub has no text then).",
    "pipecat, livekit: drafts committed with unlistened speech (their scripts do not tell it).",
    "pipecat: latency after a false cut-in (its script looks for the first sound only).",
    "pipecat: whether it goes on after a burst (an interrupted reply is thrown away, by design).",
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything lies."""

    peers: Path
    "The folder of scripts and recordings."
    pipecat: Path | None
    "A Python that has pipecat; None leaves it out."
    livekit: Path | None
    work: Path
    "Where variants of the recordings are written."


@dataclass(frozen=True, slots=True)
class Arm:
    """One program with its flags: prints one JSON object."""

    system: str
    scene: str
    stt: int
    command: tuple[str, ...]
    seconds: float
    "Of one timeline, for people who wait and for the time limit."
    end: float = 0.0
    "Seconds of the timeline at which the question truly ends, where the script cannot know."

    @property
    def name(self) -> str:
        return f"{self.system} · {self.scene} · stt {self.stt}"


def sounds(places: Places) -> dict[str, Path]:
    """Write every recording that an arm needs; by name. Raises UserError where the peers' are missing."""
    question, barge = (read_words(places.peers / name) for name in (QUESTION, BARGE))
    found = {"question": question, "barge": barge, "mm-hm": murmur(), "cough": cough()}
    found["short word"] = short_word(barge)
    for seconds in (0.3, 0.6):
        first, gap, second = parted(question, seconds)
        whole = np.concatenate([first, gap, second])
        found |= {"first": first, "second": second, f"pause {seconds:g}": whole}
    return {name: write_words(places.work / f"{_file(name)}.wav", pcm) for name, pcm in found.items()}


def _file(name: str) -> str:
    return name.replace(" ", "-")


def plan(
    places: Places, scenes: Sequence[str] = SCENES, stt: Sequence[int] = STT, *, ears: bool = False
) -> list[Arm]:
    """All arms, in the order of one round. Raises UserError for unknown scenes."""
    if unknown := [scene for scene in scenes if scene not in SCENES]:
        raise UserError(f"no scene is called {unknown[0]!r}; there are {', '.join(SCENES)}")
    files = sounds(places)
    systems = [name for name, python in ((PIPECAT, places.pipecat), (LIVEKIT, places.livekit)) if python]
    return [
        _arm(system, scene, each, places, files, ears=ears)
        for scene in scenes
        for each in (stt if scene == "plain" else (_usual(scene),))
        for system in (*systems, *OURS)
    ]


def _usual(scene: str) -> int:
    """Pauses are measured with a quick recogniser, bursts with none in the way."""
    return 100 if scene.startswith("pause") else 0


def _arm(system: str, scene: str, stt: int, places: Places, files: dict[str, Path], *, ears: bool) -> Arm:
    question = files[scene] if scene.startswith("pause") else files["question"]
    over = files["barge"] if scene == "plain" or scene.startswith("pause") else files[scene]
    gap, heard = GAP, stt
    if system == LIVEKIT and scene.startswith("pause"):
        question, over, gap = files["first"], files["second"], float(scene.split()[1])
    elif system == LIVEKIT and scene != "plain":
        gap, heard = FAR, UNHEARD
    lengths = [len(read_words(file)) / 16_000 for file in (question, over)]
    said = ("--gap", f"{gap:g}", "--wav", str(question), "--barge", str(over))
    end = LEAD + (lengths[0] + gap + lengths[1] if question == files["first"] else lengths[0])
    command = (*_program(system, places, ears=ears), "--stt-ms", str(heard), *STUBS, *said)
    return Arm(system, scene, stt, command, LEAD + TAIL + sum(lengths) + gap, end)


def _program(system: str, places: Places, *, ears: bool) -> tuple[str, ...]:
    script = str(places.peers.resolve() / f"{system}_baseline.py")
    if system == PIPECAT:
        return str(places.pipecat), script, "--mode", "default", "--token", "--raw"
    if system == LIVEKIT:
        return str(places.livekit), script, "--turn", "mini", "--stream-tts", "--raw"
    setting = SETTINGS[OURS.index(system)]
    own = (sys.executable, "-m", "bench.peers_ours", "--setting", setting)
    return (*own, "--ears") if ears else own


def shown(arm: Arm) -> str:
    """The command as one would type it: no folder of this machine is in it."""
    words = [Path(word).name if "/" in word or "\\" in word else word for word in arm.command]
    return " ".join(["python", *(f"'{word}'" if " " in word else word for word in words[1:])])
