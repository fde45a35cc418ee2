"""``hocket bench run --suite load``: what it takes beside the arguments of every run, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from pipeline.errors import UserError
from pipeline.ports import Voice
from tts.choose import best_voice

from .edge import Clock
from .load_carriers import Carrier, Inproc, OverSocket
from .load_picture import draw_load
from .load_plan import LEVELS, LoadSettings, levels_of
from .load_run import finished, load_run, save
from .load_table import lines
from .load_usage import check_pid
from .pictures import NEEDS, drawable
from .target import choose_voices, declared_target, real_target, with_weights
from .target_command import target_from

INPROC = "inproc"
STOPPED = 130
Tell = Callable[[str], None]


def load_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only a load test takes; all else (target, out, clock, seed, minutes, voices) is the run's."""
    parser.add_argument(
        "--sessions", default=",".join(map(str, LEVELS)), metavar="1,4,16", help="load: levels, increasing"
    )
    parser.add_argument("--all-levels", action="store_true", help="load: go on behind the knee")
    parser.add_argument(
        "--marked", action="store_true", help="load: ask with marked noise, for python -m bench.socket_null"
    )
    parser.add_argument(
        "--server-pid", type=int, metavar="PID", help="load: process of a server here, to meter what it costs"
    )


def load_command(given: argparse.Namespace, tell: Tell) -> int:
    """Hold the levels and report. Returns the exit status; raises HocketError."""
    settings = LoadSettings(
        given.out, levels_of(given.sessions), given.minutes, given.seed, Clock(given.clock), given.endpoint,
        given.all_levels, given.marked,
    )  # fmt: skip
    carrier, user = _inproc(given, settings) if given.target == INPROC else _over(given, settings)
    whole = load_run(settings, carrier, user, tell, given.server_pid)
    if whole or any(settings.out.glob("load-*/level.json")):
        _show(settings, tell, small=bool(getattr(given, "all", False)))
    if not whole:
        tell("stopped; finished levels are kept, and the same command goes on with the level it was in")
    return 0 if whole else STOPPED


def _show(settings: LoadSettings, tell: Tell, *, small: bool) -> None:
    levels = finished(settings.out)
    tell("")
    for line in lines(levels, small=small):
        tell(line)
    if drawable():
        draw_load(levels, settings.out)
    else:
        tell(f"no picture without matplotlib: {NEEDS}")
    tell(f"all figures: {save(levels, settings.out)}")


def _inproc(
    given: argparse.Namespace, settings: LoadSettings
) -> tuple[Callable[[], Carrier], Callable[[], Voice]]:
    if settings.marked:
        raise UserError(
            "--marked is for a server that answers marked noise; a session needs a voice that asks"
        )
    if given.server_pid is not None:
        raise UserError(
            "--server-pid is for a server; in process the sessions are metered with the generator"
        )
    make = real_target if settings.clock is Clock.WALL else declared_target
    target = with_weights(make(voice=given.voice, user=given.user, brain=given.brain), given.brain)
    return lambda: Inproc(target, settings.clock, settings.turn), target.user


def _over(
    given: argparse.Namespace, settings: LoadSettings
) -> tuple[Callable[[], Carrier], Callable[[], Voice]]:
    if settings.clock is not Clock.WALL:
        raise UserError(f"{given.target} lives by the machine's clock; leave --clock out, or say wall")
    if given.turn_detection == "none":
        raise UserError(
            "under load a server must find the ends of turns itself; leave out --turn-detection none"
        )
    if settings.endpoint is not None:
        raise UserError("--endpoint sets this runtime's; a server decides for itself (see --turn-detection)")
    check_pid(given.server_pid)
    target = target_from(given)
    _, asker = choose_voices("the server's own", given.user)
    return lambda: OverSocket(target), lambda: best_voice(asker)
