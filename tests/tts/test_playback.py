"""Every order in every state: nothing raises, nothing repeats, and only what was committed can leave."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.clock import simulate
from pipeline.events import PlaybackEnded, PlaybackStarted
from pipeline.ports import Phrase, WordTime
from tts.ear import PlaybackConfig
from tts.playback import MOST_DRAFTS, REMEMBERED, Playback
from tts.playout import Playout

CONFIG = PlaybackConfig(ramp=1e-9, fade_in=1e-9)
SHORT = 1e-9


class Desk:
    """A playback whose phrases get 9600 samples each, of the draft's number / 100, made at once."""

    def __init__(self) -> None:
        self.playout = Playout()
        self.facts: list[Any] = []
        self.playback = Playback(self.playout, self.facts.append, lambda item: None, CONFIG)
        self.heard: list[float] = []

    def write(self, turn: int, draft: int, *, final: bool = True) -> None:
        reply = self.playback.admit(Phrase(turn, draft, 0, "one two", final=final))
        if reply is not None:
            reply.begin()
            reply.add(
                np.full(9600, draft / 100, np.float32), (WordTime(0, 3, 0, 0.2), WordTime(4, 7, 0.2, 0.4))
            )
            reply.finish()
            self.playback.feed()

    def play(self, blocks: int) -> None:
        for _ in range(blocks):
            self.heard += self.playout.pull(480).tolist()
            self.playback.tick()

    @property
    def drafts(self) -> list[int]:
        return [round(value * 100) for value, _ in itertools.groupby(self.heard) if value]


def desk(script: Callable[[Desk], None]) -> None:
    async def main() -> None:
        script(Desk())

    simulate(main)


ORDERS: dict[str, Callable[[Playback], None]] = {
    "commit": lambda playback: playback.commit(1, 1),
    "other draft": lambda playback: playback.commit(1, 9),
    "later turn": lambda playback: playback.commit(2, 2),
    "drop": lambda playback: playback.drop(1, 1),
    "duck": lambda playback: playback.duck(1, 0.5),
    "unduck": lambda playback: playback.unduck(1),
    "hold": lambda playback: playback.hold(1, SHORT),
    "resume": lambda playback: playback.resume(1),
    "hush": lambda playback: playback.hush(1, SHORT),
    "close": lambda playback: playback.close(),
}


@pytest.mark.parametrize("first", ORDERS)
def test_any_three_orders_at_any_stage_keep_the_rules(first: str) -> None:
    def script(_: Desk) -> None:
        for second, third in itertools.product(ORDERS, ORDERS):
            for pause in (0, 7):
                desk = Desk()
                desk.write(1, 1)
                desk.write(2, 2)
                orders = (first, second, third)
                for order in orders:
                    ORDERS[order](desk.playback)
                    desk.play(pause)
                before = len(desk.heard)
                desk.play(25)
                if "commit" not in orders and "later turn" not in orders:
                    assert not any(desk.heard), orders
                if third in ("hush", "close", "drop", "hold") and "later turn" not in orders:
                    assert not any(desk.heard[before:]), orders
                assert desk.playout.fault is None
                ended = [fact.turn for fact in desk.facts if isinstance(fact, PlaybackEnded)]
                assert len(set(ended)) == len(ended), orders
                for turn in (1, 2):
                    account = desk.playback.account(turn)
                    if account is not None and account.reason:
                        assert account.settled and account.made == account.played + account.dropped

    desk(script)


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_given_twice_does_what_it_does_once(order: str) -> None:
    def once(times: int) -> tuple[list[float], list[Any]]:
        desk = Desk()
        desk.write(1, 1)
        desk.playback.commit(1, 1)
        desk.play(5)
        if order == "resume":
            desk.playback.hold(1, SHORT)
            desk.play(5)
        for _ in range(times):
            ORDERS[order](desk.playback)
        desk.play(40)
        return desk.heard, desk.facts

    def script(_: Desk) -> None:
        assert once(1) == once(2) == once(3)

    desk(script)


