"""A conversation as instructions and turns of plain text, for brains without messages or tools of their own.

Pure. Sound is left in its place as a value, for the dialect to put where its server wants it.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.calls import described, written
from pipeline.errors import ModelError
from pipeline.prompt import Audio, Called, Heard, Human, Prompt, System

from .template import Turn

NOTHING_HEARD = "…"
"""Stands for a reply of which no word reached the ear: templates want turns to alternate."""


def instructions(prompt: Prompt, tools: str) -> str:
    """The system text, with the tools described in it where the brain has ``text`` for them."""
    system = prompt.parts[0] if prompt.parts else None
    if not isinstance(system, System):
        return ""
    told = described(system.tools) if tools == "text" else ""
    return "\n\n".join(part for part in (system.text, told) if part)


def called(step: Called) -> tuple[Turn, ...]:
    """The step as the brain wrote it, and its results as what it is told next."""
    calls = "".join(written(call) for call in step.calls)
    results = "\n".join(f"{r.name} {'failed' if r.failed else 'gave'}: {r.content}" for r in step.results)
    return ("assistant", step.said + calls), ("user", results)


def turns(prompt: Prompt, sound: Callable[[Audio], str], words: Callable[[str], str]) -> list[Turn]:
    """The finished turns; ``sound`` gives what stands for a segment, ``words`` what stands for a text.

    Raises ModelError for notes that stand in the sound.
    """
    said: list[Turn] = []
    for part in prompt:
        match part:
            case Human() if part.notes:
                raise ModelError(
                    "a brain behind a server takes notes as text only, not between blocks of sound"
                )
            case Human():
                pieces = [sound(p) if isinstance(p, Audio) else words(p.text) for p in part.parts]
                said.append(("user", "\n".join(piece for piece in pieces if piece)))
            case Heard():
                said.append(("assistant", words(part.text) or NOTHING_HEARD))
            case Called():
                said += [(role, words(text)) for role, text in called(part)]
            case _:
                pass
    return said
