"""One line before a conversation and a few sentences after it. Pure; every text passes ``clean``."""

from __future__ import annotations

from statistics import median

from agent.receipt import Receipt
from agent.story import clean
from model.http.accounting import Spent
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
    """One line: which brain, what it hears, whether it thinks meanwhile, its pace, which voice, echo; of one
    that was probed also whether it goes on from a prefix, and how fast it is.

    ``listening``: the switch ``listening_thoughts``; ``pace``: seconds per token at least, 0: none.
    """
    way, probed = strategy_for(listening, brain).name, brain.rate is not None or not brain.continues
    parts = (
        brain.name,
        f"hears {brain.hears}",
        f"continues a prefix: {'yes' if brain.continues else 'no'}" if probed else "",
        f"thinks while listening: {_THINKS[way]}",
        speed(brain),
        f"paced to {pace * 1000:g} ms per token" if pace else "",
        f"voice {voice}",
        _ECHO.get(edge.echo, edge.echo),
    )
    return clean(" · ".join(part for part in parts if part))


def speed(brain: BrainFacts) -> str:
    """Tokens per second and the wait for the first, as measured; empty where they were not."""
    found = []
    if brain.rate is not None:
        found.append(f"{brain.rate:.{0 if brain.rate >= 10 else 1}f} tokens/s")
    if brain.first is not None:
        found.append(f"first token {brain.first:.2f} s")
    return ", ".join(found)


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


def spent(bill: Spent) -> str:
    """What a served brain took, in a sentence; empty where nothing was asked of it."""
    if not bill.requests:
        return ""
    kept = f" ({bill.cached} of them kept there)" if bill.cached else ""
    money = f", for {bill.money:.4f}" if bill.money else ""
    guess = f"; {bill.estimated} of the tokens are estimated" if bill.estimated else ""
    asked = _count(bill.requests, "request")
    return f"{asked}: {bill.read} tokens read{kept}, {bill.written} written{money}{guess}."


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
