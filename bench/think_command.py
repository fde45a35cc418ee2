"""``hocket bench think``: the figures of listening while thinking and thinking while speaking.

Steps that go on where they stopped: ``accuracy`` (virtual time), ``latency`` (real time), ``report``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError

from .pictures import drawable
from .think_arms import ARMS, MAIN, NAMED, QUICKEST, arm_of
from .think_brain import FreshEngine
from .think_items import HUMAN
from .think_live import ARMS as LIVE_ARMS
from .think_live import LivePlan, ask_live, read_live
from .think_report import accuracy_report, answers, compared, live_report
from .think_run import Plan, Service, ask_all, claim_folder, rows
from .think_stimuli import Long, long_questions
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
        one.add_argument("--stimuli", type=Path, help="folder of the questions (default: in --out)")
        one.add_argument("--n", type=int, default=usual, help="questions")
        one.add_argument("--seed", type=int, default=1)
    for one in (virtual, live):
        one.add_argument("--brain", type=Path, help="folder of a brain (default: the bundled one)")
    virtual.add_argument("--arm", action="append", choices=(*ARMS, *NAMED, "all"),
                         help=f"default: {', '.join(MAIN)}")  # fmt: skip
    virtual.add_argument("--pace", action="append", type=float, help=f"s per token, default: {PACES}")
    virtual.add_argument("--part", default="1/1", help="2/2: every second question, for a process beside")
    virtual.add_argument("--traces", action="store_true", help="keep every trace")
    live.add_argument("--pace", type=float, default=0.02, help="s per token")
    live.add_argument("--voice", default=HUMAN, help="the agent's; questions in that voice are left out")
    live.add_argument("--arm", action="append", choices=(*ARMS, *NAMED),
                      help=f"default: {', '.join(LIVE_ARMS)}")  # fmt: skip
    live.add_argument("--lanes", type=int, default=1, help="conversations side by side")
    live.add_argument("--whole", action="store_true", help="hear every answer to its end")
    told = steps.add_parser("report", help="tables and pictures of what there is")
    told.add_argument("--out", type=Path, required=True)
    told.add_argument("--only", type=Path, help=f"results of a {QUICKEST}-only brain, to compare with")


def think_command(given: argparse.Namespace, tell: Tell) -> int:
    """Do one step. Returns the exit status; raises HocketError for the caller to print."""
    return {"stimuli": _stimuli, "accuracy": _accuracy, "latency": _latency, "report": _report}[given.step](
        given, tell
    )


def _stimuli(given: argparse.Namespace, tell: Tell) -> int:
    tell(f"{len(_questions(given, tell))} questions")
    return 0


def _accuracy(given: argparse.Namespace, tell: Tell) -> int:
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
    return 0 if ask_all(plan, _questions(given, tell), service, tell) else 130


def _latency(given: argparse.Namespace, tell: Tell) -> int:
    _claim(given)
    arms = tuple(arm_of(arm) for arm in given.arm or LIVE_ARMS)
    plan = LivePlan(given.out, given.pace, given.brain, given.voice, given.whole, arms, given.lanes)
    enough = given.n + given.n // 3 + 24  # some are spoken in the agent's own voice and left out
    questions = _questions(argparse.Namespace(**{**vars(given), "n": enough}), tell)
    return 0 if ask_live(plan, questions, given.n, tell) else 130


def _questions(given: argparse.Namespace, tell: Tell) -> list[Long]:
    if given.n < 1:
        raise UserError(f"n must be at least 1, not {given.n}")
    return long_questions(given.stimuli or given.out / "stimuli", given.n, given.seed, tell)


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
