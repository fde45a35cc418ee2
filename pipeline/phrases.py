"""From a model's text to what a voice may read: thought apart from answer, answer cut into clean phrases.

All of it is pure. However a stream of text is cut, what comes out in the end is the same. A thought must
never come out as answer; where the markers are malformed, text stays thought.
"""

from __future__ import annotations

import html.entities
import itertools
import re
import sys
import unicodedata

_MARKER = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)
_MARKERS = ("<think>", "</think>", "<thinking>", "</thinking>")


class ThinkSplitter:
    """Finds ``<think>`` and ``</think>`` as text, across token borders, and tells thought from answer.

    Markers nest. After the thought is closed all is answer, a literal ``<think>`` included: ``speakable`` is
    the second net. An unclosed thought stays thought to the end.
    """

    def __init__(self, *, thinking: bool = False) -> None:
        """``thinking``: the prompt has already opened the thought."""
        self._depth = int(thinking)
        self._answering = False
        self._blank = True
        self._held = ""

    @property
    def closed(self) -> bool:
        """True once the thought was closed and all that follows is answer."""
        return self._answering

    def feed(self, text: str) -> tuple[str, str]:
        """The thought and the answer that became certain with this text; a possible marker is held back."""
        self._held += text
        thought, answer = "", ""
        while not self._answering:
            marker = _MARKER.search(self._held)
            passage = self._held[: marker.start() if marker else len(self._held) - _possible(self._held)]
            if not self._depth and passage.strip():
                self._answering = True
                break
            self._held = self._held[len(passage) :]
            if self._depth:
                thought += passage
                self._blank = self._blank and not passage.strip()
            else:
                answer += passage
            if marker is None:
                return thought, answer
            self._held = self._held[len(marker[0]) :]
            self._mark(closing=marker[1] == "/")
        answer, self._held = answer + self._held, ""
        return thought, answer

    def finish(self) -> tuple[str, str]:
        """What was held back, now that nothing follows."""
        rest, self._held = self._held, ""
        return (rest, "") if self._depth and not self._answering else ("", rest)

    def _mark(self, *, closing: bool) -> None:
        if closing:
            self._depth = max(0, self._depth - 1)
            self._answering = self._depth == 0
        elif not (self._depth and self._blank):  # a model may repeat the marker that the prompt has given
            self._depth += 1


def _possible(text: str) -> int:
    """Length of the longest end of a text that may become a marker."""
    tail = text[text.rfind("<") :].lower() if "<" in text else ""
    return len(tail) if any(marker.startswith(tail) for marker in _MARKERS) else 0


# --- phrases ---------------------------------------------------------------------------------------------

_LONGEST = 120
"""Characters after which a phrase is cut at a space."""
_SHORT = 40
"""Characters from which a later phrase may end at a comma; shorter ones run on, which sounds better."""
_FEW = 3
"""Words from which the first phrase may end at a comma, so that the voice can begin."""
_JOINED = 4
"""Words from which the first phrase may end before a joining word: a small break that speakers make too."""
_JOINING = frozenset(
    ["and", "because", "but", "for", "from", "if", "minus", "or", "plus", "so", "that", "then", "times",
     "when", "which", "while", "who", "with"]
)  # fmt: skip
_SENTENCE = ".?!…。？！"
_CLAUSE = ",;:—，；：、"
_WIDE = "。？！，；：、"
"""Marks that no space follows."""
_CLOSERS = "\"')]}”’»" + ".?!…"
_ABBREVIATIONS = frozenset(
    ["approx", "apt", "ave", "capt", "cf", "col", "dept", "dr", "eg", "est", "etc", "fig", "gen", "gov",
     "hon", "ie", "inc", "jr", "lt", "ltd", "maj", "mr", "mrs", "ms", "mt", "prof", "rep", "rev", "sen",
     "sgt", "sr", "st", "vol", "vs"]
)  # fmt: skip
_WORD = re.compile(r"\S+")
_INITIALS = re.compile(r"[a-hj-z]|[a-z](\.[a-z])+")


