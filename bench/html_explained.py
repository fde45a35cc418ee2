"""Tables of what explains the scores: one set per kind of brain, from traces or from a server's messages.

What needs a trace and has none is told in words; no cell stands empty as if nothing had been.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from .explain_ahead import POSITION
from .explain_figures import Figures, Spread
from .explain_parts import MEANING
from .explain_socket import SOCKET_MEANING, SOCKET_STOP_MEANING
from .explain_stop import STOP_MEANING
from .html_cells import HEAD, WORDS, Table, distribution, enough, faint, ms, share, timed
from .report import Section
from .score import WINDOW
from .summary import FEW

_HEAD = ("n", "mean", "p50", "p90", "p95", "least", "most")


def waits(found: Figures, sections: Mapping[str, Section]) -> Iterator[Table]:
    """What belongs to voice-to-voice; tables without data are empty."""
    yield _content(sections)
    yield _parts(found)
    yield _socket(found)
    yield _right(found, sections)


def stops(found: Figures) -> Iterator[Table]:
    """What belongs to stop latency."""
    yield _stops(found)
    yield Table("What a stop consists of, as far as a server's messages tell", ("part", *_HEAD, WORDS),
                tuple(_rows(found.socket_stop, SOCKET_STOP_MEANING)))  # fmt: skip


def _stops(found: Figures) -> Table:
    parted = max((one.n for one in found.stop.values()), default=0)
    note = f"{parted} of {found.stopped} stops; in the others the voice fell silent before any order."
    return Table("What a stop consists of: parts that sum to the stop latency",
                 ("part", *_HEAD, WORDS), tuple(_rows(found.stop, STOP_MEANING)),
                 note if parted < found.stopped else "")  # fmt: skip


def inside(found: Figures) -> Iterator[Table]:
    """What a session did that a listener does not hear."""
    yield _ahead(found)
    yield _thinking(found)
    yield _clean(found)


def _rows(terms: Mapping[str, Spread], meaning: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Negative means are credit: the work was done before it was waited for."""
    return [
        (escape(name), *cells(one, credit=True), f'<span class="long">{escape(meaning[name])}</span>')
        for name, one in terms.items()
    ]


def cells(one: Spread, *, credit: bool = False) -> tuple[str, ...]:
    """Under n, mean, p50, p90, p95, least, most; all but n withheld for fewer than FEW."""
    if one.n < FEW:
        return (str(one.n), faint(f"withheld, n &lt; {FEW}"), *[faint("–")] * (len(_HEAD) - 2))
    mean = f"{ms(one.mean)} credit" if credit and one.mean < -0.0005 else ms(one.mean)
    return (str(one.n), mean, *map(ms, (one.p50, one.p90, one.p95, one.least, one.most)))


def _parts(found: Figures) -> Table:
    rows = _rows(found.parts, MEANING)
    if found.whole is not None:
        told = '<span class="long">the sum, turn by turn</span>'
        rows.append(("<strong>voice to voice</strong>", *cells(found.whole), told))
    parted = found.whole.n if found.whole else 0
    note = f"{parted} of {found.replies} replies; a canned sentence has no parts. "
    if found.credit is not None and found.whole is not None and found.whole.n >= FEW:
        note += (f"In {found.credit.n} the first sound was ready before the decision, by "
                 f"{ms(found.credit.p50)} in the median: that wait was hidden.")  # fmt: skip
    return Table("Where the time went: signed parts that sum to voice to voice",
                 ("part", *_HEAD, WORDS), tuple(rows), note.strip())  # fmt: skip


def _socket(found: Figures) -> Table:
    rows = _rows(found.socket, SOCKET_MEANING)
    note = ("Only what messages over a socket show, at the moments when they came here; the network's way is "
            "inside. What the server does in itself is not known from here.")  # fmt: skip
    return Table("Where the time went, as far as a server's messages tell", ("part", *_HEAD, WORDS),
                 tuple(rows), note)  # fmt: skip


def _content(sections: Mapping[str, Section]) -> Table:
    rows = []
    shown, few = enough({name: one.explained.content.n for name, one in sections.items()
                         if one.explained is not None and one.explained.content is not None})  # fmt: skip
    for name, one in sections.items():
        told, whole, body = one.explained, one.summary.voice_to_voice, one.summary.to_body
        if name not in shown or told is None or told.content is None or whole is None or body is None:
            continue
        some = whole.n >= FEW
        beside = [ms(middle.p50) if some else faint("withheld") for middle in (whole, body)]
        never = f"{told.content.censored} of {told.content.n}"
        rows.append((escape(name), *distribution(told.content), never, *beside))
    note = (f"{few}First sample of the first word that bears an answer, right or wrong; a reply without one "
            f"counts as {WINDOW:g} s. Only turns with a known answer that were not broken off.")  # fmt: skip
    head = ("scenario", *HEAD, "no answer word", "any sound, p50", "its body, p50")
    return timed("To the first answer-bearing word, from the labelled end of speech", head, rows, note)


