"""A report's figures as tables: each with n and its 95 % interval, and every kind of brain by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from .explain_figures import Figures
from .html_cells import HEAD, Table, distribution, enough, faint, ms, share, timed
from .html_explained import inside, stops, waits
from .html_load import load_notes, load_tables, load_told
from .kinds import KNOWN, SCRIPTED, UNTOLD, ordered
from .report import Report, Section
from .summary import FEW
from .summary_overlap import NAMES

_SAID = {
    SCRIPTED: "The runtime alone: a scripted brain and a tone voice, which cost nothing",
    KNOWN: "The harness's own error: agents that answer after a known delay",
    UNTOLD: "Recordings that do not say who answered",
}


@dataclass(frozen=True, slots=True)
class Group:
    """The tables of one kind of brain."""

    kind: str
    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...] = ()
    "What is not known of it, in words."


def groups(found: Report) -> list[Group]:
    """By kind, real ones first; empty tables are left out."""
    by_kind: dict[str, dict[str, Section]] = {}
    for name, one in found.sections.items():
        by_kind.setdefault(one.kind, {})[name] = one
    told = []
    for kind in ordered(set(by_kind)):
        sections = by_kind[kind]
        tables = [_nulls(sections)] if kind == KNOWN else list(_of_kind(kind, sections, found))
        figures = found.kinds.get(kind)
        notes = figures.unknown if figures is not None and kind != KNOWN else ()
        told.append(Group(kind, _SAID.get(kind, f"Brain: {kind}"),
                          tuple(one for one in tables if one.rows), notes))  # fmt: skip
    if found.machine:
        told.append(Group("", "This machine", (_idle(found),)))
    return told


def load_groups(folder: Path) -> list[Group]:
    """What a load test left in the folder, by number of sessions; empty where there was none."""
    told = load_told(folder)
    if told is None:
        return []
    title = f"Under load, brain: {told.kind}" if told.kind else "Under load"
    tables = tuple(one for one in load_tables(told) if one.rows)
    return [Group(told.kind, title, tables, load_notes(told))]


def figures(told: Sequence[Group]) -> str:
    """All of them as HTML."""
    return "".join(
        f"<h3>{escape(group.title)}</h3>"
        + "".join(f'<p class="note">{escape(note)}</p>' for note in group.notes)
        + "".join(table.html() for table in group.tables)
        for group in told
    )


def _of_kind(kind: str, sections: Mapping[str, Section], found: Report) -> Iterator[Table]:
    spoken = {name: one for name, one in sections.items() if not name.startswith("echo")}
    told = found.kinds.get(kind, Figures(0, 0, 0, 0))
    yield _voice_to_voice(spoken)
    yield from waits(told, spoken)
    yield _pauses(spoken)
    yield _stops(spoken)
    yield from stops(told)
    yield _overlaps(spoken)
    yield _behaviour(spoken)
    yield from inside(told)
    yield _echo(sections)


def _voice_to_voice(sections: Mapping[str, Section]) -> Table:
    rows = []
    shown, few = enough({name: one.summary.voice_to_voice.n for name, one in sections.items()
                         if one.summary.voice_to_voice is not None})  # fmt: skip
    for name, one in sections.items():
        whole, body = one.summary.voice_to_voice, one.summary.to_body
        if name in shown and whole is not None and body is not None:
            long = ms(body.p50) if body.n >= FEW else faint("withheld")
            missed = share(one.summary.missed) + (f"; {one.unasked} never asked" if one.unasked else "")
            rows.append((escape(name), *distribution(whole), missed, long))
    head = ("scenario", *HEAD, "no reply in 5 s", "to its body, p50")
    caption = "Voice to voice, from the labelled end of speech to the first audible sample"
    return timed(caption, head, rows, few)


def _pauses(sections: Mapping[str, Section]) -> Table:
    rows = [(escape(name), f"{length:.1f} s", share(cut), share(one.summary.pauses_inside[length]))
            for name, one in sections.items() for length, cut in one.summary.pauses.items()]  # fmt: skip
    return Table("Cut-ins at hesitations: the agent became audible in the pause, or after it before the end",
                 ("scenario", "pause", "cut in", "of these in the pause itself"), tuple(rows))  # fmt: skip


def _stops(sections: Mapping[str, Section]) -> Table:
    rows = []
    for name, one in sections.items():
        if (stop := one.summary.stop) is not None:
            never = f"{stop.censored} of {stop.n}"
            rows.append((escape(name), *distribution(stop), never, share(one.summary.resumed)))
    return timed("Stop latency, from the user's true onset to the agent's silence",
                 ("scenario", *HEAD, "never in 2 s", "audible again under it"), rows)  # fmt: skip


def _overlaps(sections: Mapping[str, Section]) -> Table:
    rows: list[tuple[str, ...]] = []
    for name, one in sections.items():
        told = one.summary.overlaps
        if told.barge_ins.n:
            rows.append((escape(name), "barge-in (must stop it)", share(told.barge_ins), "", "", ""))
        for kind, ignoring in told.kinds.items():
            named = next((short for each, short in NAMES.items() if each == kind), "")
            rates = (ignoring.yielded, ignoring.answered, ignoring.ignored, ignoring.held)
            rows.append((escape(name), f"{escape(kind)} {faint(named)}",
                         *(share(each) if each.n else "" for each in rates)))  # fmt: skip
    note = ("Selectivity is the share of sounds that were to be ignored and were. A yield is 300 ms of "
            "silence within 1 s; to a barge-in, 200 ms within 2 s and no voice again until the user is done. "
            "A false hold is a yield after which the voice came back.")  # fmt: skip
    head = ("scenario", "sound", "silenced the agent", "was answered", "ignored: selectivity", "false holds")
    return Table("Sounds over the agent's voice, and unasked ones in its silence", head, tuple(rows), note)


def _behaviour(sections: Mapping[str, Section]) -> Table:
    rows = []
    for name, one in sections.items():
        told = one.summary
        rate = told.interruption_rate
        gaps = told.gaps_per_minute
        rows.append((
            escape(name), share(told.cut_ins), "" if rate is None else f"{rate:.2f}",
            share(told.took_floor), f"{told.overlap_per_minute:.1f} s",
            "" if gaps is None else f"{gaps:.1f}", str(told.doubles), str(told.unprompted),
        ))  # fmt: skip
    head = ("scenario", "turns cut into", "cut-ins per turn", "took the floor when due",
            "overlap per min", "gaps per min of speech", "double replies", "unprompted")  # fmt: skip
    return Table("Behaviour", head, tuple(rows))


def _echo(sections: Mapping[str, Section]) -> Table:
    rows = [
        (escape(name), f"{one.summary.seconds / 60:.1f} min", str(one.counts.get("SpeechStarted", 0)),
         str(one.counts.get("CommitDraft", 0)), str(one.counts.get("Hush", 0)))
        for name, one in sections.items() if name.startswith("echo")
    ]  # fmt: skip
    head = ("echo", "length", "speech detected", "taken for a turn", "interrupted itself")
    return Table("The agent's own voice in the microphone, nobody else in the room", head, tuple(rows))


def _nulls(sections: Mapping[str, Section]) -> Table:
    rows = []
    for name, one in sections.items():
        whole = one.summary.voice_to_voice
        if name.startswith("null-") and whole is not None:
            delay = float(name.removeprefix("null-").removesuffix("s"))
            worst = max(abs(whole.least - delay), abs(whole.most - delay))
            rows.append((ms(delay), str(whole.n), f"{1000 * worst:.2f} ms"))
    return Table("Known delays", ("known delay", "n", "largest error"), tuple(rows))


def _idle(found: Report) -> Table:
    one = found.machine
    row = (f"{one['start']:.2f} s", f"{100 * one['cpu']:.1f} % of a core", f"{one['rss'] / 1e6:.0f} MB")
    return Table("A session that listens to silence", ("start", "processor", "memory"), (row,))