class Phraser:
    """Cuts an answer into phrases at sentence and clause borders, the first as soon as it may stand alone.

    A border needs the character after it, so ``3.5``, ``10,000``, ``4:30``, ``Dr. Who`` and ``J. S. Bach``
    stay whole. The first phrase may also end before a joining word (*and*, *that*, *plus* …), where a speaker
    would take breath too, so that the voice need not wait for a mark. Phrases are stripped; joined by single
    spaces they hold the same words as the text.
    """

    def __init__(self, *, started: bool = False) -> None:
        """``started``: an earlier phrase of the same reply was cut already."""
        self._text = ""
        self._first = not started

    def feed(self, text: str) -> list[str]:
        """The phrases that are complete with this text."""
        self._text += text
        phrases = []
        while (cut := self._cut()) is not None:
            phrases.append(self._text[:cut].rstrip())
            self._text = self._text[cut:]
            self._first = False
        return phrases

    @property
    def rest(self) -> str:
        """The text after the last phrase."""
        return self._text

    def shorten(self, count: int) -> None:
        """Forget so many characters of the end of the text after the last phrase."""
        self._text = self._text[: max(0, len(self._text) - count)]

    def finish(self) -> list[str]:
        """The phrase that was still open, if it holds anything."""
        rest, self._text = self._text.strip(), ""
        return [rest] if rest else []

    def _cut(self) -> int | None:
        """Where the first phrase ends, as soon as that cannot change any more."""
        self._text = self._text.lstrip()
        text = self._text
        joint = _joint(text[:_LONGEST]) if self._first else None
        for at, mark in enumerate(text[: _LONGEST if joint is None else joint]):
            if mark == "\n":
                return at
            if mark not in _SENTENCE and mark not in _CLAUSE:
                continue
            end = at + 1
            while end < len(text) and text[end] in _CLOSERS:
                end += 1
            if end == len(text):
                return None
            if (mark in _WIDE or text[end].isspace()) and self._may_end(text[:end], mark):
                return end
        if joint is not None:
            return joint
        if len(text) <= _LONGEST:
            return None
        space = max(text.rfind(blank, 0, _LONGEST + 1) for blank in " \t")
        return space if space > 0 else _LONGEST

    def _may_end(self, phrase: str, mark: str) -> bool:
        if mark == ".":
            return not _runs_on(phrase)
        if mark in _SENTENCE:
            return True
        return len(phrase.split()) >= _FEW if self._first else len(phrase) >= _SHORT


def _joint(text: str) -> int | None:
    """Where the first joining word stands that comes after enough words, and is whole itself."""
    for found in itertools.islice(_WORD.finditer(text), _JOINED, None):
        if found[0].lower() in _JOINING and found.end() < len(text):
            return found.start()
    return None


def _runs_on(phrase: str) -> bool:
    """True when the full stop at the end belongs to an abbreviation, initials or a list number."""
    word = phrase.split()[-1].strip("\"'([{“‘«").removesuffix(".").lower()
    initials = _INITIALS.fullmatch(word) is not None
    return word in _ABBREVIATIONS or initials or phrase.removesuffix(".").isdigit()


# --- the second net --------------------------------------------------------------------------------------

_GAP = "\0"
"""Stands where something was taken out, so that no stray space stays before a full stop."""
_SIGNS = "°©®™№℃℉"
"""Symbols that a voice can read; all others are pictures."""
_INLINE = frozenset(
    ["a", "b", "code", "em", "font", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "u"]
)
"""Tags that may stand inside a word."""

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.I | re.S)
_CALL = re.compile(r"<tool_call>.*?(?:</tool_call>|\Z)", re.I | re.S)
_THOUGHT_ENDED = re.compile(r"\A.*</think(?:ing)?>", re.I | re.S)
_CONTROL = re.compile(r"<\|[^|<>]*\|>|<!--.*?(?:-->|\Z)|<![a-z][^>]*>|```.*?(?:```|\Z)", re.I | re.S)
_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s"'<>]+)"""
_TAG = re.compile(rf"</?([a-z][\w:.-]*)(?:\s+[\w:.-]+\s*=\s*{_VALUE})*\s*/?>", re.I)
_DATA = re.compile(r"""\{\s*(?:"[^"]*"|'[^']*'|\w+)\s*:|\{\s*\}|\[\s*["'{]|\[\s*\]""")
_MEMBER = re.compile(r'"[\w .-]+"\s*:\s*(?:"[^"]*"|-?\d[\d.eE+-]*|true|false|null|\0)')
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_URL = re.compile(r"""[a-z][a-z0-9+.-]*://[^\s<>"]+|\bwww\.[^\s<>"]+""", re.I)
_HOST = re.compile(r"(?:\w+://)?(?:[^/@]*@)?(?:www\.)?([\w-]+(?:\.[\w-]+)+)?", re.I)
_ENTITY = re.compile(r"&(?:#(\d{1,7});|(\w+;))")
_MARKDOWN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\[\^?\d+\]"), _GAP),
    (re.compile(r"^[ \t]*(?:[-*_=|:][ \t]*){3,}$", re.M), _GAP),
    (re.compile(r"^[ \t]*(?:#{1,6}|>+|[-*•])[ \t]+", re.M), _GAP),
    (re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*"), r"\1"),
    (re.compile(r"(?<![\w*])\*+(?=[^\s*])|(?<=[^\s*])\*+(?![\w*])"), ""),
    (re.compile(r"(?<![\w_])_+(?=[^\s_])|(?<=[^\s_])_+(?![\w_])"), ""),
    (re.compile(r"\*{2,}|_{3,}|://"), _GAP),
    (re.compile(r"\\(?:boxed|frac|text|mathrm|left|right|quad|begin|end)(?![a-z])|\$\$|[{}|]"), _GAP),
    (re.compile(r"~~|`|\\"), ""),
)  # fmt: skip


