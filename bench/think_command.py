"""``hocket bench think``: the figures of listening while thinking and thinking while speaking.

Steps that go on where they stopped: ``accuracy`` (virtual time), ``latency`` (real time), ``report``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError

from .counted import counted
from .pictures import drawable
from .think_arms import ARMS, MAIN, NAMED, QUICKEST, arm_of
from .think_brain import FreshEngine
from .think_items import HUMAN
from .think_live import ARMS as LIVE_ARMS
from .think_live import LivePlan, ask_live, read_live
from .think_report import accuracy_report, answers, compared, live_report
from .think_run import Plan, Service, ask_all, claim_folder, rows
from .think_stimuli import hesitations, long_questions, question_folder
from .think_suite import about, draw

PACES = (0.0, 0.02)
REPORT = "thinking.md"
Tell = Callable[[str], None]


def think_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``stimuli``, ``accuracy``, ``latency`` and ``report``."""
    steps = parser.add_subparsers(dest="step", required=True)
    made = steps.add_parser("stimuli", help="only make the questions")
    virtual = steps.add_parser("accuracy", help="every arm in virtual time")
    live = steps.add_parser("latency", help="two arms in real time")
    for one, usual in ((made, 1500), (virtual, 1500), (live, 100)):
        one.add_argument("--out", type=Path, required=True, help="folder for results; goes on in it")
        one.add_argument("--n", type=int, default=usual, help="questions")
        one.add_argument("--seed", type=int, default=1)
    made.add_argument("--pauses", action="store_true", help="with a hesitation each too")
    for one in (virtual, live):
        one.add_argument("--stimuli", type=Path, help="folder of questions that are made (default: in --out)")
        one.add_argument("--brain", type=Path, help="folder of a brain (default: the bundled one)")
    virtual.add_argument("--arm", action="append", choices=(*ARMS, *NAMED, "all"), metavar="ARM",
                         help=f"default: {', '.join(MAIN)}")  # fmt: skip
    virtual.add_argument("--pace", action="append", type=float, help=f"s per token, default: {PACES}")
    virtual.add_argument("--part", default="1/1", help="2/2: every second question, for a process beside")
    virtual.add_argument("--traces", action="store_true", help="keep every trace")
    live.add_argument("--pace", type=float, default=0.02, help="s per token")
    live.add_argument("--voice", default=HUMAN, help="the agent's; questions in that voice are left out")
    live.add_argument("--arm", action="append", choices=(*ARMS, *NAMED), metavar="ARM",
                      help=f"default: {', '.join(LIVE_ARMS)}")  # fmt: skip
    live.add_argument("--lanes", type=int, default=1, help="conversations side by side")
    live.add_argument("--whole", action="store_true", help="hear every answer to its end")
    virtual.epilog = f"{_arms()}; all"
    live.epilog = _arms()
    told = steps.add_parser("report", help="tables and pictures of what there is")
    told.add_argument("--out", type=Path, required=True)
    told.add_argument("--only", type=Path, help=f"results of a {QUICKEST}-only brain, to compare with")


def _arms() -> str:
    """Every name that --arm takes; some have commas in them."""
    return f"arms, may be repeated: {'; '.join((*ARMS, *NAMED))}"


def think_command(given: argparse.Namespace, tell: Tell) -> int:
    """Do one step. Returns the exit status; raises HocketError for the caller to print."""
    return {"stimuli": _stimuli, "accuracy": _accuracy, "latency": _latency, "report": _report}[given.step](
        given, tell
    )


def _stimuli(given: argparse.Namespace, tell: Tell) -> int:
    folder = _folder(None, given, given.n)
    tell(counted(len(long_questions(folder, given.n, given.seed, tell)), "question"))
    if given.pauses:
        broken = counted(len(hesitations(folder, given.n, given.seed, tell)), "question")
        tell(f"{broken} with a hesitation")
    tell(f"in {folder}")
    return 0


def _accuracy(given: argparse.Namespace, tell: Tell) -> int:
    folder = _folder(given.stimuli, given, given.n)
    _claim(given)
    arms = tuple(arm if arm == "all" else arm_of(arm) for arm in given.arm or MAIN)
    part, _, parts = given.part.partition("/")
    if not (part.isdigit() and parts.isdigit()):
        raise UserError(f"a part is named like 1/2, not {given.part!r}")
    plan = Plan(
        given.out, ARMS if "all" in arms else arms, tuple(given.pace or PACES), int(part) - 1, int(parts),
        given.traces,
    )  # fmt: skip
    service = Service(FreshEngine(None if given.brain is None else str(given.brain)))
    questions = long_questions(folder, given.n, given.seed, tell)
    return 0 if ask_all(plan, questions, service, tell) else 130


def _latency(given: argparse.Namespace, tell: Tell) -> int:
    enough = given.n + given.n // 3 + 24  # some are spoken in the agent's own voice and left out
    folder = _folder(given.stimuli, given, enough)
    _claim(given)
    arms = tuple(arm_of(arm) for arm in given.arm or LIVE_ARMS)
    plan = LivePlan(given.out, given.pace, given.brain, given.voice, given.whole, arms, given.lanes)
    questions = long_questions(folder, enough, given.seed, tell)
    return 0 if ask_live(plan, questions, given.n, tell) else 130


def _folder(named: Path | None, given: argparse.Namespace, wanted: int) -> Path:
    """Where the questions are, before anything is written. Raises UserError."""
    if given.n < 1:
        raise UserError(f"n must be at least 1, not {given.n}")
    return question_folder(named, given.out, wanted, given.seed)


def _claim(given: argparse.Namespace) -> None:
    claim_folder(given.out, about(given.brain, given.seed))


def _report(given: argparse.Namespace, tell: Tell) -> int:
    found, waited = answers(list(rows(given.out))), read_live(given.out)
    if not found and not waited:
        raise UserError(f"{given.out} holds no answers yet; make some with: hocket bench think accuracy")
    told = [*accuracy_report(found), *live_report(waited)]
    if given.only is not None:
        theirs = answers(list(rows(given.only)))
        for pace in sorted({pace for arm, pace in found if arm == QUICKEST}):
            other = theirs.get((QUICKEST, pace))
            if other:
                what = f"{QUICKEST} minus a {QUICKEST}-only brain, right answers at pace {pace:g}"
                told += [compared(found[QUICKEST, pace], other, what), ""]
    (given.out / REPORT).write_text("\n".join(told) + "\n", encoding="utf-8")
    for line in told:
        tell(line)
    if drawable():
        for path in draw(given.out, found, waited):
            tell(f"{path}")
    return 0
