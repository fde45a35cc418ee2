"""What the heads make of people, on recordings that lie beside the repository. Nothing here was trained on.

No recording tells where its speaker meant to stop, so the truth is what can be seen: a silence inside running
speech was not the end, the last silence of a recording was (some are cut mid-sentence: then that is wrong).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio_io.silero import SileroDetector
from audio_io.wav import read_sound
from model.judge import Heads
from training.audio import POSITION, RATE, Pcm, rms, trim
from training.scores import percent

from . import policy
from .figures import BURST_MOMENTS, MOMENTS, NOD, Judged, auc, curve, winner
from .policy import Ending, Gap
from .samples import Listener
from .scene import KINDS, Air, burst_scene

RUNNING = (
    "whisper__jfk.flac",
    "silero-vad__test.wav",
    "pyannote__sample.wav",
    "vosk__test.wav",
    "cobra__sample.wav",
    "lyra__sample1_16k.wav",
    "coqui__LJ001-0002.wav",
    "speech_recognition__english.wav",
    "fireredvad__hello_en.wav",
)
"Running speech of people, nearly all of it outside the brain's language."
NOISES = ("tau2__dog_bark.wav", "eva__background_music.wav")
LONGEST = 25 * RATE
PAUSE = 0.2
"Seconds of silence that count as a pause."


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Speech from one sample to another."""

    start: int
    end: int


def stretches(pcm: Pcm) -> list[_Stretch]:
    """Where Silero hears speech (above 0.5, until below 0.35), its windows of 32 ms joined over 100 ms."""
    detector, found, start, quiet = SileroDetector(), list[_Stretch](), -1, 0
    window = detector.window
    for at in range(0, len(pcm) - window + 1, window):
        score = detector.score(pcm[at : at + window])
        if start < 0 and score > 0.5:
            start, quiet = at, 0
        elif start >= 0:
            quiet = quiet + window if score < 0.35 else 0
            if quiet >= RATE // 10:
                found.append(_Stretch(start, at + window - quiet))
                start = -1
    if start >= 0:
        found.append(_Stretch(start, len(pcm)))
    return found


