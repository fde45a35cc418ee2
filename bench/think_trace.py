"""What a session's trace and sound tell about its thinking, on the media clock. It scores nothing.

Seconds count from the recording's first sample.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from agent.streams import TELL, Streams
from pipeline.clock import now
from pipeline.events import CommitDraft, DropDraft, PlaybackEnded, PlaybackStarved, SpeechStarted
from pipeline.ports import PLAYOUT_RATE, Pcm
from pipeline.records import Contradiction, Noted, Said, Speculated, Thought
from pipeline.trace import Entry

Spans = list[tuple[float, float]]
PART = 0.02
"""Seconds of silence that part two words of the hum voice (its gaps are 0.04)."""


@dataclass(slots=True)
class Watcher:
    """Subscribes to a trace: ``trace.subscribe(watcher.see)``, with ``began`` set when the edge starts."""

    began: float = 0.0
    "Loop time of the recording's first sample."
    thought: str = ""
    "All that was thought, in the order of writing; what goes on from earlier thoughts on a new line."
    said: dict[int, str] = field(default_factory=dict)
    "Heard words of each turn's reply, as far as known."
    word_times: list[float] = field(default_factory=list)
    "When each heard word was reported; some 20 ms late, and at its middle or end."
    noted: list[Noted] = field(default_factory=list)
    speculated: list[Speculated] = field(default_factory=list)
    contradictions: list[float] = field(default_factory=list)
    commits: list[float] = field(default_factory=list)
    drops: int = 0
    starved: int = 0
    ended: float | None = None
    "When the reply to all that was said had been played; None before."
    _turns: dict[int, Streams] = field(default_factory=dict)
    _open: bool = False
    "Something was said that no commit has taken up."

    def see(self, entry: Entry) -> None:
        """Take one entry in."""
        item, at = entry.item, now() - self.began
        if isinstance(item, TELL):
            self._turns.setdefault(item.turn, Streams()).see(item, at)
        match item:
            case Thought(_, _, text, None, 0):
                self.thought += text
            case Thought():
                self.thought += "" if self.thought.endswith("\n") or not self.thought else "\n"
            case Said():
                self._hear(item, at)
            case Noted():
                self.noted.append(item)
            case Speculated():
                self.speculated.append(item)
            case Contradiction():
                self.contradictions.append(item.score)
            case CommitDraft():
                self.commits.append(at)
                self._open, self.ended = False, None
            case DropDraft():
                self.drops += 1
            case PlaybackStarved():
                self.starved += 1
            case PlaybackEnded() if not self._open:
                self.ended = at
            case SpeechStarted():
                self._open, self.ended = True, None
            case _:
                pass

    @property
    def thoughts(self) -> list[float]:
        """When each thought token was written that an answer rests on: none of what came to nothing."""
        return sorted(each.at for turn in self._answered() for each in turn.behind())

    @property
    def concluded(self) -> str:
        """The thought of the newest reply, after the notes that it had."""
        newest = self._answered()[-1:]
        parts = [part for turn in newest for part in (*(kept.tokens for kept in turn.standing()), turn.own())]
        return "\n".join("".join(each.text for each in part) for part in parts)

    @property
    def words(self) -> list[str]:
        """All heard words in order."""
        return [word for turn in sorted(self.said) for word in self.said[turn].split()]

    @property
    def counts(self) -> list[int]:
        """How many of them each turn has."""
        return [len(self.said[turn].split()) for turn in sorted(self.said)]

    def _answered(self) -> list[Streams]:
        return [self._turns[turn] for turn in sorted(self._turns) if self._turns[turn].committed is not None]

    def _hear(self, said: Said, at: float) -> None:
        if said.text or said.turn not in self.said:
            self.said[said.turn] = said.text
        self.word_times += [at] * (len(self.words) - len(self.word_times))


def sounding(pcm: Pcm, part: float) -> Spans:
    """Stretches of a channel without silence of ``part`` seconds inside, where silence is exact zeros."""
    loud = np.flatnonzero(pcm)
    if not len(loud):
        return []
    breaks = np.flatnonzero(np.diff(loud) > part * PLAYOUT_RATE)
    starts = np.concatenate([loud[:1], loud[breaks + 1]])
    ends = np.concatenate([loud[breaks], loud[-1:]]) + 1
    return [(float(a) / PLAYOUT_RATE, float(b) / PLAYOUT_RATE) for a, b in zip(starts, ends, strict=True)]


def word_spans(watcher: Watcher, agent: Pcm) -> tuple[Spans, bool]:
    """Each heard word's time; False: the sound does not part into as many words, so reports were taken."""
    words = sounding(agent, PART)
    if len(words) == len(watcher.words):
        return words, True
    return [(at, at) for at in watcher.word_times], False
