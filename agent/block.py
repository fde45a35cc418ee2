"""A finished turn as a person sees it: what was understood, thought when, heard, and how fast. Pure.

Every text in it has passed ``clean``; a line's first nine columns name who it is about.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

from agent.story import clean
from agent.streams import Beside
from agent.thoughts import Told
from pipeline.records import Contradiction, Speculated, ToolRan
from pipeline.speaking.contradiction import conflicts

LABEL = 9
"""Columns before the text of a line."""
YOU, THINKS, SPEAKS, NONE = "  you    ", "  thinks ", "  hocket ", " " * LABEL
CALLS = "  calls  "
_SHOWN = 80
"""Characters of a tool's arguments, and of its result, that are shown."""
USER, AGENT, CUT, TAKEN_BACK = "cyan", "yellow", "red", "magenta"


@dataclass(slots=True)
class Facts:
    """What is known of a turn beside its thoughts."""

    said: str = ""
    "The words that reached the ear."
    whole: bool = True
    latency: float | None = None
    "Seconds."
    ahead: Speculated | None = None
    against: Contradiction | None = None
    transcript: str = ""
    "The user's words as a recogniser has them: for a brain that does not say what it heard."
    tools: list[str] = field(default_factory=list)
    "Calls and what came of them, a line each."
    declined: str | None = None
    "Why it was not answered, where it deserved no answer."


def block(told: Told, facts: Facts) -> list[Text]:
    """The lines of one turn."""
    lines = []
    if understood := told.heard or facts.transcript:
        lines.append(Text.assemble((YOU, USER), clean(understood)))
    for number, text in enumerate(_thoughts(told)):
        lines.append(Text((NONE if number else THINKS) + text, "dim"))
    lines += [Text(CALLS + clean(line), "dim") for line in facts.tools]
    if facts.declined is not None:
        lines.append(
            Text.assemble((SPEAKS, AGENT), ("nothing to answer", "dim"), (_why(facts.declined), "dim"))
        )
        return lines
    cut = "" if facts.whole else "  ‖ interrupted"
    if facts.said or cut:
        lines.append(Text.assemble((SPEAKS, AGENT), clean(facts.said), (cut, CUT)))
        against = facts.against
        if against is not None and conflicts(against.said, against.meant, asked=told.heard):
            early = f"(took back what I said too early: “{clean(against.said)}”)"
            lines.append(Text.assemble(NONE, (early, TAKEN_BACK)))
        if figures := _figures(told, facts):
            lines.append(Text(NONE + figures, "dim"))
    return lines


def called(ran: ToolRan) -> str:
    """One tool call and what came of it: ``clock({"zone": "UTC"}): 12:03 (0.4 s)``."""
    went = "failed: " if ran.failed else ""
    return f"{ran.name}({_short(ran.arguments)}): {went}{_short(ran.content)} ({ran.seconds:.1f} s)"


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"


def _thoughts(told: Told) -> list[str]:
    """One text per stretch of time: ``while you spoke: 47+38=85 · 85-9=76``."""
    stretches = list[tuple[Beside, list[str]]]()
    for beside, line in told.lines:
        if not stretches or stretches[-1][0] is not beside:
            stretches.append((beside, []))
        stretches[-1][1].append(clean(line))
    return [
        ("" if beside is Beside.NOBODY else f"{beside.value}: ") + " · ".join(lines)
        for beside, lines in stretches
    ]


def _figures(told: Told, facts: Facts) -> str:
    """How fast, how much was thought and how much of it beside a voice, and what drafting ahead brought."""
    parts = []
    if facts.latency is not None:
        parts.append(f"{facts.latency * 1000:.0f} ms")
    if told.tokens:
        beside = f", {told.beside} of them while somebody spoke" if told.beside else ""
        parts.append(f"{told.tokens} token{'' if told.tokens == 1 else 's'} of thought{beside}")
    if facts.ahead is not None and facts.ahead.hit and facts.ahead.saved >= 0.0005:
        parts.append(f"{facts.ahead.saved * 1000:.0f} ms saved by drafting ahead")
    return " · ".join(parts)


def _why(reason: str) -> str:
    """What follows ``declined`` in the policy's own words."""
    _, _, after = clean(reason).partition("declined")
    why = after.partition(": ")[2]
    return f": {why}" if why and why != "nothing to say" else ""
