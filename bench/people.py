"""People's recordings from a folder the user points at, as stimuli: synthetic voices flatter and handicap.

Per stimulus a sound file (anything libsndfile reads) and a JSON of the same stem beside it::

    {"kind": "question", "text": "what is four plus five", "expected": "9", "start": 0.31, "end": 2.05,
     "pauses": [[0.90, 1.42]], "unit": "seconds", "channel": 0, "speaker": "Ann"}

``kind`` is a label's, or ``bed`` for noise that goes on. ``start`` and ``end`` are where the speech begins
and ends; what wants a reply must have them, because voice-to-voice counts from the end, and a detector's
guess is no label; anything else may leave them out and is trimmed at -50 dBFS. ``unit`` is seconds or
samples of that file. Sound is cut there, brought to 16 kHz and to the level of all stimuli. Other files are
left alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from audio_io.resample import resample
from pipeline.errors import UserError, VoiceError
from pipeline.ports import CAPTURE_RATE, Pcm

from .labels import WANTS_REPLY, Kind, Pause
from .stimuli import Stimulus, levelled, trimmed

BED = "bed"
SOUNDS = (".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif", ".w64", ".caf")
"""Endings under which a stimulus' sound is looked for, in this order."""
FIELDS: dict[str, tuple[type, ...]] = {
    "kind": (str,), "text": (str,), "expected": (str, type(None)), "start": (int, float), "end": (int, float),
    "pauses": (list,), "unit": (str,), "channel": (int,), "speaker": (str,),
}  # fmt: skip
SHORTEST, LONGEST = 0.05, 30.0
"""Seconds of a stimulus; a longer one is no turn. A bed is 1 s to 10 minutes."""


class PeopleError(UserError):
    """A recording or its labels cannot be used."""


@dataclass(frozen=True, slots=True)
class People:
    """What a folder holds."""

    folder: Path
    stimuli: tuple[Stimulus, ...]
    "In the order of their files' names."
    beds: tuple[Pcm, ...] = ()
    "At CAPTURE_RATE, at whatever level they have."

    def of(self, kind: Kind, *, pauses: bool | None = None) -> list[Stimulus]:
        """Those of a kind; ``pauses``: only those with, or without, a hesitation."""
        return [
            one for one in self.stimuli if one.kind is kind and pauses in (None, bool(one.pauses))
        ]  # fmt: skip


def people(folder: Path) -> People:
    """Everything in a folder. Raises PeopleError naming the file and what would be right."""
    if not folder.is_dir():
        raise PeopleError(f"there is no folder {folder}; --people wants one with recordings and their JSON")
    said: list[Stimulus] = []
    beds: list[Pcm] = []
    manifests = sorted(folder.glob("*.json"))
    for manifest in manifests:
        one = _one(manifest, manifest.stat().st_mtime_ns)
        if isinstance(one, Stimulus):
            said.append(one)
        else:
            beds.append(one)
    if not manifests:
        raise PeopleError(
            f"{folder} holds no *.json; each recording needs one of the same stem, such as "
            '{"kind": "question", "text": "…", "start": 0.3, "end": 2.1}'
        )
    return People(folder, tuple(said), tuple(beds))


@lru_cache(maxsize=4096)
def _one(manifest: Path, stamp: int) -> Stimulus | Pcm:
    """``stamp`` makes a changed file another one."""
    told = _read(manifest)
    pcm, rate = _sound(manifest, told)
    unit = _choice(told.get("unit", "seconds"), ("seconds", "samples"), manifest, "unit")
    scale = rate if unit == "seconds" else 1
    kind = _choice(told["kind"], (*Kind, BED), manifest, "kind")
    start, end = _span(manifest, told, scale, len(pcm), rate)
    if kind == BED:
        if not 1.0 <= (end - start) / rate <= 600:
            raise PeopleError(f"{manifest}: a bed lasts 1 to 600 s, not {(end - start) / rate:.2f} s")
        return resample(pcm[start:end], rate, CAPTURE_RATE)
    if not SHORTEST <= (end - start) / rate <= LONGEST:
        raise PeopleError(
            f"{manifest}: the speech lasts {(end - start) / rate:.3f} s; accepted are {SHORTEST:g} to "
            f"{LONGEST:g} s between start and end"
        )
    pauses = _pauses(manifest, told, scale, start, end)
    return _stimulus(manifest, told, Kind(kind), pcm[start:end], rate, pauses)


