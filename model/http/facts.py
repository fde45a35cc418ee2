"""From what a server can do and how fast it is to what the session is told, and one line for people. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.ports import BrainFacts

from .config import HttpConfig
from .dialect import Able
from .server import Server

SLOW = 15.0
"""Tokens per second below which a brain is not asked to think while it listens: a block of 2 s would bring
less than a line, and delay the draft. Speech itself needs about 4."""
_TURNS = 20
_PER_TURN = 400
"""Positions that a turn of the history is taken for: half a minute of sound, or its words and the reply."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How fast it was when it was probed; None: it was not."""

    rate: float | None = None
    "Tokens per second."
    first: float | None = None
    "Seconds to the first token."


def facts_of(
    server: Server, model: str, able: Able, measured: Measured, config: HttpConfig, notes: tuple[str, ...]
) -> BrainFacts:
    """What the session obeys. ``notes``: sentences for the user."""
    slow = measured.rate is not None and measured.rate < SLOW
    paid = server.hosted or config.priced
    listening = "notes" if able.thinks and not slow else "no"
    if not able.thinks:
        speaking = "no-think"
    else:
        speaking = "adaptive" if able.continues and not slow and not paid else "think-fully"
    turns = _TURNS if able.context is None else max(1, min(_TURNS, able.context // (2 * _PER_TURN)))
    return BrainFacts(
        name=f"{model or 'the model'} at {server.title}",
        hears="audio" if able.hears else "text",
        thinks_while_listening=listening,
        obeys_instructions=True,
        history_turns=turns,
        note=" ".join(notes),
        price=config.written_price,
        thinks=able.thinks,
        continues=able.continues,
        speaking=speaking,
        tools=able.tools,
        paid=paid,
        rate=measured.rate,
        first=measured.first,
    )


def ladder(facts: BrainFacts) -> str:
    """One line: how much listening-while-thinking and thinking-while-speaking this brain allows."""
    pace = "speed not measured"
    if facts.rate is not None:
        pace = f"{facts.rate:.0f} tokens/s" if facts.rate >= 10 else f"{facts.rate:.1f} tokens/s"
    if facts.first is not None:
        pace += f", first token {facts.first:.2f} s"
    return " · ".join(
        (
            f"hears {facts.hears}",
            f"continues a prefix: {'yes' if facts.continues else 'no'}",
            f"thinks while listening: {facts.thinks_while_listening}",
            pace,
        )
    )
