"""pipeline/listening/interleaved.py: the prompt only ever grows."""

from __future__ import annotations

import numpy as np

from pipeline.listening.interleaved import Interleaved
from pipeline.ports import Limits
from pipeline.prompt import Audio, Human, Note, OpenNote, Prompt, Text

SOUND = Audio(np.zeros(32_000, np.float32))
NOTES = (Note("heard: a\n", 12), Note("heard: b\n", 25))
BEFORE = Prompt((Human((Text("hi"),)),))


def test_a_note_is_continued_after_the_sound_and_the_notes_before_it() -> None:
    request = Interleaved().request(BEFORE, Human((SOUND,)), NOTES, 40)
    assert request is not None
    assert request.prompt == BEFORE.then(Human((SOUND,), NOTES), OpenNote())
    assert request.limits == Limits(40, stop=("</think>",))


def test_a_draft_carries_the_notes_in_the_sound_and_so_does_what_is_read_ahead() -> None:
    user = Human((SOUND, Text("typed")))
    assert Interleaved().carry(user, NOTES) == Human((SOUND, Text("typed")), NOTES)
    assert Interleaved().ahead(user, NOTES) == Interleaved().carry(user, NOTES)
    assert Interleaved().carry(user, ()) == user
