"""The speaking stage as a session sees it: orders in, sound and facts out, in virtual time."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pipeline.clock import now, simulate
from pipeline.errors import BugError, ConfigError, VoiceError
from pipeline.events import (
    PlaybackEnded,
    PlaybackReached,
    PlaybackStarted,
    PlaybackStarved,
    StageFailed,
    Turn,
)
from pipeline.ports import PLAYOUT_RATE, Phrase, VoiceChunk
from pipeline.records import Measured, Said, Thought
from tts.alignment import TOLERANCE
from tts.ear import PlaybackConfig
from tts.speaking import SpeakingConfig
from tts.tone import GAP, ToneVoice, word_seconds

HARD = SpeakingConfig(playback=PlaybackConfig(ramp=1e-9, fade_in=1e-9))
"""Gains change at once, so that every sample that leaves is whole."""


def run(rig: Any, script: Any) -> None:
    async def main() -> None:
        await rig.play(script)

    simulate(main)


def test_a_reply_is_played_whole_after_its_commit(rig: Any, counting: Any, positions: Any) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two three", "1/14400 five six")
        await asyncio.sleep(1)
        world.speaking.commit(1, 1)
        await asyncio.sleep(2)
        assert world.speaking.heard(1) == ("1/0 two three 1/14400 five six", 28800, True)

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(28800)]
    started, ended = world.of(PlaybackStarted), world.of(PlaybackEnded)
    assert [fact for _, fact in started] == [PlaybackStarted(Turn(1))]
    assert [fact for _, fact in ended] == [PlaybackEnded(Turn(1))]
    assert 1.0 <= started[0][0] <= 1.04
    assert 2.2 <= ended[0][0] <= 2.26


def test_no_sample_of_a_draft_leaves_before_its_commit(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "some words that wait")
        await asyncio.sleep(5)
        assert world.speaking.left(1) > 0.5
        assert not np.any(world.sound) and world.playout.fed == 0
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.1)
        assert np.any(world.sound)

    run(world, script)


def test_sound_made_in_advance_leaves_with_the_first_pull_after_the_commit(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "hello")
        await asyncio.sleep(0.5)
        world.speaking.commit(1, 1)
        committed = now()
        await asyncio.sleep(0.3)
        first = min(at for at, block in world.blocks if np.any(block))
        assert first - committed <= 0.02

    run(world, script)


def test_a_draft_makes_one_phrase_of_sound_and_no_more_until_it_is_committed(rig: Any, counting: Any) -> None:
    voice = counting()
    world = rig(voice, HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two", "1/9600 four", "1/19200 six")
        await asyncio.sleep(1)
        assert voice.spoken == ["1/0 two"]
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.1)
        assert voice.spoken == ["1/0 two", "1/9600 four", "1/19200 six"]

    run(world, script)


def test_a_drafts_phrase_stands_still_at_the_limit_and_goes_on_after_the_commit(
    rig: Any, counting: Any, positions: Any
) -> None:
    text = " ".join(["1/0", *["word"] * 49])
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(1, 1, text)
        await asyncio.sleep(20)
        assert 8 <= world.speaking.left(1) <= 8.1
        world.speaking.commit(1, 1)
        await asyncio.sleep(11)

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(240_000)]


def test_a_stopped_draft_makes_way_for_the_reply_that_is_being_heard(
    rig: Any, counting: Any, positions: Any
) -> None:
    voice = counting()
    world = rig(voice, HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two three four", final=False)
        world.speaking.commit(1, 1)
        world.say(2, 2, " ".join(["2/0", *["word"] * 49]))
        await asyncio.sleep(0.2)
        world.phrases.put_now(Phrase(1, 1, 1, "1/19200 six", final=True))
        await asyncio.sleep(3)
        assert len(world.of(PlaybackEnded)) == 1
        world.speaking.commit(2, 2)
        await asyncio.sleep(11)

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(28_800)] + [(2, at) for at in range(240_000)]
    assert not world.of(PlaybackStarved) and not world.of(StageFailed)


def test_a_dropped_draft_is_never_heard_and_its_late_phrases_are_not_spoken(rig: Any, counting: Any) -> None:
    voice = counting()
    world = rig(voice, HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two", final=False)
        await asyncio.sleep(0.1)
        world.speaking.drop(1, 1)
        world.phrases.put_now(Phrase(1, 1, 1, "1/9600 late", final=True))
        await asyncio.sleep(0.1)
        world.speaking.commit(1, 1)
        await asyncio.sleep(1)
        assert world.speaking.stale == 1
        world.say(1, 2, "2/0 again")
        world.speaking.commit(1, 2)
        await asyncio.sleep(1)
        assert world.speaking.heard(1) == ("2/0 again", 9600, True)

    run(world, script)
    assert voice.spoken == ["1/0 two", "2/0 again"]


def test_a_commit_can_be_revoked_before_the_first_sound_and_the_same_turn_answered_anew(
    rig: Any, counting: Any, positions: Any
) -> None:
    world = rig(counting(first=0.3), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.1)
        world.speaking.drop(1, 1)
        world.say(1, 2, "2/0 three")
        world.speaking.commit(1, 2)
        await asyncio.sleep(1)

    run(world, script)
    assert positions(world.sound) == [(2, at) for at in range(9600)]
    assert len(world.of(PlaybackEnded)) == 1


@pytest.mark.parametrize("when", [0.31, 0.5, 0.777, 1.0])
def test_nothing_leaves_later_than_60_ms_after_a_hush(rig: Any, when: float) -> None:
    world = rig()
    hushed = 0.0

    async def script() -> None:
        nonlocal hushed
        world.say(1, 1, "one two three four five six seven eight nine ten")
        world.speaking.commit(1, 1)
        await asyncio.sleep(when)
        world.speaking.hush(1)
        hushed = now()
        await asyncio.sleep(2)

    run(world, script)
    assert hushed - 0.05 <= world.last_sound() <= hushed + 0.06
    assert not world.of(PlaybackEnded)


def test_after_a_hush_synthesis_stops_at_once_and_the_next_turn_is_spoken_without_delay(
    rig: Any, counting: Any
) -> None:
    voice = counting(first=2.0)
    world = rig(voice, HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 slow")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.5)
        world.speaking.hush(1)
        world.say(2, 2, "2/0 next")
        world.speaking.commit(2, 2)
        await asyncio.sleep(3)

    run(world, script)
    assert voice.aborted == [(0.5, "1/0 slow")]
    assert world.of(PlaybackStarted)[0][0] <= 2.5 + 0.05


@pytest.mark.parametrize("armed", [0.0, 0.45])
def test_a_chunk_that_comes_in_the_instant_of_a_hush_is_not_counted(
    rig: Any, counting: Any, armed: float
) -> None:
    world = rig(counting(first=0.4, per_second=1.0), HARD)  # chunks at 0.5, 0.6, …; armed at 0.4

    async def script() -> None:
        world.say(1, 1, "1/0 two three four")
        world.speaking.commit(1, 1)
        await asyncio.sleep(armed)
        asyncio.get_running_loop().call_at(0.5, world.speaking.hush, 1)
        await asyncio.sleep(1)
        assert world.speaking.account(1).made == 0

    run(world, script)


@pytest.mark.parametrize("cost", [0.1, 0.2, 0.4])
def test_a_draft_that_makes_way_in_the_instant_of_a_chunk_is_made_again_whole(
    rig: Any, counting: Any, positions: Any, cost: float
) -> None:
    world = rig(counting(per_second=cost), HARD)  # chunks every 10, 20 or 40 ms, looks every 20

    async def script() -> None:
        world.say(1, 1, "1/0 two three four", final=False)
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.5)
        world.say(2, 2, "2/0 two three four")
        await asyncio.sleep(0.05)
        world.phrases.put_now(Phrase(1, 1, 1, "1/19200 six", final=True))
        await asyncio.sleep(3)
        world.speaking.commit(2, 2)
        await asyncio.sleep(2)

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(28_800)] + [(2, at) for at in range(19_200)]


def test_after_a_hush_what_was_heard_stays_known_and_its_samples_are_accounted_for(
    rig: Any, counting: Any
) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two three four five")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.51)
        world.speaking.hush(1, 0.03)
        await asyncio.sleep(1)
        text, samples, whole = world.speaking.heard(1)
        assert (text, whole) == ("1/0 two", False)
        account = world.speaking.account(1)
        assert account.settled and account.reason == "hush"
        assert account.played == samples and account.made == account.played + account.dropped
        assert samples == 27 * 480 + 240, "26 blocks, and 30 ms of fade"
        assert world.playout.fed == world.playout.delivered + world.playout.discarded

    run(world, script)


def test_a_hold_freezes_within_its_fade_and_a_resume_goes_on_from_the_word_border(
    rig: Any, counting: Any, positions: Any
) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two three four five")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.51)
        world.speaking.hold(1, 1e-9)
        await asyncio.sleep(0.8)
        world.speaking.resume(1)
        await asyncio.sleep(2)

    run(world, script)
    heard = [at for _, at in positions(world.sound)]
    back = next(index for index in range(1, len(heard)) if heard[index] < heard[index - 1])
    assert 12_000 < heard[back - 1] < 12_500
    assert heard[:back] == list(range(heard[back - 1] + 1))
    assert heard[back:] == list(range(9600, 24_000)), "the third word begins at 9600"
    assert len(world.of(PlaybackEnded)) == 1


def test_positions_told_never_go_back_even_when_a_resume_repeats_a_word(rig: Any, counting: Any) -> None:
    world = rig(counting())

    async def script() -> None:
        world.say(1, 1, "1/0 two three four", "1/19200 six seven")
        world.speaking.commit(1, 1)
        for _ in range(4):
            await asyncio.sleep(0.31)
            world.speaking.hold(1)
            await asyncio.sleep(0.2)
            world.speaking.resume(1)
        await asyncio.sleep(3)

    run(world, script)
    told = [(fact.phrase, fact.sample) for _, fact in world.of(PlaybackReached)]
    assert told == sorted(told) and len(set(told)) == len(told)
    assert told[-1][0] == 1 and len(world.of(PlaybackEnded)) == 1


def test_a_hold_before_the_first_sound_lets_nothing_out_until_the_resume(
    rig: Any, counting: Any, positions: Any
) -> None:
    world = rig(counting(first=0.2), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two")
        world.speaking.commit(1, 1)
        world.speaking.hold(1)
        await asyncio.sleep(1)
        assert not np.any(world.sound)
        world.speaking.resume(1)
        await asyncio.sleep(1)

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(9600)]


def test_a_duck_lowers_the_voice_within_one_block_and_unduck_brings_it_back(rig: Any, counting: Any) -> None:
    world = rig(counting())

    async def script() -> None:
        world.say(1, 1, "1/0 " + " ".join(["word"] * 14))
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.5)
        world.speaking.duck(1, 0.25)
        await asyncio.sleep(0.5)
        world.speaking.unduck(1)
        await asyncio.sleep(0.5)

    run(world, script)
    level = {round(at, 2): float(np.max(np.abs(block))) for at, block in world.blocks}
    full = level[0.48]
    assert level[0.54] == pytest.approx(0.25 * full, rel=0.2)
    assert level[0.98] == pytest.approx(0.25 * full, rel=0.2)
    assert level[1.04] == pytest.approx(full, rel=0.2)
    steps = np.abs(np.diff(world.sound[PLAYOUT_RATE // 4 :]))
    assert steps.max() < 0.01, "a gain never jumps"


def test_orders_for_another_turn_change_nothing(rig: Any, counting: Any, positions: Any) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(2, 2, "2/0 two three")
        world.speaking.commit(2, 2)
        await asyncio.sleep(0.1)
        for turn in (1, 3):
            world.speaking.duck(turn, 0.1)
            world.speaking.hold(turn)
            world.speaking.resume(turn)
            world.speaking.hush(turn)
            world.speaking.drop(turn, 2)
        world.speaking.commit(1, 1)
        world.speaking.commit(2, 2)
        world.speaking.resume(2)
        await asyncio.sleep(1)

    run(world, script)
    assert positions(world.sound) == [(2, at) for at in range(14_400)]


def test_a_newer_turns_commit_takes_the_place_of_an_older_reply(
    rig: Any, counting: Any, positions: Any
) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two three four")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.21)
        world.say(2, 2, "2/0 two")
        world.speaking.commit(2, 2)
        await asyncio.sleep(1)
        world.speaking.commit(1, 1)
        await asyncio.sleep(1)
        assert world.speaking.account(1).reason == "superseded"

    run(world, script)
    drafts = [draft for draft, _ in positions(world.sound)]
    assert drafts == sorted(drafts) and drafts.count(2) == 9600
    assert [fact.turn for _, fact in world.of(PlaybackEnded)] == [2]


def test_a_gap_in_an_unfinished_reply_is_reported_once(rig: Any, counting: Any, positions: Any) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.say(1, 1, "1/0 two", final=False)
        world.speaking.commit(1, 1)
        await asyncio.sleep(1.5)
        assert len(world.of(PlaybackStarved)) == 1
        world.phrases.put_now(Phrase(1, 1, 1, "1/9600 four"))
        await asyncio.sleep(1.5)
        assert len(world.of(PlaybackStarved)) == 2
        world.phrases.put_now(Phrase(1, 1, 2, "", final=True))
        await asyncio.sleep(0.1)
        assert len(world.of(PlaybackEnded)) == 1

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(19_200)]


def test_a_final_marker_without_text_ends_a_reply_that_was_played(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "hello", "  ")
        world.speaking.commit(1, 1)
        await asyncio.sleep(2)

    run(world, script)
    assert [type(fact) for _, fact in world.facts][-1] is PlaybackEnded
    assert not world.of(PlaybackStarved)


def test_an_empty_reply_ends_without_having_started(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "")
        await asyncio.sleep(0.1)
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.1)

    run(world, script)
    assert [fact for _, fact in world.facts] == [PlaybackEnded(Turn(1))]


def test_a_voice_that_fails_costs_its_phrase_and_no_more(rig: Any) -> None:
    class Failing:
        name, rate = "failing", PLAYOUT_RATE

        async def speak(self, text: str) -> Any:
            if "bad" in text:
                yield VoiceChunk(np.full(2400, 0.5, np.float32))
                raise VoiceError("its throat is sore")
            yield VoiceChunk(np.full(4800, 0.5, np.float32))

        async def close(self) -> None:
            pass

    world = rig(Failing())

    async def script() -> None:
        world.say(1, 1, "good", "a very bad phrase indeed", "good again")
        world.speaking.commit(1, 1)
        await asyncio.sleep(2)
        assert world.speaking.heard(1)[::2] == ("good good again", True)

    run(world, script)
    assert [fact for _, fact in world.of(StageFailed)] == [
        StageFailed("voice", "phrase 1 of turn 1 was skipped: its throat is sore")
    ]
    assert len(world.of(PlaybackEnded)) == 1


def test_a_voice_that_says_nothing_is_given_up_after_its_patience(rig: Any, counting: Any) -> None:
    world = rig(counting(first=60.0))

    async def script() -> None:
        world.say(1, 1, "1/0 never")
        world.speaking.commit(1, 1)
        await asyncio.sleep(6)

    run(world, script)
    assert [type(fact) for _, fact in world.facts] == [StageFailed, PlaybackEnded]
    assert "no sound for 5 s" in world.facts[0][1].error


def test_a_voice_with_something_to_start_starts_it_before_the_first_phrase(rig: Any, counting: Any) -> None:
    class Slow(counting):  # type: ignore[misc]
        async def prepare(self) -> None:
            await asyncio.sleep(0.2)
            raise VoiceError("no engine")

    world = rig(Slow())

    async def script() -> None:
        await asyncio.sleep(0.3)
        assert world.of(StageFailed) == [(0.2, StageFailed("voice", "no engine"))]
        world.say(1, 1, "1/0 but it speaks")
        world.speaking.commit(1, 1)
        await asyncio.sleep(1.5)
        assert world.speaking.heard(1)[2]

    run(world, script)


def test_a_thought_is_refused(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.phrases.put_now(Thought(1, 1, "he sounds sad"))
        await asyncio.sleep(0.1)

    with pytest.raises(BugError, match="phrases only, not Thought"):
        run(world, script)


def test_a_thought_is_refused_while_something_else_is_playing_too(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "one two three", "four")
        world.say(2, 2, "five", "six")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.2)
        world.phrases.put_now(Thought(1, 1, "he sounds sad"))
        await asyncio.sleep(0.1)

    with pytest.raises(BugError, match="phrases only"):
        run(world, script)


def test_a_sink_that_stops_pulling_is_reported_once_per_stall(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "one two three four five")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.3)
        for _ in range(2):
            world.pulling = False
            await asyncio.sleep(3)
            world.pulling = True
            await asyncio.sleep(0.1)

    run(world, script)
    reports = world.of(StageFailed)
    assert [fact.stage for _, fact in reports] == ["playout", "playout"]
    assert reports[0][0] == pytest.approx(0.8, abs=0.05)


def test_a_hush_is_settled_although_the_sink_is_dead(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        world.say(1, 1, "one two three")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.3)
        world.pulling = False
        world.speaking.hush(1)
        await asyncio.sleep(1)
        assert world.speaking.account(1).settled

    run(world, script)


def test_words_told_by_the_ear_lag_the_pull_by_the_output_latency(rig: Any, counting: Any) -> None:
    world = rig(counting(), HARD)

    async def script() -> None:
        world.speaking.output_latency = 0.3
        world.say(1, 1, "1/0 two three four five")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.63)
        assert world.speaking.heard(1)[0] == "1/0"
        world.speaking.hush(1)
        await asyncio.sleep(0.5)
        assert world.speaking.heard(1)[0] == "1/0 two three"

    run(world, script)


@pytest.mark.parametrize("latency", [-0.1, 2.5])
def test_a_latency_out_of_range_is_an_error(rig: Any, latency: float) -> None:
    with pytest.raises(BugError, match="output latency"):
        rig().speaking.output_latency = latency


def test_what_the_ear_heard_is_told_at_word_borders_and_every_100_ms(rig: Any, counting: Any) -> None:
    world = rig(counting())

    async def script() -> None:
        world.say(1, 1, "1/0 two three four five")
        world.speaking.commit(1, 1)
        await asyncio.sleep(2)

    run(world, script)
    said = [item for item in world.observed if isinstance(item, Said)]
    words = ["1/0", "two", "three", "four", "five"]
    assert [item.text for item in said[:-1]] == [" ".join(words[:count]) for count in range(1, 6)]
    assert said[-1] == Said(1, "1/0 two three four five", whole=True)
    moments = [at for at, _ in world.of(PlaybackReached)]
    assert max(b - a for a, b in pairwise(moments)) <= 0.141
    assert [item for item in world.observed if isinstance(item, Measured)] == [
        Measured(1, "phrase to first sound", 0.0)
    ]


def test_an_idle_stage_sets_no_timer_and_a_finished_one_neither(rig: Any) -> None:
    world = rig()

    async def script() -> None:
        await asyncio.sleep(1)
        assert world.speaking._timer is None
        world.say(1, 1, "hello")
        await asyncio.sleep(0.1)
        assert world.speaking._timer is not None
        world.speaking.commit(1, 1)
        await asyncio.sleep(2)
        assert world.speaking._timer is None

    run(world, script)


def test_sound_at_another_rate_is_resampled_and_its_words_keep_their_times(rig: Any) -> None:
    class Hold:
        """24 kHz from 12 kHz by repeating samples, a chunk late, to show that ``flush`` is called."""

        def __init__(self, source: int, output: int) -> None:
            assert (source, output) == (12_000, 24_000)
            self.kept = np.zeros(0, np.float32)

        def push(self, pcm: Any) -> Any:
            out, self.kept = self.kept, np.repeat(pcm, 2)
            return out

        def flush(self) -> Any:
            return self.push(np.zeros(0, np.float32))

    world = rig(ToneVoice(rate=12_000), HARD, resampler=Hold)

    async def script() -> None:
        world.say(1, 1, "alpha beta gamma")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.62)  # alpha: 0 to 0.25 s, beta: 0.29 to 0.51, gamma: 0.55 to 0.80
        assert world.speaking.heard(1)[0] == "alpha beta"
        await asyncio.sleep(1)
        assert world.speaking.heard(1)[::2] == ("alpha beta gamma", True)

    run(world, script)


def test_run_returns_when_the_channel_is_closed_and_the_reply_was_played(rig: Any, counting: Any) -> None:
    world = rig(counting(), HARD)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        sink = loop.create_task(world._sink())
        world.say(1, 1, "1/0 two three")
        world.speaking.commit(1, 1)
        world.phrases.close()
        await world.speaking.run()
        assert 0.59 <= now() <= 0.65
        sink.cancel()

    simulate(main)
    assert len(world.of(PlaybackEnded)) == 1


def test_cancelling_the_stage_in_the_middle_closes_the_gate_and_the_voice(rig: Any, counting: Any) -> None:
    voice = counting(per_second=0.5)
    world = rig(voice)

    async def script() -> None:
        world.say(1, 1, "1/0 two three four five six seven")
        world.speaking.commit(1, 1)
        await asyncio.sleep(0.3)

    run(world, script)
    assert voice.aborted and not world.playout.gate.open


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"ahead must lie between 0.15 and 0.4"):
        PlaybackConfig(ahead=1.0)
    with pytest.raises(ConfigError, match="poll"):
        PlaybackConfig(poll=0.2)
    with pytest.raises(ConfigError, match="patience"):
        SpeakingConfig(patience=0)


def test_a_full_phrase_channel_of_a_later_turn_never_blocks_the_reply_that_is_heard(
    rig: Any, counting: Any, positions: Any
) -> None:
    world = rig(counting(), HARD, size=2)

    async def script() -> None:
        world.say(1, 1, "1/0 two", final=False)
        world.speaking.commit(1, 1)
        for number in range(6):
            await world.phrases.put(Phrase(2, 2, number, f"2/{number * 4800}"))
        await world.phrases.put(Phrase(1, 1, 1, "1/9600 end", final=True))
        await asyncio.sleep(2)

    run(world, script)
    assert positions(world.sound) == [(1, at) for at in range(19_200)]


@pytest.mark.parametrize("seed", range(12))
def test_at_any_moment_exactly_the_words_whose_sound_has_left_were_heard(rig: Any, seed: int) -> None:
    dice = random.Random(seed)
    texts = [" ".join("x" * dice.randrange(1, 9) for _ in range(dice.randrange(1, 6))) for _ in range(4)]
    world = rig(config=HARD)
    ends, at = [], 0
    for text in texts:
        for word in text.split():
            ends.append(at + round(word_seconds(word) * PLAYOUT_RATE))
            at = ends[-1] + round(GAP * PLAYOUT_RATE)

    async def script() -> None:
        world.say(1, 1, *texts)
        world.speaking.commit(1, 1)
        for _ in range(30):
            await asyncio.sleep(dice.uniform(0, 0.3))
            text, samples, whole = world.speaking.heard(1)
            assert whole or samples == world.playout.delivered
            left = len(np.trim_zeros(world.sound, "f"))
            assert whole or left in (samples, samples - 1), "a tone begins with a zero"
            count = len(ends) if whole else sum(end <= samples + TOLERANCE for end in ends)
            assert text.split() == " ".join(texts).split()[:count]
            assert " ".join(texts).startswith(text)

    run(world, script)


class Life:
    """A random life: drafts, commits, drops, holds, in every order, also for turns gone or not born yet."""

    def __init__(self, world: Any, seed: int) -> None:
        self.world, self.dice = world, random.Random(seed)
        self.turn, self.draft = 1, 0
        self.turns: dict[int, int] = {}
        self.committed: dict[int, float] = {}
        self.hushed: list[tuple[int, float]] = []
        self.samples: dict[int, int] = {}

    async def live(self) -> None:
        for _ in range(50):
            self.step()
            await asyncio.sleep(self.dice.choice([0.0, 0.0, 0.013, 0.1, 0.37, 0.8]))
            self.check()
        await asyncio.sleep(1)
        self.check()

    def step(self) -> None:
        speaking, dice = self.world.speaking, self.dice
        active = speaking._playback.active
        some = max(1, self.turn + 1 - dice.randrange(3))
        if active is not None and dice.random() < 0.8:
            some = active.turn
        draft = max(1, self.draft - (dice.random() < 0.2))
        orders = {"draft": 30, "commit": 25, "drop": 7, "hold": 20, "resume": 20, "hush": 4}
        choice = dice.choices(list(orders), list(orders.values()))[0]
        if choice == "draft" and self.draft < 31:
            self.write()
        elif choice == "commit" and self.draft:
            self.committed.setdefault(draft, now())
            speaking.commit(self.turns[draft], draft)
        elif choice == "drop" and self.draft:
            speaking.drop(self.turns[draft], draft)
            self.samples.pop(self.turns[draft], None)
        elif choice == "hold":
            speaking.hold(some, 1e-9)
        elif choice == "resume":
            speaking.resume(some)
        elif choice == "hush":
            speaking.hush(some, 1e-9)
            self.hushed.append((some, now()))

    def write(self) -> None:
        self.turn += self.dice.random() < 0.6
        self.draft += 1
        self.turns[self.draft] = self.turn
        at, texts = 0, []
        for _ in range(self.dice.randrange(1, 4)):
            count = self.dice.randrange(1, 6)
            texts.append(" ".join([f"{self.draft}/{at}", *["w"] * (count - 1)]))
            at += count * WORD
        self.world.say(self.turn, self.draft, *texts, final=self.dice.random() < 0.9)

    def check(self) -> None:
        for turn in range(max(1, self.turn - 2), self.turn + 1):
            text, samples, whole = self.world.speaking.heard(turn)
            assert samples >= self.samples.get(turn, 0), "what was heard cannot be unheard"
            assert not whole or text
            self.samples[turn] = samples
            account = self.world.speaking.account(turn)
            if account is not None and account.settled:
                assert account.made == account.played + account.dropped
                assert account.played == samples


WORD = PLAYOUT_RATE // 5


def _check_what_left(life: Life, positions: Any) -> int:
    draft_before, before, count = 0, -1, 0
    for at, block in life.world.blocks:
        for draft, position in positions(block):
            count += 1
            assert life.committed[draft] <= at, "a draft was heard before its commit"
            if draft != draft_before:
                assert position == 0, "a reply begins at its beginning"
            elif position not in (before + 1, before + 2):  # a fade of one sample is silent
                assert position <= before and position % WORD == 0, f"{position} follows {before}"
            draft_before, before = draft, position
    for turn, moment in life.hushed:
        for at, block in life.world.blocks:
            assert at <= moment + 0.06 or all(life.turns[draft] != turn for draft, _ in positions(block))
    return count


@pytest.mark.parametrize("seed", range(0, 60, 3))
def test_whatever_the_orders_only_committed_sound_leaves_in_order_and_every_sample_is_accounted_for(
    rig: Any, counting: Any, positions: Any, seed: int
) -> None:
    count = 0
    for one in range(seed, seed + 3):
        dice = random.Random(one)
        voice = counting(first=dice.choice([0.0, 0.05, 0.3]), per_second=dice.choice([0.0, 0.02, 0.4]))
        world = rig(voice, HARD)
        life = Life(world, one)
        run(world, life.live)
        count += _check_what_left(life, positions)
        assert world.playout.fed == world.playout.delivered + world.playout.discarded + world.playout.queued
        ended = [fact.turn for _, fact in world.of(PlaybackEnded)]
        assert len(set(ended)) == len(ended), "a turn ends once"
        assert not world.of(StageFailed)
    assert count > PLAYOUT_RATE, "these lives were not silent"


def test_equal_lives_leave_equal_traces(rig: Any, counting: Any) -> None:
    def once() -> list[Any]:
        world = rig(counting(first=0.05, per_second=0.1), HARD)
        run(world, Life(world, 7).live)
        return [*world.facts, *world.observed]

    assert once() == once()
