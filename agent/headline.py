"""One line before a conversation and a few sentences after it. Pure; every text passes ``clean``."""

from __future__ import annotations

from statistics import median

from agent.receipt import Receipt
from agent.story import clean
from pipeline.listening.strategy import strategy_for
from pipeline.ports import BrainFacts, EdgeReport

_ECHO = {
    "cancelled": "echo cancelled",
    "none": "no echo possible",
    "open": "no echo cancellation: wait until I have finished",
}

_THINKS = {"predicted": "yes", "interleaved": "yes", "notes": "notes", "off": "no"}


def headline(
    brain: BrainFacts, voice: str, edge: EdgeReport, *, listening: str = "auto", pace: float = 0.0
) -> str:
    """One line: which brain, what it hears, whether it thinks meanwhile, its pace, which voice, echo.

    ``listening``: the switch ``listening_thoughts``; ``pace``: seconds per token at least, 0: none.
    """
    way = strategy_for(listening, brain).name
    parts = (
        brain.name,
        f"hears {brain.hears}",
        f"thinks while listening: {_THINKS[way]}",
        f"paced to {pace * 1000:g} ms per token" if pace else "",
        f"voice {voice}",
        _ECHO.get(edge.echo, edge.echo),
    )
    return clean(" · ".join(part for part in parts if part))


def summary(receipt: Receipt, recorded: str) -> str:
    """The receipt in a few sentences; ``recorded`` says what was kept and where."""
    turns = _count(receipt.turns, "turn")
    silent = f", {receipt.declined} of them needed no answer" if receipt.declined else ""
    cut = f", {receipt.interrupted} of my replies interrupted" if receipt.interrupted else ""
    waited = receipt.median_latency
    wait = "ms from the end of your speech, as I heard it, to my first sound"
    speed = "" if waited is None else f", median {waited * 1000:.0f} {wait}"
    sentences = (f"{turns}{silent}{cut}{speed}.", _ahead(receipt), _troubles(receipt), recorded)
    return " ".join(sentence for sentence in sentences if sentence)


def _ahead(receipt: Receipt) -> str:
    """What thinking ahead brought and cost."""
    parts = []
    if receipt.hits:
        saved = f" (median {median(receipt.saved) * 1000:.0f} ms saved)" if receipt.saved else ""
        parts.append(
            f"{receipt.hits} of {_count(receipt.counted, 'answer')} drafted before you had finished{saved}"
        )
    if receipt.thoughts:
        share = f", {receipt.beside} of them while one of us spoke" if receipt.beside else ""
        parts.append(f"{receipt.thoughts} tokens of thought{share}")
    if receipt.unused:
        cost = f", all ahead cost {receipt.cost:.4f}" if receipt.cost else ""
        parts.append(f"{receipt.unused} tokens written for nothing{cost}")
    return f"{'; '.join(parts)}." if parts else ""


def _troubles(receipt: Receipt) -> str:
    """What went wrong, if anything did."""
    parts = []
    if receipt.corrections:
        parts.append(f"took back {_count(receipt.corrections, 'number')} that I had said too early")
    if receipt.underruns:
        parts.append(f"ran out of words {_count(receipt.underruns, 'time')} in mid-answer")
    if receipt.false_holds:
        rate = f" ({receipt.false_holds_per_minute:.1f} per minute)"
        parts.append(f"stopped for nothing {_count(receipt.false_holds, 'time')}{rate}")
    return f"I {', '.join(parts)}." if parts else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
