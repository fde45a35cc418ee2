"""``hocket bench run``: what it takes, and which way of holding conversations it chooses."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .edge import Clock
from .load_command import load_arguments, load_command
from .load_plan import SUITE as LOAD
from .machine import MACHINE, measure
from .progress import progress_for
from .run import Settings, claim, items_of, note_planned, run_suite
from .run_options import INPROC, check_options
from .session_run import Target
from .show import show_report
from .socket_run import missing, only_over_a_socket, run_over
from .suites import REPLAY, SUITES
from .target import declared_target, real_target, with_weights
from .target_command import target_arguments, target_from
from .think_suite import SUITE as THINK
from .think_suite import suite_arguments, suite_command

STOPPED = 130
Tell = Callable[[str], None]


def run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``run`` takes."""
    parser.add_argument("--suite", choices=(*SUITES, REPLAY, LOAD, THINK), default="core")
    parser.add_argument(
        "--target",
        default=INPROC,
        metavar="WHAT",
        help="inproc, ws(s)://…, webrtc+http(s)://…, moshi+ws(s)://…",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for recordings; goes on in it")
    parser.add_argument(
        "--clock", choices=tuple(Clock), default=Clock.WALL, help="only wall (the default) shows latency"
    )
    parser.add_argument("--endpoint", type=float, help="seconds of silence that end a turn (default: ours)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--n", type=int, default=40, help="events per scenario and per length of pause (default: 40)"
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=5.0,
        help="core, overlap: of each echo recording; load: of each level (default: 5)",
    )
    parser.add_argument(
        "--scenario",
        action="append",
        help="only this one of the suite; may be repeated (a wrong one lists them)",
    )
    parser.add_argument("--voice", default="auto", help="the agent's voice (auto: the best installed)")
    parser.add_argument("--user", default="auto", help="the user's voice; must differ from the agent's")
    parser.add_argument("--brain", type=Path, help="folder of a brain (default: the bundled one)")
    parser.add_argument("--ear", default="off", help="a second ear: moonshine, moonshine:FOLDER")
    parser.add_argument("--people", type=Path, help="turns, overlap: folder of people's recordings")
    parser.add_argument("--stimuli", type=Path, help="replay: conversations; think: its questions")
    target_arguments(parser)
    load_arguments(parser)
    suite_arguments(parser)


def run_command(given: argparse.Namespace, tell: Tell) -> int:
    """Hold the suite and report. Returns the exit status; raises HocketError."""
    check_options(given, usual_values())
    if given.suite == LOAD:
        return load_command(given, tell)
    if given.suite == THINK:
        return _think(given, tell)
    settings = Settings(
        given.out, Clock(given.clock), given.endpoint, given.seed, given.n, tuple(given.scenario or ()),
        given.minutes, given.suite, given.people, given.stimuli,
    )  # fmt: skip
    whole = _inproc(given, settings, tell) if given.target == INPROC else _over(given, settings, tell)
    show_report(settings.out, tell, listen=given.hear, small=given.all)
    if not whole:
        tell("stopped; what is done is kept, and the same command goes on with it")
        return STOPPED
    if given.target != INPROC and missing(settings.out):
        tell("not everything could be held; what is missing stands above, with why")
        return 1
    return 0


def usual_values() -> dict[str, Any]:
    """What every option of ``run`` is when it is not given."""
    parser = argparse.ArgumentParser()
    run_arguments(parser)
    return vars(parser.parse_args(["--out", "."])) | {"hear": False}


def _think(given: argparse.Namespace, tell: Tell) -> int:
    if given.target != INPROC:
        raise UserError("the suite think leaves out this runtime's mechanisms; it has no other target")
    return suite_command(given, tell)


def _inproc(given: argparse.Namespace, settings: Settings, tell: Tell) -> bool:
    whole = run_suite(settings, _target(given, settings.clock), tell, progress_for(sys.stdout, tell))
    if whole and "machine" in settings.chosen and settings.clock is Clock.WALL:
        _measure(settings.out / MACHINE, given.voice, tell)
    return whole


def _over(given: argparse.Namespace, settings: Settings, tell: Tell) -> bool:
    if settings.clock is not Clock.WALL:
        raise UserError(f"{given.target} lives by the machine's clock; leave --clock out, or say wall")
    if settings.endpoint is not None:
        raise UserError("--endpoint sets this runtime's; a server decides for itself (see --turn-detection)")
    target = target_from(given)
    able = only_over_a_socket(settings.chosen, settings.plan.over_wire)
    claim(settings, target.names)
    items = items_of(settings, able)
    note_planned(settings.out, items)
    return run_over(items, settings.out, target, tell)


def _target(given: argparse.Namespace, clock: Clock) -> Target:
    if clock is not Clock.WALL:
        if given.ear != usual_values()["ear"]:
            raise UserError("--ear is heard through in real time: leave --clock out, or say wall")
        made = declared_target(given.voice, given.user, given.brain)
    else:
        made = real_target(given.voice, given.user, given.brain, given.ear)
    return with_weights(made, given.brain)


def _measure(file: Path, voice: str, tell: Tell) -> None:
    if not file.exists():
        tell("a session that listens to silence, in a process of its own …")
        file.write_text(json.dumps(measure(30.0, ("--voice", voice)), indent=1) + "\n", encoding="utf-8")
