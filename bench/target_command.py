"""What a person types for agents over a socket and the harness's own error: arguments and what they do."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

from audio_io.detectors import DETECTORS, make_detector
from pipeline.errors import UserError
from tts.choose import best_voice

from . import labels as manifests
from . import recording as recordings
from .second_opinion import second_opinion, told
from .socket_run import SocketTarget
from .socket_wire import connect, shown
from .target import choose_voices
from .targets.openai_realtime import TURN_DETECTION, Realtime, RealtimeConfig, address
from .validate import validate

SCENARIOS = ("smooth", "hesitation", "barge-in")
"""Of the core suite, what can be asked of an agent that is only spoken to."""
Tell = Callable[[str], None]


def target_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what an agent over a socket needs to ``run``; ``--target`` itself is the command's."""
    parser.add_argument(
        "--key-env", default="", metavar="NAME", help="environment variable with the server's key"
    )
    parser.add_argument("--model", default="", help="of a server that offers several")
    parser.add_argument("--instructions", default="", help="what the server's agent is told to be")
    parser.add_argument("--server-voice", default="", help="the server's voice, by its name there")
    parser.add_argument(
        "--turn-detection", default="", choices=("", *TURN_DETECTION), help="default: the server's"
    )
    parser.add_argument(
        "--jitter", type=float, default=0.0, help="seconds of jitter buffer before the loudspeaker"
    )


def socket_target(
    url: str, key_env: str = "", *, model: str = "", instructions: str = "", voice: str = "",
    turn_detection: str = "", jitter: float = 0.0, user: str = "auto",
) -> SocketTarget:  # fmt: skip
    """An OpenAI-Realtime server at ``ws://…`` or ``wss://…``. Nothing is dialled yet.

    Raises UserError for an address, a variable or a voice that cannot be used.
    """
    where = address(url, model)
    if not 0.0 <= jitter <= 1.0:
        raise UserError(f"a jitter buffer is 0 to 1 s, not {jitter:g}")
    config = RealtimeConfig(instructions, voice, turn_detection)
    _, asker = choose_voices("the server's own", user)
    names = {
        "target": shown(where), "protocol": "OpenAI Realtime over WebSocket", "brain": "the server's",
        "voice": voice or "the server's default", "user": asker,
        "endpoint": turn_detection or "the server's default",
        "buffers": f"user's packet 20 ms, rate change 1 ms, jitter {1000 * jitter:.0f} ms, loudspeaker 0 ms",
    }  # fmt: skip
    dial = partial(connect, where, key_env)
    return SocketTarget(lambda: Realtime(dial, config), lambda: best_voice(asker), names, jitter)


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
        tell(line)
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
