"""The text report's tables of turns: how soon, how much, and who spoke while the user did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .rates import FEW
from .report import Section
from .table_cells import TAG, brief, caption, count, durations, head, ms, name, name_width, share

Sections = Mapping[str, Section]


def replies(sections: Sections, small: bool) -> Iterator[str]:
    """Voice-to-voice, to the first sound and to more than a filler; first turns once more by themselves."""
    told = {title: one for title, one in sections.items() if one.summary.voice_to_voice or one.unasked}
    if not told:
        return
    width = name_width(told)
    yield from caption(
        "voice to voice, s, signed: from the labelled end of the user's speech to the agent's first audible "
        "sound (any), to its first utterance that is no blip or filler (body), to the first answering word "
        "(content, from traces); cold: any, of every conversation's first turn"
    )
    yield head(width, "none came")
    for title, one in told.items():
        found, rows = one.summary, []
        content = None if one.explained is None else one.explained.content
        for tag, whole in (
            ("any", found.voice_to_voice), ("body", found.to_body), ("content", content),
            ("cold", found.cold),
        ):  # fmt: skip
            if whole is not None and (tag != "cold" or whole.n >= FEW or small):
                rows.append(f"{tag:<{TAG}}{durations(whole, small)}{whole.censored} of {whole.n}")
        for place, row in enumerate(rows):
            yield name("" if place else title, width) + row
        if one.unasked:
            yield f"{name('' if rows else title, width)}{one.unasked} turns were never asked: {_ENDED}"
        yield from _asides(one, width)


_ENDED = "their conversations had ended"


def _asides(one: Section, width: int) -> Iterator[str]:
    found = one.summary
    if found.blips:
        yield f"{'':<{width}}of the first sounds {found.blips} were blips, shorter than any word"
    if one.detector is not None and one.detector.n >= FEW:
        lag = f"p50 {ms(one.detector.p50)}, p95 {ms(one.detector.p95)} after the labelled end"
        yield f"{'':<{width}}of it the detector placed the end {lag}"
    if one.rest is not None and one.rest.n >= FEW:
        yield f"{'':<{width}}and the rest took p50 {ms(one.rest.p50)}, p95 {ms(one.rest.p95)}"


def floors(sections: Sections, small: bool) -> Iterator[str]:
    """Who took the floor, and from whom."""
    told = {title: one for title, one in sections.items() if one.summary.turns_proper}
    if not told:
        return
    width = name_width(told)
    yield from caption(
        "the floor: turns that the agent took over (300 ms or more of its reply audible in 5 s) and turns "
        "that it cut into before their end, % [95 %] of n; how often it did so per turn (I_A); overlap in s "
        "per minute; extra: replies too many or to what wanted none; early: before anything was said"
    )
    columns = f"{'I_A':>5}{'overlap':>8}{'extra':>6}{'early':>6}"
    yield f"{'':<{width}}{'took over':<28}{'cut into':<28}{columns}"
    for title, one in told.items():
        found = one.summary
        often = found.interruption_rate
        rate = "-" if often is None or (found.turns_proper < FEW and not small) else f"{often:.2f}"
        shares = f"{brief(found.took_floor, small):<28}{brief(found.cut_ins, small):<28}{rate:>5}"
        counts = f"{found.overlap_per_minute:>8.1f}{found.doubles:>6}{found.unprompted:>6}"
        yield name(title, width) + shares + counts


def pauses(sections: Sections, small: bool) -> Iterator[str]:
    """False cut-offs by the length of the pause, then by the agent's patience, beside what it costs."""
    told = {title: one for title, one in sections.items() if one.summary.pauses}
    if not told:
        return
    width = name_width(told)
    yield from caption(
        "false cut-ins: the agent became audible in a hesitation, or after it before the user's end; it "
        "began inside; it was audible inside, whenever it had begun"
    )
    yield f"{'':<{width}}{'':<14}{'cut in':<36}{'began':>10}{'audible':>10}"
    for title, one in told.items():
        found = one.summary
        for length, cut in found.pauses.items():
            inside, heard = found.pauses_inside[length], found.pauses_sounded[length]
            beside = f"{count(inside):>10}{count(heard):>10}"
            yield f"{name(title, width)}{f'pause {length:.1f} s':<14}{share(cut, small):<36}{beside}"
    yield from caption(
        "operating points: how often the agent had begun so long after the beginning of a hesitation (of at "
        "least that length; wrong) and so long after a true end (right), % [95 %] of n"
    )
    yield f"{'':<{width}}{'by':>8}   {'in a hesitation':<28}after a true end"
    for title, one in told.items():
        for point in one.summary.operating:
            both = f"{brief(point.cut, small):<28}{brief(point.answered, small)}"
            yield f"{name(title, width)}{f'{point.budget:.1f} s':>8}   {both}"


def fluency(sections: Sections) -> Iterator[str]:
    """Silences inside the agent's speech."""
    told = {title: one for title, one in sections.items() if one.summary.agent_seconds >= _LEAST}
    if not told:
        return
    width = name_width(told)
    yield from caption(
        "silences of 120 ms to 1.5 s inside the agent's speech, the user silent (full stops count, so "
        "compare agents of one voice)"
    )
    for title, one in told.items():
        found = one.summary
        often = found.gaps_per_minute or 0.0
        yield (
            f"{name(title, width)}{often:6.1f} a minute, the longest {ms(found.longest_gap)} "
            f"(in {found.agent_seconds:.0f} s of speech)"
        )


_LEAST = 10.0
"""Seconds of speech below which a count per minute says nothing."""


def answers(sections: Sections, small: bool) -> Iterator[str]:
    """Whether the right number was heard."""
    for title, one in sections.items():
        if one.answers is not None:
            yield f"{title}: the expected number was heard in {share(one.answers, small)}"
