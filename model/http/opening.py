"""How the assistant's own message begins in a request, for servers that go on from its beginning. Pure.

``<think>`` and ``</think>`` are text: the markers of Step-Audio-R1, Qwen3 and DeepSeek-R1 alike.
"""

from __future__ import annotations

from pipeline.errors import ModelError
from pipeline.prompt import OpenNote, Part, Prompt, Reply

from .dialect import Able

OPEN, CLOSE = "<think>", "</think>"


def open_part(prompt: Prompt) -> Reply:
    """The reply that the prompt leaves open. Raises ModelError where it leaves none, or an open note."""
    last: Part | None = prompt.parts[-1] if prompt.parts else None
    if isinstance(last, OpenNote):
        raise ModelError(
            "a brain behind a server takes notes as text only; set listening_thoughts to auto, notes or off"
        )
    if not isinstance(last, Reply):
        raise ModelError("a request needs a prompt that ends with an open reply")
    return last


def fresh(reply: Reply) -> bool:
    """True when nothing of the message stands yet: any server can be asked for it."""
    return not reply.said and not (reply.thoughts or "").strip()


def opening(reply: Reply, able: Able, *, gap: str = "\n") -> str:
    """The beginning of the message, as text to be continued; empty: the server begins it.

    ``gap`` stands between ``</think>`` and the first word. Raises ModelError where the reply is not fresh
    and the server cannot go on from a beginning.
    """
    if not able.continues:
        if not fresh(reply):
            raise ModelError(
                "this server does not go on from the beginning of its own message, and was asked to; "
                "facts().continues says so"
            )
        return ""
    if not able.thinks or reply.thoughts is None:
        return reply.said
    if reply.thinking:
        return f"{OPEN}\n{reply.thoughts}"
    thoughts = reply.thoughts.rstrip("\n")
    return f"{OPEN}\n{thoughts}\n{CLOSE}{gap}{reply.said}"
