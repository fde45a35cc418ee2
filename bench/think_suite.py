"""``hocket bench run --suite think``: every mechanism left out in turn, in one command with one table.

On the virtual clock: right answers, waiting, hidden thought and false cut-offs of all arms. On the wall
clock: waiting of the three arms that matter, live. Both go on where they stopped, in one folder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import UserError

from .ablation import ablation, first_sound
from .ablation_table import ablation_lines, live_lines, paced
from .claim import held_on, host_words
from .edge import Clock
from .machine import about_host
from .pictures import NEEDS, drawable
from .target import DETECTOR
from .think_arms import LEFT_OUT, MAIN, arm_of
from .think_brain import FreshEngine, fingerprint
from .think_cuts import cut_all, read_cuts
from .think_items import HUMAN
from .think_live import LivePlan, Waited, ask_live, read_live
from .think_live_rows import by_arm
from .think_plot import COLOURS, accuracy_plot, waiting_plot
from .think_report import Answers, answers
from .think_run import CLAIM, Plan, Service, ask_all, claim_folder, rows
from .think_stimuli import hesitations, long_questions, question_folder
from .think_voice import HumVoice

SUITE = "think"
TABLE, FIGURES = "ablation.md", "ablation.json"
PACED = 0.02
"""Seconds per token of a model of 33 billion parameters."""
LANES = 4
"""Live conversations side by side, unless said otherwise."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ablation:
    """What is asked."""

    out: Path
    clock: Clock = Clock.VIRTUAL
    n: int = 12
    "Questions per arm and pace, and as many with a hesitation."
    seed: int = 1
    brain: Path | None = None
    "Folder of a brain; None: the bundled one."
    stimuli: Path | None = None
    "Folder of the questions; None: in ``out``."
    lanes: int = LANES
    full: bool = False
    """Unpaced, ask all arms and not the main three alone, and hesitations too; live, hear every answer to its
    end, so that the first answer word is timed as well."""

    def __post_init__(self) -> None:
        if self.n < 1:
            raise UserError(f"n must be at least 1, not {self.n}")


def suite_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only this suite takes; ``--stimuli`` and all else is the run's."""
    parser.add_argument("--lanes", type=int, default=LANES, help="think: live conversations side by side")
    parser.add_argument("--full", action="store_true", help="think: every arm unpaced too, answers heard out")


def suite_command(given: argparse.Namespace, tell: Tell) -> int:
    """Do what ``hocket bench run --suite think`` says. Returns the exit status; raises HocketError."""
    asked = Ablation(
        given.out, Clock(given.clock), given.n, given.seed, given.brain, given.stimuli, given.lanes,
        given.full,
    )  # fmt: skip
    if think_suite(asked, tell):
        return 0
    tell("stopped; what is done is kept, and the same command goes on with it")
    return 130


def think_suite(asked: Ablation, tell: Tell) -> bool:
    """Ask what the folder lacks, then write its tables and pictures. False when Ctrl-C stopped it.

    Raises UserError where the folder holds figures of another brain or seed.
    """
    folder = _stimuli(asked)
    claim_folder(asked.out, about(asked.brain, asked.seed))
    whole = _live(asked, folder, tell) if asked.clock is Clock.WALL else _virtual(asked, folder, tell)
    for line in tables(asked.out):
        tell(line)
    return whole


def about(brain: Path | None, seed: int) -> dict[str, object]:
    """What tells the figures of one folder from another's."""
    return {
        "brain": "bundled" if brain is None else brain.name, "weights": fingerprint(brain),
        "seed": seed, "detector": DETECTOR, "voice in virtual time": HumVoice.name,
    }  # fmt: skip


def _stimuli(asked: Ablation) -> Path:
    """Raises UserError for a named folder that lacks some, before anything is written."""
    if asked.clock is Clock.WALL:
        return question_folder(asked.stimuli, asked.out, _enough(asked), asked.seed)
    question_folder(asked.stimuli, asked.out, asked.n, asked.seed, pauses=True)
    return question_folder(asked.stimuli, asked.out, asked.n, asked.seed)


