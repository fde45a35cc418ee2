"""A number with its noun for a sentence. It must never be in a file that a program reads."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 conversation``, ``2 conversations``. Knows nouns with an s, and replies."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("ply") else f"{number} {noun}s"


def are(number: int) -> str:
    """The verb after it."""
    return "is" if number == 1 else "are"