def _stimulus(
    manifest: Path, told: dict[str, Any], kind: Kind, pcm: Pcm, rate: int, pauses: Sequence[tuple[int, int]]
) -> Stimulus:
    """Positions in ``pauses`` are samples of ``pcm``, at ``rate``."""
    sound = levelled(resample(pcm, rate, CAPTURE_RATE))
    if "end" not in told:
        try:
            sound = trimmed(sound, what=str(manifest))
        except VoiceError as error:
            raise PeopleError(str(error)) from error
    marks = tuple(
        Pause(low * CAPTURE_RATE // rate, high * CAPTURE_RATE // rate) for low, high in pauses
    )  # fmt: skip
    voice = f"person:{told.get('speaker') or manifest.stem}"
    text = str(told.get("text", ""))
    return Stimulus(sound, kind, marks, text, told.get("expected"), kind in WANTS_REPLY, voice)


def _read(manifest: Path) -> dict[str, Any]:
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise PeopleError(f"{manifest} is not JSON ({error})") from error
    if not isinstance(told, dict) or "kind" not in told:
        raise PeopleError(f"{manifest} must be an object with at least a kind ({', '.join((*Kind, BED))})")
    if unknown := sorted(set(told) - set(FIELDS)):
        raise PeopleError(f"{manifest} has the unknown {', '.join(unknown)}; known are {', '.join(FIELDS)}")
    for name, value in told.items():
        if not isinstance(value, FIELDS[name]) or isinstance(value, bool):
            raise PeopleError(f"{manifest}: {name} is {value!r}, which is no {FIELDS[name][0].__name__}")
    return told


def _sound(manifest: Path, told: dict[str, Any]) -> tuple[Pcm, int]:
    """One channel of the recording, and its rate."""
    found = next((file for end in SOUNDS if (file := manifest.with_suffix(end)).exists()), None)
    if found is None:
        raise PeopleError(f"{manifest} has no sound beside it; accepted are {', '.join(SOUNDS)}")
    import soundfile  # a run without people's recordings does not pay for loading it

    try:
        frames, rate = soundfile.read(found, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise PeopleError(f"{found} cannot be read as sound ({error})") from error
    channels, chosen = frames.shape[1], told.get("channel")
    if chosen is None and channels > 1:
        raise PeopleError(
            f'{found} has {channels} channels; say which one is meant with "channel": 0 to {channels - 1} in '
            f"{manifest.name} (channels are never mixed: two people may be on them)"
        )
    if not 0 <= (chosen or 0) < channels:
        raise PeopleError(f"{manifest}: channel {chosen} of {channels}; they count from 0")
    return frames[:, chosen or 0].copy(), int(rate)


def _span(
    manifest: Path, told: dict[str, Any], scale: float, length: int, rate: int
) -> tuple[int, int]:  # fmt: skip
    """First and one past the last sample of the speech."""
    if ("start" in told) != ("end" in told):
        raise PeopleError(f"{manifest} has one of start and end; give both, or neither")
    if "end" not in told:
        if told["kind"] in WANTS_REPLY or told.get("pauses"):
            raise PeopleError(
                f"{manifest}: a {told['kind']} needs start and end of its speech: times count from there"
            )
        return 0, length
    start, end = round(told["start"] * scale), round(told["end"] * scale)
    if not 0 <= start < end <= length:
        raise PeopleError(
            f"{manifest}: start {start / rate:.3f} s and end {end / rate:.3f} s do not lie in this order in "
            f"the recording of {length / rate:.3f} s (unit {told.get('unit', 'seconds')})"
        )
    return start, end


def _pauses(
    manifest: Path, told: dict[str, Any], scale: float, start: int, end: int
) -> list[tuple[int, int]]:  # fmt: skip
    """As samples from ``start``."""
    found, low = [], start
    for pause in told.get("pauses", []):
        if not (
            isinstance(pause, list) and len(pause) == 2 and all(isinstance(at, int | float) for at in pause)
        ):
            raise PeopleError(f"{manifest}: a pause is [start, end], not {pause!r}")
        first, last = (round(at * scale) for at in pause)
        if not low < first < last < end:
            raise PeopleError(
                f"{manifest}: the pause {pause} lies not inside the speech, in order, with speech around it"
            )
        found.append((first - start, last - start))
        low = last
    return found


def _choice(value: str, accepted: Sequence[str], manifest: Path, what: str) -> str:
    if value not in accepted:
        raise PeopleError(f"{manifest}: {what} is {value!r}; accepted are {', '.join(accepted)}")
    return value
