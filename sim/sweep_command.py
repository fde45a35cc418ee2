"""``hocket simulate sweep``: one moment moved through a conversation in fine steps; prints the tally."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError
from pipeline.trace import line

from .sweep import WHATS, Tally, case, sweep
from .sweep_booth import hold
from .sweep_phases import RESUME

Tell = Callable[[str], None]
SHOWN = 20
"""Violations that are printed."""


def sweep_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``hocket simulate sweep`` takes."""
    parser.add_argument(
        "--what", choices=WHATS, default=WHATS[0],
        help="the user goes on after a pause, or talks over a reply (default resume)",
    )  # fmt: skip
    parser.add_argument("--count", type=int, default=1000, metavar="N", help="conversations (default 1000)")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="number of the first (default 0)")
    parser.add_argument("--processes", type=int, default=1, metavar="P", help="processes (default 1)")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write the trace of the only one there")


def sweep_command(words: list[str], tell: Tell) -> int:
    """Sweep and print: 1 for a violation, else 0. Raises UserError."""
    parser = argparse.ArgumentParser(prog="hocket simulate sweep", description=__doc__)
    sweep_arguments(parser)
    given = parser.parse_args(words)
    if min(given.count, given.processes) < 1 or given.first < 0:
        wrong = f"{given.count}, {given.processes} and {given.first}"
        raise UserError(f"--count and --processes must be at least 1 and --first at least 0, not {wrong}")
    if given.trace is not None:
        if given.count != 1:
            raise UserError(f"--trace is for one conversation: add --count 1, not {given.count}")
        _write(given.trace, given.what, given.first)
    numbers = range(given.first, given.first + given.count)
    tally = sweep(given.what, numbers, processes=given.processes)
    for text in summary(tally):
        tell(text)
    return 1 if tally.violations else 0


def summary(tally: Tally) -> list[str]:
    """The tally as lines for a person."""
    each = 1000 * tally.processor / max(1, tally.count)
    texts = [
        f"{tally.what}: {tally.count} conversations of {tally.virtual:.0f} s in {tally.wall:.0f} s"
        f" ({tally.processor:.0f} s of one core, {each:.0f} ms each)",
        f"  {sum(tally.confirming.values())} with a brain that confirms: of the {tally.taken[1]} tokens that"
        f" its replies' thoughts have, {tally.taken[0]} were written before these began",
        "  when the user's second words were told (with a brain that confirms):" if tally.what == WHATS[0]
        else "  what became of them (with a brain that confirms):",
    ]  # fmt: skip
    order = {name: place for place, name in enumerate(RESUME)}
    known = sorted(tally.phases.items(), key=lambda found: (order.get(found[0], 0), found[0]))
    texts += [f"    {count:6d} ({tally.confirming[name]:5d})  {name}" for name, count in known]
    if tally.late:
        texts.append(f"  the last sample left {1000 * tally.late:.1f} ms after a hush at most")
    texts.append(
        f"  {tally.forgotten} times a sentence was cut off before a word of its reply was heard,"
        " and the next reply knew nothing of it"
    )
    texts.append(f"  digest {tally.digest[:16]}")
    texts.append(f"  violations: {len(tally.violations) or 'none'}")
    texts += [f"    {number}: {found}" for number, found in tally.violations[:SHOWN]]
    if tally.violations:
        again = f"--what {tally.what} --first {tally.violations[0][0]} --count 1 --trace trace.jsonl"
        texts.append(f"  the first again: hocket simulate sweep {again}")
    return texts


def _write(path: Path, what: str, number: int) -> None:
    entries = hold(case(what, number)).evidence.entries
    try:
        path.write_text("".join(map(line, entries)), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; choose another place") from None