def speakable(text: str) -> str:
    """What of a text a voice may read: no thought, call, markup, code, data, address, picture, control sign.

    Plain words come out exactly, on one line with single spaces; where no letter or digit is left, nothing
    does. Of a web address its host is kept, of a link its text.
    """
    before = None
    while text != before:
        before = text
        text = _cleaned(text)
    return text if any(each.isalnum() for each in text) else ""


def _cleaned(text: str) -> str:
    text = _ENTITY.sub(_entity, text)
    text = _THOUGHT_ENDED.sub(_GAP, _THOUGHT.sub(_GAP, _legible(text)))
    text = _CONTROL.sub(_GAP, _CALL.sub(_GAP, text))
    text = _TAG.sub(lambda tag: "" if tag[1].lower() in _INLINE else _GAP, text)
    text = _MEMBER.sub(_GAP, _without_data(text))
    text = _URL.sub(_host, _LINK.sub(r"\1", text))
    for pattern, by in _MARKDOWN:
        text = pattern.sub(by, text)
    text = re.sub(r"\s*\0[\s\0]*(?=[,.;:!?…)]|\Z)", "", text)
    return " ".join(text.replace(_GAP, " ").split())


def _legible(text: str) -> str:
    """Spaces as spaces, line ends as line ends, and nothing that has no sound."""
    kept: list[str] = []
    for each in text:
        kind = unicodedata.category(each)
        if each in "\n\u2028\u2029":
            kept.append("\n")
        elif each.isspace():
            kept.append(" ")
        elif each in "\u200c\u200d" and kept and kept[-1].isalpha():
            kept.append(each)  # joiners are spelling in some scripts
        elif (kind in ("So", "Co", "Cn") and each not in _SIGNS) or "\u2190" <= each <= "\u21ff":
            kept.append(_GAP)
        elif kind[0] != "C" and each not in "\ufe0e\ufe0f\u20e3" and not "\U0001f3fb" <= each <= "\U0001f3ff":
            kept.append(each)
    return "".join(kept)


def _without_data(text: str) -> str:
    """Take out what reads like JSON, to its closing bracket, or to the end where that is missing."""
    found = _DATA.search(text)
    while found is not None:
        end = _closing(text, found.start())
        text = text[: found.start()] + _GAP + text[end:]
        found = _DATA.search(text)
    return text


def _closing(text: str, start: int) -> int:
    depth, quoted, escaped = 0, False, False
    for at in range(start, len(text)):
        if quoted:
            quoted = escaped or text[at] != '"'
            escaped = text[at] == "\\" and not escaped
        elif text[at] == '"':
            quoted = True
        else:
            depth += (text[at] in "{[") - (text[at] in "}]")
            if depth == 0:
                return at + 1
    return len(text)


def _host(url: re.Match[str]) -> str:
    address = url[0].rstrip(".,;:!?)]}'’”*_")
    host = _HOST.match(address)
    return ((host and host[1]) or _GAP) + url[0][len(address) :]


def _entity(entity: re.Match[str]) -> str:
    if entity[1]:
        return chr(int(entity[1])) if int(entity[1]) <= sys.maxunicode else ""
    return html.entities.html5.get(entity[2], entity[0])
