"""The judging stage in virtual time: what is asked of the brain when, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.errors import ModelError
from pipeline.events import (
    Duck,
    EndOfTurnScored,
    Fact,
    Hush,
    Order,
    Overlap,
    OverlapScored,
    PlaybackStarted,
    Remember,
    Resume,
    Sample,
    Span,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    StopThinking,
    Think,
    Turn,
    Unduck,
)
from pipeline.mechanisms import Mechanisms
from pipeline.overlap import Burst, OverlapConfig, Scored, UsualScorer
from pipeline.overlap_judging import Judging
from pipeline.ports import CAPTURE_RATE, FRAME, Judgement
from pipeline.prompt import Audio, Human, Prompt
from pipeline.ring import AudioRing
from pipeline.trace import Trace

TURN = Turn(1)
WORDS = Judgement(0.4, 0.5, 0.3, 0.2)


def at(seconds: float) -> Sample:
    return Sample(round(seconds * CAPTURE_RATE))


@dataclass
class Heads:
    """A brain that gives these judgements in turn, the last one for ever."""

    judgements: list[Judgement] = field(default_factory=lambda: [WORDS])
    asked: list[tuple[float, Audio, int]] = field(default_factory=list)
    fails: bool = False

    def judge(self, prompt: Prompt, onset: int) -> Judgement:
        if self.fails:
            raise ModelError("no heads today")
        (human,) = prompt.parts
        assert isinstance(human, Human)
        (sound,) = human.parts
        assert isinstance(sound, Audio)
        self.asked.append((now(), sound, onset))
        return self.judgements.pop(0) if len(self.judgements) > 1 else self.judgements[0]


Script = list[tuple[float, Fact | Order]]


@dataclass
class Run:
    told: list[tuple[float, Fact]]
    heads: Heads

    def of(self, kind: type) -> list[Any]:
        return [fact for _, fact in self.told if isinstance(fact, kind)]


def live(
    script: Script,
    heads: Heads | None = None,
    *,
    until: float = 3.0,
    cost: float = 0.0,
    sound: Callable[[float], float] = lambda second: 0.1,
    judges: bool = True,
    scorer: Any = None,
    mechanisms: Mechanisms | None = None,
    voice: Any = None,
    another: float | None = None,
) -> Run:
    """Capture of this amplitude per second, facts and orders at these seconds, ``another`` brain at this."""
    heads = heads or Heads()
    told: list[tuple[float, Fact]] = []

    async def main() -> None:
        nonlocal another
        ring, trace = AudioRing(), Trace(None)
        stage = Judging(
            ring, InlineCompute(heads, lambda method, result: cost),
            lambda fact: told.append((round(now() - began, 3), fact)),
            scorer or UsualScorer(), mechanisms or Mechanisms(), judges=judges, echo=lambda: True,
            voice=voice, config=OverlapConfig(),
        )  # fmt: skip
        trace.subscribe(stage.see)
        began = now()
        running = asyncio.get_running_loop().create_task(stage.run())
        waiting = sorted(script, key=lambda one: one[0])
        for frame in range(round(until * CAPTURE_RATE / FRAME)):
            await asyncio.sleep(began + (frame + 1) * 0.02 - now())
            tone = np.sin(np.arange(frame * FRAME, (frame + 1) * FRAME, dtype=np.float64) / 8)
            ring.write((sound(frame * 0.02) * tone).astype(np.float32))
            if another is not None and now() - began >= another:
                stage.suit(InlineCompute(heads, lambda method, result: cost), judges=judges)
                another = None
            while waiting and waiting[0][0] <= now() - began:
                trace.record(waiting.pop(0)[1])
        running.cancel()

    simulate(main)
    return Run(told, heads)


def turn(onset: float = 1.0, told: float = 1.1) -> Script:
    return [(told, SpeechStarted(at(onset))), (told, Think(TURN, Span(at(onset - 0.2), at(onset))))]


def burst(onset: float = 1.0, told: float = 1.1) -> Script:
    return [(told, SpeechStarted(at(onset))), (told, Duck(TURN, 0.3))]


# --- when is asked -----------------------------------------------------------------------------------------


def test_an_open_turn_is_judged_every_stride_until_it_is_over() -> None:
    run = live([*turn(), (2.1, SpeechPaused(at(2))), (2.3, StopThinking(TURN))])
    scores = run.of(EndOfTurnScored)
    positions = [score.at for score in scores]
    assert positions[0] == at(1.04) and positions[-1] == at(2.24)
    assert {b - a for a, b in pairwise(positions)} == {at(0.08)}
    assert all(score == EndOfTurnScored(score.at, 0.4, "sound") for score in scores)


def test_a_short_turn_is_judged_from_its_first_onset_and_a_long_one_from_its_newest() -> None:
    script = [*turn(), (1.6, SpeechPaused(at(1.5))), (2.0, SpeechStarted(at(1.9)))]
    run = live(script, until=3.34)
    asked = [(audio.positions, len(audio.pcm) % 1280, onset) for _, audio, onset in run.heads.asked]
    assert all(rest == 0 for _, rest, _ in asked)
    assert asked[0] == (3, 0, at(0.2))
    assert {onset for positions, _, onset in asked if positions <= 27} == {at(0.2)}
    assert asked[-1] == (31, 0, at(1.1))


def test_a_turn_that_was_taken_up_again_keeps_its_first_onset() -> None:
    again: Script = [(1.5, SpeechPaused(at(1.3))), (1.6, StopThinking(TURN)), (1.8, SpeechStarted(at(1.7)))]
    run = live([*turn(), *again, (1.8, Think(TURN, Span(at(0.8), at(1.7))))], until=2.2)
    assert {onset for _, _, onset in run.heads.asked} == {at(0.2)}
    other = live([*turn(), *again, (1.8, Think(Turn(2), Span(at(1.5), at(1.7))))], until=2.2)
    assert other.heads.asked[-1][2] == at(0.2) and other.heads.asked[-1][1].seconds < 0.7


def test_a_slow_brain_is_asked_once_at_a_time_and_always_about_the_newest_sound() -> None:
    run = live(turn(), cost=0.3)
    times = [time for time, _, _ in run.heads.asked]
    assert all(b - a >= 0.3 - 1e-6 for a, b in pairwise(times))
    for time, score in run.told:
        assert time * CAPTURE_RATE - score.at <= (0.3 + 0.08 + 0.03) * CAPTURE_RATE  # type: ignore[union-attr]


def test_what_was_judged_of_a_turn_that_is_over_is_not_told() -> None:
    run = live([*turn(), (1.3, StopThinking(TURN))], cost=0.3)
    assert len(run.heads.asked) == 1
    assert run.told == []


def test_a_very_long_turn_is_judged_by_its_newest_seconds() -> None:
    run = live(turn(), until=50.0)
    lengths = [audio.seconds for _, audio, _ in run.heads.asked]
    assert max(lengths) <= 25.0
    assert min(lengths[400:]) >= 5.0
    cuts = [b for a, b in pairwise(lengths) if b < a]
    assert len(cuts) == 2, "what is read stays a growing piece, but for one cut in 20 s"
    assert run.heads.asked[-1][2] == 0


def test_nothing_is_asked_in_silence_or_of_speech_that_is_not_listened_to() -> None:
    assert live([]).heads.asked == []
    assert live([(1.1, SpeechStarted(at(1)))]).heads.asked == []


def test_an_overlap_is_judged_from_before_its_onset_until_the_voice_is_back() -> None:
    script: Script = [*burst(), (1.6, SpeechPaused(at(1.5))), (1.9, Resume(TURN))]
    run = live(script)
    assert {len(audio.pcm) - onset for _, audio, onset in run.heads.asked} <= {
        at(1.04 + 0.08 * step) - at(1) for step in range(12)
    }
    assert all(onset == at(0.2) for _, _, onset in run.heads.asked)
    assert max(time for time, _ in run.told) < 1.9


def test_a_voice_that_goes_on_under_a_backchannel_is_judged_on_while_it_lasts() -> None:
    run = live([*burst(), (1.3, Unduck(TURN)), (1.9, SpeechPaused(at(1.8)))])
    assert 1.8 < max(time for time, _, _ in run.heads.asked) < 1.9


@pytest.mark.parametrize("ending", [Hush(TURN), Remember(TURN, 0)])
def test_an_overlap_ends_with_the_reply(ending: Order) -> None:
    run = live([*burst(), (1.5, ending)])
    assert max(time for time, _, _ in run.heads.asked) <= 1.5


def test_an_overlap_that_takes_the_floor_is_judged_on_as_a_turn() -> None:
    taken = Think(Turn(2), Span(at(0.8), at(1)))
    run = live([*burst(), (1.5, Hush(TURN)), (1.5, Remember(TURN, 0)), (1.5, taken)], until=2.0)
    assert [score.at for score in run.of(EndOfTurnScored)] == [at(1.04 + 0.08 * k) for k in range(12)]
    assert all(scored.at <= at(1.5) for scored in run.of(OverlapScored))


# --- what is told ------------------------------------------------------------------------------------------


def test_over_the_voice_every_number_is_told_until_the_scorer_is_sure_and_then_once() -> None:
    heads = Heads([WORDS, WORDS, Judgement(0.1, 0.05, 0.9, 0.05)])
    told = live([*burst(), (1.7, SpeechPaused(at(1.6))), (1.7, Resume(TURN))], heads).of(OverlapScored)
    kinds = [scored.kind for scored in told]
    assert kinds[-1] is Overlap.BACKCHANNEL and kinds.count(Overlap.BACKCHANNEL) == 1
    assert set(kinds[:-1]) == {Overlap.UNSURE} and len(kinds) >= 3
    assert all(scored.source == "sound" for scored in told)
    assert told[0].why == "0.04 s at -23 dB, words 0.50, backchannel 0.30, noise 0.20"


def test_a_new_burst_is_judged_anew() -> None:
    heads = Heads([Judgement(0.1, 0.05, 0.05, 0.9)])
    script: Script = [*burst(), (1.4, SpeechPaused(at(1.3))), (1.6, SpeechStarted(at(1.55)))]
    told = live(script, heads, until=2.0).of(OverlapScored)
    assert [scored.kind for scored in told].count(Overlap.NOISE) == 2


def test_one_stride_that_sounds_like_words_in_the_middle_of_an_mm_hm_takes_no_floor() -> None:
    mm, spike = Judgement(0.1, 0.05, 0.6, 0.35), Judgement(0.1, 0.94, 0.03, 0.03)
    hm = Judgement(0.1, 0.05, 0.9, 0.05)
    script: Script = [*burst(), (1.7, SpeechPaused(at(1.6))), (1.7, Resume(TURN))]
    once = live(script, Heads([mm, mm, mm, spike, hm])).of(OverlapScored)
    assert Overlap.BARGE_IN not in {scored.kind for scored in once}
    assert any("words 0.94" in scored.why for scored in once)
    goes_on = live(script, Heads([mm, mm, mm, spike, spike, hm])).of(OverlapScored)
    assert [scored.at for scored in goes_on if scored.kind is Overlap.BARGE_IN] == [at(1.36)]


def test_what_another_brain_judged_is_no_first_of_two() -> None:
    heads = Heads([Judgement(0.1, 0.94, 0.03, 0.03)])
    for another, taken in ((None, 1.28), (1.25, 1.36)):
        told = live([*burst(), (1.5, Hush(TURN))], heads, another=another).of(OverlapScored)
        assert [scored.at for scored in told if scored.kind is Overlap.BARGE_IN] == [at(taken)]


def test_a_new_burst_has_no_stride_before() -> None:
    words = Judgement(0.1, 0.94, 0.03, 0.03)
    scorer = Keeping()
    script: Script = [*burst(), (1.4, SpeechPaused(at(1.3))), (1.6, SpeechStarted(at(1.55)))]
    live(script, Heads([words]), scorer=scorer, until=2.0)
    news = [one.before for one in scorer.seen if not one.ended]
    assert news[0] is None and words in news and news.count(None) == 2


def test_a_turn_in_silence_is_judged_when_it_has_paused_and_told_only_when_it_changes() -> None:
    heads = Heads([Judgement(0.9, 0.1, 0.8, 0.1)] * 8 + [Judgement(0.9, 0.5, 0.4, 0.1)])
    told = live([*turn(), (1.5, SpeechPaused(at(1.4)))], heads, until=2.5).of(OverlapScored)
    assert [scored.kind for scored in told] == [Overlap.BACKCHANNEL, Overlap.UNSURE]
    assert at(1.4) <= told[0].at <= at(1.56)


def test_a_brain_without_heads_is_never_asked_and_level_still_tells_noise() -> None:
    room = live(burst(), judges=False, sound=lambda second: 0.01)
    assert room.heads.asked == []
    assert room.of(EndOfTurnScored) == []
    assert room.of(OverlapScored)[-1].kind is Overlap.NOISE, "as loud as the room before it"
    loud = live(burst(), judges=False, sound=lambda second: 0.1 if second >= 1.0 else 0.001)
    assert {scored.kind for scored in loud.of(OverlapScored)} == {Overlap.UNSURE}


def test_each_mechanism_can_be_left_out() -> None:
    script = [*turn(), (2.1, SpeechPaused(at(2)))]
    heads = Heads([Judgement(0.9, 0.1, 0.8, 0.1)])
    words = live(script, heads, mechanisms=Mechanisms(end_of_turn=False))
    assert words.of(EndOfTurnScored) == [] and len(words.of(OverlapScored)) == 1
    assert min(time for time, _, _ in heads.asked) > 2.0, "while the user speaks nothing asks for it"
    ends = live(script, mechanisms=Mechanisms(overlap=False))
    assert ends.of(OverlapScored) == [] and len(ends.of(EndOfTurnScored)) > 10
    assert live(burst(), mechanisms=Mechanisms(overlap=False)).heads.asked == []
    off = Mechanisms(overlap=False, end_of_turn=False)
    assert live(script, mechanisms=off).heads.asked == []


class Keeping:
    """A user's own scorer."""

    def __init__(self) -> None:
        self.seen: list[Burst] = []

    def score(self, burst: Burst) -> Scored | None:
        self.seen.append(burst)
        return Scored(Overlap.BARGE_IN, "said so") if burst.ended else None


