"""Captions: partial words while a turn is open, final ones when it is over, and nobody waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from written_ear import Says, WrittenEar, sound

from pipeline.captions import Captions, CaptionsConfig
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    EndOfTurnScored,
    Fact,
    Sample,
    Span,
    StageFailed,
    StartDraft,
    StopThinking,
    Think,
    Turn,
)
from pipeline.ports import CAPTURE_RATE, FRAME
from pipeline.records import Transcribed
from pipeline.ring import AudioRing
from pipeline.trace import Trace

QUESTION = "what is four plus nine"
TURN = Turn(1)


class Scene:
    """A user who says a sentence from 0 s on, the orders of a policy, and what the stage made of it."""

    def __init__(
        self, ear: WrittenEar | None = None, config: CaptionsConfig | None = None, cost: float = 0.0
    ) -> None:
        self.ear, self.config, self.cost = ear or WrittenEar(), config, cost
        self.told: list[tuple[float, Transcribed]] = []
        self.facts: list[tuple[float, Fact]] = []
        self.late = 0.0

    def play(self, text: str, orders: dict[float, Any], seconds: float = 4.0) -> Scene:
        simulate(lambda: self._play(text, orders, seconds))
        return self

    async def _play(self, text: str, orders: dict[float, Any], seconds: float) -> None:
        ring, trace, waiting = AudioRing(), Trace(), dict(orders)
        ear = InlineCompute(self.ear, lambda method, result: self.cost if method == "transcribe" else 0.0)
        captions = Captions(
            ring, ear, lambda fact: self.facts.append((now(), fact)),
            lambda told: self.told.append((now(), told)), self.config,
        )  # fmt: skip
        trace.subscribe(captions.see)
        pcm = np.concatenate([sound(text), np.zeros(round(seconds * CAPTURE_RATE), np.float32)])
        running = asyncio.get_running_loop().create_task(captions.run())
        for frame in range(round(seconds * 50)):
            due = (frame + 1) / 50
            await asyncio.sleep(due - now())
            self.late = max(self.late, now() - due)
            ring.write(pcm[frame * FRAME : (frame + 1) * FRAME])
            for at in [at for at in waiting if at <= due]:
                trace.record(waiting.pop(at))
        running.cancel()

    @property
    def words(self) -> list[tuple[str, bool]]:
        return [(told.text, told.final) for _, told in self.told]


def span(seconds: float) -> Span:
    return Span(Sample(0), Sample(round(seconds * CAPTURE_RATE)))


def orders(pause: float = 1.7, commit: float = 2.1) -> dict[float, Any]:
    return {
        0.02: Think(TURN, Span(Sample(0), Sample(0))),
        pause: StartDraft(TURN, Draft(1), span(1.6)),
        commit: CommitDraft(TURN, Draft(1)),
        commit + 0.001: StopThinking(TURN),
    }


def test_words_come_while_the_turn_is_open_and_are_final_when_it_is_over() -> None:
    scene = Scene().play(QUESTION, orders())
    assert scene.words == [
        ("what is", False),
        ("what is four plus", False),
        (QUESTION, False),
        (QUESTION, True),
    ]
    assert all(told.source == "written ear" and told.turn == TURN for _, told in scene.told)
    assert scene.told[-1][0] == pytest.approx(2.1, abs=0.03)
    assert scene.facts == []


def test_partial_words_take_no_more_than_their_share_of_time() -> None:
    scene = Scene(config=CaptionsConfig(every=0.08, share=0.25), cost=0.1).play(
        QUESTION, {0.02: Think(TURN, Span(Sample(0), Sample(0)))}
    )
    partial = [asked for asked in scene.ear.asked if not asked[1]]
    assert len(partial) <= 4.0 / 0.4 + 1


def test_an_ear_that_reads_everything_again_is_asked_once_the_turn_is_over() -> None:
    scene = Scene(WrittenEar(streams=False)).play(QUESTION, orders())
    assert scene.words == [(QUESTION, True)]
    assert len(scene.ear.asked) == 1


def test_a_turn_that_goes_on_after_a_draft_is_told_as_it_was_committed() -> None:
    played = {
        0.02: Think(TURN, Span(Sample(0), Sample(0))),
        0.70: StartDraft(TURN, Draft(1), span(0.64)),
        0.80: DropDraft(TURN, Draft(1)),
        1.70: StartDraft(TURN, Draft(2), span(1.6)),
        2.10: CommitDraft(TURN, Draft(2)),
    }
    finals = [told.text for _, told in Scene().play(QUESTION, played).told if told.final]
    assert finals == [QUESTION]


def test_the_policy_hears_of_a_sentence_that_cannot_be_over_and_of_no_other() -> None:
    config = CaptionsConfig(shown=False, ends=True)
    cut = {0.02: Think(TURN, Span(Sample(0), Sample(0))), 1.3: StartDraft(TURN, Draft(1), span(1.28))}
    scene = Scene(config=config).play("what is four plus", cut)
    ((at, fact),) = scene.facts
    assert fact == EndOfTurnScored(Sample(round(1.28 * CAPTURE_RATE)), 0.05)
    assert at == pytest.approx(1.3, abs=0.03)
    assert Scene(config=config).play(QUESTION, orders()).facts == []
    assert scene.told == []


def test_a_pause_is_read_before_captions_and_a_draft_that_is_over_gets_no_score() -> None:
    config = CaptionsConfig(ends=True)
    played = {
        0.02: Think(TURN, Span(Sample(0), Sample(0))),
        1.30: StartDraft(TURN, Draft(1), span(1.28)),
        1.32: StartDraft(TURN, Draft(2), span(0.96)),
    }
    scene = Scene(config=config, cost=0.05).play("what is four plus", played)
    assert [fact for _, fact in scene.facts] == []  # of "what is four" words tell nothing


def test_an_ear_that_fails_is_told_once_and_the_stage_lives() -> None:
    played = orders() | {2.5: Think(Turn(2), span(2.5)), 3.0: StartDraft(Turn(2), Draft(2), span(2.9)),
                         3.2: CommitDraft(Turn(2), Draft(2))}  # fmt: skip
    scene = Scene(WrittenEar(fails=True)).play(QUESTION, played)
    assert [fact for _, fact in scene.facts] == [StageFailed("ear", "there are no captions: the ear is deaf")]
    assert scene.told == []
    assert [final for _, final in scene.ear.asked].count(True) == 2


def test_an_ear_that_hangs_keeps_nobody_waiting() -> None:
    scene = Scene(config=CaptionsConfig(patience=0.5), cost=60.0).play(QUESTION, orders())
    assert scene.late < 1e-6
    assert [type(fact) for _, fact in scene.facts] == [StageFailed]
    assert "no answer within 0.5 s" in str(scene.facts[0][1])


def test_words_that_would_move_a_cursor_are_told_without_that() -> None:
    scene = Scene(Says("\x1b[2Jturn\non</think>")).play(QUESTION, orders())
    assert scene.words[-1] == ("[2Jturn on /think", True)


def test_a_typed_turn_has_no_captions() -> None:
    played = {0.5: StartDraft(TURN, Draft(1), Span(Sample(0), Sample(0))), 0.6: CommitDraft(TURN, Draft(1))}
    assert Scene().play("", played).ear.asked == []


@pytest.mark.parametrize("bad", [{"every": 0.01}, {"share": 0.0}, {"share": 1.5}, {"patience": 0.0}])
def test_settings_that_cannot_work_are_refused(bad: dict[str, float]) -> None:
    make: Callable[..., CaptionsConfig] = CaptionsConfig
    with pytest.raises(ValueError, match="captions need"):
        make(**bad)
