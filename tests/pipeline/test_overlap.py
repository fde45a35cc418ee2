"""What a burst is, by duration, by level, by own echo and by the brain's heads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.events import Overlap
from pipeline.overlap import Burst, OverlapConfig, UsualScorer, describe
from pipeline.ports import Judgement

SPEECH = Burst(seconds=0.4, level=-24.0, background=-60.0)


def heads(words: float = 0.0, backchannel: float = 0.0, noise: float = 0.0) -> Judgement:
    return Judgement(0.5, words, backchannel, noise)


WORDS = heads(words=0.95)
"What was heard a stride before, where words go on."


def kind(burst: Burst, config: OverlapConfig | None = None) -> Overlap | None:
    scored = UsualScorer(config).score(burst)
    return None if scored is None else scored.kind


def test_without_heads_words_are_not_known_and_nothing_is_claimed() -> None:
    assert kind(SPEECH) is None
    assert kind(replace(SPEECH, ended=True)) is None


@pytest.mark.parametrize(
    ("judgement", "expected"),
    [
        (heads(words=0.8), Overlap.BARGE_IN),
        (heads(backchannel=0.95), None),
        (heads(noise=0.8), Overlap.NOISE),
        (heads(words=0.7, backchannel=0.2, noise=0.1), None),
    ],
)
def test_heads_count_when_they_are_sure(judgement: Judgement, expected: Overlap | None) -> None:
    assert kind(replace(SPEECH, judgement=judgement, before=judgement)) is expected


def test_words_over_the_voice_are_believed_when_they_were_heard_twice() -> None:
    first = replace(SPEECH, judgement=WORDS)
    assert kind(first) is None
    assert kind(replace(first, before=heads(words=0.7, backchannel=0.3))) is None
    assert kind(replace(first, before=heads(words=0.75))) is Overlap.BARGE_IN
    assert kind(replace(first, ended=True)) is Overlap.BARGE_IN, "nothing more will come"


def test_a_burst_that_ended_is_judged_at_less() -> None:
    likely = replace(SPEECH, judgement=heads(words=0.7, backchannel=0.2, noise=0.1))
    assert kind(likely) is None
    assert kind(replace(likely, ended=True)) is Overlap.BARGE_IN


def test_a_word_is_believed_only_after_a_while_because_an_mm_begins_like_one() -> None:
    start = replace(SPEECH, seconds=0.16, judgement=WORDS, before=WORDS)
    assert kind(start) is None
    assert kind(replace(start, seconds=0.24)) is Overlap.BARGE_IN
    assert kind(replace(start, ended=True)) is Overlap.BARGE_IN, "a short word is a word"
    mm = replace(SPEECH, seconds=0.4, judgement=heads(backchannel=0.75))
    assert kind(mm) is None, "people begin sentences like one"
    assert kind(replace(mm, seconds=0.5)) is Overlap.BACKCHANNEL
    assert kind(replace(mm, ended=True)) is Overlap.BACKCHANNEL


def test_nothing_is_said_about_a_burst_that_has_hardly_begun() -> None:
    assert kind(replace(SPEECH, seconds=0.08, judgement=heads(noise=1.0))) is None
    assert kind(replace(SPEECH, seconds=0.08, judgement=heads(noise=1.0), ended=True)) is Overlap.NOISE


def test_what_is_hardly_louder_than_the_room_is_noise_unless_heads_heard_it() -> None:
    faint = replace(SPEECH, level=-57.0)
    assert kind(faint) is Overlap.NOISE
    assert kind(replace(faint, level=-53.0)) is None
    assert kind(replace(faint, judgement=heads(words=0.9), before=WORDS)) is Overlap.BARGE_IN


def test_speech_far_fainter_than_this_user_is_side_talk_whatever_its_words() -> None:
    aside = replace(SPEECH, level=-44.0, usual=-24.0, judgement=WORDS, before=WORDS)
    scored = UsualScorer().score(aside)
    assert scored is not None and scored.kind is Overlap.NOISE
    assert scored.why.startswith("side talk, 20 dB under this user: 0.40 s at -44 dB, words 0.95")
    assert kind(replace(aside, level=-40.0)) is Overlap.BARGE_IN


ECHO = Burst(0.4, -48.0, -70.0, voice=-20.0, echo=True, judgement=heads(words=0.9), before=WORDS)


def test_a_burst_far_below_the_agents_loud_voice_is_its_echo() -> None:
    scored = UsualScorer().score(ECHO)
    assert scored is not None and scored.kind is Overlap.NOISE
    assert scored.why.startswith("own echo, 28 dB under the agent's voice: 0.40 s at -48 dB")


@pytest.mark.parametrize(
    "other",
    [
        {"echo": False},  # headphones, or a page that cancels it for certain
        {"over": False},  # the agent is silent
        {"voice": -60.0},  # the agent made no loud sound just before
        {"level": -35.0},  # as loud as somebody in the room
        {"usual": -44.0},  # this user is no louder than that
    ],
)
def test_and_it_is_not_where_it_cannot_be(other: dict[str, object]) -> None:
    assert kind(replace(ECHO, **other)) is Overlap.BARGE_IN  # type: ignore[arg-type]


def test_the_numbers_stand_in_words() -> None:
    burst = replace(SPEECH, judgement=heads(0.71, 0.13, 0.16))
    assert describe(burst) == "0.40 s at -24 dB, words 0.71, backchannel 0.13, noise 0.16"
    assert describe(SPEECH) == "0.40 s at -24 dB"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"stride": 0.05}, "stride must be 0.08 to 1 s, got 0.05"),
        ({"likely": 0.4}, "need 0.5 < likely <= sure <= 1, got 0.4 and 0.75"),
        ({"lead": 3.0}, "lead must be 0 to 2 s, got 3.0"),
        ({"far": -1.0}, "far must be 0 to 120 dB, got -1.0"),
        ({"loud": 3.0}, "loud must be -120 to 0 dBFS, got 3.0"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OverlapConfig(**settings)
