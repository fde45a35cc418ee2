"""A report as lines of text, at most 110 columns wide; kinds of brain apart. Prints nothing itself.

Leaves out what too few events stand behind, and says so. A real brain's figures, a scripted one's and a known
delay's never stand in one table.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from .kinds import KNOWN, SCRIPTED, ordered
from .rates import FEW, P99_NEEDS
from .report import Report
from .table_cells import TOO_FEW, WIDE, WITHHELD, ms
from .table_overlap import ignoring, selectivity, stops
from .table_turns import Sections, answers, floors, fluency, pauses, replies
from .windows import WINDOWS

HEADINGS = {SCRIPTED: "a scripted brain and a tone voice, which cost nothing: the runtime alone"}
"""Of kinds whose name does not say enough."""


def lines(report: Report, *, small: bool = False) -> Iterator[str]:
    """The report for a reader; ``small`` shows figures of fewer than 10 events too."""
    yield from _title(report)
    shown = list(_figures(report, small))
    yield from shown
    if not small and any(word in line for line in shown for word in (WITHHELD, TOO_FEW)):
        yield ""
        yield f"{WITHHELD} or {TOO_FEW}: fewer than {FEW} events stand behind it (--all shows them)"
    yield from _machine(report.machine)
    yield from _troubles(report)
    yield from _windows()


def _figures(report: Report, small: bool) -> Iterator[str]:
    kinds = {one.kind for one in report.sections.values()}
    for kind in ordered(kinds):
        sections = {title: one for title, one in report.sections.items() if one.kind == kind}
        if kind == KNOWN:
            yield from _known(sections)
            continue
        heading = HEADINGS.get(kind, kind)
        if heading and (len(kinds) > 1 or kind in HEADINGS):
            yield ""
            yield f"=== {heading} ==="
        yield from _tables(sections, small)
        if kind == SCRIPTED:
            yield from _beyond(report, sections)
    yield from _echo(report)


def _tables(sections: Sections, small: bool) -> Iterator[str]:
    yield from replies(sections, small)
    yield from floors(sections, small)
    yield from pauses(sections, small)
    yield from stops(sections, small)
    yield from ignoring(sections, small)
    yield from selectivity(sections, small)
    yield from fluency(sections)
    yield from answers(sections, small)


def _title(report: Report) -> Iterator[str]:
    about, run = report.about, report.about.get("run", {})
    if about:
        yield f"hocket bench {about['version']} · {about['cpu']} · {about['cores']} cores"
    if run:
        clock = run.get("clock")
        told = "latency is real" if clock == "wall" else "latency is declared, not measured"
        endpoint = run.get("endpoint")
        wait = "shipped endpoint" if endpoint is None else f"endpoint {endpoint:g} s"
        yield f"suite {run.get('suite')} · {clock} clock ({told}) · {wait} · seed {run.get('seed')}"
        target = " · ".join(f"{role}: {told}" for role, told in run.get("target", {}).items())
        yield from wrap(target, WIDE)


def _beyond(report: Report, sections: Sections) -> Iterator[str]:
    """The runtime's own time, which is what a brain and a voice that cost nothing leave over."""
    endpoint = report.about.get("run", {}).get("endpoint")
    for title, one in sections.items():
        whole = one.summary.voice_to_voice
        if whole is not None and endpoint is not None:
            beyond = f"p50 {ms(whole.p50 - endpoint)}, p95 {ms(whole.p95 - endpoint)}"
            yield f"{title}: beyond the endpoint wait of {endpoint:g} s: {beyond}"


def _echo(report: Report) -> Iterator[str]:
    for title, one in report.sections.items():
        if not title.startswith("echo") or one.summary.turns:
            continue
        yield ""
        yield f"{title}: {one.summary.seconds / 60:.1f} min without a user in the room"
        yield (
            f"  {one.counts.get('CommitDraft', 0)} user turns, {one.counts.get('SpeechStarted', 0)} onsets, "
            f"{one.counts.get('Hush', 0)} interruptions of itself"
        )


def _known(sections: Sections) -> Iterator[str]:
    if sections:
        yield ""
        yield "null agents: largest error of the harness itself"
    for title, one in sections.items():
        whole = one.summary.voice_to_voice
        if whole is None or not title.startswith("null-"):
            continue
        delay = float(title.split()[0].removeprefix("null-").removesuffix("s"))
        worst = max(abs(whole.least - delay), abs(whole.most - delay))
        yield f"  delay {delay:.2f} s: {1000 * worst:.2f} ms (n {whole.n})"


def _machine(found: dict[str, Any]) -> Iterator[str]:
    if found:
        yield ""
        yield (
            f"start to listening {found['start']:.2f} s · listening in silence: "
            f"{100 * found['cpu']:.1f} % of a core, {found['rss'] / 1e6:.0f} MB resident "
            f"(over {found['seconds']:.0f} s)"
        )


def _troubles(report: Report) -> Iterator[str]:
    found = [line for title, one in report.sections.items() for line in _trouble(title, one)]
    found += [f"missing: {what}" for what in report.missing]
    if found:
        yield ""
    for line in found:
        yield from wrap(line, WIDE, subsequent_indent="  ")


def _trouble(title: str, one: Any) -> Iterator[str]:
    if len(one.summary.answered_by) > 1:
        yield f"{title}: answered by {' and '.join(one.summary.answered_by)}: do not read these together"
    if one.late_ticks:
        yield f"{title}: {one.late_ticks} late ticks, the worst {ms(one.worst_tick)}"
    if one.skipped:
        yield f"{title}: {one.skipped} stimuli skipped, the agent gave no occasion for them"
    yield from (f"{title}: a session failed: {failure}" for failure in one.failures)
    yield from (f"doubtful: {what}" for what in one.summary.warnings)
    yield from (f"not scored: {what}" for what in one.summary.unscored)


def _windows() -> Iterator[str]:
    """Everything that a figure above depends on."""
    yield ""
    found = {name: f"{value:g} s" for name, value in WINDOWS.items()}
    told = (
        "audible: 10 ms of RMS above -45 dBFS, 30 ms of 60; silences joined into one voice under "
        "{join}, one utterance under {utterance_gap}, one reply under {reply_gap} · reply within {reply} "
        "(not scored where the user speaks again within {waited}, unanswered), "
        "takeover {takeover} of it, body {body} or half the longest, blip under {blip} · stop within {stop} "
        "· yield within {yield}, heard again within {resume} · answer to a sound in silence within {respond} "
        "· silence inside speech from {inner_gap} · intervals of 95 %: Wilson for rates, bootstrap over "
        "conversations, of 5 or more, for percentiles · what never came counts as its window · "
    ).format(**found)
    withheld = (
        f"withheld: rates and percentiles of fewer than {FEW}, 99th percentiles of fewer than {P99_NEEDS}"
    )
    yield from wrap("windows and thresholds: " + told + withheld, WIDE, subsequent_indent="  ")
