"""What a person types for agents over a carrier and the harness's own error: arguments and what they do."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import wrap

from audio_io.detectors import DETECTORS, make_detector
from audio_io.rtc.extra import web
from pipeline.errors import UserError

from . import labels as manifests
from . import recording as recordings
from .cast import Cast
from .rtc_dial import SCHEME as WEBRTC
from .rtc_dial import ring, rtc_address
from .rtc_media import LOOKAHEAD
from .second_opinion import second_opinion, told
from .socket_run import SocketTarget
from .socket_turns import BY_HAND
from .socket_wire import connect, shown
from .table_cells import WIDE
from .target import choose_voices, users
from .targets.moshi import SCHEME as MOSHI
from .targets.moshi import Moshi, moshi_address, opus_writer
from .targets.openai_realtime import MANUAL, TURN_DETECTION, Realtime, RealtimeConfig, address, with_model
from .targets.openai_webrtc import RealtimeCall
from .targets.port import Line
from .validate import validate

SCENARIOS = ("smooth", "hesitation", "barge-in")
"""Of the core suite, what can be asked of an agent that is only spoken to."""
TRACK_JITTER = 0.040
"""Seconds of jitter buffer for a track in real time: about what a browser holds (38 to 60 ms, measured)."""
_TOLD_BY_HAND = f"{BY_HAND}: the user says when a turn is over, so voice to voice leaves endpointing out"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One protocol that a target's address can name."""

    protocol: str
    accepted: str
    packets: str
    "What its packets and codec add, for the report."
    jitter: float = 0.0
    "Seconds, unless another is asked for."


_OPUS = f"Opus {1000 * LOOKAHEAD:.1f} ms each way"
SCHEMES = {
    WEBRTC: Scheme(
        "OpenAI Realtime over WebRTC", f"{WEBRTC}http(s)://host:port/path",
        f"user's packet 20 ms, agent's packet (its own, mostly 20 ms), {_OPUS}, rate change 1 ms",
        TRACK_JITTER,
    ),
    MOSHI: Scheme(
        "moshi", f"{MOSHI}ws(s)://host:port/path",
        f"user's packet 40 ms, rate change 1 ms, agent's packet (its own: moshi's frame 80 ms), {_OPUS}",
        TRACK_JITTER,
    ),
    "ws": Scheme(
        "OpenAI Realtime over WebSocket", "ws(s)://host:port/path", "user's packet 20 ms, rate change 1 ms"
    ),
}  # fmt: skip
"""By the beginning of an address."""


def target_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what an agent over a carrier needs to ``run``; ``--target`` itself is the command's."""
    parser.add_argument(
        "--key-env", default="", metavar="NAME", help="environment variable with the server's key"
    )
    parser.add_argument("--model", default="", help="of a server that offers several")
    parser.add_argument("--instructions", default="", help="what the server's agent is told to be")
    parser.add_argument("--server-voice", default="", help="the server's voice, by its name there")
    parser.add_argument(
        "--turn-detection", default="", choices=("", *TURN_DETECTION),
        help=f"default: the server's; {MANUAL}: the harness ends turns, and endpointing is left out",
    )  # fmt: skip
    parser.add_argument(
        "--jitter", type=float,
        help="seconds of jitter buffer before the loudspeaker "
        f"(default: 0 over ws://, {TRACK_JITTER:g} for a track)",
    )  # fmt: skip


def scheme(url: str) -> Scheme:
    """The protocol that an address names. Raises UserError, with all that are accepted."""
    for start, one in SCHEMES.items():
        if url.startswith((f"{start}://", f"{start}s://") if start == "ws" else start):
            return one
    raise UserError(
        f"{shown(url)!r} is no address of a server; accepted are inproc (the shipped session, no server), "
        + ", ".join(one.accepted for one in SCHEMES.values())
    )


