"""The same questions in real time: how long the user waits with everything on, and with no thought at all.

One conversation at a time, on the machine's clock, with the brain in its thread, the real detector and a real
voice. Arms take turns in going first, so that a machine which slows down slows both.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.session import Agent, AgentSession
from audio_io.detectors import make_detector
from pipeline.clock import run
from pipeline.compute import Factory, ThreadCompute
from pipeline.errors import HocketError
from pipeline.paced import PacedCompute
from pipeline.ports import PLAYOUT_RATE, Compute, Voice
from pipeline.trace import Trace
from tts.choose import best_voice

from .audible import stretches
from .edge import Clock
from .target import DETECTOR
from .think_arms import QUICKEST, config_of
from .think_edge import Question, QuestionEdge
from .think_items import HUMAN
from .think_run import Tell
from .think_stimuli import Long
from .think_trace import Watcher
from .think_words import claim

LIVE = "live.jsonl"
ARMS = ("everything", QUICKEST)


@dataclass(frozen=True, slots=True)
class Waited:
    """One question asked in real time. Seconds from the labelled end of the question."""

    item: str
    arm: str
    pace: float
    voice: str
    first_sound: float | None
    "None: no sound within the time given."
    first_answer: float | None
    "As the voice reports its words, some 20 ms late; None where the conversation ended before it."
    late: int
    "Ticks of the edge more than 5 ms late."
    worst: float
    starved: int
    error: str
    said: str


@dataclass(frozen=True, slots=True)
class LivePlan:
    """What is asked."""

    out: Path
    pace: float = 0.02
    brain: Path | None = None
    voice: str = HUMAN
    whole: bool = False
    "Hear every answer to its end; else half a second of it."
    arms: tuple[str, ...] = ARMS


def ask_live(plan: LivePlan, items: Sequence[Long], count: int, tell: Tell) -> bool:
    """Ask ``count`` questions in every arm. False when Ctrl-C stopped it. Raises HocketError."""
    chosen = [item for item in items if item.voice != plan.voice][:count]
    done = {(row.item, row.arm, row.pace) for row in read_live(plan.out)}
    todo = []
    for place, item in enumerate(chosen):
        order = plan.arms if place % 2 == 0 else plan.arms[::-1]
        todo += [(item, arm) for arm in order if (item.name, arm, plan.pace) not in done]
    try:
        run(lambda: _all(plan, todo, tell))
    except KeyboardInterrupt:
        return False
    return True


async def _all(plan: LivePlan, todo: Sequence[tuple[Long, str]], tell: Tell) -> None:
    if not todo:
        return
    folder = None if plan.brain is None else str(plan.brain)
    brain: Compute = ThreadCompute(Factory("bench.think_brain:FreshEngine", (folder,)))
    voice = best_voice(plan.voice)
    if plan.pace:
        brain = PacedCompute(brain, plan.pace)
    try:
        await _warm(voice)
        with (plan.out / LIVE).open("a", encoding="utf-8") as kept:
            for place, (item, arm) in enumerate(todo, 1):
                await brain.call("renew")
                row = await _one(plan, item, arm, brain, voice)
                kept.write(json.dumps(asdict(row)) + "\n")
                kept.flush()
                waited = "no sound" if row.first_sound is None else f"{1000 * row.first_sound:.0f} ms"
                tell(
                    f"[{place}/{len(todo)}] {item.name} {arm}: {waited}{' ' + row.error if row.error else ''}"
                )
    finally:
        await voice.close()
        await brain.close()


async def _warm(voice: Voice) -> None:
    """A voice's first phrase is slower than all others, in both arms alike: it is none of the figures."""
    async for _ in voice.speak("ready"):
        pass


async def _one(plan: LivePlan, item: Long, arm: str, brain: Compute, voice: Voice) -> Waited:
    seen, trace = Watcher(), Trace()
    trace.subscribe(seen.see)
    question = Question(item.stimulus(), seen, whole=plan.whole)
    edge = QuestionEdge(question, seen, clock=Clock.WALL, seed=0)
    session = AgentSession(
        Agent(), edge=edge, brain=brain, voice=voice, detector=make_detector(DETECTOR), trace=trace,
        config=config_of(arm),
    )  # fmt: skip
    error = ""
    try:
        await session.run()
    except HocketError as failed:
        error = f"{type(failed).__name__}: {failed}"
    finally:
        trace.close()
    end = question.asked[1]
    sound = [piece.start / PLAYOUT_RATE for piece in stretches(edge.agent(), PLAYOUT_RATE)]
    first = claim(seen.words).first if plan.whole else None  # part of a reply may look like an answer
    late = edge.punctuality
    return Waited(
        item.name, arm, plan.pace, voice.name, sound[0] - end if sound else None,
        None if first is None or first >= len(seen.word_times) else seen.word_times[first] - end,
        late.late, late.worst, seen.starved, error, " ".join(seen.words),
    )  # fmt: skip


def read_live(out: Path) -> list[Waited]:
    """All that was asked in real time into this folder; a line that was cut off is passed over."""
    found: list[Waited] = []
    file = out / LIVE
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            with suppress(ValueError, TypeError):
                found.append(Waited(**json.loads(line)))
    return found
