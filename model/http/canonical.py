"""From the bits of any server's answer to the one stream that every engine gives. Pure.

An open thought goes on, closes with ``</think>``, and the answer follows; a closed one is followed by the
rest of the answer alone. A thought that a server sends where none was asked for is never passed on as words:
it comes as pieces without text, so that whoever waits knows that the brain is alive.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.calls import LONGEST, written
from pipeline.ports import Limits, Piece
from pipeline.prompt import Reply, ToolCall

from .dialect import Able, Bit, CallBit
from .events import parsed
from .opening import CLOSE, OPEN

CLOSING = f"{CLOSE}\n"
_ECHO = 12
"""Letters from which a beginning that comes again is an echo; a shorter one may be meant."""
_OPENS = re.compile(r"\s*<think(?:ing)?>\n?", re.IGNORECASE)
_CLOSES = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_MARKERS = ("<think>", "<thinking>", "</think>", "</thinking>")
_CALLS = 16
"""Calls of one answer; a server that tells of more is not believed."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was passed on so far, as the open reply that another server could go on from."""

    reply: Reply
    tokens: int


class Canonical:
    """One answer's."""

    def __init__(self, reply: Reply, limits: Limits, able: Able) -> None:
        """``begun`` is told with ``begin``, before the first bit."""
        self._reply, self._limits, self._able = reply, limits, able
        self._thought, self._said = reply.thoughts or "", reply.said
        self._thinking = reply.thinking
        "What was passed on is still inside a thought."
        self._tail = ""
        "The end of what was passed on, for stop texts."
        self._calls: list[CallBit] = []
        self._places: dict[int, int] = {}
        "Where among them the call stands that the server gave a number."
        self.tokens = 0
        self.over = False
        "The last piece was given."
        self.begin("")

    def begin(self, begun: str) -> None:
        """A request was sent that held this beginning of the answer; its bits follow."""
        self._begun = begun
        self._start, self._held, self._high = True, "", ""
        self._apart = False
        "A thought came that the server told apart."
        self._lost = ""
        "Thought that was not passed on, though the thought was closed before."
        opened = bool(begun) or self._able.thoughts in ("", "open")
        self._inside = self._thinking and self._able.thinks and opened
        "The text that comes first belongs to the thought."
        unasked = not (self._thinking or begun or self._able.continues)
        self._guessed = unasked and self._able.thinks and self._able.thoughts == "open"
        "Nobody could close the thought that its template opens: none of the text is known to be answer yet."
        self._dropping = self._guessed
        self._calls.clear()
        self._places.clear()

    @property
    def written(self) -> Written:
        """See ``Written``. A tool call that was not whole is left out."""
        if self._thinking:
            return Written(Reply(self._thought), self.tokens)
        thoughts = None if self._reply.thoughts is None else self._thought
        return Written(Reply(thoughts, thinking=False, said=self._said), self.tokens)

    # --- bits in, pieces out -----------------------------------------------------------------------------

    def feed(self, bit: Bit) -> list[Piece]:
        """The pieces that became certain with this bit; the last one is last only after ``finish``."""
        found: list[Piece] = []
        logprob = bit.logprob or 0.0
        if bit.thought:
            found += self._thoughts(_clean(bit.thought), bit.tokens, logprob)
        if bit.text:
            found += self._texts(self._whole(bit.text), bit.tokens, logprob)
        for call in bit.calls:
            length = self._take(call)
            found.append(Piece(_id(f"{length} {call.arguments}"), "", logprob))  # it is alive, and in no loop
        return found

    def finish(self, why: str) -> list[Piece]:
        """What was held back, and the last piece. ``why``: ``stop``, ``length`` or ``calls``."""
        found: list[Piece] = []
        held, self._held = self._held, ""
        if held and self._dropping:  # by guess alone, and no thought was closed: then there was none
            answer = self._guessed and why == "stop" and not self._calls
            found += self._pass(held if answer else "", 1, 0.0)
        elif held and not self._echoes(held):
            found += self._passage(held, 1, 0.0)
        self._start = False
        nothing = self._said == self._reply.said and not self._calls
        if self._lost and nothing and not self._thinking and why == "stop" and not self._reply.thinking:
            found += self._pass(self._lost, 1, 0.0)  # the server took the answer itself for a thought
        if self._thinking and why != "length" and (self._apart or not self._inside):
            found += self._pass(CLOSING, 0, 0.0)  # there was no thought, or it came apart and is whole
        for call in self._calls:
            if self._thinking:
                found += self._pass(CLOSING, 0, 0.0)
            found += self._pass(_told(call), 1, 0.0)
        if not self.over:
            self.over = True
            found.append(Piece(0, "", 0.0, last=True))
        return found

    # --- thoughts and words ------------------------------------------------------------------------------

    def _thoughts(self, text: str, tokens: int, logprob: float) -> list[Piece]:
        """Of what the server calls a thought."""
        if self._able.thoughts == "mixed" and self._begun and not self._thinking:
            return self._texts(text, tokens, logprob)
        found = self._passage(self._held, 0, 0.0) if self._start and self._held.strip() else []
        self._start, self._held, self._apart, self._inside = False, "", True, False
        if self._thinking:
            return found + self._pass(text, tokens, logprob)
        if not self._reply.thinking:
            self._lost += text
        return found + [Piece(_id(text), "", logprob)]

    def _texts(self, text: str, tokens: int, logprob: float) -> list[Piece]:
        """Of the message's text, which may hold markers of its own."""
        if self._start:
            self._held += text
            if (rest := self._begins(self._held)) is None:
                return []
            self._start, self._held, text = False, "", rest
        return self._passage(text, tokens, logprob)

    def _begins(self, held: str) -> str | None:
        """The text's beginning without an echo or an opening marker; None: it may still become one."""
        for begun in self._sent():
            sent = begun.rstrip()
            if begun.startswith(held) or sent.startswith(held.rstrip()):
                return None
            if held.startswith(sent):
                held = held[len(sent) :].removeprefix(begun[len(sent) :])
                break
        marker = _OPENS.match(held)
        if marker is not None:
            self._inside, self._dropping, self._guessed = True, not self._thinking, False
            return held[marker.end() :]
        start = held.lstrip().lower()
        return None if any(each.startswith(start) for each in _MARKERS[:2]) else held

    def _sent(self) -> list[str]:
        """Beginnings that a server may say again before it goes on."""
        sent = (self._begun, self.written.reply.said)
        return [each for each in sent if len(each.rstrip()) >= _ECHO or each.startswith(OPEN)]

    def _echoes(self, held: str) -> bool:
        """All that came is the beginning that was sent: it has nothing to add."""
        return self._start and any(held.rstrip() == each.rstrip() for each in self._sent())

    def _passage(self, text: str, tokens: int, logprob: float) -> list[Piece]:
        """Text after its beginning: inside a thought of the text's own, or the answer."""
        if self._dropping:
            return self._drop(text, logprob)
        if self._thinking and not self._inside:
            return self._pass(CLOSING, 0, 0.0) + self._pass(text, tokens, logprob)
        return self._pass(text, tokens, logprob)

    def _drop(self, text: str, logprob: float) -> list[Piece]:
        """A thought in the text that nobody asked for, up to its closing marker."""
        self._held += text
        if (marker := _CLOSES.search(self._held)) is None:
            return [Piece(_id(text), "", logprob)]
        rest, self._held, self._dropping, self._inside = self._held[marker.end() :], "", False, False
        return [Piece(_id(text), "", logprob), *self._passage(rest, 1, logprob)]

    # --- what is passed on -------------------------------------------------------------------------------

    def _pass(self, text: str, tokens: int, logprob: float) -> list[Piece]:
        """One bit's text as pieces, up to a stop text."""
        text = self._straight(text)
        if not text or self.over:
            return []
        shown, self.over = self._until_stop(text)
        self._note(shown)
        parts = _shared(shown, tokens)
        self.tokens += max(tokens, 1) if tokens else 0
        last = len(parts) - 1
        return [Piece(_id(part), part, logprob, self.over and at == last) for at, part in enumerate(parts)]

    def _straight(self, text: str) -> str:
        """No empty lines at the beginning of thought or words; one line end after the closing marker."""
        if not (self._thought if self._thinking else self._said):
            text = text.lstrip("\n")
        if not self._thinking:
            return text
        known = len(self._thought)
        marker = _CLOSES.search(self._thought + text, max(0, known - len("</thinking>")))
        if marker is None:
            return text
        at = marker.end() - known
        return text[:at] + "\n" + text[at:].lstrip("\n")

    def _until_stop(self, text: str) -> tuple[str, bool]:
        seen = self._tail + text
        ends = [at + len(stop) for stop in self._limits.stop if stop and (at := seen.find(stop)) >= 0]
        keep = max((len(stop) for stop in self._limits.stop), default=1) - 1
        self._tail = seen[-keep:] if keep else ""
        return (text[: min(ends) - len(seen) + len(text)], True) if ends else (text, False)

    def _note(self, text: str) -> None:
        """Keep account of thought and words."""
        if not self._thinking:
            self._said += text
            return
        whole = self._thought + text
        marker = _CLOSES.search(whole, max(0, len(self._thought) - len("</thinking>")))
        if marker is None:
            self._thought = whole
            return
        self._thinking, self._inside = False, False
        self._thought, self._said = whole[: marker.start()], whole[marker.end() :].removeprefix("\n")

    def _take(self, bit: CallBit) -> int:
        """Letters that its call has by now."""
        place = self._places.get(bit.index)
        if place is None or _another(self._calls[place], bit):
            if len(self._calls) == _CALLS:
                return 0
            place = self._places[bit.index] = len(self._calls)
            self._calls.append(CallBit(place))
        known = self._calls[place]
        if len(known.arguments) <= LONGEST:  # beyond that it is no call, and the tools say so
            arguments = known.arguments + bit.arguments
            self._calls[place] = CallBit(place, known.id or bit.id, known.name or bit.name, arguments)
        return len(self._calls[place].arguments)

    def _whole(self, text: str) -> str:
        """Text without replacement characters, its surrogate pairs joined across events."""
        text, self._high = self._high + text, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._high = text[:-1], text[-1]
        return _clean(text)


