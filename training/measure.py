"""What can be told of a clip's sound: measured values, and the labels that they stand for.

Values come from the clean first voice and from what the generator knows it did (noise, band, events, second
voice). Between the two sides of a family lies a band in which no answer is right: such clips are left out.
Must never: guess at a person, or call anything but sound by a name.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from model.cue_summary import BLIP, EARLIER, GAP, LEAST, NEWEST, STRAY

from .audio import RATE, Pcm
from .labels import FRAMES, TELEPHONE, Track, track
from .skills.question import How, Measured

Mask = NDArray[np.bool_]

UNSURE = (5, 8)
"Silences of so many frames (0.2 to 0.32 s) may be taken either way: the number of pauses is not known."
LOUDEST_SNR = 40.0
SECOND = 0.4
"Seconds that a second voice must speak to be one."

BANDS = {
    "pitch": (145.0, 175.0),
    "pace": (3.6, 4.8),
    "loudness": (-29.0, -22.0),
    "ending": (-2.0, 2.0),
    "pauses": (0.5, 0.5),
    "line": TELEPHONE,
    "noise": (15.0, 25.0),
    "voices": (1.5, 1.5),
}
"""Hz, syllables per second of speech, dB full scale, semitones, count, Hz, dB over noise, count.

Between the two values no answer is right."""
LABELS = {
    "pitch": ("low", "high"),
    "pace": ("slow", "fast"),
    "loudness": ("soft", "loud"),
    "ending": ("falling", "rising"),
    "pauses": ("steady", "pausing"),
    "line": ("telephone", "close"),
    "noise": ("noisy", "quiet"),
    "voices": ("one", "two"),
}
FAMILIES = tuple(BANDS)
_VALUES: dict[str, Callable[[Measured], float | None]] = {
    "pitch": lambda m: m.pitch,
    "pace": lambda m: m.pace,
    "loudness": lambda m: m.level,
    "ending": lambda m: m.slope,
    "pauses": lambda m: m.pauses,
    "line": lambda m: m.bandwidth,
    "noise": lambda m: m.snr,
    "voices": lambda m: m.voices,
}


class Sounded(Protocol):
    """What is measured: a clip, and what the generator did to it (see `augment.Clip`)."""

    @property
    def clean(self) -> Pcm: ...
    @property
    def track(self) -> Track | None: ...
    @property
    def noise(self) -> float | None: ...
    @property
    def bandwidth(self) -> float: ...
    @property
    def onsets(self) -> tuple[tuple[str, int], ...]: ...
    @property
    def others(self) -> tuple[tuple[int, int], ...]: ...


def value(family: str, measured: Measured) -> float | None:
    """The number that a family's label goes by; None: not known."""
    return _VALUES[family](measured)


def label(family: str, measured: Measured) -> str | None:
    """The word for it; None where it is not known or lies between the sides."""
    found = value(family, measured)
    low, high = BANDS[family]
    if found is None or low <= found <= high:
        return None
    return LABELS[family][found > high]


def fits(how: How, measured: Measured) -> bool:
    """Whether everything that was wanted can be measured, clearly."""
    wanted = {"pace": how.pace, "pitch": how.pitch, "loudness": how.loudness, "ending": how.end}
    wanted |= {"line": how.line, "noise": how.noise}
    if any(word and label(family, measured) != word for family, word in wanted.items()):
        return False
    if how.pauses is not None and measured.pauses != how.pauses:
        return False
    return measured.voices in (None, how.voices) and measured.events == counted_kinds(how.events)


def counted_kinds(events: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Kinds with their counts, added up and in order; kinds that do not sound are left out."""
    total = Counter[str]()
    for kind, count in events:
        total[kind] += count
    return tuple(sorted((kind, count) for kind, count in total.items() if count))


def closed(speech: Mask) -> Mask:
    """Speech with its short silences filled, and then what is too short taken away; as the runtime does."""
    near = ~_any(~_any(np.pad(speech, GAP - 1), GAP), GAP)
    return _any(~_any(np.pad(~near, BLIP - 1, constant_values=True), BLIP), BLIP)


def _any(mask: Mask, size: int) -> Mask:
    """Of each `size` neighbours."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(mask, size).any(-1))


def silences(speech: Mask) -> list[int]:
    """Lengths, in frames, of the gaps between the first and the last frame of speech."""
    at = np.flatnonzero(speech)
    gaps = np.diff(at) - 1 if len(at) else np.zeros(0, int)
    return [int(gap) for gap in gaps if gap]


def pauses(speech: Mask) -> int | None:
    """Silences of at least `GAP` frames (0.28 s); None where one of them may be taken either way."""
    gaps = silences(speech)
    if any(UNSURE[0] <= gap <= UNSURE[1] for gap in gaps):
        return None
    return sum(gap >= GAP for gap in gaps)


def slope(found: Track) -> float | None:
    """Semitones by which pitch changes at the end (`cue_summary.NEWEST`); None where there is too little."""
    tune = found.pitch[found.voiced]
    tune = tune[np.abs(tune - np.median(tune)) < STRAY] if len(tune) else tune
    if len(tune) < LEAST:
        return None
    return 12 * float(tune[-NEWEST:].mean() - tune[-NEWEST - EARLIER : -NEWEST].mean())


def _level(found: Track) -> float:
    """dB full scale of the mean power over speech."""
    power = np.power(10.0, (found.level[found.speech] * 15 - 40) / 10)
    return 10 * float(np.log10(power.mean()))


def measure(
    clean: Pcm,
    *,
    syllables: int,
    noise: float | None = None,
    bandwidth: float | None = 8000.0,
    onsets: Iterable[tuple[str, int]] = (),
    voices: int | None = 1,
    found: Track | None = None,
) -> Measured:
    """Of one clip; `found`: its track, where it is known already.

    `clean`: the first voice alone, as loud as it is in the clip, silence around it. `syllables`: of its
    words, 0 where they are not known. `noise`: its level in dB full scale, None for digital silence.
    `onsets`: kind and sample of each sound event. What is not known may be None and stays so.
    """
    found = track(clean) if found is None else found
    seconds = float(closed(found.speech).sum()) / FRAMES
    spoken = seconds >= 0.1
    level = _level(found) if spoken else None
    ratio = None if level is None else LOUDEST_SNR if noise is None else level - noise
    enough = int(found.voiced.sum()) >= 5
    return Measured(
        pitch=float(160 * 2 ** np.median(found.pitch[found.voiced])) if enough else None,
        pace=syllables / seconds if syllables and spoken else None,
        level=level,
        slope=slope(found),
        pauses=pauses(found.speech) if spoken else None,
        bandwidth=bandwidth,
        snr=None if ratio is None else min(max(ratio, 0.0), LOUDEST_SNR),
        events=counted_kinds((kind, 1) for kind, _ in onsets),
        voices=voices,
    )


def of(clip: Sounded, syllables: int) -> Measured:
    """Of a clip of one utterance. A second voice's share of the syllables is not known: no pace then."""
    others = sum(end - start for start, end in clip.others) / RATE
    return measure(
        clip.clean,
        syllables=0 if clip.others else syllables,
        noise=clip.noise,
        bandwidth=clip.bandwidth,
        onsets=clip.onsets,
        voices=1 if not others else 2 if others >= SECOND else None,
        found=clip.track,
    )
