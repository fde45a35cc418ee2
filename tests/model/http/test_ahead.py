"""What is worth reading ahead stands unchanged in every later prompt."""

from __future__ import annotations

import numpy as np

from model.http.ahead import settled
from pipeline.prompt import Audio, Heard, Human, Prompt, Reply, Text


def sound(seconds: float) -> Audio:
    return Audio(np.sin(np.arange(round(seconds * 16_000)) / 5).astype(np.float32))


def lengths(prompt: Prompt) -> list[float | str]:
    last = prompt.parts[-2]
    assert isinstance(last, Human)
    assert isinstance(prompt.parts[-1], Reply)
    return [part.seconds if isinstance(part, Audio) else part.text for part in last.parts]


def test_only_closed_segments_of_the_open_turn_are_read() -> None:
    assert lengths(settled(Prompt((Human((sound(5.0),)),)), 2.0)) == [2.0, 2.0]
    assert lengths(settled(Prompt((Human((sound(2.0),)),)), 2.0)) == [2.0]
    assert lengths(settled(Prompt((Human((sound(1.9),)),)), 2.0)) == []
    assert lengths(settled(Prompt((Human((sound(5.0),)),)), 0.0)) == []


def test_a_segment_that_another_one_follows_is_whole() -> None:
    assert lengths(settled(Prompt((Human((sound(25.0), sound(3.0))),)), 0.0)) == []
    assert lengths(settled(Prompt((Human((sound(3.0), sound(3.0))),)), 2.0)) == [2.0, 1.0, 2.0]


def test_the_history_and_typed_words_are_read_as_they_are() -> None:
    before = (Human((Text("Hello?"),)), Heard("Hello."))
    assert settled(Prompt((*before, Human(()))), 2.0).parts[:2] == before
    assert lengths(settled(Prompt((*before, Human((Text("And"),)))), 2.0)) == ["And"]
