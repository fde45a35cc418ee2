"""Between τ-voice's timelines and our labels, both ways.

Ours to theirs: a labelled turn is one turn, its hesitations inside it (their ticks would part it there); the
agent's side is what is audible, silences under 200 ms joined, which is their tick.
"""

from __future__ import annotations

from .audible import stretches
from .labels import Kind, Labels, UserTurn, check
from .recording import Recording
from .tau import Timeline, Uttered, Voiced


def from_recording(recording: Recording, labels: Labels) -> Timeline:
    """A conversation of ours as a timeline in samples. Noise counts as a vocal tic: it is no speech."""
    agent = tuple(Voiced(piece.start, piece.end) for piece in stretches(recording.agent, recording.rate))
    user = tuple(
        Uttered(
            turn.start, turn.end, backchannel=turn.kind is Kind.BACKCHANNEL,
            tic=turn.kind in (Kind.TIC, Kind.NOISE),
            aside=turn.kind is Kind.ASIDE, turn=turn.reply,
        )
        for turn in labels.turns
    )  # fmt: skip
    return Timeline(float(recording.rate), recording.length, user, agent)


def to_labels(line: Timeline, name: str, rate: int, length: int, about: dict[str, str]) -> Labels:
    """Labels of a call from its ticks, so true to one tick. Raises LabelsError.

    A tic inside a turn's speech stays part of that turn. What was mixed in between turns is labelled for the
    ticks that name it, though its sound may go on; two at once are labelled by the first.
    """
    turns: list[UserTurn] = []
    for said in line.user:
        start, end = (min(round(at / line.per_second * rate), length) for at in (said.start, said.end))
        if start >= end or (turns and start < turns[-1].end):
            continue
        kind = _kind(said, line)
        turns.append(UserTurn(len(turns) + 1, kind, start, end, reply=kind in (Kind.QUESTION, Kind.BARGE_IN)))
    return check(Labels(name, rate, length, tuple(turns), "tau", about=about))


def _kind(said: Uttered, line: Timeline) -> Kind:
    if said.backchannel:
        return Kind.BACKCHANNEL
    if said.inserted:
        return Kind.TIC if said.tic else Kind.ASIDE
    over = any(piece.start <= said.start < piece.end for piece in line.agent)
    return Kind.BARGE_IN if over else Kind.QUESTION
