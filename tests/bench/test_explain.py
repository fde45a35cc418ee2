"""What lies beside a recording is read as far as it can be; the score never depends on it."""

import json

import pytest

from bench.explain import UNKNOWN, explain
from bench.explain_figures import figures_of, spread
from bench.explain_parts import NAMES
from bench.score import score
from pipeline.clock import simulate
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftStarted,
    Listened,
    PhraseDrafted,
    PlaybackStarted,
    Sample,
    Span,
    SpeechPaused,
    Turn,
)
from pipeline.records import Measured, Said
from pipeline.trace import Trace

ONE, FIRST = Turn(1), Draft(1)


@pytest.fixture
def scene(stage):
    from dataclasses import replace

    scene = stage(seconds=10.0)
    end = scene.says(1.0, 1.0) / 24_000
    assert end == 2.0
    scene.answers(2.3, 2.0)
    scene.turns[-1] = replace(scene.turns[-1], expected="9")
    return scene


def traced(place):
    """A trace on the recording's own clock, written by the recorder itself."""
    import asyncio

    span = Span(Sample(0), Sample(32_000))
    told = [
        (2.0, Listened(span)), (2.1, SpeechPaused(Sample(32_160))), (2.1, DraftStarted(ONE, FIRST, span)),
        (2.15, PhraseDrafted(ONE, FIRST, 0, "Nine.")), (2.18, Measured(1, "phrase to first sound", 0.03)),
        (2.25, CommitDraft(ONE, FIRST)), (2.31, PlaybackStarted(ONE)), (2.9, Said(1, "Nine.", whole=False)),
    ]  # fmt: skip

    async def main():
        trace = Trace(place / "trace.jsonl")
        at = told[0][0]
        for moment, item in told:
            await asyncio.sleep(moment - at)
            at = moment
            trace.record(item)
        trace.close()

    simulate(main)


def explained(place, scene):
    return explain(place, scene.recording, score(scene.recording, scene.labels), scene.labels)


def test_a_trace_tells_parts_that_sum_answers_and_what_was_heard_without_leave(tmp_path, scene):
    traced(tmp_path)
    found = explained(tmp_path, scene)
    assert found.source == "trace" and found.unread == ""
    (parts,) = found.parts
    assert sum(parts.terms.values()) == pytest.approx(0.3, abs=0.002) and list(parts.terms) == list(NAMES)
    assert found.answers[0].right and found.answers[0].content == pytest.approx(0.3, abs=0.011)
    assert (found.unasked.uncommitted, found.unasked.stale) == (0, 0)


def test_a_recording_by_itself_is_said_to_be_unknown_and_never_zero(tmp_path, scene):
    found = explained(tmp_path, scene)
    assert found.source == "" and found.unasked is None and found.ahead is None
    figures = figures_of([found], replies=1)
    assert UNKNOWN in figures.unknown[0] and figures.stale is None and figures.content is None
    assert figures.whole is None and figures.hits is None and figures.thinking is None


def test_a_broken_trace_is_told_and_takes_nothing_else_away(tmp_path, scene):
    (tmp_path / "trace.jsonl").write_text("garbage\n", encoding="utf-8")
    found = explained(tmp_path, scene)
    assert "is not a trace entry" in found.unread and found.parts == () and found.source == ""


def test_a_trace_that_nothing_ties_to_the_recording_explains_nothing(tmp_path, scene):
    (tmp_path / "trace.jsonl").write_text("", encoding="utf-8")
    assert explained(tmp_path, scene).source == ""


def test_a_servers_messages_are_read_instead_of_a_trace(tmp_path, scene):
    traced(tmp_path)
    lines = [{"t": 52_800, "ev": "response.created"}, {"t": 54_000, "ev": "response.output_audio.delta"}]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "events.jsonl").write_text(text, encoding="utf-8")
    found = explained(tmp_path, scene)
    assert found.source == "events" and found.parts == () and len(found.socket) == 1
    figures = figures_of([found], replies=1)
    assert figures.told == 1 and "socket" in figures.unknown[0] and figures.socket["played"].n == 1


def test_figures_of_many_add_up(tmp_path, scene):
    traced(tmp_path)
    figures = figures_of([explained(tmp_path, scene)] * 3, replies=4)
    assert figures.whole.n == 3 and figures.replies == 4 and figures.right.hits == 3
    assert sum(one.mean for one in figures.parts.values()) == pytest.approx(figures.whole.mean, abs=1e-9)


def test_a_spread_tells_its_values():
    found = spread([0.1, 0.2, 0.3])
    assert (found.n, found.mean, found.p50, found.least, found.most) == (3, pytest.approx(0.2), 0.2, 0.1, 0.3)
    assert spread([]) is None
