"""Who answered a conversation, as its labels say: figures of one kind never share a table with another's."""

from __future__ import annotations

from collections.abc import Mapping

from .item import Actor

SCRIPTED = "scripted"
"""A brain and a voice that cost nothing: the runtime alone."""
KNOWN = "known delay"
"""No session: a source that answers after a delay that is known."""
SERVER = "server"
"""An agent that could only be spoken to."""
REAL = "real"
UNTOLD = "not told"
"""Recordings whose labels do not say: anybody's agent."""
APART = frozenset({SCRIPTED, KNOWN})
"""Kinds that measure the harness and the runtime, not an agent."""


def kind_of(about: Mapping[str, str]) -> str:
    """From a manifest's ``about``: the actor, then what the target called itself, then its pace."""
    actor = about.get("actor", "")
    if actor == Actor.SCRIPTED:
        return SCRIPTED
    if actor == Actor.NULL:
        return KNOWN
    if told := about.get("kind", ""):
        return _paced(told, about)
    if "protocol" in about:
        return SERVER
    return _paced(REAL, about) if "brain" in about else UNTOLD


def _paced(kind: str, about: Mapping[str, str]) -> str:
    pace = about.get("pace", "")
    return f"{kind}, paced to {pace} per token" if pace and pace != "0" and "paced" not in kind else kind


def ordered(kinds: set[str]) -> list[str]:
    """Real ones first, what measures the harness last."""
    return sorted(kinds, key=lambda kind: (kind in APART, not kind.startswith(REAL), kind))