def running(path: Path, listener: Listener, heads: Heads) -> list[Judged]:
    """All silences of a recording, each judged over the sound since at most 25 s before."""
    pcm = np.concatenate([read_sound(path), np.zeros(RATE, np.float32)])
    spoken, out, begins = stretches(pcm), list[Judged](), 0
    for i, stretch in enumerate(spoken):
        last = i == len(spoken) - 1
        ends = len(pcm) if last else spoken[i + 1].start
        if ends - stretch.end < PAUSE * RATE:
            continue
        if ends - begins > LONGEST:
            begins = max(0, stretch.start - 3200)
        track = listener.track(pcm[begins : min(ends, stretch.end + RATE)])
        at = stretch.end - begins
        counts = tuple(range(-(-at // POSITION), len(track.features) + 1))
        values = tuple(heads.judge(track.upto(c), 0).end_of_turn for c in counts)
        out.append(Judged(last, False, True, at, counts, values, ends - stretch.end))
    return out


def _digit(folder: Path, speaker: str, rng: random.Random) -> Pcm:
    """One recorded digit at -26 dB full scale, whole: its weak ends are how six begins and five ends."""
    pcm = read_sound(rng.choice(sorted(folder.glob(f"{rng.randint(0, 9)}_{speaker}_*.wav"))))
    return pcm * np.float32(0.05 / rms(trim(pcm, 0.02 * float(np.abs(pcm).max()))))


def _speakers(folder: Path) -> list[str]:
    return sorted({path.name.split("_")[1] for path in folder.glob("*_*_*.wav")})


def digits(folder: Path, plus: Pcm, listener: Listener, heads: Heads, count: int, seed: int) -> list[Judged]:
    """Recorded digits glued around a synthetic "plus": sums, and the same broken off before or after it."""
    rng, out = random.Random(seed), list[Judged]()
    plus = plus * np.float32(0.05 / rms(plus))
    for speaker in _speakers(folder):
        for i in range(count):
            parts = [_digit(folder, speaker, rng), plus, _digit(folder, speaker, rng)]
            parts = parts[: 3 if i % 2 == 0 else 2 if i % 4 == 1 else 1]
            glued = [np.zeros(4000, np.float32)]
            for part in parts:
                glued += [np.zeros(int(RATE * rng.uniform(0.05, 0.2)), np.float32), part]
            at = sum(len(part) for part in glued)
            sound = np.concatenate([*glued, np.zeros(RATE, np.float32)])
            room = np.random.default_rng(rng.getrandbits(32)).standard_normal(len(sound)).astype(np.float32)
            track = listener.track(sound + np.float32(1e-4) * room)
            counts = tuple(range(-(-at // POSITION), len(track.features) + 1))
            values = tuple(heads.judge(track.upto(c), 0).end_of_turn for c in counts)
            out.append(Judged(len(parts) == 3, False, False, at, counts, values, RATE))
    return out


def _bursts(recordings: Path, rng: random.Random) -> dict[str, list[tuple[Pcm, int]]]:
    """Sounds by source, with their kinds."""
    found: dict[str, list[tuple[Pcm, int]]] = {}
    folder = recordings / "fsdd"
    found["single digits (fsdd)"] = [
        (_digit(folder, s, rng), 0) for s in _speakers(folder) for _ in range(30)
    ]
    found["beginnings of running speech"] = []
    for name in RUNNING:
        pcm = read_sound(recordings / name)
        found["beginnings of running speech"] += [
            (pcm[s.start : s.end], 0) for s in stretches(pcm) if s.end - s.start > RATE // 4
        ]
    bark = read_sound(recordings / NOISES[0])
    loud = np.convolve(np.square(bark), np.ones(800) / 800, "same")
    onsets = np.nonzero((loud[1:] > 0.02 * loud.max()) & (loud[:-1] <= 0.02 * loud.max()))[0]
    found["dog bark"] = [(bark[at : at + RATE], 2) for at in onsets]
    music = read_sound(recordings / NOISES[1])
    found["music"] = [(music[at : at + RATE], 2) for at in range(0, len(music) - RATE, RATE // 2)]
    return found


def measure(
    listener: Listener, heads: Heads, recordings: Path, plus: Pcm, seed: int, tell: Callable[[str], None]
) -> None:
    """Tells every figure about people."""
    files = [recordings / name for name in RUNNING if (recordings / name).exists()]
    silences = [j for path in files for j in running(path, listener, heads)]
    _tell_endings(f"running speech of people ({len(files)} recordings)", silences, tell)
    glued = digits(recordings / "fsdd", plus, listener, heads, 60, seed)
    _tell_endings("digits of people around a synthetic plus", glued, tell)
    rng = random.Random(seed)
    for source, sounds in _bursts(recordings, rng).items():
        cells = []
        for ms in BURST_MOMENTS:
            said = []
            for pcm, kind in sounds:
                burst = burst_scene(pcm, kind, random.Random(seed), air=Air(rough=False, speed=False))
                count = (burst.onset + ms * RATE // 1000) // POSITION
                track = listener.track(burst.pcm)
                if count <= len(track.features):
                    said.append(heads.judge(track.upto(count), burst.onset // POSITION))
            best = [winner(judgement) for judgement in said]
            shares = " / ".join(percent(best.count(k), len(said)) for k in range(len(KINDS)))
            nods = percent(sum(judgement.backchannel >= NOD for judgement in said), len(said))
            cells.append(f"{shares}; {nods} (n={len(said)})")
        tell(f"| {source} | " + " | ".join(cells) + " |")


def _tell_endings(title: str, silences: list[Judged], tell: Callable[[str], None]) -> None:
    ends, pauses = [s for s in silences if s.whole], [s for s in silences if not s.whole]
    for ms in MOMENTS:
        right = [s.after(ms) for s in ends if s.length >= ms * RATE // 1000]
        wrong = [s.after(ms) for s in pauses if s.length >= ms * RATE // 1000]
        both = np.array(right + wrong)
        tell(
            f"* {title}, {ms} ms: {len(right)} ends, {len(wrong)} pauses; AUC {auc(right, wrong):.3f}; "
            f"at least 0.8: {percent(sum(v >= 0.8 for v in right), len(right))} of ends, "
            f"{percent(sum(v >= 0.8 for v in wrong), len(wrong))} of pauses; at most 0.3: "
            f"{percent(sum(v <= 0.3 for v in right), len(right))} of ends, "
            f"{percent(sum(v <= 0.3 for v in wrong), len(wrong))} of pauses; median {np.median(both):.2f}"
        )
    gaps = [Gap(curve(s), s.length / RATE) for s in pauses]
    late, cut = policy.measure(policy.DEFAULT, [Ending(curve(s)) for s in ends], gaps)
    plain = sum(g.seconds > 0.5 for g in gaps)
    tell(
        f"* {title}: the default policy waits {1000 * late:.0f} ms and cuts off {percent(cut, 1)} of "
        f"{len(gaps)} pauses at their own lengths; silence of 0.5 s waits 500 ms and cuts off "
        f"{percent(plain, len(gaps))}"
    )
