"""The user's turns as a trace tells them, each with what it came to: what the guide of a first run goes by.

It reads facts, orders and thoughts, and decides nothing.
"""

from __future__ import annotations

from agent.guide import Came, Taken
from agent.thoughts import Thoughts
from pipeline.decoder import DecoderConfig
from pipeline.events import (
    CommitDraft,
    DropDraft,
    Fact,
    PhraseDrafted,
    PlaybackStarted,
    Remember,
    Resume,
    SpeechPaused,
    SpeechStarted,
    Think,
    Unduck,
)
from pipeline.phrases import speakable
from pipeline.ports import CAPTURE_RATE
from pipeline.reading import INCOMPLETE, UNCLEAR
from pipeline.trace import Entry

WORDS = 3
"""So many words that get no reply are a miss; fewer may be the *mm-hm* of somebody who listens."""
REFUSALS = ("Sorry, I ", "I heard only a part")
"""How the practice brain itself begins to say that it did not understand, also where it thought nothing."""
_DRAFTS = 64
"""Drafts whose first words are kept at most."""


class Turns:
    """Follows one trace."""

    def __init__(self, config: DecoderConfig | None = None) -> None:
        """``config``: what is said where nothing was understood."""
        config = config or DecoderConfig()
        self._again = {speakable(text) for text in (config.ask_again, config.heard_nothing)}
        self._shows = speakable(config.show_heard.partition("{heard}")[0])
        self._thoughts = Thoughts()
        self._first: dict[int, str] = {}
        "The first words of each draft, by its number."
        self._committed: dict[int, tuple[int, float]] = {}
        "By turn: the draft that is its reply, and seconds of the user's speech."
        self._sounding: int | None = None
        self._since: int | None = None
        self._spoken = 0.0
        "Seconds of speech since the last turn was over."
        self._cut: tuple[int, Taken] | None = None
        "A turn whose answer was broken off; whether by its user, the next order tells."

    def see(self, entry: Entry) -> Taken | None:
        """Take note of one trace entry; a turn that it ends."""
        self._thoughts.see(entry)
        over = self._whose(entry)
        match entry.item:
            case SpeechStarted(at):
                self._since = at
            case SpeechPaused(at) if self._since is not None:
                self._spoken, self._since = self._spoken + (at - self._since) / CAPTURE_RATE, None
            case Unduck() | Resume():
                self._spoken = 0.0  # what was said over the voice was no turn
            case PhraseDrafted(_, draft, 0, text):
                self._first[draft] = text
                while len(self._first) > _DRAFTS:
                    del self._first[next(iter(self._first))]
            case CommitDraft(turn, draft):
                self._committed[turn], self._spoken = (draft, self._spoken), 0.0
            case DropDraft(turn, draft) if self._committed.get(turn, (0, 0.0))[0] == draft:
                self._spoken += self._committed.pop(turn)[1]  # taken back: the same turn goes on
            case PlaybackStarted(turn):
                self._sounding = turn
            case Remember(turn, heard) if turn in self._committed:
                return self._over(turn, broken=heard is not None)
            case _:
                pass
        return over

    def _whose(self, entry: Entry) -> Taken | None:
        """The turn whose answer was broken off, once it is known by whom: the next turn of a user who talked
        into it opens in the same step of the policy."""
        if self._cut is None or not isinstance(entry.item, Fact | Think):
            return None
        (turn, taken), self._cut = self._cut, None
        if isinstance(entry.item, Think) and entry.item.turn == turn + 1:
            return Taken(taken.heard, taken.came, taken.came is Came.ANSWERED, taken.rate)
        return taken

    def _over(self, turn: int, *, broken: bool) -> Taken | None:
        """This turn is over; None where it has to be seen who broke its answer off."""
        draft, seconds = self._committed.pop(turn)
        told = self._thoughts.told(turn)
        self._thoughts.forget(turn)
        self._committed = {number: rest for number, rest in self._committed.items() if number > turn}
        heard = "" if told.heard.startswith(UNCLEAR) else told.heard
        words, sounded = len(heard.split()), turn == self._sounding
        doubtful = told.heard.startswith(UNCLEAR) or any(line == INCOMPLETE for _, line in told.lines)
        if sounded:
            came = Came.REFUSED if doubtful or self._refuses(draft) else Came.ANSWERED
        else:
            came = Came.REFUSED if words >= WORDS else Came.NOTHING
        taken = Taken(heard, came, rate=words / seconds if words and seconds > 0 else None)
        if broken and sounded:
            self._cut = (turn, taken)
            return None
        return taken

    def _refuses(self, draft: int) -> bool:
        """The reply is what is said instead of one."""
        text = self._first.get(draft, "")
        shows = bool(self._shows) and text.startswith(self._shows)
        return shows or text in self._again or text.startswith(REFUSALS)