def test_a_scorer_of_ones_own_sees_the_burst_and_decides() -> None:
    scorer = Keeping()
    script: Script = [*burst(), (1.6, SpeechPaused(at(1.5)))]
    run = live(
        script, scorer=scorer, until=1.8, sound=lambda second: 0.1 if 1.0 <= second < 1.5 else 0.001,
        voice=lambda since, until: -18.0 if (round(since, 2), round(until, 2)) == (0.25, 0.1) else 0.0,
    )  # fmt: skip
    assert run.of(OverlapScored)[-1].why == "said so"
    first, last = scorer.seen[0], scorer.seen[-1]
    assert (first.seconds, first.ended, first.over, first.echo) == (pytest.approx(0.04), False, True, True)
    assert (last.seconds, last.ended) == (pytest.approx(0.5), True)
    assert last.level == pytest.approx(-23, abs=0.5)
    assert last.background == pytest.approx(-63, abs=0.5)
    assert last.voice == -18.0, "asked for the 150 ms before the onset"
    assert last.judgement == WORDS


def test_how_loud_a_user_is_is_learned_from_turns_that_were_answered() -> None:
    scorer = Keeping()
    script: Script = [*turn(), (1.6, SpeechPaused(at(1.5))), (1.7, StopThinking(TURN))]
    script += [(1.9, PlaybackStarted(TURN)), *burst(2.5, 2.6)]
    live(script, scorer=scorer, until=2.9, sound=lambda second: 0.1 if second < 2 else 0.01)
    assert {burst.usual for burst in scorer.seen if not burst.over} == {None}
    assert scorer.seen[-1].usual == pytest.approx(-23, abs=0.5)
    unanswered = Keeping()
    live([one for one in script if not isinstance(one[1], PlaybackStarted)], scorer=unanswered, until=2.9)
    assert unanswered.seen[-1].usual is None


def test_a_brain_that_fails_is_told_once_per_turn_and_the_next_turn_is_judged() -> None:
    run = live(turn(), Heads(fails=True))
    assert [fact for _, fact in run.told] == [StageFailed("judging", "no heads today")]
    again = live([*turn(), (1.6, StopThinking(TURN)), *turn(2.0, 2.1)], Heads(fails=True))
    assert len(again.told) == 2


def test_equal_runs_are_equal() -> None:
    script = [*turn(), (2.1, SpeechPaused(at(2)))]
    assert live(script, cost=0.013).told == live(script, cost=0.013).told