def test_a_reply_is_fed_no_further_ahead_than_allowed() -> None:
    def script(desk: Desk) -> None:
        desk.write(1, 1)
        desk.playback.commit(1, 1)
        for _ in range(10):
            assert desk.playout.queued <= 7200
            desk.play(1)

    desk(script)


def test_a_word_that_was_only_finished_by_the_fade_of_a_hold_is_said_again() -> None:
    def script(desk: Desk) -> None:
        desk.write(1, 1)
        desk.playback.commit(1, 1)
        desk.playout.pull(4700)
        desk.playback.hold(1, 0.03)
        desk.play(3)
        assert desk.playback.heard(1)[1] == 4700 + 720
        desk.playback.resume(1)
        assert desk.playout.progress.position == 5420 and desk.playback.left(1) == 9600 / 24_000

    desk(script)


def test_sound_that_was_played_is_let_go_of() -> None:
    def script(desk: Desk) -> None:
        for number in range(20):
            reply = desk.playback.admit(Phrase(1, 1, number, "one two"))
            assert reply is not None
            reply.begin()
            reply.add(np.full(9600, 0.1, np.float32), ())
            reply.finish()
            desk.playback.commit(1, 1)
            desk.play(20)
        assert len(reply._sound) <= 2

    desk(script)


def test_a_hush_of_a_turn_that_was_only_drafted_forgets_it_for_good() -> None:
    def script(desk: Desk) -> None:
        desk.write(1, 1)
        desk.playback.hush(1, SHORT)
        desk.playback.commit(1, 1)
        desk.write(1, 5)
        desk.playback.commit(1, 5)
        desk.play(30)
        assert not any(desk.heard) and desk.playback.stale == 1
        desk.write(2, 6)
        desk.playback.commit(2, 6)
        desk.play(30)
        assert desk.drafts == [6]

    desk(script)


def test_a_newer_draft_of_a_turn_takes_the_place_of_the_older_whose_late_phrases_are_stale() -> None:
    def script(desk: Desk) -> None:
        desk.write(1, 1, final=False)
        desk.write(1, 2)
        desk.write(1, 1)
        assert desk.playback.stale == 1 and len(desk.playback.drafts) == 1
        desk.playback.commit(1, 1)
        desk.playback.commit(1, 2)
        desk.play(30)
        assert desk.drafts == [2]

    desk(script)


def test_drafts_that_nobody_commits_do_not_pile_up() -> None:
    def script(desk: Desk) -> None:
        for turn in range(1, 200):
            desk.write(turn, turn)
            desk.playback.drop(turn + 1000, turn)
            desk.playback.hush(turn + 2000, SHORT)
        assert len(desk.playback.drafts) == MOST_DRAFTS + 1
        assert len(desk.playback._gone) <= REMEMBERED and len(desk.playback._hushed) <= REMEMBERED

    desk(script)


def test_only_the_last_few_turns_stay_known() -> None:
    def script(desk: Desk) -> None:
        for turn in range(1, 8):
            desk.write(turn, turn)
            desk.playback.commit(turn, turn)
            desk.play(30)
        assert [desk.playback.heard(turn)[0] for turn in range(1, 8)] == [""] * 3 + ["one two"] * 4
        assert desk.playback.account(1) is None and not desk.playback.busy
        assert [fact.turn for fact in desk.facts if isinstance(fact, PlaybackStarted)] == list(range(1, 8))

    desk(script)


def test_a_drop_that_comes_just_after_the_first_samples_does_not_silence_the_turn() -> None:
    def script(desk: Desk) -> None:
        desk.write(1, 1)
        desk.playback.commit(1, 1)
        desk.playout.pull(480)
        desk.playback.drop(1, 1)
        desk.write(1, 2)
        desk.playback.commit(1, 2)
        desk.play(30)
        assert desk.drafts == [2] and desk.playback.heard(1) == ("one two", 9600, True)

    desk(script)


def test_a_ducked_voice_is_never_muted_and_never_raised() -> None:
    def script(desk: Desk) -> None:
        desk.write(1, 1)
        desk.playback.commit(1, 1)
        for gain in (0.0, -3.0, 7.0):
            desk.playback.duck(1, gain)
            assert 0.01 <= desk.playout.gate.gain <= 1.0

    desk(script)
