"""A report as lines of text. Prints nothing itself; leaves out what too few events stand behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .report import Report, Section
from .stats import Interval
from .summary import Distribution, Rate

_HEAD = f"{'':<14}{'n':>5}{'p50':>8}{'p90':>8}{'p95':>8}{'p99':>8}{'max':>8}   95 % of p50       missed"


def lines(report: Report, *, small: bool = False) -> Iterator[str]:
    """The report for a reader; ``small`` shows rates of fewer than 10 events too."""
    yield from _title(report)
    yield from _voice_to_voice(report)
    yield from _overhead(report)
    yield from _pauses(report, small)
    yield from _stops(report, small)
    yield from _echo(report)
    yield from _nulls(report)
    yield from _answers(report, small)
    yield from _machine(report.machine)
    yield from _troubles(report)


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
        yield " · ".join(f"{role}: {name}" for role, name in run.get("target", {}).items())


def _sections(report: Report, prefix: str = "") -> Iterator[tuple[str, Section]]:
    return ((name, section) for name, section in report.sections.items() if name.startswith(prefix))


_APART = ("null-", "overhead")
"""Scenarios without a real brain: their times stand by themselves."""


def _voice_to_voice(report: Report) -> Iterator[str]:
    told = [(name, one) for name, one in _sections(report) if not name.startswith(_APART)]
    told = [(name, one) for name, one in told if one.summary.voice_to_voice is not None]
    if told:
        yield ""
        yield "voice to voice, s: from the labelled end of the user's speech to the first audible sample"
        yield _HEAD
    for name, one in told:
        yield _reply(name, one)
        yield from _parts(one)


def _overhead(report: Report) -> Iterator[str]:
    """The runtime's own time, which is what a brain and a voice that cost nothing leave over."""
    endpoint = report.about.get("run", {}).get("endpoint")
    for name, one in _sections(report, "overhead"):
        whole = one.summary.voice_to_voice
        if whole is not None:
            yield ""
            yield "the same with a scripted brain and a tone voice, which cost nothing: the runtime alone"
            yield _HEAD
            yield _reply(name, one)
        if whole is not None and endpoint is not None:
            beyond = f"p50 {_ms(whole.p50 - endpoint)}, p95 {_ms(whole.p95 - endpoint)}"
            yield f"beyond the endpoint wait of {endpoint:g} s: {beyond}"
        yield from _parts(one)


def _parts(one: Section) -> Iterator[str]:
    """Where the time beyond the wait went."""
    if one.detector is not None:
        lag = f"p50 {_ms(one.detector.p50)}, p95 {_ms(one.detector.p95)} after the labelled end"
        yield f"{'':<14}of it the detector placed the end {lag}"
    if one.rest is not None:
        yield f"{'':<14}and the rest took p50 {_ms(one.rest.p50)}, p95 {_ms(one.rest.p95)}"


def _reply(name: str, one: Section) -> str:
    whole, missed = one.summary.voice_to_voice, one.summary.missed
    if whole is None:
        return name
    return f"{name:<14}{_row(whole)}   {_span(whole.p50_interval):<16} {missed.hits:>3} of {missed.n}"


def _pauses(report: Report, small: bool) -> Iterator[str]:
    told = [(name, one) for name, one in _sections(report) if one.summary.pauses]
    if told:
        yield ""
        yield "false cut-ins: the agent became audible in a hesitation, or after it before the user's end"
    for name, one in told:
        for length, found in one.summary.pauses.items():
            yield f"{name:<14}pause {length:.1f} s   {_share(found, small)}"


def _stops(report: Report, small: bool) -> Iterator[str]:
    told = [(name, one) for name, one in _sections(report) if one.summary.stop is not None]
    if told:
        yield ""
        yield "stop latency, s: from the user's true onset to the agent's silence"
        yield _HEAD.replace("missed", "never")
    for name, one in told:
        stop = one.summary.stop
        if stop is not None:
            yield f"{name:<14}{_row(stop)}   {_span(stop.p50_interval):<16} {stop.censored:>3} of {stop.n}"
            yield f"{'':<14}resumed under the user: {_share(one.summary.resumed, small)}"


def _echo(report: Report) -> Iterator[str]:
    for name, one in _sections(report, "echo"):
        spoken = one.summary.seconds / 60
        yield ""
        yield (
            f"{name}: {one.counts.get('CommitDraft', 0)} user turns, "
            f"{one.counts.get('SpeechStarted', 0)} onsets, "
            f"{one.counts.get('Hush', 0)} interruptions of itself in {spoken:.1f} min without a user"
        )


def _nulls(report: Report) -> Iterator[str]:
    told = list(_sections(report, "null-"))
    if told:
        yield ""
        yield "null agents: largest error of the harness itself"
    for name, one in told:
        whole = one.summary.voice_to_voice
        delay = float(name.removeprefix("null-").removesuffix("s"))
        if whole is not None:
            worst = max(abs(whole.least - delay), abs(whole.most - delay))
            yield f"  delay {delay:.2f} s: {1000 * worst:.2f} ms (n {whole.n})"


def _answers(report: Report, small: bool) -> Iterator[str]:
    for name, one in _sections(report):
        if one.answers is not None:
            yield f"{name}: the expected number was heard in {_share(one.answers, small)}"


def _machine(found: dict[str, Any]) -> Iterator[str]:
    if found:
        yield ""
        yield (
            f"start to listening {found['start']:.2f} s · listening in silence: "
            f"{100 * found['cpu']:.1f} % of a core, {found['rss'] / 1e6:.0f} MB resident "
            f"(over {found['seconds']:.0f} s)"
        )


def _troubles(report: Report) -> Iterator[str]:
    for name, one in _sections(report):
        doubles, overlap = one.summary.doubles, one.summary.overlap
        if doubles or one.summary.unprompted:
            yield (
                f"{name}: {doubles} double replies, {one.summary.unprompted} unprompted, "
                f"overlap {overlap:.1f} s"
            )
        if one.late_ticks:
            yield f"{name}: {one.late_ticks} late ticks, the worst {_ms(one.worst_tick)}"
        if one.skipped:
            yield f"{name}: {one.skipped} stimuli skipped, the agent gave no occasion for them"
        for failure in one.failures:
            yield f"{name}: a session failed: {failure}"
        for what in one.summary.unscored:
            yield f"not scored: {what}"


def _row(whole: Distribution) -> str:
    p99 = f"{whole.p99:8.3f}" if whole.p99 is not None else f"{'':>8}"
    return f"{whole.n:>5}{whole.p50:8.3f}{whole.p90:8.3f}{whole.p95:8.3f}{p99}{whole.most:8.3f}"


def _span(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval.low:.3f} to {interval.high:.3f}"


def _share(found: Rate, small: bool) -> str:
    if found.small and not small:
        return f"n {found.n}, too few to tell"
    low, high = found.interval.low, found.interval.high
    return f"{found.hits} of {found.n} = {100 * found.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"
