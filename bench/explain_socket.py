"""What a server's messages tell of its replies: fewer terms than a trace, and they sum all the same.

``events.jsonl`` holds the messages at the samples of the recording at which they came, so the network's way
is part of every term. Nothing that a server does inside is known from here, and nothing of it is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .explain_words import Answer, checkable, judged
from .labels import Labels
from .score import Score

SOCKET_MEANING = {
    "ended": "from the labelled end to the server's message that speech has stopped, or to the button",
    "decided": "from there to its message that a response was begun",
    "made": "from there to the arrival of the response's first sound",
    "played": "from there to the first audible sample: jitter buffer and head silence",
}
"""In the order of time; they sum to voice-to-voice."""
SOCKET_STOP_MEANING = {
    "heard": "from the user's true onset to the server's message that the user speaks",
    "silence": "from that message to silence at the sink: what was still played",
}
"""In the order of time; they sum to the stop latency."""
_STARTED = "input_audio_buffer.speech_started"
_BY_HAND = "bench.turn_ended"
"""The harness told the agent that the turn was over."""
_STOPPED, _CREATED = ("input_audio_buffer.speech_stopped", _BY_HAND), "response.created"
_SOUND = ("response.output_audio.delta", "response.audio.delta", "output_audio_buffer.started")
_TEXT = ("response.output_audio_transcript.done", "response.audio_transcript.done")
_PIECE = "text"
"""Of agents that tell their words piece by piece, each with the spaces around it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One line of events.jsonl, in seconds of the recording."""

    at: float
    event: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SocketParts:
    """One reply of a server."""

    conversation: str
    turn: int
    terms: dict[str, float]
    "Signed seconds by SOCKET_MEANING; they sum to ``total``. A message that never came has no term."
    total: float


@dataclass(frozen=True, slots=True)
class SocketStop:
    """One stop of a server's voice, as far as its messages tell."""

    turn: int
    terms: dict[str, float]
    "Seconds by SOCKET_STOP_MEANING; they sum to ``latency``."
    latency: float


def read_messages(file: Path, rate: int) -> list[Message]:
    """Raises UserError for a file that is none of ours, with the line's number."""
    found = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read ({error}); it is what hocket bench run wrote") from None
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            at, event = told.pop("t") / rate, str(told.pop("ev"))
        except (ValueError, KeyError, TypeError, AttributeError):
            if number == len(lines):
                break  # cut off when the machine stopped
            raise UserError(f"{file}, line {number} is no event; one is an object with t and ev") from None
        found.append(Message(at, event, told))
    return found


def by_hand(messages: Sequence[Message]) -> bool:
    """Whether the harness ended the turns: then nothing of the agent's own endpointing was measured."""
    return any(one.event == _BY_HAND for one in messages)


def socket_parts(messages: Sequence[Message], score: Score, labels: Labels) -> list[SocketParts]:
    """Of every reply that came after a message of a response: its first sound, and what was told before."""
    found = []
    for turn, said in zip(score.turns, labels.turns, strict=True):
        if turn.voice_to_voice is None or turn.censored:
            continue
        end, start = labels.seconds(said.end), labels.seconds(said.start)
        heard = end + turn.voice_to_voice
        own = [one for one in messages if start <= one.at <= heard]
        begun = next((one for one in reversed(own) if one.event == _CREATED), None)
        if begun is None:
            continue
        sound = next((one for one in own if one.at >= begun.at and one.event in _SOUND), None)
        stopped = next((one for one in reversed(own) if one.event in _STOPPED and one.at <= begun.at), None)
        borders = [("ended", stopped), ("decided", begun), ("made", sound)]
        terms, reached = {}, end
        for name, message in borders:
            if message is not None:
                terms[name], reached = message.at - reached, message.at
        terms["played"] = heard - reached
        assert abs(sum(terms.values()) - turn.voice_to_voice) < 1e-9, "a decomposition that does not sum"
        found.append(SocketParts(score.conversation, turn.number, terms, turn.voice_to_voice))
    return found


def socket_stops(messages: Sequence[Message], score: Score, labels: Labels) -> list[SocketStop]:
    """Of every stop before which the server said that the user speaks; others ended by themselves."""
    found = []
    for turn, said in zip(score.turns, labels.turns, strict=True):
        if turn.stop is None or turn.stop.censored:
            continue
        onset = labels.seconds(said.start)
        silent = onset + turn.stop.latency
        told = next((one.at for one in messages if one.event == _STARTED and onset <= one.at <= silent), None)
        if told is not None:
            terms = {"heard": told - onset, "silence": silent - told}
            found.append(SocketStop(turn.number, terms, turn.stop.latency))
    return found


def socket_answers(messages: Sequence[Message], score: Score, labels: Labels) -> list[Answer]:
    """By the server's own transcripts of what it said, which came before the user's next turn.

    Empty for a server that sends no transcript: then nothing is known, which is not a wrong answer.
    """
    texts = [(one.at, told) for one in messages if (told := _text(one))]
    if not texts:
        return []
    due = {turn.number for turn in score.turns if turn.voice_to_voice is not None}
    found = []
    for turn, until in checkable(labels):
        said = [told for at, told in texts if labels.seconds(turn.end) <= at < until]
        if turn.number in due:
            found.append(judged(turn, "".join(said).split(), []))
    return found


def _text(one: Message) -> str:
    """Words of the agent in a message: a whole transcript with a space behind it, or a piece as it came."""
    if one.event in _TEXT and isinstance(one.facts.get("transcript"), str):
        return f"{one.facts['transcript']} "
    return str(one.facts.get("text", "")) if one.event == _PIECE else ""
