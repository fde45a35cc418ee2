"""One conversation on the page: two drawn lanes of sound, a player, and a list of turns with their reasons.

The drawing, the list and the sound need no script; seeking by clicks and keys does.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

import numpy as np

from agent.story import Decision, Mark
from pipeline.ports import Pcm

from .audible import stretches
from .explain import Explained
from .html_cells import ms
from .labels import UserTurn
from .recording import Recording
from .report import Read
from .score import EventScore, TurnScore

COLUMNS = 900
"""Peaks per lane."""
HEIGHT = 150
"""Of the drawing: two lanes of half of it."""
WIDTH = 1000
TOLD = frozenset({Mark.COMMIT, Mark.DECLINE, Mark.HOLD, Mark.HUSH, Mark.RESUME, Mark.DROP})
"""Decisions worth a line; what only begins a draft or keeps a note is left to the trace."""
OPUS = (8000, 12000, 16000, 24000, 48000)
"""Sample rates that Opus knows."""
_QUIET = 0.05
"""Peak below which a lane is not magnified further."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Where the page's player finds a conversation."""

    source: str
    embedded: bool


def embedded(recording: Recording) -> Sound:
    """Both channels as Opus in a data URI, user left and agent right; WAV where Opus is missing."""
    import soundfile

    stereo = np.stack([recording.user, recording.agent], axis=1)
    packed = io.BytesIO()
    opus = "OPUS" in soundfile.available_subtypes("OGG") and recording.rate in OPUS
    if opus:
        soundfile.write(packed, stereo, recording.rate, format="OGG", subtype="OPUS", compression_level=0.9)
    else:
        soundfile.write(packed, stereo, recording.rate, format="WAV", subtype="PCM_16")
    kind = "audio/ogg" if opus else "audio/wav"
    return Sound(f"data:{kind};base64,{base64.b64encode(packed.getvalue()).decode()}", True)


def linked(relative: str) -> Sound:
    """A file beside the page, by its path relative to the page."""
    return Sound(quote(relative), False)


def conversation(one: Read, recording: Recording, sound: Sound) -> str:
    """The whole block of one conversation."""
    told = one.explained
    name = escape(one.labels.conversation)
    count = len(one.labels.turns)
    length = f"{recording.length / recording.rate:.0f} s, {count} turn{'s'[: count != 1]}"
    about = f"{one.labels.scenario}, {length}" if one.labels.scenario else length
    inside = "sound inside this page" if sound.embedded else "sound in a file beside this page"
    return (
        f'<section class="conversation" aria-label="conversation {name}">'
        f'<h3>{name} <span class="faint">{escape(about)} · {inside}</span></h3>'
        f"{_lanes(one, recording, told)}"
        f'<audio controls preload="none" src="{sound.source}"></audio>'
        f"{_turns(one, told)}</section>"
    )


def _lanes(one: Read, recording: Recording, told: Explained) -> str:
    seconds = recording.length / recording.rate
    middle = HEIGHT / 2
    drawn = "".join(_spans(one, recording, seconds))
    waves = (
        f'<path class="user" d="{wave(recording.user, middle / 2)}"/>'
        f'<path class="agent" d="{wave(recording.agent, middle * 1.5)}"/>'
    )
    marks = "".join(
        f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{middle}" y2="{HEIGHT}">'
        f"<title>{_at(mark.at)} {escape(_said(mark))}</title></line>"
        for mark in told.reasons
        if mark.mark in TOLD
        for x in (WIDTH * mark.at / seconds,)
    )
    return (
        f'<div class="wide"><div class="lanes" tabindex="0" role="group" data-seconds="{seconds:.3f}" '
        f'style="min-width:{12 * seconds:.0f}px" '
        'aria-label="both channels; space plays, arrows seek, comma and full stop go to the turns">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="user above, agent below">{drawn}'
        f'<line class="border" x1="0" x2="{WIDTH}" y1="{middle}" y2="{middle}"/>{waves}{marks}</svg>'
        '<span class="lane">user</span><span class="lane low">agent</span><i class="head"></i></div></div>'
    )


def _spans(one: Read, recording: Recording, seconds: float) -> Iterator[str]:
    """Labelled speech, labelled pauses, what the score took for the agent's sound, and the wait between."""
    middle = HEIGHT / 2
    for turn, scored in zip(one.labels.turns, one.score.turns, strict=True):
        start, end = one.labels.seconds(turn.start), one.labels.seconds(turn.end)
        yield _box("speech", start, end, 0, middle, seconds, f"{turn.number}, {turn.kind}: {turn.text}")
        for gap in turn.pauses:
            low, high = one.labels.seconds(gap.start), one.labels.seconds(gap.end)
            yield _box("pause", low, high, 0, middle, seconds, f"pause of {high - low:.2f} s")
        if scored.voice_to_voice is not None and scored.voice_to_voice > 0:
            told = "no reply" if scored.censored else f"voice to voice {scored.voice_to_voice:.3f} s"
            yield _box("gap", end, end + scored.voice_to_voice, middle - 5, 10, seconds, told)
    for piece in stretches(recording.agent, recording.rate):
        start, end = piece.start / recording.rate, piece.end / recording.rate
        yield _box("heard", start, end, middle, middle, seconds, f"audible {start:.2f} to {end:.2f} s")


