"""pipeline/listening/off.py: nothing is thought and nothing is carried."""

from __future__ import annotations

from pipeline.listening.off import Off
from pipeline.prompt import Human, Note, Prompt, Text

USER, NOTES = Human((Text("hi"),)), (Note("heard: a\n", 0),)


def test_nothing_is_asked_carried_or_read_ahead_but_the_turn_itself() -> None:
    assert Off().request(Prompt(()), USER, NOTES, 40) is None
    assert Off().carry(USER, NOTES) is USER and Off().ahead(USER, NOTES) is USER