def _another(known: CallBit, bit: CallBit) -> bool:
    """A call begins under a number that another one had: some servers number nothing, or all calls 0."""
    if not (bit.name and known.name):
        return False
    if bit.id != known.id:
        return True
    try:
        return isinstance(parsed(known.arguments), dict)
    except ValueError:
        return False


def _told(call: CallBit) -> str:
    """A call as text, of which no part can be taken for its end."""
    name = " ".join(_clean(call.name).replace("<", " ").split())
    return written(ToolCall(call.id, name, _clean(call.arguments).strip() or "{}"))


def _clean(text: str) -> str:
    """No U+FFFD, which stands for bytes of which no text came, and no half characters."""
    if any("\ud800" <= each <= "\udfff" for each in text):
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\ufffd", "")


def _shared(text: str, tokens: int) -> Sequence[str]:
    """A bit of several tokens as so many pieces, cut before words where it can be."""
    if tokens < 2:
        return [text]
    words = re.findall(r"\s*\S+\s*\Z|\s*\S+|\s+", text)
    if len(words) <= tokens:
        return words
    size, more = divmod(len(words), tokens)
    cuts = [0]
    for number in range(tokens):
        cuts.append(cuts[-1] + size + (number < more))
    return ["".join(words[a:b]) for a, b in itertools.pairwise(cuts)]


def _id(text: str) -> int:
    """Stands for a token whose number no server tells: equal texts have equal ones."""
    return zlib.crc32(text.encode("utf-8", "replace"))
