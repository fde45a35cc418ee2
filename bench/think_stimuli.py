"""The long questions as sound, made once and kept in a folder; labelled to the sample.

Speakers come in batches of one voice each, so that espeak-ng's process (GPL: never in ours) is started once
per batch. A batch is whole when its ``.jsonl`` is there; the n-th batch depends on the seed and n alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np

from pipeline.clock import run
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, Pcm, Voice
from tts.espeak import EspeakVoice
from tts.flite import FliteVoice

from .counted import counted
from .labels import Pause
from .stimuli import Stimulus, hesitating, synthesise
from .suite_core import PAUSES
from .think_items import HUMAN, SPOKEN, Chain, Speaker, draw_chain, draw_speaker

BATCH = 12
"""Questions per speaker."""
TRIES = 5 * BATCH
"""Chains that a speaker is given at most; a fast one needs long ones."""
SHORTEST, LONGEST = 6.0, 12.5
"""Seconds of speech."""
STIMULI = "stimuli"
"""The folder in a run's own where its questions are made."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Long:
    """One question as it was spoken."""

    name: str
    chain: Chain
    voice: str
    file: Path
    start: int
    length: int
    "Samples of the file."
    pauses: tuple[Pause, ...] = ()
    "One hesitation, or none."
    would_do: bool = False
    "What was said before the hesitation is itself a question that could be answered."

    def stimulus(self) -> Stimulus:
        """Its sound, from the first to the last sample of speech."""
        whole = np.fromfile(self.file, np.int16, count=self.length, offset=2 * self.start)
        pcm: Pcm = whole.astype(np.float32) / np.float32(32768)
        expected = str(self.chain.answer)
        return Stimulus(pcm, pauses=self.pauses, text=self.chain.text, expected=expected, voice=self.voice)


@dataclass(frozen=True, slots=True)
class _Said:
    """One question of a batch, before it is a file."""

    chain: Chain
    pcm: Pcm
    pauses: tuple[Pause, ...] = ()
    would_do: bool = False


def long_questions(folder: Path, wanted: int, seed: int, tell: Tell) -> list[Long]:
    """The first ``wanted`` of a seed, in order; what is not there yet is made. Raises VoiceError."""
    return _batches(folder, str(seed), wanted, partial(_speak_batch, f"long {seed}", _whole), tell)


def hesitations(folder: Path, wanted: int, seed: int, tell: Tell) -> list[Long]:
    """Questions with one pause each, of every length of PAUSES in turn. Raises VoiceError.

    Half of the pauses come after a sign ("plus …"), where more must follow; half before one, after at least
    two numbers, where what was said would do. Each part is spoken on its own, so each sounds like an end.
    """
    return _batches(folder, f"p{seed}", wanted, partial(_speak_batch, f"pauses {seed}", _broken), tell)


def question_folder(named: Path | None, out: Path, wanted: int, seed: int, *, pauses: bool = False) -> Path:
    """Where a run's questions are: its own folder, where they are made, or a named one that holds them all.

    Nothing is ever written into a named folder: what else lies in it is somebody's. Raises UserError where it
    is missing or holds too few; ``pauses``: of those with a hesitation.
    """
    if named is None:
        return out / STIMULI
    more = " --pauses" if pauses else ""
    mend = f"make them with: hocket bench think stimuli --out DIR{more}, and name DIR/{STIMULI}"
    if not named.is_dir():
        raise UserError(f"there is no folder {named} with questions; {mend}")
    held = _held(named, f"p{seed}" if pauses else str(seed))
    if held < wanted:
        kind = " with a hesitation" if pauses else ""
        raise UserError(
            f"{named} holds {counted(held, 'question')}{kind} of seed {seed} and {wanted} are wanted; {mend}"
        )
    return named


def _held(folder: Path, prefix: str) -> int:
    """How many questions its whole batches hold, from the first one on."""
    found = 0
    for number in count():
        stem = folder / f"{prefix}-{number:04d}"
        if not (stem.with_suffix(".jsonl").is_file() and stem.with_suffix(".pcm").is_file()):
            return found
        found += len(stem.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines())
    raise AssertionError("batches are counted without end")


