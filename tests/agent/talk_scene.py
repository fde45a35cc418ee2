"""Trace entries of small conversations, for everything that shows them."""

from __future__ import annotations

from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Listened,
    PlaybackEnded,
    PlaybackStarted,
    Remember,
    Sample,
    Span,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    StopThinking,
    Think,
    Turn,
)
from pipeline.records import Decided, Noted, Said, Speculated, Thought
from pipeline.trace import Entry, Item

SPAN = Span(Sample(0), Sample(16000))
ONE, FIRST, SECOND = Turn(1), Draft(1), Draft(2)


def entries(*timed: tuple[float, Item]) -> list[Entry]:
    """Numbered entries at these seconds."""
    return [Entry(seq, at, item) for seq, (at, item) in enumerate(timed)]


CHAIN = entries(
    (0.1, SpeechStarted(Sample(0))),
    (1.0, Listened(Span(Sample(0), Sample(16_000)))),
    (2.0, Thought(1, 0, "heard: one plus two\n")),
    (2.1, Thought(1, 0, "1+2")),
    (2.2, Thought(1, 0, "=3\n")),
    (2.3, Noted(1, 0, 25, "heard: one plus two\n1+2=3\n", cut=False)),
    (4.2, SpeechPaused(Sample(64_000))),
    (4.2, Decided("pause: drafting")),
    (4.2, StartDraft(ONE, FIRST, SPAN)),
    (4.3, Thought(1, 1, "heard: plus four\n")),
    (4.4, Thought(1, 1, "3+4")),
    (4.6, Decided("committed after 600 ms of silence: words 0.95")),
    (4.6, CommitDraft(ONE, FIRST)),
    (4.6, StopThinking(ONE)),
    (4.7, Speculated(1, True, 1, 5, 0, 0.25)),
    (4.8, PlaybackStarted(ONE)),
    (4.9, Thought(1, 1, "=7\n")),
    (5.0, Thought(1, 1, "so 7\n")),
    (6.0, PlaybackEnded(ONE)),
    (6.0, Said(1, "One plus two plus four, that is seven.", whole=True)),
    (6.0, Remember(ONE, None)),
)
"""A sum that is thought about while it is asked, in the pause, and while it is answered."""

DECLINED = entries(
    (0.1, SpeechStarted(Sample(0))),
    (0.5, SpeechPaused(Sample(6_000))),
    (0.5, StartDraft(ONE, FIRST, SPAN)),
    (0.6, Thought(1, 1, "heard: mm\n")),
    (1.0, Decided("declined after 500 ms of silence: a backchannel, nothing was asked (0.31 s at -24 dB)")),
    (1.0, CommitDraft(ONE, FIRST)),
    (1.0, StopThinking(ONE)),
    (1.0, Remember(ONE, 0)),
)
"""A turn that deserves no answer."""

TALKED_OVER = entries(
    (0.1, SpeechStarted(Sample(0))),
    (1.1, SpeechPaused(Sample(16_000))),
    (1.1, StartDraft(ONE, FIRST, SPAN)),
    (1.2, Thought(1, 1, "heard: one plus\n")),
    (1.3, DropDraft(ONE, FIRST)),
    (1.3, Noted(1, 1, 13, "heard: one plus\n", cut=True)),
    (2.0, SpeechPaused(Sample(30_000))),
    (2.0, StartDraft(ONE, SECOND, SPAN)),
    (2.1, Thought(1, 2, "heard: one plus two\n")),
    (2.2, Thought(1, 2, "1+2=3\n")),
    (2.3, CommitDraft(ONE, SECOND)),
)
"""A brain that is given no notes: its second draft says anew what the first one said."""

PREDICTED = entries(
    (0.1, SpeechStarted(Sample(0))),
    (0.1, Think(ONE, Span(Sample(0), Sample(0)))),
    (1.0, Listened(Span(Sample(0), Sample(16_000)))),
    (2.0, Thought(1, 0, "heard: one")),
    (2.1, Thought(1, 0, " plus")),
    (2.2, Thought(1, 0, " too\n")),
    (4.0, Thought(1, 0, "heard: one plus", confirmed=2)),
    (4.0, Thought(1, 0, " two\n")),
    (4.2, SpeechPaused(Sample(66_000))),
    (4.2, StartDraft(ONE, FIRST, SPAN)),
    (4.3, Thought(1, 1, "heard: one plus two\n", confirmed=3)),
    (4.3, Thought(1, 1, "1+2")),
    (4.4, Thought(1, 1, "=3\n")),
    (4.5, SpeechStarted(Sample(70_400))),
    (4.5, DropDraft(ONE, FIRST)),
    (4.9, SpeechPaused(Sample(76_800))),
    (4.9, StartDraft(ONE, SECOND, SPAN)),
    (5.0, Thought(1, 2, "heard: one plus two\n1+2", confirmed=4)),
    (5.0, Thought(1, 2, "+4")),
    (5.1, Thought(1, 2, "=7\n")),
    (5.5, CommitDraft(ONE, SECOND)),
    (5.5, StopThinking(ONE)),
    (5.6, PlaybackStarted(ONE)),
    (5.7, Thought(1, 2, "so 7\n")),
    (6.5, PlaybackEnded(ONE)),
    (6.5, Said(1, "One plus two plus four, that is seven.", whole=True)),
    (6.5, Remember(ONE, None)),
)
"""Thoughts as if the turn ended here, each going on from the one before it; two of them are drafts."""
