"""τ-voice's results as JSON: the panel with its windows and counts, and the events behind it.

The layout is that of a submission's ``interaction_metrics`` block (github.com/sierra-research/tau2-bench,
``docs/interaction-metrics.md``); figures of few events stay in it, with their counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from .tau import NO_YIELD, RESPONDS, YIELDS, TauEvent, panel

VERSION = "hocket 1, by the definitions of tau2 1.1"
PANEL, EVENTS = "interaction_metrics.json", "events.json"


@dataclass(frozen=True, slots=True)
class Call:
    """One conversation's events."""

    name: str
    domain: str
    events: Sequence[TauEvent]


def write_panel(calls: Sequence[Call], tick: float, out: Path) -> dict[str, Any]:
    """Write both files into ``out`` and return the panel's block. ``tick`` is the resolution in seconds."""
    found = block(calls, tick)
    out.mkdir(parents=True, exist_ok=True)
    told = [_call(call) for call in calls]
    for name, value in ((PANEL, found), (EVENTS, told)):
        (out / name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return found


def block(calls: Sequence[Call], tick: float) -> dict[str, Any]:
    """The panel of every domain, and over all: «the per-metric mean across domains», counts summed."""
    names = sorted({call.domain for call in calls})
    domains = {name: panel([call.events for call in calls if call.domain == name]) for name in names}
    return {"version": VERSION, "config": windows(tick), "domains": domains, "overall": _overall(domains)}


def windows(tick: float) -> dict[str, float]:
    """The windows under the benchmark's names."""
    yields = {f"{name}_yield_window_sec": YIELDS for name in ("backchannel", "vocal_tic", "non_directed")}
    responds = {f"{name}_response_window_sec": RESPONDS for name in ("vocal_tic", "non_directed")}
    return {"tick_duration_sec": tick, "no_yield_window_sec": NO_YIELD, **yields, **responds}


def lines(found: Mapping[str, Any]) -> list[str]:
    """The overall panel for a reader."""
    signs = {
        "response_latency_mean": "L_R", "yield_latency_mean": "L_Y", "response_rate": "R_R",
        "yield_rate": "R_Y", "agent_interruption_rate": "I_A", "selectivity_backchannel": "S_BC",
        "selectivity_vocal_tic": "S_VT", "selectivity_non_directed": "S_ND",
    }  # fmt: skip
    overall = found["overall"]
    told = [f"{sign} {overall[name]:.3f}" for name, sign in signs.items() if overall[name] is not None]
    counts = ", ".join(f"{name.removesuffix('_total')} {count}" for name, count in overall["counts"].items())
    return [f"τ-voice's panel: {' · '.join(told) or 'no events'}", f"counts: {counts}"]


def _overall(domains: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in next(iter(domains.values()), panel([])):
        if name == "counts":
            parts = [domain["counts"] for domain in domains.values()] or [panel([])["counts"]]
            found[name] = {key: sum(part[key] for part in parts) for key in parts[0]}
        else:
            values = [domain[name] for domain in domains.values() if domain[name] is not None]
            found[name] = fmean(values) if values else None
    return found


def _call(call: Call) -> dict[str, Any]:
    told = [_event(one) for one in call.events]
    return {"simulation_id": call.name, "domain": call.domain, "events": told}


def _event(one: TauEvent) -> dict[str, Any]:
    return {
        "event_category": one.category, "event_type": one.kind, "is_error": one.error,
        "latency_sec": one.latency, "event_time_sec": one.at,
    }  # fmt: skip
