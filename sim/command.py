"""``hocket simulate``: holds scripted conversations in virtual time and checks them; prints the account."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError
from pipeline.trace import line

from .cast import bundled, fakes
from .evidence import Evidence
from .explore import FULL, LEAST, Account, explore
from .sweep_command import sweep_command

Tell = Callable[[str], None]
SHOWN = 20
"""Violations and rare cells that are printed."""


def simulate_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``hocket simulate`` takes."""
    parser.add_argument("--seeds", type=int, default=FULL, metavar="N", help=f"how many (default {FULL})")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="the first seed (default 0)")
    parser.add_argument(
        "--model", choices=("scripted", "bundled"), default="scripted",
        help="who thinks: a scripted brain, or the bundled one at its declared cost",
    )  # fmt: skip
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write the trace of the only seed there")
    parser.add_argument("--cells", action="store_true", help="print visits to every cell and decision")


def simulate_command(given: argparse.Namespace, tell: Tell | None = None) -> int:
    """Explore and print. 1 for a violation or, in a full exploration, a cell or kind of decision never met.

    Raises UserError.
    """
    say = tell or _print
    if given.seeds < 1 or given.first < 0:
        wrong = f"{given.seeds} and {given.first}"
        raise UserError(f"--seeds must be at least 1 and --first at least 0, not {wrong}")
    if given.trace is not None and given.seeds != 1:
        raise UserError(f"--trace is for one conversation: add --seeds 1, not {given.seeds}")
    cast = bundled() if given.model == "bundled" else fakes()
    watch = None if given.trace is None else _writer(given.trace)
    account = explore(range(given.first, given.first + given.seeds), cast, watch)
    for text in summary(account, cells=given.cells):
        say(text)
    full = given.seeds >= FULL and given.model == "scripted"
    return 1 if account.violations or (full and (account.rare(1) or account.seldom(1))) else 0


def main(arguments: list[str] | None = None) -> int:
    """``hocket simulate`` and ``python -m sim``; ``sweep`` as the first word moves one moment instead."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["sweep"]:
        return sweep_command(words[1:], _print)
    parser = argparse.ArgumentParser(prog="hocket simulate", description=__doc__)
    simulate_arguments(parser)
    return simulate_command(parser.parse_args(words))


def summary(account: Account, *, cells: bool = False) -> list[str]:
    """The account as lines for a person."""
    speed = account.virtual / account.wall if account.wall else 0.0
    every = [(cell, count) for cell, count in account.rare(1 << 30)]
    reached = sum(count >= LEAST for _, count in every)
    fewest = f"the rarest {every[0][1]}" if every else ""
    kinds = account.seldom(1 << 30)
    texts = [
        f"{account.seeds} conversations of {account.virtual:.0f} s in {account.wall:.1f} s"
        f" ({account.processor:.1f} s of one core): {speed:.0f} times real time",
        f"  shortest {account.shortest:.1f} s, at least {account.fewest_turns} user turns each,"
        f" speech over the agent's voice in {account.overlaps}, faults in {account.faulty}",
        f"  policy: {reached} of {len(every)} cells met {LEAST} times or more, {fewest};"
        f" {len(kinds) - len(account.seldom())} of {len(kinds)} kinds of decision",
        f"  digest {account.digest[:16]}",
    ]
    shown = every if cells else [(cell, count) for cell, count in every if count < LEAST][:SHOWN]
    texts += [f"    {count:6d}  {cell[0]} x {cell[1]}: {cell[2].__name__}" for cell, count in shown]
    texts += [f"    {count:6d}  {name}" for name, count in (kinds if cells else account.seldom()[:SHOWN])]
    texts.append(f"  violations: {len(account.violations) or 'none'}")
    texts += [f"    seed {seed}: {found}" for seed, found in account.violations[:SHOWN]]
    if account.violations:
        seed = account.violations[0][0]
        texts.append(f"  the first again: hocket simulate --first {seed} --seeds 1 --trace trace.jsonl")
    return texts


def _writer(path: Path) -> Callable[[Evidence], None]:
    def write(evidence: Evidence) -> None:
        try:
            path.write_text("".join(map(line, evidence.entries)), encoding="utf-8")
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}; choose another place") from None

    return write


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
