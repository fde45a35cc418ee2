"""What each program printed, brought to one form, and the summary of it. Pure.

Times are milliseconds. ``e2e``: the question's true last sample to the agent's first sound. ``stop``: the
true first sample of speech over the voice to its silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .peers_plan import BURSTS, LIVEKIT, PIPECAT, Arm
from .stats import percentile

GIVEN_UP = 2000
"""Milliseconds within which a burst must have stopped the voice to be called its cause."""

HEAD = ("scene", "stt", "system", "n", "e2e p50/p90", "stop p50/p90", "cut in", "stopped", "went on", "lost",
        "unheard", "cpu %", "MB")  # fmt: skip
"""Of the table: e2e and stop in milliseconds, the rest but the last two are conversations."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One conversation of one system. None: not measured, or it did not happen."""

    e2e: int | None
    cut_in: bool
    "The agent sounded before the question's true end."
    stop: int | None = None
    back: int | None = None
    "When the voice went on after that stop."
    lost: bool | None = None
    "The reply was thrown away."
    unlistened: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def readings(arm: Arm, printed: dict[str, Any]) -> list[Reading]:
    """A reading per conversation in a program's JSON. Raises KeyError where it is not the program's."""
    one = {PIPECAT: _pipecat, LIVEKIT: _livekit}.get(arm.system, _ours)
    return [one(arm, run) for run in printed["runs"]]


def _pipecat(arm: Arm, run: dict[str, Any]) -> Reading:
    """The script's ``stop`` is the handing over of the last chunk; ``stop_audible`` its end."""
    started, first = run["bot_start"], run["e2e"]
    cut_in = any(at is not None and at < 0 for at in (started, first))
    stop, interrupted = run["stop_audible"], run["b_interrupt"]
    if stop is None or stop > GIVEN_UP or (_burst(arm) and interrupted is None):
        stop = None
    lost = None if not run["was_speaking"] else stop is not None
    return Reading(None if cut_in else first, cut_in, stop, None, lost, None, run)


def _livekit(arm: Arm, run: dict[str, Any]) -> Reading:
    """Its events carry their times, so a question in two parts can be measured too."""
    events = [(name, at) for name, at in run["ev"] if at <= 1000 * arm.seconds]  # closing is no behaviour
    end = round(1000 * arm.end)
    sounds = [at for name, at in events if name == "first_audio"]
    first = next((at - end for at in sounds if at >= end), None)
    cut_in = any(at < end for at in sounds)
    detail = {key: value for key, value in run.items() if key != "ev"}
    if arm.scene.startswith("pause"):
        detail["sounds"] = [at - end for at in sounds]
        return Reading(None if cut_in else first, cut_in, detail=detail)
    onset = round(1000 * (arm.end + _gap(arm)))
    stop = run["stop"] if run["stop"] is not None and 0 <= run["stop"] <= GIVEN_UP else None
    back = next((at - onset for name, at in events if stop is not None and name == "resume"
                 and at - onset > stop), None)  # fmt: skip
    lost = any(name == "clear" and at >= onset for name, at in events)
    return Reading(first, cut_in, stop, back, lost, None, detail)


def _ours(arm: Arm, run: dict[str, Any]) -> Reading:
    lost = run["stop"] is not None and "over Hush" in run["stages"]
    cut_in = run["cut_ins"] > 0
    first = None if cut_in else run["e2e"]
    return Reading(first, cut_in, run["stop"], run["back"], lost, run["unlistened"], run)


def _burst(arm: Arm) -> bool:
    return arm.scene in BURSTS


def _gap(arm: Arm) -> float:
    return float(arm.command[arm.command.index("--gap") + 1])


# --- summary ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Row:
    """All that is known of one arm."""

    arm: Arm
    readings: list[Reading] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rss: list[int] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, printed: dict[str, Any]) -> None:
        """One program's JSON."""
        self.readings += readings(self.arm, printed)
        self.cpu.append(printed["cpu_pct_per_stream"])
        self.rss.append(printed["rss_mb"])
        self.load.append(printed["load"])
        self.errors += [run["error"] for run in printed["runs"] if "error" in run]

    def told(self, command: str) -> dict[str, Any]:
        """As plain values for the file."""
        found = self.readings
        return {
            "system": self.arm.system, "scene": self.arm.scene, "stt_ms": self.arm.stt, "command": command,
            "n": len(found),
            "e2e_ms": spread([one.e2e for one in found]),
            "stop_ms": spread([one.stop for one in found]),
            "cut_ins": sum(one.cut_in for one in found),
            "stopped": sum(one.stop is not None for one in found),
            "went_on": sum(one.back is not None and not one.lost for one in found),
            "reply_lost": sum(bool(one.lost) for one in found),
            "cut_ins_in_barge_in": self._again(),
            "unlistened": _total([one.unlistened for one in found]),
            "cpu_pct": spread(self.cpu), "rss_mb": max(self.rss, default=None), "load": self.load,
            "errors": self.errors, "runs": [asdict(one) for one in found],
        }  # fmt: skip

    def _again(self) -> int | None:
        """Ours only: conversations in which the agent sounded again before the barge-in was over."""
        told = [one.detail["over_user"] for one in self.readings if "over_user" in one.detail]
        return None if _burst(self.arm) or not told else sum(told)


def spread(values: Sequence[float | None]) -> dict[str, Any]:
    """n, p50, p90 and the values themselves; what is None is left out."""
    known = [value for value in values if value is not None]
    if not known:
        return {"n": 0}
    middle, high = (round(percentile(known, share), 1) for share in (0.5, 0.9))
    return {"n": len(known), "p50": middle, "p90": high, "values": known}


def _total(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Lines for a person, one per arm."""
    told = [_line(*HEAD)]
    for row in rows:
        told.append(_line(
            row["scene"], row["stt_ms"], row["system"], row["n"], _two(row["e2e_ms"]), _two(row["stop_ms"]),
            row["cut_ins"], row["stopped"], row["went_on"], row["reply_lost"],
            "-" if row["unlistened"] is None else row["unlistened"], row["cpu_pct"].get("p50", 0),
            row["rss_mb"] or 0,
        ))  # fmt: skip
    return told


def _line(scene: str, stt: object, system: str, *rest: object) -> str:
    widths = (4, 14, 14, 7, 8, 8, 5, 8, 6, 5)
    return f"{scene:<11}{stt:>4}  {system:<21}" + "".join(
        f"{cell:>{width}}" for cell, width in zip(rest, widths, strict=True)
    )


def _two(found: dict[str, Any]) -> str:
    return f"{found['p50']:.0f} / {found['p90']:.0f}" if found["n"] else "-"
