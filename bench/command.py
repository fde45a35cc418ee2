"""``hocket bench``: holds conversations, scores recordings, shows figures. The only file here that prints."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from pipeline.errors import UserError

from .everything import all_arguments, all_command
from .foreign_command import export_arguments, export_command, import_arguments, import_command
from .gates_command import gate_arguments, gate_command
from .operating_command import operating_arguments, operating_command
from .peers import Comparison, compare
from .peers import lines as beside
from .peers_plan import SCENES, STT
from .report import Report, alone, report
from .report_command import compare_arguments, compare_command, report_arguments, report_command
from .run_command import run_arguments, run_command
from .score import Score
from .show import show
from .table import lines
from .target_command import validate_arguments, validate_command
from .think_command import think_arguments, think_command

Tell = Callable[[str], None]
UNLABELLED = "no turn is labelled, so nothing can be scored"


def bench_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the verbs of ``hocket bench`` to a parser."""
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="hold a suite of conversations and report")
    run_arguments(run)
    _reading(run)
    scored = verbs.add_parser("score", help="score recordings with labels; needs no session")
    scored.add_argument("what", type=Path, help="a run's folder, or a stereo recording (user, agent)")
    scored.add_argument("labels", type=Path, nargs="?", help="of the recording")
    scored.add_argument("--json", type=Path, help="write the recording's score here, or the folder's report")
    _reading(scored)
    _beside(verbs.add_parser("peers", help="our line beside other frameworks, with equal stubs"))
    think_arguments(verbs.add_parser("think", help="accuracy and waiting with each mechanism on and off"))
    report_arguments(verbs.add_parser("report", help="one page of a run's figures, pictures and recordings"))
    compare_arguments(verbs.add_parser("compare", help="two runs, paired, with intervals"))
    validate_arguments(verbs.add_parser("validate", help="the harness's own error"))
    gate_arguments(verbs.add_parser("gate", help="runs against their budgets"))
    all_arguments(verbs.add_parser("all", help="every suite, its page and its gates"))
    operating_arguments(verbs.add_parser("operating", help="end of turn: cut-offs against waiting"))
    import_arguments(verbs.add_parser("import", help="another benchmark's recordings as our conversations"))
    export_arguments(verbs.add_parser("export", help="a run in another benchmark's layout"))


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
    does = {
        "run": run_command, "score": _score, "peers": _peers, "think": think_command,
        "report": report_command, "compare": compare_command, "import": import_command,
        "export": export_command, "validate": validate_command, "gate": gate_command, "all": all_command,
        "operating": operating_command,
    }  # fmt: skip
    return does[given.verb](given, say)


def main(arguments: list[str] | None = None) -> int:
    """``python -m bench``: the command by itself."""
    parser = argparse.ArgumentParser(prog="hocket bench")
    bench_arguments(parser)
    return bench_command(parser.parse_args(arguments))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _score(given: argparse.Namespace, tell: Tell) -> int:
    if not given.what.exists():
        raise UserError(
            f"there is no folder or recording {given.what}; name a run's folder, or a stereo recording"
        )
    _writable(given.json)
    if given.what.is_dir():
        found = report(given.what, listen=given.hear)
        if not found.sections:
            raise UserError(
                f"{given.what} holds no conversation; one is a folder with conversation.wav and labels.json"
            )
        if not any(one.summary.turns or one.counts for one in found.sections.values()):
            raise UserError(f"{given.what}: {UNLABELLED}")
        show(found, given.what, tell, small=given.all)
        _write(found, given.json)
        return 0
    labels = given.labels or given.what.with_name("labels.json")
    score, found = alone(given.what, labels, listen=given.hear)
    if not score.turns:
        raise UserError(f"{labels}: {UNLABELLED}")
    for line in [*_turns(score), *lines(found, small=given.all)]:
        tell(line)
    _write(score, given.json)
    return 0


def _writable(file: Path | None) -> None:
    """Raises UserError where nothing can be written there, before minutes go into it."""
    if file is None:
        return
    if file.is_dir():
        raise UserError(f"{file} is a folder; --json takes a file's name")
    if not file.parent.is_dir():
        raise UserError(f"there is no folder {file.parent} for {file.name}; make it, or name another file")


def _write(found: Score | Report, file: Path | None) -> None:
    if file is None:
        return
    try:
        file.write_text(json.dumps(asdict(found), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror}); name another file") from error


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