def _right(found: Figures, sections: Mapping[str, Section]) -> Table:
    rows = []
    shown, few = enough({name: one.explained.right.n for name, one in sections.items()
                         if one.explained is not None and one.explained.right is not None})  # fmt: skip
    for name, one in sections.items():
        told = one.explained
        if one.answers is None and (told is None or told.right is None or name not in shown):
            continue
        by_text = share(told.right) if told and told.right else faint("no text was told")
        refused = f"{told.refused} of {told.right.n}" if told and told.right else ""
        by_ear = share(one.answers) if one.answers else faint("nobody listened")
        rows.append((escape(name), by_text, refused, by_ear))
    note = f"{few}Of turns with a known answer. Who refuses is not right."
    if found.right is not None and len(sections) > 1:
        together = f"{found.refused} of {found.right.n}"
        rows.append(("<strong>all together</strong>", share(found.right), together, ""))
    return Table("Answers that were right", ("scenario", "by the reply's text", "refused", "by ear"),
                 tuple(rows), note)  # fmt: skip


def _ahead(found: Figures) -> Table:
    if found.hits is None:
        return Table("Written ahead of the turn's end", (), ())
    saved, left = found.saved, faint("not told")
    if found.unread is not None and found.unread.n >= FEW:
        left = ", ".join(ms(POSITION * value) for value in (found.unread.p50, found.unread.p90))
    waste = f"{100 * found.wasted / found.ahead:.1f} %" if found.ahead else "none written"
    rows = [
        ("answered by a draft that was begun before the decision", share(found.hits)),
        ("drafts begun, dropped", f"{found.drafts}, {found.dropped}"),
        ("tokens written ahead", f"{found.ahead}"),
        ("of these wasted: nothing of the answer rests on them", f"{waste} {faint(str(found.wasted))}"),
        ("saved per hit, p50 and p90", f"{ms(saved.p50)}, {ms(saved.p90)}" if saved and saved.n >= FEW
         else faint("withheld")),
        ("sound left to take in when the answering draft began, p50 and p90", left),
    ]  # fmt: skip
    return Table("Written ahead of the turn's end", ("", "value"), tuple(rows))


def _thinking(found: Figures) -> Table:
    told = found.thinking
    if told is None:
        return Table("Thinking", (), ())
    whole = told.user + told.agent + told.exposed + told.late
    around = span_of(told.interval.low, told.interval.high) if told.interval else ""
    rows = [(name, f"{100 * count / whole:.1f} %", str(count)) for name, count in (
        ("while the user spoke", told.user), ("while the agent spoke, before the answer", told.agent),
        ("in silence before the answer: somebody waited", told.exposed),
        ("after the first answer word", told.late))]  # fmt: skip
    hidden = f"<strong>{100 * told.hidden:.1f} %</strong> {around}"
    rows.append(("<strong>hidden: the first two</strong>", hidden, str(told.user + told.agent)))
    note = f"Tokens that the answers of {told.turns} turns rest on; what came to nothing is not in it."
    return Table("When it was thought", ("written", "share", "tokens"), tuple(rows), note)


def span_of(low: float, high: float) -> str:
    """An interval of shares."""
    return faint(f"[{100 * low:.1f}, {100 * high:.1f}]")


def _clean(found: Figures) -> Table:
    if found.stale is None or found.uncommitted is None:
        return Table("Cleanliness", (), ())
    kept, words = found.kept, found.kept_words
    exact = sum(words.values()) and f"{words.get(0, 0)} of {sum(words.values())}"
    worst = max(words, key=abs, default=0)
    rows = [
        ("audible samples of what was not committed", _zero(found.uncommitted)),
        ("audible samples of what was cancelled, beyond its fade", _zero(found.stale)),
        ("times the voice had nothing left to play", str(found.starved)),
        ("silences of 120 ms or more inside a reply, at no mark",
         f"{found.gaps.n}, {60 * found.gaps.mean * found.gaps.n / max(found.spoken, 1e-9):.2f} s per minute"
         if found.gaps else "0"),
        ("holds, of them with no wish for the floor",
         f"{found.holds}, {found.false_holds.hits}" if found.false_holds else "0"),
        ("silence until it went on after a hold, p50",
         ms(found.resume.p50) if found.resume and found.resume.n >= FEW else faint("fewer than 10 resumes")),
        ("cut replies remembered to the word as they were played", str(exact or "none were cut")),
        ("worst, in words", f"{worst:+d}".replace("-", "−") if words else ""),
        ("remembered minus played, p50, least and most",
         f"{ms(kept.p50)}, {ms(kept.least)}, {ms(kept.most)}" if kept else ""),
    ]  # fmt: skip
    return Table("Cleanliness and history", ("", "value"), tuple(row for row in rows if row[1]),
                 "How full the buffer before the loudspeaker was is not in a trace.")  # fmt: skip


def _zero(count: int) -> str:
    return f"{count}" if not count else f'<strong class="bad">{count}</strong>'