def _batches(
    folder: Path, prefix: str, wanted: int, speak: Callable[[int], tuple[Speaker, list[_Said]]], tell: Tell
) -> list[Long]:
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Long] = []
    for number in count():
        stem = folder / f"{prefix}-{number:04d}"
        if not stem.with_suffix(".jsonl").exists():
            speaker, said = speak(number)
            _write(stem, speaker, said)
            tell(f"stimuli: {min(len(found) + len(said), wanted)} of {wanted}")
        found += _read(stem)
        if len(found) >= wanted:
            return found[:wanted]
    raise AssertionError("batches are counted without end")


def _write(stem: Path, speaker: Speaker, said: list[_Said]) -> None:
    sound = [np.round(one.pcm * 32767).astype(np.int16) for one in said]
    np.concatenate([np.zeros(0, np.int16), *sound]).tofile(stem.with_suffix(".pcm"))
    partial_file = stem.with_suffix(".partial")
    rows = [
        {**asdict(one.chain), "length": len(one.pcm), "voice": speaker.name}
        | ({"pauses": [asdict(gap) for gap in one.pauses], "would_do": one.would_do} if one.pauses else {})
        for one in said
    ]
    partial_file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    partial_file.rename(stem.with_suffix(".jsonl"))


Say = Callable[[Voice, Chain, int, random.Random], Awaitable[_Said | None]]
"""Speaks the n-th question of a batch; None where it is too short or too long."""


def _speak_batch(seed: str, say: Say, number: int) -> tuple[Speaker, list[_Said]]:
    rng = random.Random(f"{seed} {number}")
    speaker = draw_speaker(rng)
    return speaker, run(lambda: _speak(speaker, say, rng))


async def _speak(speaker: Speaker, say: Say, rng: random.Random) -> list[_Said]:
    voice = _voice(speaker)
    kept: list[_Said] = []
    try:
        for _ in range(TRIES):
            said = await say(voice, draw_chain(rng), len(kept), rng)
            if said is not None:
                kept.append(said)
            if len(kept) == BATCH:
                break
    finally:
        await voice.close()
    return kept


async def _whole(voice: Voice, chain: Chain, _place: int, _rng: random.Random) -> _Said | None:
    pcm = await synthesise(voice, chain.text)
    return _Said(chain, pcm) if SHORTEST <= len(pcm) / CAPTURE_RATE <= LONGEST else None


async def _broken(voice: Voice, chain: Chain, place: int, rng: random.Random) -> _Said | None:
    words, would_do = chain.text.split(), rng.random() < 0.5
    signs = [at for at, word in enumerate(words) if word in SPOKEN.values()]
    at = rng.choice(signs[1:]) if would_do else rng.choice(signs) + 1
    parts = (" ".join(words[:at]), " ".join(words[at:]))
    said = await hesitating(voice, parts, (PAUSES[place % len(PAUSES)],))
    fits = said.seconds <= LONGEST
    return _Said(chain, said.pcm, said.pauses, would_do) if fits else None


def _voice(speaker: Speaker) -> Voice:
    if speaker.name == HUMAN:
        return FliteVoice("rms", stretch=speaker.stretch)
    variant = speaker.name.partition(":")[2]
    return EspeakVoice(variant, speed=speaker.speed, pitch=speaker.pitch, spread=speaker.spread)


def _read(stem: Path) -> list[Long]:
    found, start = list[Long](), 0
    for place, line in enumerate(stem.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        chain = Chain(row["text"], tuple(row["numbers"]), tuple(row["signs"]), row["answer"])
        name = f"{stem.name}-{place:02d}"
        pauses = tuple(Pause(**gap) for gap in row.get("pauses", ()))
        found.append(Long(
            name, chain, row["voice"], stem.with_suffix(".pcm"), start, row["length"], pauses,
            row.get("would_do", False),
        ))  # fmt: skip
        start += row["length"]
    return found
