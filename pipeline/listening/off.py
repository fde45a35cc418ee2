"""No thoughts while listening: thinking begins with the draft."""

from __future__ import annotations

from pipeline.prompt import Human, Note, Prompt

from .strategy import Request


class Off:
    """Thinks nothing, and carries nothing: notes of dropped drafts are left out too."""

    name = "off"
    block = 2.0
    joins = False
    keeps_cut = False
    checked = False

    def request(self, history: Prompt, user: Human, notes: tuple[Note, ...], budget: int) -> Request | None:
        return None

    def carry(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user

    def ahead(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user

    def predicted(self, notes: tuple[Note, ...]) -> str:
        return ""
