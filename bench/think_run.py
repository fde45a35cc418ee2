"""Asks long questions of one arm after another, in virtual time, and keeps a line of JSON per answer.

The brain is real and works inline at its declared cost (and pace); the line, the detector and the policy are
the shipped ones; only the agent's voice is a hum of realistic length. A run goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from audio_io.detectors import make_detector
from pipeline.clock import monotonic, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import HocketError, UserError
from pipeline.paced import PacedCompute
from pipeline.ports import Compute, VoiceDetector
from pipeline.trace import Trace

from .audible import JOIN
from .claim import claim_file, note_host
from .edge import Clock
from .target import DETECTOR
from .think_arms import config_of
from .think_detector import Remembering
from .think_edge import Question, QuestionEdge
from .think_lines import rows_to
from .think_score import SCENARIO, Answered, answered, voice_to_voice
from .think_stimuli import Long
from .think_trace import Watcher, sounding, word_spans
from .think_voice import HumVoice

CLAIM = "think.json"
Tell = Callable[[str], None]
TOLD_EVERY = 25


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the results."""

    item: str
    arm: str
    pace: float
    error: str
    answer: Answered | None
    "None where the session failed."


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of whom."""

    out: Path
    arms: tuple[str, ...]
    paces: tuple[float, ...]
    part: int = 0
    parts: int = 1
    "This process takes every ``parts``-th question, from the ``part``-th on."
    traces: bool = False
    "Keep every trace (0.2 MB each)."

    def __post_init__(self) -> None:
        for arm in self.arms:
            config_of(arm)
        if not 0 <= self.part < self.parts:
            raise UserError(f"part {self.part + 1} of {self.parts} does not exist")
        if any(pace < 0 or pace > 1 for pace in self.paces):
            raise UserError(f"a pace lies between 0 and 1 second per token, not at {self.paces}")


class Service:
    """What a virtual brain is made of: anything with ``renew``, ``cost`` and an engine's methods."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def compute(self, pace: float) -> Compute:
        """A brain that knows nothing yet. ``pace`` 0: at its own speed."""
        self.engine.renew()
        inline = InlineCompute(self.engine, self.engine.cost)
        return PacedCompute(inline, pace) if pace else inline


def claim_folder(out: Path, about: dict[str, Any]) -> None:
    """Say in the folder what its figures are of, or check that it says so. Raises UserError."""
    claim_file(out / CLAIM, about, "figures of another brain or seed")


def ask_all(
    plan: Plan, items: Sequence[Long], service: Service, tell: Tell, *, detector: VoiceDetector | None = None
) -> bool:
    """Ask what was not asked yet, arm by arm within an item. False when Ctrl-C stopped it."""
    done = {(row.item, row.arm, row.pace) for row in rows(plan.out)}
    mine = items[plan.part :: plan.parts]
    todo = [(item, arm, pace) for item in mine for pace in plan.paces for arm in plan.arms
            if (item.name, arm, pace) not in done]  # fmt: skip
    file = plan.out / f"answers-{plan.part + 1}of{plan.parts}.jsonl"
    ear = detector or Remembering(partial(make_detector, DETECTOR))
    began, right = monotonic(), 0
    if todo:
        note_host(plan.out / CLAIM)
    try:
        with rows_to(file) as kept:
            for place, (item, arm, pace) in enumerate(todo, 1):
                row = ask(item, arm, pace, service, ear, traces=plan.out if plan.traces else None)
                kept.write(json.dumps(asdict(row)) + "\n")
                kept.flush()
                right += bool(row.answer and row.answer.right)
                if place % TOLD_EVERY == 0 or place == len(todo):
                    each = (monotonic() - began) / place
                    left = each * (len(todo) - place) / 60
                    tell(f"[{place}/{len(todo)}] {each:.2f} s each, {left:.0f} min left, {right} right")
    except KeyboardInterrupt:
        return False
    return True


def ask(
    item: Long, arm: str, pace: float, service: Service, detector: VoiceDetector, *,
    traces: Path | None = None,
) -> Row:  # fmt: skip
    """One question in one arm."""
    trace = Trace(None if traces is None else _trace_file(traces, item, arm, pace))
    try:
        question, edge, seen, error = hold(item, arm, pace, service, detector, trace)
    except HocketError as broken:  # the simulation itself: it stood still, or left something running
        return Row(item.name, arm, pace, f"{type(broken).__name__}: {broken}", None)
    agent = edge.agent()
    words, aligned = word_spans(seen, agent)
    found = answered(
        item.chain, question.asked, seen, words, sounding(agent, JOIN), aligned=aligned,
        first_sound=voice_to_voice(edge.recording(), edge.labels(item.name, SCENARIO)),
    )  # fmt: skip
    return Row(item.name, arm, pace, error, found)


def hold(
    item: Long, arm: str, pace: float, service: Service, detector: VoiceDetector, trace: Trace, *,
    whole: bool = True,
) -> tuple[Question, QuestionEdge, Watcher, str]:  # fmt: skip
    """One conversation in virtual time, and why it failed, if it did. ``whole``: see ``Question``.

    Raises HocketError where not the session but the simulation failed.
    """
    seen = Watcher()
    trace.subscribe(seen.see)
    question = Question(item.stimulus(), seen, whole=whole)
    edge = QuestionEdge(question, seen, clock=Clock.VIRTUAL, seed=_seed(item))
    detector.reset()
    held = partial(_converse, edge, service, pace, detector, config_of(arm), trace)
    try:
        return question, edge, seen, simulate(held, seed=_seed(item))
    finally:
        trace.close()


async def _converse(
    edge: QuestionEdge,
    service: Service,
    pace: float,
    detector: VoiceDetector,
    config: SessionConfig,
    trace: Trace,
) -> str:
    brain = service.compute(pace)
    session = AgentSession(
        Agent(), edge=edge, brain=brain, voice=HumVoice(), detector=detector, trace=trace, config=config
    )
    try:
        await session.run()
    except HocketError as failed:
        return f"{type(failed).__name__}: {failed}"
    finally:
        await brain.close()
    return ""


def rows(out: Path) -> Iterator[Row]:
    """All answers in a folder; a line that was cut off is passed over, and asked again."""
    for file in sorted(out.glob("answers-*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError, KeyError):
                found = json.loads(line)
                answer = found.pop("answer")
                yield replace(Row(**found, answer=None), answer=Answered(**answer) if answer else None)


def _seed(item: Long) -> int:
    return int("".join(letter for letter in item.name if letter.isdigit())[-9:])


def _trace_file(folder: Path, item: Long, arm: str, pace: float) -> Path:
    where = folder / "traces" / f"{arm.replace(' ', '-').replace(',', '')}-{pace:g}"
    where.mkdir(parents=True, exist_ok=True)
    return where / f"{item.name}.jsonl"