def _enough(asked: Ablation) -> int:
    """Some are spoken in the agent's own voice and left out."""
    return asked.n + asked.n // 3 + 24


def _virtual(asked: Ablation, folder: Path, tell: Tell) -> bool:
    service = Service(FreshEngine(None if asked.brain is None else str(asked.brain)))
    arms = tuple(arm_of(name) for name in LEFT_OUT)
    whole, broken = (make(folder, asked.n, asked.seed, tell) for make in (long_questions, hesitations))
    quick = Plan(asked.out, arms if asked.full else MAIN, (0.0,))
    return (
        ask_all(Plan(asked.out, arms, (PACED,)), whole, service, tell)
        and cut_all(Plan(asked.out, arms, (PACED,)), broken, service, tell)
        and ask_all(quick, whole, service, tell)
        and (not asked.full or cut_all(quick, broken, service, tell))
    )


def _live(asked: Ablation, folder: Path, tell: Tell) -> bool:
    plan = LivePlan(asked.out, PACED, asked.brain, HUMAN, asked.full, MAIN, asked.lanes)
    return ask_live(plan, long_questions(folder, _enough(asked), asked.seed, tell), asked.n, tell)


def tables(out: Path) -> list[str]:
    """All tables of a folder, written as Markdown and JSON, with pictures where matplotlib is installed."""
    found, cuts, waited = answers(list(rows(out))), list(read_cuts(out)), read_live(out)
    paces = sorted({pace for _, pace in found}, reverse=True)
    kept, told = {}, list[str]()
    for pace in paces:
        arms = ablation(found, cuts, pace)
        kept[paced(pace)] = [asdict(arm) for arm in arms]
        told += ablation_lines(arms, pace)
    told += live_lines(waited)
    host = about_host()
    claim = json.loads((out / CLAIM).read_text(encoding="utf-8")) if (out / CLAIM).exists() else {}
    told += [f"Held on {'; '.join(held_on(claim)) or 'a machine that was not told'}.",
             f"Scored by {host_words(host)}.", ""]  # fmt: skip
    (out / TABLE).write_text("\n".join(told) + "\n", encoding="utf-8")
    whole = {"about": host, "run": claim, "virtual": kept, "live": [asdict(row) for row in waited]}
    (out / FIGURES).write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    if not drawable():
        return [*told, f"without pictures; they need matplotlib: {NEEDS}"]
    return told + [str(path) for path in draw(out, found, waited)]


def draw(out: Path, found: Answers, waited: Sequence[Waited]) -> list[Path]:
    """The pictures that there is enough for; ``think-*.png`` in the folder."""
    drawn: dict[Path, bool] = {}
    for pace in sorted({pace for _, pace in found}):
        stem = f"{1000 * pace:g}ms"
        path = out / f"think-accuracy-{stem}.png"
        drawn[path] = accuracy_plot(found, pace, path)
        path = out / f"think-waiting-{stem}.png"
        sounds = {arm: [first_sound(one) for one in ways.values()]
                  for (arm, at), ways in found.items() if at == pace}  # fmt: skip
        drawn[path] = waiting_plot(_telling(sounds), f"virtual time, {_short(pace)}", path)
    for pace, arms in by_arm(waited):
        path = out / f"think-live-{1000 * pace:g}ms.png"
        sounds = {arm: [None if row.error else row.first_sound for row in ways] for arm, ways in arms.items()}
        drawn[path] = waiting_plot(sounds, f"live, {_short(pace)}", path)
    return [path for path, done in drawn.items() if done]


def _telling(sounds: Mapping[str, list[float | None]]) -> dict[str, list[float | None]]:
    """The arms that stand for something; all, where none of those was asked."""
    chosen = {arm: sounds[arm] for arm in COLOURS if arm in sounds}
    return chosen or dict(sounds)


def _short(pace: float) -> str:
    return f"{1000 * pace:g} ms per token" if pace else "unpaced"
