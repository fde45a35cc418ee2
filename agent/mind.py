"""What of a session depends on its brain: the stages that ask it, and how far ahead it is asked to work.

Built from the brain's own facts, on ground that stays when the brain changes. Starts nothing, and must never
hold anything of the conversation: a mind that goes takes nothing with it that was said or heard.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

from agent.conversation import Conversation
from agent.session_config import SessionConfig
from pipeline.channel import Channel
from pipeline.decoder import Decoding
from pipeline.encoder import Encoding
from pipeline.events import Span, Turn
from pipeline.listening.strategy import strategy_for as listening_strategy
from pipeline.notebook import Notebook, notes_of
from pipeline.ports import BrainFacts, Compute, Emit, Phrase
from pipeline.prompt import Human
from pipeline.ring import AudioRing
from pipeline.speaking.formulation import Formulating
from pipeline.speaking.strategy import strategy_for as speaking_strategy
from pipeline.speculation import Ahead, Ledger, ahead
from pipeline.thinking import Thinking
from pipeline.tools import Tools
from pipeline.trace import Trace
from pipeline.ways import Ways
from tts.speaking import Speaking


@dataclass(frozen=True, slots=True)
class Ground:
    """What a mind stands on."""

    ring: AudioRing
    phrases: Channel[Phrase]
    conversation: Conversation
    speaking: Speaking
    config: SessionConfig
    emit: Emit
    trace: Trace
    tools: Tools


@dataclass(frozen=True, slots=True)
class Mind:
    """One brain and the stages that ask it."""

    brain: Compute
    facts: BrainFacts
    ahead: Ahead
    ledger: Ledger
    formulating: Formulating
    decoding: Decoding
    thinking: Thinking
    encoding: Encoding

    def stages(self) -> dict[str, Coroutine[Any, Any, None]]:
        """What has to run, by name, in the order of starting. Two drafts may be written at one time."""
        return {
            "formulating": self.formulating.run(),
            "formulating beside": self.formulating.run(),
            "decoding": self.decoding.run(),
            "drafting": self.decoding.run(),
            "thinking": self.thinking.run(),
            "encoding": self.encoding.run(),
        }


def build_mind(ground: Ground, brain: Compute, facts: BrainFacts) -> Mind:
    """The stages of this brain; its history is the ground's, whatever brain came before."""
    config, on, trace = ground.config, ground.config.mechanisms, ground.trace
    history = ground.conversation.history
    may = ahead(facts, config.speculation, on)
    notebook = Notebook(trace.record)
    ledger = Ledger(replace(config.speculation, tokens=may.tokens), facts.price, trace.record)
    formulating = Formulating(brain)
    tools = ground.tools if facts.tools != "no" and ground.tools.specs else None
    # a call may come amid words, and what follows it is thought of anew: one generation then, not two
    whole = tools is not None and facts.tools != "alone"
    written = speaking_strategy(on.speaking_thoughts, replace(facts, continues=False) if whole else facts)
    # without a thought there is none to predict, and what was thought early can only be carried as notes
    able = facts if written.thinks else replace(facts, confirms=False)
    listening = listening_strategy(on.listening_thoughts if may.thoughts else "off", able)
    ways = Ways(
        notebook=notebook, listening=listening, speaking=written, formulating=formulating, ledger=ledger,
        left=ground.speaking.left, observe=trace.record, ahead=may.drafts, holds=facts.holds, tools=tools,
        alone=facts.tools == "alone",
    )  # fmt: skip
    decoding = Decoding(
        brain, ground.ring, history, ground.phrases, ground.emit, trace.record,
        threshold=facts.heard_logprob, config=config.decoder, ways=ways,
    )  # fmt: skip
    rate = config.thinking.rate if facts.rate is None else max(facts.rate, 1.0)
    thinking = Thinking(
        brain, ground.ring, history, notebook, listening, ledger, ground.emit, trace.record,
        replace(config.thinking, rate=rate),
    )  # fmt: skip

    def carried(turn: Turn, heard: Span, user: Human) -> Human | None:
        if thinking.writing and not listening.checked:
            return None  # its note will stand in the sound, which would have to be read again
        return listening.ahead(user, notes_of(notebook.of(turn, heard)))

    encoding = Encoding(ground.ring, brain, history, ground.emit, config.encoder, carried=carried)
    return Mind(brain, facts, may, ledger, formulating, decoding, thinking, encoding)
