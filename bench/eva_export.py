"""``bench export --format eva``: EVA's turn-taking metric of a run of ours, a file per conversation.

Only turns that a reply is due to are EVA's turns; it has no backchannels, asides or noise. Whether a tool was
called is not in a recording, so its stricter curve is used throughout.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

from pipeline.errors import UserError

from . import recording as recordings
from .audible import stretches
from .counted import counted
from .eva import EvaTurn, Span, metric
from .export_what import of_agents
from .foreign_folder import slug
from .labels import Labels, UserTurn
from .recording import Recording

SUMMARY = "metrics_summary.json"
Tell = Callable[[str], None]


def export_eva(run: Path, out: Path, tell: Tell) -> int:
    """Write ``<conversation>/metrics.json`` and a summary; returns how many. Raises UserError without any."""
    scores: dict[str, float] = {}
    for place, labels in of_agents(run, tell):
        recording = recordings.load(place / "conversation.wav")
        recordings.fit(recording, labels)
        turns = eva_turns(recording, labels)
        found = metric(turns)
        name = slug(labels.conversation)
        _save(out / name / "metrics.json", {"metrics": {"turn_taking": found}, **_timestamps(turns)})
        if found["details"]["num_evaluated"] or found["details"]["missed_turn"]:
            scores[name] = found["score"]
    if not scores:
        raise UserError(f"{run} holds no conversation with a turn that a reply is due to")
    mean = fmean(scores.values())
    _save(out / SUMMARY, {"turn_taking": {"mean": mean, "n": len(scores), "per_record": scores}})
    over = counted(len(scores), "conversation")
    tell(f"EVA's turn-taking: mean {mean:.3f} over {over}, told in {out}")
    tell("same definition, other stimuli than the benchmark's; it takes off points for replies within 500 ms")
    return len(scores)


def eva_turns(recording: Recording, labels: Labels) -> list[EvaTurn]:
    """The turns that a reply is due to, with what is audible of the agent. A pause parts the user's side."""
    due = [turn for turn in labels.turns if turn.reply]
    sound = [(piece.start, piece.end) for piece in stretches(recording.agent, recording.rate)]
    found = []
    for place, turn in enumerate(due):
        until = due[place + 1].start if place + 1 < len(due) else recording.length
        own = [piece for piece in sound if turn.start <= piece[0] < until]
        past = [end for start, end in sound if start < turn.start]
        found.append(
            EvaTurn(
                tuple(_seconds(part, recording.rate) for part in _parts(turn)),
                tuple(_seconds(part, recording.rate) for part in own),
                past[-1] / recording.rate if past else None,
            )
        )
    return found


def _parts(turn: UserTurn) -> list[tuple[int, int]]:
    starts = [turn.start, *(pause.end for pause in turn.pauses)]
    ends = [*(pause.start for pause in turn.pauses), turn.end]
    return list(zip(starts, ends, strict=True))


def _seconds(part: tuple[int, int], rate: int) -> Span:
    return part[0] / rate, part[1] / rate


def _timestamps(turns: list[EvaTurn]) -> dict[str, Any]:
    """The segments that everything follows from, under EVA's names."""
    return {
        "audio_timestamps_user_turns": {str(place): turn.user for place, turn in enumerate(turns, 1)},
        "audio_timestamps_assistant_turns": {str(place): turn.agent for place, turn in enumerate(turns, 1)},
    }


def _save(file: Path, found: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
