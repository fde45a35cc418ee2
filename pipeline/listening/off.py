"""No thoughts while listening: thinking begins with the draft."""

from __future__ import annotations

from pipeline.prompt import Human, Note, Prompt

from .strategy import Request


class Off:
    """Thinks nothing, and carries nothing: notes of dropped drafts are left out too."""

    name = "off"
    joins = False
    keeps_cut = False

    def request(self, history: Prompt, user: Human, notes: tuple[Note, ...], budget: int) -> Request | None:
        return None

    def carry(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user

    def ahead(self, user: Human, notes: tuple[Note, ...]) -> Human:
        return user
