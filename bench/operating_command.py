"""``hocket bench operating``: the end-of-turn head against silence alone, on the same sound."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from textwrap import wrap

from agent.turn_config import TurnConfig
from pipeline.errors import UserError

from .operating import BUDGETS, FINEST, TARGETS, Curve, Known, Points, Silence, fixed, operating
from .operating_plot import operating_plot
from .operating_scores import Turn, judging, of_folder, of_questions, of_recordings, scored
from .pictures import NEEDS, drawable
from .recorded import recorded
from .summary import FEW
from .table_cells import WIDE
from .think_cells import ms, percents, table
from .think_stimuli import hesitations, question_folder

PICTURE, FIGURES, TABLE = "operating.png", "operating.json", "operating.md"
HEAD = ("detector", "pauses", "ends", *(f"cut off at {1000 * budget:.0f} ms" for budget in BUDGETS),
        *(f"wait at {100 * target:.0f} % cut off (cut in fact)" for target in TARGETS))  # fmt: skip
Tell = Callable[[str], None]


def operating_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``hocket bench operating DIR`` takes."""
    parser.add_argument("folder", type=Path, help="a run's folder, or an empty one for --n or --recordings")
    parser.add_argument("--brain", type=Path, help="folder of a brain with a head (default: the bundled one)")
    parser.add_argument("--n", type=int, default=0, help="judge so many questions with a hesitation too")
    parser.add_argument("--seed", type=int, default=1, help="of those")
    parser.add_argument("--stimuli", type=Path, help="folder of those (default: in the run's folder)")
    parser.add_argument("--recordings", type=Path, help="people's recordings with labels, judged too")
    parser.add_argument("--labels", type=Path, help="where their labels are, if not beside them")


def operating_command(given: argparse.Namespace, tell: Tell) -> int:
    """Judge, sweep, tell and draw. Raises UserError, LabelsError, SoundFileError."""
    if given.n < 0:
        raise UserError(f"n must be 0 (the folder's conversations only) or more, not {given.n}")
    silences = list(scored(_turns(given, tell), judging(given.brain)))
    lines = write(given.folder, silences)
    for line in lines:
        tell(line)
    return 0


def write(folder: Path, silences: Sequence[Silence]) -> list[str]:
    """Tables, figures and the picture into the folder. Raises UserError where there is too little."""
    pauses, ends = (sum((one.seconds is None) is over for one in silences) for over in (False, True))
    talks = len({one.conversation for one in silences if one.seconds is not None})
    if min(pauses, ends) < FEW or talks < 2:
        raise UserError(
            f"{pauses} labelled pauses in {talks} conversations and {ends} ends are too few for a curve; it "
            f"takes {FEW} of each in two or more: name a run with hesitations, or judge questions with --n, "
            "or recordings with --recordings"
        )
    head, silence = operating(silences, "the head"), operating(silences, "silence alone", scores=False)
    ours = fixed(silences, [shipped(one.curve) for one in silences])
    lines = list(_lines((head, silence), silences, ours))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TABLE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    figures = {"points": [asdict(head), asdict(silence)], "as shipped": ours,
               "silences": [asdict(one) for one in silences]}  # fmt: skip
    (folder / FIGURES).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if not drawable():
        return [*lines, f"without a picture; it needs matplotlib: {NEEDS}"]
    operating_plot(head, silence, ours, folder / PICTURE)
    return [*lines, str(folder / PICTURE)]


def shipped(curve: Curve, config: TurnConfig | None = None) -> float:
    """When the shipped policy takes the turn to be over, by the sound alone and before it knows the user.

    Three waits by how sure the newest score is; a newer one moves the deadline, never into the past.
    """
    told = config or TurnConfig()
    due = told.endpoint
    for at, likely in curve:
        if at >= due:
            return due
        wait = told.endpoint
        if likely >= told.sure:
            wait = told.endpoint_sure
        elif likely <= told.unsure:
            wait = told.endpoint_unsure
        due = max(at, wait)
    return due


def _turns(given: argparse.Namespace, tell: Tell) -> Iterator[Turn]:
    found: list[Iterator[Turn]] = []
    if not (given.folder.is_dir() or given.n or given.recordings):
        raise UserError(
            f"there is no folder {given.folder}; name a run's, or judge questions with --n, or recordings "
            "with --recordings, and it is made"
        )
    if given.folder.is_dir():
        found.append(of_folder(given.folder))
    if given.n:
        stimuli = question_folder(given.stimuli, given.folder, given.n, given.seed, pauses=True)
        found.append(of_questions(hesitations(stimuli, given.n, given.seed, tell)))
    if given.recordings is not None:
        found.append(of_recordings(recorded(given.recordings, given.labels)))
    return chain.from_iterable(found)


def _lines(found: Sequence[Points], silences: Sequence[Silence], ours: tuple[float, float]) -> Iterator[str]:
    lengths = sorted({round(one.seconds, 1) for one in silences if one.seconds is not None})
    told = ", ".join(f"{length:g}" for length in lengths) if len(lengths) <= 6 else (
        f"{lengths[0]:g} to {lengths[-1]:g}")  # fmt: skip
    yield "### End of turn: false cut-offs against waiting"
    yield ""
    count = len({one.conversation for one in silences})
    yield from wrap(f"Scores of every 80 ms, replayed; pauses of {told} s, from {count} conversations. "
           "Waits are means from the labelled end. Other pauses make other figures.", WIDE)  # fmt: skip
    yield ""
    yield from table(*_turned(HEAD, [_row(one) for one in found]))
    yield from wrap(f"The shipped policy on the same scores: mean wait {ms(ours[0])}, {100 * ours[1]:.1f} % "
           "of the pauses cut off.", WIDE)  # fmt: skip
    yield ""


def _turned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """A column per detector: a row of each would be wider than a terminal."""
    first, *rest = ([*column] for column in zip(head, *rows, strict=True))
    return first, rest


def _row(one: Points) -> tuple[str, ...]:
    waits = []
    for target in TARGETS:
        known = one.wait_at[target]
        fact = f"({100 * one.cut_in_fact[target]:.1f} %)"
        waits.append(f"withheld: under {FINEST} pauses" if known is None else f"{_wait(known)} {fact}")
    return (
        one.name, str(one.pauses), str(one.ends), *(_share(one.cut_at[budget]) for budget in BUDGETS), *waits
    )  # fmt: skip


def _share(known: Known) -> str:
    return f"{100 * known.value:.1f} % {percents(known.interval)}"


def _wait(known: Known) -> str:
    if known.interval is None:
        return ms(known.value)
    return f"{ms(known.value)} [{1000 * known.interval.low:.0f}, {1000 * known.interval.high:.0f}]"
