"""The stages of one session, built in the order of the line and joined to each other. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.conductor import Conductor, Routes
from agent.conversation import Conversation
from agent.mind import Ground, Mind, build_mind
from agent.receipt import Stopwatch
from agent.session_config import SessionConfig
from agent.turn import TurnConfig
from audio_io.resample import Resampler
from pipeline.calling import Tool
from pipeline.captions import Captions
from pipeline.channel import Channel
from pipeline.decoder import Decoding
from pipeline.encoder import Encoding
from pipeline.events import Fact
from pipeline.overlap import OverlapScorer, UsualScorer
from pipeline.overlap_judging import Judging
from pipeline.overlap_level import Meter
from pipeline.ports import BrainFacts, Compute, EdgeReport, Emit, Phrase, Voice, VoiceDetector
from pipeline.prompt import ToolSpec
from pipeline.records import Window
from pipeline.ring import AudioRing
from pipeline.speculation import Ledger
from pipeline.thinking import Thinking
from pipeline.tools import Tools
from pipeline.trace import Entry, Trace
from pipeline.vad import Hearing
from tts.playout import Playout
from tts.speaking import Speaking

__all__ = ["Around", "Line", "SessionConfig", "build_line"]

SOUNDING = 8
"""Answered turns whose sound is kept for a brain that may come: some 4 s each, 64 kB a second."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a session gives its stages to work with and to talk to."""

    edge: EdgeReport
    voice: Voice
    detector: VoiceDetector
    config: SessionConfig
    told: Channel[Fact]
    "Facts on their way to the conductor."
    trace: Trace
    routes: Routes
    observe: Callable[[Window], None]
    emit: Emit
    hears: Emit
    "For those who hear speech begin and end, and judge it: a client may tell turns itself."
    note: Callable[[Entry], None]
    "Sees every trace entry before the conductor goes on."
    echo: Callable[[], str]
    "How much of the agent's voice may come back through the microphone, now: as ``EdgeReport.echo``."
    scorer: OverlapScorer | None = None
    tools: Sequence[Tool] = ()
    "All that the agent has, whether this brain can call them or not."
    ear: Compute | None = None
    "Who writes down what the user says, beside the brain; None: nobody."


@dataclass(slots=True)
class Line:
    """The stages of a session, and what they share."""

    echo: Callable[[], str]
    "As ``Around.echo``: after a gap it may be another device."
    ring: AudioRing
    playout: Playout
    meter: Meter
    "The playout as the sink shall pull it."
    phrases: Channel[Phrase]
    conversation: Conversation
    speaking: Speaking
    ground: Ground
    mind: Mind
    "The brain's part of the line; another brain brings its own."
    hearing: Hearing
    judging: Judging
    conductor: Conductor
    watch: Stopwatch
    turn: TurnConfig
    "The policy's settings, but for what the brain and the sink leave of them."
    captions: Captions | None = None

    @property
    def decoding(self) -> Decoding:
        return self.mind.decoding

    @property
    def thinking(self) -> Thinking:
        return self.mind.thinking

    @property
    def encoding(self) -> Encoding:
        return self.mind.encoding

    @property
    def ledger(self) -> Ledger:
        return self.mind.ledger

    def stages(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What has to run, by name, in the order of starting."""
        return {
            "speaking": self.speaking.run(),
            "tools": self.ground.tools.run(),
            **self.mind.stages(),
            "hearing": self.hearing.run(),
            "watching": self.hearing.watch(),
            "judging": self.judging.run(),
            **({} if self.captions is None else {"captions": self.captions.run()}),
            "conductor": self.conductor.run(),
        }

    def change(
        self, brain: Compute, facts: BrainFacts, instructions: str | None, tools: tuple[ToolSpec, ...]
    ) -> None:
        """From here on this brain hears, thinks and answers. Only while nobody has the floor; the caller runs
        the new mind's stages and ends the old one's."""
        calls = facts.tools != "no"
        self.mind = build_mind(self.ground, brain, facts)  # first: one that cannot be built changes nothing
        self.conversation.suit(
            instructions,
            depth=facts.history_turns,
            tools=tools,
            calls=calls,
            unasked=facts.obeys_instructions,
        )
        self.judging.suit(brain, judges=facts.judges)
        self.suit_turns(self.turn)

    def suit_turns(self, turn: TurnConfig) -> None:
        """The policy's settings from here on."""
        self.turn = turn
        self.conductor.suit(_left(turn, self.mind, self.echo()))


def build_line(
    around: Around,
    brain: Compute,
    facts: BrainFacts,
    instructions: str | None,
    tools: tuple[ToolSpec, ...] = (),
) -> Line:
    """All stages of a session. ``instructions`` and ``tools``: what this brain can be told of the agent."""
    config, report, trace = around.config, around.edge, around.trace
    ring, phrases, playout = AudioRing(), Channel[Phrase](64), Playout()
    conversation = Conversation(
        instructions,
        depth=facts.history_turns,
        tools=tools,
        sounding=SOUNDING,
        unasked=facts.obeys_instructions,
    )
    speaking = Speaking(
        around.voice, phrases, playout, around.emit, trace.record, config.speaking, resampler=Resampler
    )
    speaking.output_latency = report.output_latency
    hands = Tools(around.tools, around.emit, trace.record, conversation.learn)
    ground = Ground(ring, phrases, conversation, speaking, config, around.emit, trace, hands)
    mind = build_mind(ground, brain, facts)
    hearing = Hearing(ring, around.detector, around.hears, around.observe, config.hearing, config.levels)
    meter = Meter(playout, report.output_latency)
    judging = Judging(
        ring, brain, around.hears, around.scorer or UsualScorer(config.overlap), config.mechanisms,
        judges=facts.judges, echo=lambda: around.echo() != "none", voice=meter.loudest,
        config=config.overlap,
    )  # fmt: skip
    watch = Stopwatch(ring, report.output_latency, trace)
    trace.subscribe(watch.see)
    trace.subscribe(around.note)
    trace.subscribe(judging.see)
    captions = None
    if around.ear is not None:
        captions = Captions(ring, around.ear, around.emit, trace.record, config.captions)
        trace.subscribe(captions.see)
    turn = _left(config.turn, mind, around.echo())
    conductor = Conductor(around.told, ring, around.routes, trace, turn)
    return Line(
        around.echo, ring, playout, meter, phrases, conversation, speaking, ground, mind, hearing, judging,
        conductor, watch, config.turn, captions,
    )  # fmt: skip


def _left(turn: TurnConfig, mind: Mind, echo: str) -> TurnConfig:
    """What brain and sink leave of the policy's settings: no draft before any pause where the brain is not
    asked for guesses, no sounds where it hears nothing in them, no barge-in where speech may be an echo, no
    wait for the echo where there is none."""
    early = turn.early if mind.ahead.guesses else 0.0
    sounds = turn.sounds if mind.facts.hears == "audio" else 0.0
    lingers = turn.lingers if echo != "none" else 0.0
    barge_in = turn.barge_in and echo != "open"
    return replace(turn, early=early, sounds=sounds, lingers=lingers, barge_in=barge_in)
