"""What the guide of a first run tells: each proposal on the screen and aloud, and the ways out. Pure.

What it proposes to say stands in ``model.examples``: it must never send anybody to ask for anything else.
"""

from __future__ import annotations

import re

from agent.guide import Propose, ShowWaysOut, Step
from model.catalogue import ENTRIES, fits
from model.examples import EXAMPLES
from model.machine import GIB, Machine
from pipeline.ports import BrainFacts

GREETING = "I'm a practice brain. Ask me fourteen plus nine."
"""The first proposal, aloud; the others come one by one."""
SPOKEN = {
    Step.PACE: "Now ask me very quickly: am I speaking fast or slow?",
    Step.INTERRUPT: "Now ask me a long sum, and interrupt my answer.",
}
"""One sentence each. Steps that are not here are told on the screen alone."""
FREE = 3
"""Examples that the last step tells."""
_TOLD = ("sum", "pace", "long")
_AGAIN = {
    Step.SUM: "Any sum will do, for example “{sum}”.",
    Step.PACE: "Or say the sum once more, much faster or much slower.",
    Step.INTERRUPT: "You can talk into my answer, and it stops: “{long}”, and then, while I speak, another.",
}
_FIRST = {
    Step.SUM: "Try it: “{sum}”.",
    Step.PACE: "Now quickly: “{pace}” And then the same slowly, if you like.",
    Step.INTERRUPT: "Now a long one: “{long}” And interrupt my answer with another question.",
    Step.FREE: "Now ask what you like: {free}. Ctrl-C ends.",
}


def shown(proposal: Propose) -> str:
    """A proposal as a line on the screen."""
    text = (_AGAIN if proposal.again else _FIRST)[proposal.step]
    asks = {name: re.sub(r"\bi\b", "I", f"{example.say}?") for name, example in EXAMPLES.items()}
    rest = [f"“{asks[name]}”" for name in EXAMPLES if name not in _TOLD][:FREE]
    return text.format(**asks, free=" · ".join(rest)).replace("?”.", "?”")


def aloud(proposal: Propose) -> str:
    """The same to be spoken; empty where it is not."""
    return SPOKEN.get(proposal.step, "") if proposal.aloud and not proposal.again else ""


def ways_out(told: ShowWaysOut, brain: BrainFacts, better: str) -> list[str]:
    """What was heard twice in vain, and what there is to do; ``better``: the way to a better brain."""
    words = list(dict.fromkeys(text for text in told.heard if text))
    quoted = " and ".join(f"“{text}”" for text in words)
    heard = f"What I heard: {quoted}." if words else "I heard you speak, and could make out no words."
    lines = [heard, "Voices unlike the synthetic ones that I learnt from are hard for me. What you can do:"]
    if brain.reads:
        lines.append("· type instead of speaking: `hocket serve` opens a page with a line for it")
    lines.append("· hear how it goes with a voice that I know: hocket talk --demo")
    lines.append(f"· {better}")
    return lines


def better_brain(machine: Machine, others: tuple[str, ...] = ()) -> str:
    """The exact way to a better brain from here. ``others``: names of brains that run on this machine."""
    if others:
        return f"talk with a brain that runs here already: hocket talk --model {others[0]}"
    able = [
        entry for entry in ENTRIES
        if machine.gpus and entry.what == "brain" and entry.hub and not entry.note
        and "not commercial" not in entry.licence and fits(entry, machine).verdict == "yes"
    ]  # fmt: skip
    if able:
        best = min(able, key=lambda entry: (not entry.thinks, entry.weights))
        size = best.bytes("bfloat16") / GIB
        return (
            f"fetch a brain that fits your GPU, about {size:.0f} GiB (it tells what and asks first): "
            f"hocket talk --model {best.hub}"
        )
    return (
        "get a brain that reads, with Ollama (ollama.com; about 2.5 GB): ollama pull qwen3:4b && "
        "hocket talk --model ollama:qwen3:4b"
    )
