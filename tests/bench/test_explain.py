"""A reply's time is parted into what the detector, the wait and the rest took, and the parts add up."""

import pytest

from bench.explain import detected_ends, shares
from bench.labels import Kind
from bench.score import score
from pipeline.clock import simulate
from pipeline.events import Sample, SpeechPaused, SpeechStarted
from pipeline.trace import Trace

RATE = 24_000


def test_the_parts_of_a_reply_add_up_to_its_voice_to_voice(stage):
    scene = stage(seconds=30.0)
    first = scene.says(1.0, 1.5) / RATE
    scene.answers(first + 0.41, 1.0)
    second = scene.says(9.0, 1.0, pauses=[(9.4, 9.6)]) / RATE
    scene.answers(second + 0.30, 1.0)
    scene.says(20.0, 1.0, Kind.QUESTION)
    one = score(scene.recording, scene.labels)
    ends = [round(16_000 * at) for at in (first + 0.07, 9.42, second - 0.02)]
    found = shares(one, scene.labels, ends, 0.25)
    assert [share.turn for share in found] == [1, 2]
    assert [share.detector for share in found] == pytest.approx([0.07, -0.02], abs=1e-3)
    assert [share.rest for share in found] == pytest.approx([0.09, 0.07], abs=0.005)
    assert shares(one, scene.labels, ends, None)[0].rest is None
    assert shares(one, scene.labels, [], 0.25) == []


def test_detected_ends_are_read_from_a_trace(tmp_path):
    async def main():
        trace = Trace(tmp_path / "trace.jsonl")
        for item in (SpeechStarted(Sample(10)), SpeechPaused(Sample(700)), SpeechPaused(Sample(9000))):
            trace.record(item)
        trace.close()

    simulate(main)
    assert detected_ends(tmp_path / "trace.jsonl") == [700, 9000]
    assert detected_ends(tmp_path / "gone.jsonl") == []
