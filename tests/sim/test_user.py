from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest

from pipeline.ports import FRAME
from sim.script import HUM, Act, Ask, Hasten, Outlast, Overlap, Push, Rest, Speak, Type, scenario
from sim.user import Hooks, User, Uttered
from sim.words import heard, speech


@dataclass
class Room:
    """An agent that sounds in given stretches of seconds, and what the user did."""

    sounding: list[tuple[float, float]] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    done: list[tuple[float, str]] = field(default_factory=list)
    now: float = 0.0

    def hooks(self) -> Hooks:
        return Hooks(
            sound=speech,
            type=lambda text: self.done.append((self.now, f"type {text}")),
            commit=lambda: self.done.append((self.now, "commit")),
            ask=lambda: self.done.append((self.now, "ask")),
            silent_for=self._silent_for,
            left=lambda: max((end - self.now for at, end in self.sounding if at <= self.now), default=0.0),
            committed=lambda: sum(at <= self.now for at in self.commits),
        )

    def _silent_for(self) -> float:
        past = [min(end, self.now) for start, end in self.sounding if start <= self.now]
        return self.now - max(past, default=float("-inf"))

    def live(self, *acts: Act, seconds: float = 12.0) -> tuple[list[Uttered], np.ndarray]:
        uttered: list[Uttered] = []
        user = User(acts, (), self.hooks(), uttered)
        frames = []
        for frame in range(round(seconds * 50)):
            self.now = frame / 50
            user.step(frame)
            frames.append(user.frame(frame))
        assert user.over
        return uttered, np.concatenate(frames)


def starts(uttered: list[Uttered]) -> list[float]:
    return [said.start / 16_000 for said in uttered]


def test_what_is_uttered_is_what_the_microphone_hears_where_it_was_said() -> None:
    uttered, sound = Room().live(Speak(("alpha", "bravo", "charlie"), pauses=((2, 0.6),)))
    assert [said.words for said in uttered] == [("alpha", "bravo"), ("charlie",)]
    for said in uttered:
        assert np.array_equal(sound[said.start : said.end], speech(said.words))
        assert not sound[said.end : said.end + FRAME].any()
    assert uttered[1].start - uttered[0].end == round(0.6 * 16_000)
    assert heard(sound) == ("alpha", "bravo", "charlie")


def test_a_turn_waits_for_the_agents_silence() -> None:
    uttered, _ = Room(sounding=[(0.0, 2.0)]).live(Speak(("alpha",), after=0.5))
    assert starts(uttered) == [pytest.approx(2.5, abs=0.03)]


def test_a_user_waits_for_silence_not_for_ever() -> None:
    uttered, _ = Room(sounding=[(0.0, 99.0)]).live(Speak(("alpha",)))
    assert starts(uttered) == [pytest.approx(6.0, abs=0.03)]


def test_an_overlap_begins_so_long_after_the_voice() -> None:
    uttered, _ = Room(sounding=[(1.0, 4.0)]).live(Overlap(("stop",), 0.7))
    assert starts(uttered) == [pytest.approx(1.7, abs=0.03)]
    assert not uttered[0].alone


def test_an_overlap_may_come_in_two_bursts() -> None:
    uttered, _ = Room(sounding=[(1.0, 4.0)]).live(Overlap(("mhm", "", "stop"), 0.5))
    assert [said.words for said in uttered] == [("mhm",), ("stop",)]
    assert uttered[1].start - uttered[0].end >= 0.28 * 16_000


def test_an_overlap_can_be_timed_to_the_end_of_the_voice() -> None:
    uttered, _ = Room(sounding=[(1.0, 4.0)]).live(Outlast(("stop",), 0.12))
    assert starts(uttered) == [pytest.approx(3.88, abs=0.03)]


def test_more_words_come_right_after_the_commit() -> None:
    room = Room(commits=[3.0])
    uttered, _ = room.live(Hasten(("alpha",), ("bravo",), delay=0.1))
    assert starts(uttered)[1] == pytest.approx(3.1, abs=0.03)


def test_the_keyboard_the_button_and_the_application_are_used_when_told() -> None:
    room = Room(sounding=[(3.0, 3.5)])
    room.live(Push(("alpha", "bravo"), at=0.3), Type("kilo", after=0.5), Ask(after=0.2), seconds=20)
    assert [what for _, what in room.done] == ["commit", "type kilo", "ask"]
    assert room.done[0][0] == pytest.approx(0.3, abs=0.03)
    late = Room()
    late.live(Push(("alpha",), at=1.0))
    assert late.done == [(pytest.approx(1.0, abs=0.03), "commit")], "also after the words are over"


def test_a_rest_lasts() -> None:
    uttered, _ = Room().live(Rest(2.0), Speak(("alpha",)))
    assert starts(uttered) == [pytest.approx(2.0, abs=0.03)]


def test_a_seed_is_a_scenario_and_most_users_talk_over_the_voice() -> None:
    assert scenario(5) == scenario(5) != scenario(6)
    over = [any(isinstance(act, Overlap | Outlast) for act in scenario(seed).acts) for seed in range(300)]
    assert sum(over) >= 150
    spoken = [sum(isinstance(act, Speak) for act in scenario(seed).acts) for seed in range(300)]
    assert min(spoken) >= 2


def test_neighbouring_words_differ_so_that_they_can_be_told_apart() -> None:
    for seed in range(300):
        for act in (*scenario(seed).acts, *scenario(seed).encore):
            words = getattr(act, "words", ())
            assert words == HUM or all(a != b for a, b in pairwise(words)), "a hum is one long sound"
