"""What is told about the sink's progress, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline.clock import simulate
from pipeline.errors import ConfigError
from pipeline.events import PlaybackReached, PlaybackStarted, PlaybackStarved, StageFailed, Turn
from pipeline.ports import Phrase
from tts.ear import Ear, PlaybackConfig
from tts.playout import Gate, Playout
from tts.reply import Reply


class Bench:
    """An ear on a playout with one reply of 2000 silent and 4000 loud samples behind an open gate."""

    def __init__(self, **config: Any) -> None:
        self.playout = Playout()
        self.facts: list[Any] = []
        self.ear = Ear(self.playout, self.facts.append, lambda item: None, PlaybackConfig(**config))
        self.reply = Reply(1, 1)
        self.reply.take(Phrase(1, 1, 0, "aaaa bbbb"))
        self.reply.begin()
        pcm = np.zeros(6000, np.float32)
        pcm[2000:] = 0.5
        self.reply.add(pcm, ())
        self.reply.generation = 1
        self.ear.expect(self.reply)
        self.playout.publish(Gate(1, 1, 1))
        self.playout.feed(0, 0, pcm)
        self.reply.fed = 6000

    def pull(self, count: int) -> list[Any]:
        self.playout.pull(count)
        self.ear.look(self.reply)
        self.facts.clear()
        self.ear.tell(self.reply)
        return list(self.facts)


def bench(script: Any, **config: Any) -> None:
    async def main() -> None:
        script(Bench(**config))

    simulate(main)


def test_playback_has_started_with_the_first_sample_that_can_be_heard() -> None:
    def script(bench: Bench) -> None:
        assert bench.pull(2000) == []
        assert bench.pull(1) == [PlaybackStarted(Turn(1))]

    bench(script)


def test_progress_is_told_every_100_ms_of_sound() -> None:
    def script(bench: Bench) -> None:
        told = [bench.pull(480) for _ in range(12)]
        samples = [fact.sample for facts in told for fact in facts if isinstance(fact, PlaybackReached)]
        assert samples == [2400, 4800]

    bench(script)


def test_a_gap_is_told_once_and_again_only_after_sound_went_on() -> None:
    def script(bench: Bench) -> None:
        bench.pull(5000)
        starved = [fact for _ in range(5) for fact in bench.pull(480) if isinstance(fact, PlaybackStarved)]
        assert starved == [PlaybackStarved(Turn(1))]
        bench.reply.add(np.full(100, 0.5, np.float32), ())
        bench.playout.feed(0, 6000, np.full(100, 0.5, np.float32))
        bench.reply.fed = 6100
        starved = [fact for _ in range(5) for fact in bench.pull(480) if isinstance(fact, PlaybackStarved)]
        assert starved == [PlaybackStarved(Turn(1))]

    bench(script)


def test_waiting_for_the_first_sound_is_not_a_gap() -> None:
    def script(bench: Bench) -> None:
        late = Bench()
        late.playout._queue.clear()
        late.pull(4800)
        late.playout._queue.extend(bench.playout._queue)
        told = late.pull(6000)
        assert late.playout.progress.missing == 4800 and late.reply.position == late.reply.fed
        assert [type(fact) for fact in told] == [PlaybackStarted, PlaybackReached]

    bench(script)


def test_the_end_of_a_whole_reply_is_not_a_gap() -> None:
    def script(bench: Bench) -> None:
        bench.reply.finish()
        bench.reply.complete = True
        bench.pull(5000)
        assert not [fact for _ in range(5) for fact in bench.pull(480) if isinstance(fact, PlaybackStarved)]

    bench(script)


def test_a_sink_is_reported_after_as_many_looks_as_make_the_watchdogs_time() -> None:
    def script(bench: Bench) -> None:
        bench.playout.pull(10)
        for look in range(60):
            bench.ear.watch(waiting=True)
            assert len(bench.facts) == (look >= 25)
        assert isinstance(bench.facts[0], StageFailed)
        for _ in range(60):
            bench.playout.pull(10)
            bench.ear.watch(waiting=True)
        assert len(bench.facts) == 1

    bench(script, watchdog=0.5, poll=0.02)


def test_a_sink_that_has_nothing_to_do_is_not_reported() -> None:
    def script(bench: Bench) -> None:
        for _ in range(100):
            bench.ear.watch(waiting=False)
        assert bench.facts == []

    bench(script)


@pytest.mark.parametrize("config", [{"ahead": 0.1}, {"ahead": 0.5}, {"poll": 0.0}, {"poll": 0.15}])
def test_settings_that_cannot_work_are_refused(config: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        PlaybackConfig(**config)
