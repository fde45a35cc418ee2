"""The stages of one session, built in the order of the line and joined to each other. Starts nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from agent.conductor import Conductor, Routes
from agent.conversation import Conversation
from agent.receipt import Stopwatch
from agent.turn import TurnConfig
from audio_io.resample import Resampler
from pipeline.channel import Channel
from pipeline.decoder import DecoderConfig, Decoding, Ways
from pipeline.encoder import EncoderConfig, Encoding
from pipeline.events import Fact, Span, Turn
from pipeline.levels import LevelsConfig
from pipeline.listening.strategy import strategy_for as listening_strategy
from pipeline.mechanisms import Mechanisms
from pipeline.notebook import Notebook, notes_of
from pipeline.overlap import OverlapConfig, OverlapScorer, UsualScorer
from pipeline.overlap_judging import Judging
from pipeline.overlap_level import Meter
from pipeline.ports import BrainFacts, Compute, EdgeReport, Emit, Phrase, Voice, VoiceDetector, Window
from pipeline.prompt import Human
from pipeline.ring import AudioRing
from pipeline.speaking.formulation import Formulating
from pipeline.speaking.strategy import strategy_for as speaking_strategy
from pipeline.speculation import Ledger, SpeculationConfig
from pipeline.thinking import Thinking, ThinkingConfig
from pipeline.trace import Entry, Trace
from pipeline.vad import Hearing, HysteresisConfig
from tts.playout import Playout
from tts.speaking import Speaking, SpeakingConfig


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """The settings of every stage of one session."""

    turn: TurnConfig = field(default_factory=TurnConfig)
    hearing: HysteresisConfig = field(default_factory=HysteresisConfig)
    levels: LevelsConfig = field(default_factory=LevelsConfig)
    overlap: OverlapConfig = field(default_factory=OverlapConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    speaking: SpeakingConfig = field(default_factory=SpeakingConfig)
    thinking: ThinkingConfig = field(default_factory=ThinkingConfig)
    speculation: SpeculationConfig = field(default_factory=SpeculationConfig)
    mechanisms: Mechanisms = field(default_factory=Mechanisms)


@dataclass(frozen=True, slots=True)
class Line:
    """The stages of a session, and what they share."""

    report: EdgeReport
    ring: AudioRing
    playout: Playout
    meter: Meter
    "The playout as the sink shall pull it."
    phrases: Channel[Phrase]
    conversation: Conversation
    speaking: Speaking
    ledger: Ledger
    formulating: Formulating
    decoding: Decoding
    thinking: Thinking
    encoding: Encoding
    hearing: Hearing
    judging: Judging
    conductor: Conductor
    watch: Stopwatch

    def stages(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What has to run, by name, in the order of starting. Two drafts may be written at one time."""
        return {
            "speaking": self.speaking.run(),
            "formulating": self.formulating.run(),
            "formulating beside": self.formulating.run(),
            "decoding": self.decoding.run(),
            "drafting": self.decoding.run(),
            "thinking": self.thinking.run(),
            "encoding": self.encoding.run(),
            "hearing": self.hearing.run(),
            "watching": self.hearing.watch(),
            "judging": self.judging.run(),
            "conductor": self.conductor.run(),
        }


def build_line(
    instructions: str,
    report: EdgeReport,
    brain: Compute,
    facts: BrainFacts,
    voice: Voice,
    detector: VoiceDetector,
    config: SessionConfig,
    told: Channel[Fact],
    trace: Trace,
    routes: Routes,
    observe: Callable[[Window], None],
    emit: Emit,
    note: Callable[[Entry], None],
    echo: Callable[[], bool],
    scorer: OverlapScorer | None,
) -> Line:
    """All stages of a session; ``note`` sees every trace entry before the conductor goes on.

    ``echo``: whether the agent's voice may come back through the microphone, now.
    """
    on = config.mechanisms
    ring, phrases, playout = AudioRing(), Channel[Phrase](64), Playout()
    conversation = Conversation(
        instructions if facts.obeys_instructions else None, depth=facts.history_turns
    )
    speaking = Speaking(
        voice, phrases, playout, emit, trace.record, config.speaking, resampler=Resampler
    )
    speaking.output_latency = report.output_latency
    notebook = Notebook(trace.record)
    ledger = Ledger(config.speculation, facts.price, trace.record)
    formulating = Formulating(brain)
    written = speaking_strategy(on.speaking_thoughts, facts)
    # without a thought there is none to predict, and what was thought early can only be carried as notes
    able = facts if written.thinks else replace(facts, confirms=False)
    listening = listening_strategy(on.listening_thoughts, able)
    ways = Ways(
        notebook=notebook, listening=listening,
        speaking=written,
        formulating=formulating, ledger=ledger, left=speaking.left, observe=trace.record,
        ahead=on.speculation, holds=facts.holds,
    )  # fmt: skip
    decoding = Decoding(
        brain, ring, conversation.history, phrases, emit, trace.record,
        threshold=facts.heard_logprob, config=config.decoder, ways=ways,
    )  # fmt: skip
    thinking = Thinking(
        brain, ring, conversation.history, notebook, listening, ledger, emit, trace.record, config.thinking
    )

    def carried(turn: Turn, heard: Span, user: Human) -> Human | None:
        if thinking.writing and not listening.checked:
            return None  # its note will stand in the sound, which would have to be read again
        return listening.ahead(user, notes_of(notebook.of(turn, heard)))

    encoding = Encoding(ring, brain, conversation.history, emit, config.encoder, carried=carried)
    hearing = Hearing(ring, detector, emit, observe, config.hearing, config.levels)
    meter = Meter(playout, report.output_latency)
    judging = Judging(
        ring, brain, emit, scorer or UsualScorer(config.overlap), on,
        judges=facts.judges, echo=echo, voice=meter.loudest, config=config.overlap,
    )  # fmt: skip
    watch = Stopwatch(ring, report.output_latency, trace)
    trace.subscribe(watch.see)
    trace.subscribe(note)
    trace.subscribe(judging.see)
    turn = replace(config.turn, barge_in=config.turn.barge_in and report.echo != "open")
    if not on.speculation:
        turn = replace(turn, early=0.0)
    conductor = Conductor(told, ring, routes, trace, turn)
    return Line(
        report, ring, playout, meter, phrases, conversation, speaking, ledger, formulating, decoding,
        thinking, encoding, hearing, judging, conductor, watch,
    )  # fmt: skip