def socket_target(
    url: str, key_env: str = "", *, model: str = "", instructions: str = "", voice: str = "",
    turn_detection: str = "", jitter: float | None = None, user: str = "auto",
) -> SocketTarget:  # fmt: skip
    """An agent at ``ws://…``, ``webrtc+http://…`` or ``moshi+ws://…`` and their secure kinds. Dials nothing.

    Raises UserError for an address, a library, a variable or a voice that cannot be used.
    """
    found = scheme(url)
    jitter = found.jitter if jitter is None else jitter
    if not 0.0 <= jitter <= 1.0:
        raise UserError(f"a jitter buffer is 0 to 1 s, not {jitter:g}")
    config = RealtimeConfig(instructions, voice, turn_detection)
    dial, where, mark = _dialling(url, key_env, model, config)
    own = "the server's own"
    _, asker = choose_voices(own, user)
    who = users(own, asker, user)
    names = {
        "target": mark + shown(where), "protocol": found.protocol, "brain": "the server's",
        "voice": voice or "the server's default", "user": who[0],
        "endpoint": _TOLD_BY_HAND if config.by_hand else turn_detection or "the server's default",
        "instructions": instructions or "none sent",
        "buffers": f"{found.packets}, jitter {1000 * jitter:.0f} ms, loudspeaker 0 ms",
    }  # fmt: skip
    return SocketTarget(dial, lambda: Cast(who), names, jitter)


def _dialling(
    url: str, key_env: str, model: str, config: RealtimeConfig
) -> tuple[Callable[[], Line], str, str]:
    """What makes a line, the address it dials, and what stands before that in the target's name."""
    if url.startswith(WEBRTC):
        where = with_model(rtc_address(url), model)
        for name in ("aiortc", "aiohttp", "av"):
            web(name)
        return lambda: RealtimeCall(partial(ring, where, key_env), config), where, WEBRTC
    if url.startswith(MOSHI):
        if config != RealtimeConfig() or model:
            raise UserError(
                "moshi has no model, instructions, voice or turn detection to choose; leave them out"
            )
        where = moshi_address(url)
        opus_writer()
        return lambda: Moshi(partial(connect, where, key_env)), where, MOSHI
    where = address(url, model)
    return lambda: Realtime(partial(connect, where, key_env), config), where, ""


def target_from(given: argparse.Namespace) -> SocketTarget:
    """The same from ``--target`` and ``target_arguments``."""
    return socket_target(
        given.target, given.key_env, model=given.model, instructions=given.instructions,
        voice=given.server_voice, turn_detection=given.turn_detection, jitter=given.jitter, user=given.user,
    )  # fmt: skip


def validate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``hocket bench validate`` takes."""
    parser.add_argument("--out", type=Path, default=Path("bench-validate"), help="folder for the figures")
    parser.add_argument("--n", type=int, default=12, help="turns per delay")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--virtual", action="store_true", help="leave out what takes minutes of real time")
    parser.add_argument("--recordings", type=Path, help="a run's folder to score by a second ruler too")
    parser.add_argument("--detector", choices=DETECTORS, default="silero", help="the second ruler")


def validate_command(given: argparse.Namespace, tell: Tell) -> int:
    """Measure the harness. 1 when an error is out of its limits. Raises HocketError."""
    if given.n < 1:
        raise UserError(f"n must be at least 1, not {given.n}")
    opinion = _opinion(given.recordings, given.detector) if given.recordings else []
    good = validate(given.out, tell, count=given.n, seed=given.seed, socket=not given.virtual)
    for line in opinion:
        for part in wrap(line, WIDE, subsequent_indent="    "):
            tell(part)
    return 0 if good else 1


def _opinion(folder: Path, detector: str) -> list[str]:
    from .report import conversations

    if not folder.is_dir():
        raise UserError(f"there is no folder {folder}; name one with conversation.wav and labels.json in it")
    read = [
        (recordings.load(place / "conversation.wav"), manifests.load(place / "labels.json"))
        for place in conversations(folder)
    ]
    if not read:
        raise UserError(
            f"{folder} holds no conversation; one is a folder with conversation.wav and labels.json"
        )
    return told(second_opinion(read, partial(make_detector, detector)), detector)
