"""pipeline/listening/notes.py: a side question per block, whose answers follow the sound as text."""

from __future__ import annotations

import numpy as np

from pipeline.listening.notes import ASKED, CARRIED, Notes
from pipeline.prompt import Audio, Human, Note, Prompt, Reply, Text

SOUND = Audio(np.zeros(32_000, np.float32))
NOTES = (Note("about tea\n", 12), Note("wants a cup\n", 25))


def test_the_brain_is_asked_about_the_sound_with_its_notes_so_far() -> None:
    request = Notes().request(Prompt(()), Human((SOUND,)), NOTES, 40)
    assert request is not None
    carried = Text(CARRIED.format(notes="about tea\nwants a cup"))
    assert request.prompt == Prompt((Human((SOUND, carried, Text(ASKED))), Reply()))
    assert request.limits.max_tokens == 40 and request.limits.stop == ("</think>",)


def test_the_question_is_no_part_of_what_a_draft_carries() -> None:
    carried = Notes().carry(Human((SOUND,)), NOTES)
    assert carried.notes == () and carried.parts[0] is SOUND
    assert carried.parts[1:] == (Text(CARRIED.format(notes="about tea\nwants a cup")),)


def test_without_notes_a_turn_is_carried_as_it_is() -> None:
    user = Human((SOUND,))
    assert Notes().carry(user, ()) is user and Notes().carry(user, (Note(" \n", 3),)) is user


def test_only_the_sound_can_be_read_ahead() -> None:
    user = Human((SOUND,))
    assert Notes().ahead(user, NOTES) is user
