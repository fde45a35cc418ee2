"""The long questions as sound, made once and kept in a folder; labelled to the sample.

Speakers come in batches of one voice each, so that espeak-ng's process (GPL: never in ours) is started once
per batch. A batch is whole when its ``.jsonl`` is there; the n-th batch depends on the seed and n alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

import numpy as np

from pipeline.clock import run
from pipeline.ports import CAPTURE_RATE, Pcm, Voice
from tts.espeak import EspeakVoice
from tts.flite import FliteVoice

from .stimuli import Stimulus, synthesise
from .think_items import HUMAN, Chain, Speaker, draw_chain, draw_speaker

BATCH = 12
"""Questions per speaker."""
TRIES = 5 * BATCH
"""Chains that a speaker is given at most; a fast one needs long ones."""
SHORTEST, LONGEST = 6.0, 12.5
"""Seconds of speech."""
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

    def stimulus(self) -> Stimulus:
        """Its sound, from the first to the last sample of speech."""
        whole = np.fromfile(self.file, np.int16, count=self.length, offset=2 * self.start)
        pcm: Pcm = whole.astype(np.float32) / np.float32(32768)
        return Stimulus(pcm, text=self.chain.text, expected=str(self.chain.answer), voice=self.voice)


def long_questions(folder: Path, wanted: int, seed: int, tell: Tell) -> list[Long]:
    """The first ``wanted`` of a seed, in order; what is not there yet is made. Raises VoiceError."""
    folder.mkdir(parents=True, exist_ok=True)
    found: list[Long] = []
    for number in count():
        stem = folder / f"{seed}-{number:04d}"
        if not stem.with_suffix(".jsonl").exists():
            kept = _make(stem, random.Random(f"long {seed} {number}"))
            tell(f"stimuli: {len(found) + kept} of {wanted}")
        found += _read(stem)
        if len(found) >= wanted:
            return found[:wanted]
    raise AssertionError("batches are counted without end")


def _make(stem: Path, rng: random.Random) -> int:
    speaker = draw_speaker(rng)
    spoken = run(lambda: _speak(speaker, rng))
    sound = [np.round(pcm * 32767).astype(np.int16) for _, pcm in spoken]
    np.concatenate([np.zeros(0, np.int16), *sound]).tofile(stem.with_suffix(".pcm"))
    partial = stem.with_suffix(".partial")
    rows = [{**asdict(chain), "length": len(pcm), "voice": speaker.name} for chain, pcm in spoken]
    partial.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    partial.rename(stem.with_suffix(".jsonl"))
    return len(spoken)


async def _speak(speaker: Speaker, rng: random.Random) -> list[tuple[Chain, Pcm]]:
    voice = _voice(speaker)
    kept: list[tuple[Chain, Pcm]] = []
    try:
        for _ in range(TRIES):
            chain = draw_chain(rng)
            pcm = await synthesise(voice, chain.text)
            if SHORTEST <= len(pcm) / CAPTURE_RATE <= LONGEST:
                kept.append((chain, pcm))
            if len(kept) == BATCH:
                break
    finally:
        await voice.close()
    return kept


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
        found.append(Long(name, chain, row["voice"], stem.with_suffix(".pcm"), start, row["length"]))
        start += row["length"]
    return found
