"""τ-voice's trajectories read as timelines: a simulation's ticks, and who speaks in each.

Reads ``simulations/*.json`` of a run (or a ``results.json`` that holds them), as tau2-bench at a2c02472
writes them. Only ``contains_speech``, ``turn_taking_action`` and ``speech_insert`` of a tick are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .tau import Timeline, Uttered, Voiced

TICK = 0.2
"""Seconds of a tick where the run does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Who speaks in one tick."""

    user: bool
    agent: bool
    backchannel: bool = False
    tic: str = ""
    "The text of a vocal tic that is on."
    aside: str = ""
    "The text of a non-directed phrase that is on."


@dataclass(frozen=True, slots=True)
class Simulation:
    """One call."""

    name: str
    task: str
    seconds: float
    "Per tick."
    ticks: tuple[Tick, ...]

    @property
    def timeline(self) -> Timeline:
        return timeline(self.ticks, self.seconds)


def simulations(root: Path) -> Iterator[Simulation | UserError]:
    """Every call of a run in order of name, or why one cannot be used. Raises UserError without any."""
    if not root.is_dir():
        raise UserError(f"there is no folder {root}; name a run of tau2 with results.json and simulations/")
    told = root / "results.json"
    whole = _json(told) if told.exists() else {}
    seconds = _tick_seconds(whole)
    inside = whole.get("simulations") if isinstance(whole, dict) else None
    found: list[tuple[str, Any]] = [
        (f"{told}, simulation {place}", one) for place, one in enumerate(inside or [])
    ]
    files = sorted((root / "simulations").glob("*.json"))
    if not found and not files:
        raise UserError(
            f"{root} holds no simulation; accepted is a run of tau2 with simulations/*.json, "
            "or with them in results.json"
        )
    for where, one in [*found, *((str(file), file) for file in files)]:
        try:
            yield _simulation(_json(one) if isinstance(one, Path) else one, where, seconds)
        except UserError as error:
            yield error


def timeline(ticks: Sequence[Tick], seconds: float = TICK) -> Timeline:
    """The segments of a call: contiguous ticks of speech, and what was mixed in between them.

    A user's segment of one tick at the very end is its stop signal and is left out, as in the benchmark.
    """
    if len(ticks) > 1 and ticks[-1].user and not ticks[-2].user:
        ticks = ticks[:-1]
    agent = tuple(Voiced(start, end) for start, end in _runs([tick.agent for tick in ticks]))
    said = [
        Uttered(
            start, end, backchannel=ticks[start].backchannel,
            tic=any(tick.tic for tick in ticks[start:end]),
            aside=any(tick.aside for tick in ticks[start:end]),
        )
        for start, end in _runs([tick.user for tick in ticks])
    ]  # fmt: skip
    for name in ("tic", "aside"):
        texts = ["" if tick.user else str(getattr(tick, name)) for tick in ticks]
        for start, end in _runs(texts):
            said.append(
                Uttered(start, end, tic=name == "tic", aside=name == "aside", turn=False, inserted=True)
            )
    return Timeline(1 / seconds, len(ticks), tuple(sorted(said, key=lambda one: one.start)), agent)


def _runs(values: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Where equal values that hold lie, half open."""
    at = 0
    for value, group in groupby(values):
        count = sum(1 for _ in group)
        if value:
            yield at, at + count
        at += count


def _simulation(found: Any, where: str, seconds: float) -> Simulation:
    ticks = found.get("ticks") if isinstance(found, dict) else None
    if not isinstance(ticks, list) or not ticks:
        raise UserError(f"{where} has no ticks; only full-duplex (voice) calls have the panel")
    return Simulation(
        str(found.get("id") or Path(where).stem), str(found.get("task_id", "")), seconds,
        tuple(_tick(one, f"{where}, tick {place}") for place, one in enumerate(ticks)),
    )  # fmt: skip


def _tick(found: Any, where: str) -> Tick:
    if not isinstance(found, dict):
        raise UserError(f"{where} is not an object with user_chunk and agent_chunk")
    user, agent = (_chunk(found.get(f"{side}_chunk"), where) for side in ("user", "agent"))
    action = user.get("turn_taking_action") or {}
    tic = aside = ""
    for effects in (user.get("source_effects") or {}, user.get("speech_effects") or {}):
        insert = effects.get("speech_insert")
        if insert:
            text = str(insert.get("text") or "insert")
            tic, aside = (text, aside) if insert.get("type") == "vocal_tic" else (tic, text)
    speaking = [bool(side.get("contains_speech")) for side in (user, agent)]
    return Tick(speaking[0], speaking[1], action.get("action") == "backchannel", tic, aside)


def _chunk(found: Any, where: str) -> dict[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UserError(f"{where}: a chunk is {found!r}; accepted are an object or null")
    return found


def _tick_seconds(whole: Any) -> float:
    """The run's own tick, from its audio_native_config."""
    info = whole.get("info") if isinstance(whole, dict) else None
    told = (info or {}).get("audio_native_config") or {}
    seconds = told.get("tick_duration_seconds", TICK)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0.01 <= seconds <= 2:
        raise UserError(f"results.json says tick_duration_seconds {seconds!r}; accepted are 0.01 to 2")
    return float(seconds)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UserError(f"{file} cannot be read as JSON ({error}); export it again") from error
