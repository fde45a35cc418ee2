"""False cut-offs of every arm: questions with one hesitation each, in virtual time, one line of JSON each.

Scored from the recording and its labels by ``bench.score``, as every suite is. A conversation ends soon after
the reply to the whole question has begun: what it says is not asked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from audio_io.detectors import make_detector
from pipeline.errors import HocketError
from pipeline.ports import CAPTURE_RATE, VoiceDetector
from pipeline.trace import Trace

from .claim import note_host
from .score import score
from .target import DETECTOR
from .think_detector import Remembering
from .think_lines import rows_to
from .think_run import CLAIM, TOLD_EVERY, Plan, Service, Tell, hold
from .think_stimuli import Long

SCENARIO = "hesitation"


@dataclass(frozen=True, slots=True)
class Cut:
    """What became of one hesitation in one arm."""

    item: str
    arm: str
    pace: float
    error: str
    pause: float
    "Its labelled length, in seconds."
    would_do: bool
    "What was said before it could be answered by itself."
    cut: bool | None
    "The agent became audible between the pause's first sample and the labelled end; None: failed."
    inside: bool | None
    "In the pause itself."
    voice_to_voice: float | None
    "Seconds from the labelled end; None where no reply could be measured."


def cut_all(
    plan: Plan, items: Sequence[Long], service: Service, tell: Tell, *, detector: VoiceDetector | None = None
) -> bool:
    """Ask what was not asked yet, arm by arm within an item. False when Ctrl-C stopped it."""
    done = {(row.item, row.arm, row.pace) for row in read_cuts(plan.out)}
    mine = items[plan.part :: plan.parts]
    todo = [(item, arm, pace) for item in mine for pace in plan.paces for arm in plan.arms
            if (item.name, arm, pace) not in done]  # fmt: skip
    ear = detector or Remembering(partial(make_detector, DETECTOR))
    if todo:
        note_host(plan.out / CLAIM)
    try:
        with rows_to(plan.out / f"cuts-{plan.part + 1}of{plan.parts}.jsonl") as kept:
            for place, (item, arm, pace) in enumerate(todo, 1):
                kept.write(json.dumps(asdict(ask_cut(item, arm, pace, service, ear))) + "\n")
                kept.flush()
                if place % TOLD_EVERY == 0 or place == len(todo):
                    tell(f"[{place}/{len(todo)}] hesitations")
    except KeyboardInterrupt:
        return False
    return True


def ask_cut(item: Long, arm: str, pace: float, service: Service, detector: VoiceDetector) -> Cut:
    """One hesitating question in one arm."""
    gap = item.pauses[0]
    about = (item.name, arm, pace)
    seconds = (gap.end - gap.start) / CAPTURE_RATE
    try:
        _, edge, _, error = hold(item, arm, pace, service, detector, Trace(), whole=False)
    except HocketError as broken:
        error = f"{type(broken).__name__}: {broken}"
        return Cut(*about, error, seconds, item.would_do, None, None, None)
    if error:
        return Cut(*about, error, seconds, item.would_do, None, None, None)
    turn = score(edge.recording(), edge.labels(item.name, SCENARIO)).turns[0]
    found = turn.pauses[0]
    return Cut(*about, "", seconds, item.would_do, found.cut, found.inside, turn.voice_to_voice)


def read_cuts(out: Path) -> Iterator[Cut]:
    """All of a folder; a line that was cut off is passed over, and asked again."""
    for file in sorted(out.glob("cuts-*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError):
                yield Cut(**json.loads(line))
