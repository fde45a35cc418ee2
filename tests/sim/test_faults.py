from __future__ import annotations

import asyncio
import random

from agent.turn import RULES, Agent, User
from pipeline.clock import now, simulate
from pipeline.events import Fact, PlaybackEnded, PlaybackStarted, SpeechStarted, TimerRang, Turn
from pipeline.events import Sample as At
from sim.faults import (
    ACTIONS,
    BY_CLIENT,
    Director,
    Fault,
    Mailbox,
    Moment,
    at,
    draw_faults,
    draw_moments,
    kinds,
)

QUIET, TALKING = (User.QUIET, Agent.SILENT), (User.TALKING, Agent.SILENT)


def test_mail_of_the_speaking_stage_is_late_but_in_order_and_other_mail_is_not_late() -> None:
    got: list[tuple[float, Fact]] = []

    async def main() -> None:
        late = Fault("mail", 1, "PlaybackEnded", 0.5)
        mail = Mailbox(
            lambda fact: got.append((now(), fact)), [late], asyncio.get_running_loop().call_at
        )
        mail(PlaybackEnded(Turn(1)))
        mail(PlaybackEnded(Turn(2)))
        mail(PlaybackStarted(Turn(3)))
        mail(SpeechStarted(At(7)))
        await asyncio.sleep(1)
        mail.hold(0.25)
        mail(PlaybackEnded(Turn(4)))
        await asyncio.sleep(1)

    simulate(main)
    assert got == [
        (0.0, PlaybackEnded(Turn(1))),
        (0.0, SpeechStarted(At(7))),
        (0.5, PlaybackEnded(Turn(2))),
        (0.5, PlaybackStarted(Turn(3))),
        (1.25, PlaybackEnded(Turn(4))),
    ]


def test_moments_come_at_their_visit_after_their_delay_and_the_end_only_when_it_may() -> None:
    moments = [
        Moment(TALKING, 1, 0.1, "gap"),
        Moment(TALKING, 0, 0.0, "type"),
        Moment(QUIET, 0, 0.0, "close"),
    ]
    acted: list[tuple[float, str]] = []

    async def main() -> None:
        director = Director(moments, lambda moment: acted.append((round(now(), 3), moment.action)))
        for row in (QUIET, TALKING, QUIET, TALKING, TALKING, TALKING, TALKING, QUIET):
            director.look(row, ending=now() > 0.3)
            await asyncio.sleep(0.05)

    simulate(main)
    assert acted == [(0.05, "type"), (0.25, "gap"), (0.35, "close")]


def test_faults_are_keyed_by_site_and_call_so_that_one_can_be_taken_out() -> None:
    faults = (Fault("brain", 3, "slow"), Fault("voice", 3, "hang"), Fault("brain", 5, "start"))
    assert kinds(faults, "brain") == {3: "slow", 5: "start"}
    assert at(faults[1:], "voice") == {3: faults[1]}


def test_half_of_the_conversations_are_free_of_faults() -> None:
    drawn = [draw_faults(random.Random(seed)) for seed in range(400)]
    assert 160 < sum(not faults for faults in drawn) < 240
    assert {fault.site for faults in drawn for fault in faults} == {"brain", "voice", "frame", "pull", "mail"}


def test_three_hundred_seeds_try_every_action_in_every_state_and_close_in_every_state() -> None:
    drawn = [moment for seed in range(300) for moment in draw_moments(seed, random.Random(seed))]
    tried = {(moment.row, moment.action) for moment in drawn}
    assert tried == {(row, action) for row in RULES for action in (*ACTIONS, *BY_CLIENT, "close")}


def test_a_late_timer_is_no_mail() -> None:
    got: list[Fact] = []

    async def main() -> None:
        mail = Mailbox(got.append, [], asyncio.get_running_loop().call_at)
        mail.hold(9)
        mail(TimerRang())

    simulate(main)
    assert got == [TimerRang()]