def _box(kind: str, start: float, end: float, top: float, height: float, seconds: float, told: str) -> str:
    end = min(end, seconds)
    return (
        f'<rect class="{kind}" x="{WIDTH * start / seconds:.1f}" y="{top:g}" '
        f'width="{max(0.0, WIDTH * (end - start) / seconds):.1f}" height="{height:g}">'
        f"<title>{escape(told)}</title></rect>"
    )


def wave(pcm: Pcm, middle: float) -> str:
    """Peaks of a channel as the outline of a shape around ``middle``, in the drawing's units."""
    size = max(1, -(-len(pcm) // COLUMNS))
    count = -(-len(pcm) // size)
    padded = np.zeros(count * size, np.float32)
    padded[: len(pcm)] = np.abs(pcm)
    peaks = padded.reshape(count, size).max(axis=1)
    tall = peaks / max(float(peaks.max(initial=0.0)), _QUIET) * (HEIGHT / 4 - 3)
    across = np.linspace(0, WIDTH, count)
    above = [f"{x:.1f},{middle - y:.1f}" for x, y in zip(across, tall, strict=True)]
    below = [f"{x:.1f},{middle + y:.1f}" for x, y in zip(across[::-1], tall[::-1], strict=True)]
    return "M" + "L".join(above + below) + "Z"


def _turns(one: Read, told: Explained) -> str:
    rows = []
    turns = one.labels.turns
    for place, (turn, scored) in enumerate(zip(turns, one.score.turns, strict=True)):
        start = one.labels.seconds(turn.start)
        until = one.labels.seconds(turns[place + 1].start) if place + 1 < len(turns) else float("inf")
        why = [mark for mark in told.reasons if start <= mark.at < until and mark.mark in TOLD]
        reasons = "".join(f"<li>{_at(mark.at)} {escape(_said(mark))}</li>" for mark in why)
        rows.append(
            f'<li data-at="{start:.3f}" data-until="{one.labels.seconds(turn.end):.3f}">'
            f'<button type="button" class="seek" data-at="{max(0.0, start - 0.3):.3f}">{_at(start)}</button>'
            f'<div><span class="kind">{turn.number} · {turn.kind}</span> {escape(turn.text)} '
            f"{_expected(turn)}<strong>{escape(outcome(scored))}</strong>{_known(told, turn.number)}"
            f"{f'<ul>{reasons}</ul>' if reasons else ''}</div></li>"
        )
    return f'<ol class="turns">{"".join(rows)}</ol>' if rows else '<p class="faint">no user turns</p>'


def _known(told: Explained, number: int) -> str:
    """What the trace or the server's messages tell of a turn: the reply's words, and where its time went."""
    lines = []
    for answer in told.answers:
        if answer.turn == number:
            verdict = "refused" if answer.refused else "right" if answer.right else "wrong"
            at = "" if answer.content is None else f", first answer word after {ms(answer.content)}"
            lines.append(f"“{answer.said}” {verdict}{at}")
    terms = [part.terms for part in told.parts if part.turn == number]
    terms += [part.terms for part in told.socket if part.turn == number]
    terms += [stop.terms for stop in told.stops if stop.turn == number]
    terms += [stop.terms for stop in told.socket_stops if stop.turn == number]
    lines += [" + ".join(f"{name} {ms(value)}" for name, value in one.items()) for one in terms]
    return "".join(f'<br><span class="faint">{escape(line)}</span>' for line in lines)


def _expected(turn: UserTurn) -> str:
    return f'<span class="faint">expects {escape(turn.expected)}</span> ' if turn.expected else ""


def outcome(scored: TurnScore) -> str:
    """What the score says of a turn, in words."""
    said = []
    if scored.cut_in:
        said.append("cut in")
    if scored.voice_to_voice is not None:
        said.append("no reply" if scored.censored else f"voice to voice {ms(scored.voice_to_voice)}")
    if scored.stop is not None:
        said.append("did not stop" if scored.stop.censored else f"stopped after {ms(scored.stop.latency)}")
    if scored.event is not None:
        said += _ignored(scored.event)
    elif scored.yielded is not None:
        said.append("silenced the agent" if scored.yielded else "kept talking")
    if scored.doubles:
        said.append(f"{scored.doubles} replies too many")
    return " · ".join(said)


def _ignored(event: EventScore) -> list[str]:
    """What came of a sound that wanted nothing."""
    if event.right is None:
        return []
    if event.right:
        return ["kept talking" if event.speaking else "was ignored"]
    if not event.speaking:
        return ["was answered"]
    back = f", back after {ms(event.silence)}" if event.resumed and event.silence is not None else ""
    return [f"silenced the agent{back}"]


def _said(mark: Decision) -> str:
    return f"{mark.mark.value}{f': {mark.why}' if mark.why else ''}"


def _at(seconds: float) -> str:
    return f"{seconds:.2f} s"
