"""How the brain hears real people: their recorded digits, glued around a synthetic "plus". Never trained on.

Recordings: the Free Spoken Digit Dataset (CC BY-SA 4.0), 8 kHz files `{digit}_{speaker}_{take}.wav`. Glued
words lack the melody of a sentence, so this tells about voices and channel more than about conversation.
"""

import multiprocessing
import random
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from .audio import RATE, Pcm, rms, trim
from .numerals import spell
from .player import Player
from .scores import percent, wilson

LEVEL = 0.05
"Root mean square of each word: -26 dB full scale."


@dataclass(frozen=True, slots=True)
class Heard:
    """One glued phrase."""

    wanted: tuple[str, str]
    words: list[str]
    refused: bool

    @property
    def right(self) -> bool:
        return self.words == [self.wanted[0], "plus", self.wanted[1]]

    @property
    def digits(self) -> int:
        """How many of the two digits stand where they belong."""
        return (self.words[:1] == [self.wanted[0]]) + (self.words[-1:] == [self.wanted[1]])


def _plus() -> Pcm:
    from .speech import Flite, Style  # only in this spawned worker: the module can load espeak-ng

    return Flite().say("plus", "slt", Style())


def _recording(path: Path) -> Pcm:
    """One digit at 16 kHz, trimmed, at `LEVEL`. ValueError if the file is not 8 kHz mono."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (8000, 1, 2):
            raise ValueError(f"{path} is not 8 kHz mono of 16 bits")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    pcm = np.asarray(resample_poly(samples.astype(np.float32) / np.float32(32768), 2, 1), np.float32)
    pcm = trim(pcm, 0.02 * float(np.abs(pcm).max()))
    return pcm * np.float32(LEVEL / rms(pcm))


def _phrase(first: Pcm, plus: Pcm, second: Pcm, rng: random.Random) -> Pcm:
    def silence(least: float, most: float) -> Pcm:
        return np.zeros(int(RATE * rng.uniform(least, most)), np.float32)

    parts = [
        silence(0.2, 0.3),
        first,
        silence(0.05, 0.2),
        plus,
        silence(0.05, 0.2),
        second,
        silence(0.2, 0.4),
    ]
    whole: Pcm = np.concatenate(parts)
    room = np.random.default_rng(rng.getrandbits(32)).standard_normal(len(whole))
    return whole + np.float32(1e-4) * room.astype(np.float32)


def measure(
    bundle: Path, recordings: Path, seed: int, *, tell: Callable[[str], None], count: int = 60
) -> str:
    """Tells figures per speaker (`count` phrases each); gives the total as a sentence for the card."""
    speakers = sorted({path.name.split("_")[1] for path in recordings.glob("*_*_*.wav")})
    if not speakers:
        raise SystemExit(f"{recordings} holds no files like 7_george_3.wav (Free Spoken Digit Dataset)")
    with multiprocessing.get_context("spawn").Pool(1) as worker:
        plus = worker.apply(_plus)
    plus = plus * np.float32(LEVEL / rms(plus))
    player, rng, everyone = Player(bundle), random.Random(seed), list[Heard]()
    for speaker in speakers:
        found = []
        for _ in range(count):
            digits = rng.randint(0, 9), rng.randint(0, 9)
            first, second = (
                _recording(rng.choice(sorted(recordings.glob(f"{d}_{speaker}_*.wav")))) for d in digits
            )
            answer = player.answer(player.hear(_phrase(first, plus, second, rng)))
            refused = answer.heard_logprob < player.refusal
            found.append(Heard((spell(digits[0])[0], spell(digits[1])[0]), answer.heard.split(), refused))
        tell(f"{speaker}: {_figures(found)}")
        everyone += found
    total = f"{len(speakers)} people, seed {seed}: {_figures(everyone)}"
    tell(total)
    return total


def _figures(found: list[Heard]) -> str:
    n, right, digits = len(found), sum(h.right for h in found), sum(h.digits for h in found)
    answered = [h for h in found if not h.refused]
    low, high = wilson(right, n)
    return (
        f"{percent(digits, 2 * n)} of {2 * n} digits, {percent(right, n)} "
        f"[{percent(low, 1)}, {percent(high, 1)}] of {n} phrases heard right; "
        f"{percent(n - len(answered), n)} refused, "
        f"{percent(sum(h.right for h in answered), len(answered))} of the others right"
    )
