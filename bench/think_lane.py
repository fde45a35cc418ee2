"""One live conversation at a time, in a process of its own: brain in its thread, real detector, real voice.

What a conversation needs is built once per process, and forgets everything before the next one.
"""

from __future__ import annotations

from functools import lru_cache

from agent.session import Agent, AgentSession
from audio_io.detectors import make_detector
from pipeline.clock import run
from pipeline.compute import Factory, ThreadCompute
from pipeline.errors import HocketError
from pipeline.paced import PacedCompute
from pipeline.ports import Compute, Voice
from pipeline.trace import Trace
from tts.choose import best_voice

from .edge import Clock
from .target import DETECTOR
from .think_arms import config_of
from .think_brain import FreshEngine
from .think_edge import Question, QuestionEdge
from .think_live import LivePlan, Waited
from .think_score import SCENARIO, voice_to_voice
from .think_stimuli import Long
from .think_trace import Watcher
from .think_words import claim


@lru_cache(maxsize=1)
def engine(folder: str | None) -> FreshEngine:
    """This process's brain. Raises CheckpointError, ModelError."""
    return FreshEngine(folder)


class Lane:
    """A service for ``ProcessCompute``."""

    def __init__(self, plan: LivePlan) -> None:
        """Raises CheckpointError, ModelError, VoiceError."""
        self._plan = plan
        self._folder = None if plan.brain is None else str(plan.brain)
        engine(self._folder)

    def ask(self, item: Long, arm: str) -> Waited:
        """One question in one arm. A session that fails is a row; any other error is raised."""
        return run(lambda: self._ask(item, arm))

    async def _ask(self, item: Long, arm: str) -> Waited:
        brain: Compute = ThreadCompute(Factory("bench.think_lane:engine", (self._folder,)))
        voice = best_voice(self._plan.voice)
        if self._plan.pace:
            brain = PacedCompute(brain, self._plan.pace)
        try:
            await _warm(voice)
            await brain.call("renew")
            return await converse(self._plan, item, arm, brain, voice)
        finally:
            await voice.close()
            await brain.close()


async def _warm(voice: Voice) -> None:
    """A voice's first phrase is slower than all others, in all arms alike: it is none of the figures."""
    async for _ in voice.speak("ready"):
        pass


async def converse(plan: LivePlan, item: Long, arm: str, brain: Compute, voice: Voice) -> Waited:
    """Hold the conversation and read off what was waited for."""
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
    sound = voice_to_voice(edge.recording(), edge.labels(item.name, SCENARIO))
    first = claim(seen.words).first if plan.whole else None  # part of a reply may look like an answer
    late = edge.punctuality
    return Waited(
        item.name, arm, plan.pace, voice.name, sound,
        None if first is None or first >= len(seen.word_times) else seen.word_times[first] - end,
        late.late, late.worst, seen.starved, error, " ".join(seen.words), plan.lanes, late.ticks,
    )  # fmt: skip
