"""``hocket bench``: holds conversations, scores recordings, shows figures. The only file here that prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import UserError

from .edge import Clock
from .machine import MACHINE, measure
from .peers import Comparison, compare
from .peers import lines as beside
from .peers_plan import SCENES, STT
from .report import Report, alone, report, save
from .run import Settings, run_suite
from .score import Score
from .session_run import Target
from .suite_core import SCENARIOS, SUITE
from .table import lines
from .target import declared_target, real_target
from .think_command import think_arguments, think_command

Tell = Callable[[str], None]


def bench_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``run``, ``score``, ``peers`` and ``think`` to a parser for ``hocket bench``."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="hold a suite of conversations and report")
    run.add_argument("--suite", choices=(SUITE,), default=SUITE)
    run.add_argument("--out", type=Path, required=True, help="folder for recordings; goes on in it")
    run.add_argument("--clock", choices=tuple(Clock), default=Clock.WALL, help="only wall shows latency")
    run.add_argument("--endpoint", type=float, help="seconds of silence that end a turn (default: shipped)")
    run.add_argument("--seed", type=int, default=1)
    run.add_argument("--n", type=int, default=40, help="events per scenario and per length of pause")
    run.add_argument("--minutes", type=float, default=5.0, help="of each echo recording")
    run.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one; may be repeated")
    run.add_argument("--voice", default="auto", help="the agent's voice (auto: the best installed)")
    run.add_argument("--user", default="auto", help="the user's voice; must differ from the agent's")
    run.add_argument("--brain", type=Path, help="folder of a brain (default: the bundled one)")
    _reading(run)
    scored = verbs.add_parser("score", help="score recordings with labels; needs no session")
    scored.add_argument("what", type=Path, help="a run's folder, or a stereo recording (user, agent)")
    scored.add_argument("labels", type=Path, nargs="?", help="of the recording")
    scored.add_argument("--json", type=Path, help="write the score of one recording here")
    _reading(scored)
    _beside(verbs.add_parser("peers", help="our line beside other frameworks, with equal stubs"))
    think_arguments(verbs.add_parser("think", help="accuracy and waiting with each mechanism on and off"))


def _reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hear", action="store_true", help="listen to the answers (needs pocketsphinx)")
    parser.add_argument("--all", action="store_true", help="show rates of fewer than 10 events too")


def _beside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--peers-dir", type=Path, required=True, help="their scripts and two recordings")
    parser.add_argument("--pipecat", type=Path, help="the Python of its virtual environment; else left out")
    parser.add_argument("--livekit", type=Path, help="likewise")
    parser.add_argument("--out", type=Path, required=True, help="JSON of all figures")
    parser.add_argument("--reps", type=int, default=5, help="rounds")
    parser.add_argument("--each", type=int, default=2, help="conversations per program and round")
    parser.add_argument("--scene", action="append", choices=SCENES, help="only this one; may be repeated")
    parser.add_argument("--stt", type=int, action="append", help=f"ms, may be repeated (default: {STT})")
    parser.add_argument("--ears", action="store_true", help="the shipped brain judges the sound for ours")


def bench_command(given: argparse.Namespace, tell: Tell | None = None) -> int:
    """Do what the arguments say. Returns the exit status; raises HocketError for the caller to print."""
    say = tell or _print
    does = {"run": _run, "score": _score, "peers": _peers, "think": think_command}
    return does[given.verb](given, say)


def main(arguments: list[str] | None = None) -> int:
    """``python -m bench``: the command by itself."""
    parser = argparse.ArgumentParser(prog="hocket bench")
    bench_arguments(parser)
    return bench_command(parser.parse_args(arguments))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _run(given: argparse.Namespace, tell: Tell) -> int:
    scenarios = tuple(given.scenario or SCENARIOS)
    settings = Settings(
        given.out, Clock(given.clock), given.endpoint, given.seed, given.n, scenarios, given.minutes
    )
    whole = run_suite(settings, _target(given, settings.clock), tell)
    if whole and "machine" in scenarios and settings.clock is Clock.WALL:
        _measure(settings.out / MACHINE, given.voice, tell)
    _show(report(settings.out, listen=given.hear), settings.out, tell, small=given.all)
    if not whole:
        tell("stopped; what is done is kept, and the same command goes on with it")
    return 0 if whole else 130


def _target(given: argparse.Namespace, clock: Clock) -> Target:
    make = real_target if clock is Clock.WALL else declared_target
    return make(voice=given.voice, user=given.user, brain=given.brain)


def _measure(file: Path, voice: str, tell: Tell) -> None:
    if not file.exists():
        tell("a session that listens to silence, in a process of its own …")
        file.write_text(json.dumps(measure(30.0, ("--voice", voice)), indent=1) + "\n", encoding="utf-8")


def _score(given: argparse.Namespace, tell: Tell) -> int:
    if given.what.is_dir():
        found = report(given.what, listen=given.hear)
        if not found.sections:
            raise UserError(
                f"{given.what} holds no conversation; one is a folder with conversation.wav and labels.json"
            )
        _show(found, given.what, tell, small=given.all)
        return 0
    labels = given.labels or given.what.with_name("labels.json")
    score, found = alone(given.what, labels, listen=given.hear)
    for line in [*_turns(score), *lines(found, small=given.all)]:
        tell(line)
    if given.json:
        given.json.write_text(json.dumps(asdict(score), indent=1) + "\n", encoding="utf-8")
    return 0


def _peers(given: argparse.Namespace, tell: Tell) -> int:
    asked = Comparison(
        given.out, given.peers_dir, given.pipecat, given.livekit, given.reps, given.each,
        tuple(given.scene or SCENES), tuple(given.stt or STT), given.ears,
    )  # fmt: skip
    rows = compare(asked, tell)
    for line in beside(rows, given.out):
        tell(line)
    return 1 if any(row["errors"] for row in rows) else 0


def _turns(one: Score) -> list[str]:
    told = []
    for turn in one.turns:
        said = [f"turn {turn.number} ({turn.kind})"]
        if turn.voice_to_voice is not None:
            said.append("no reply" if turn.censored else f"voice to voice {turn.voice_to_voice:+.3f} s")
        if turn.stop is not None:
            said.append("did not stop" if turn.stop.censored else f"stopped after {turn.stop.latency:.3f} s")
        if turn.cut_in:
            said.append("cut in")
        if turn.overlap > 0.05:
            said.append(f"overlap {turn.overlap:.2f} s")
        told.append(" · ".join(said))
    return told


def _show(found: Report, folder: Path, tell: Tell, *, small: bool) -> None:
    file = save(found, folder)
    for line in lines(found, small=small):
        tell(line)
    tell("")
    tell(f"all figures: {file}")
