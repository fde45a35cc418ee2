"""Every figure of the card, by one command.

Cases are answered in batches in torch, with the weights as the bundle holds them; a sample of every set is
answered again by the exported graphs in onnxruntime, and the two must agree.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import budgets, quantised, sets, while_listening
from .audio import Floats
from .batch_player import player_of
from .bundle import set_refusal
from .cited import read
from .crew import Crew
from .measure import value
from .outcomes import HEADER, Outcome, answered, grounded, table_line
from .player import Player, features
from .scores import median_or_nan, percent
from .sets import Case
from .skills import registry

SAMPLE = 12
"Cases of each set that the exported graphs answer, too."
AGREE = 0.97
"Share of them that must be the same to the letter; the rest are ties in the last digit."
BOTH_WAYS = 400
"Cases that are answered in float32 and in 8 bits, one by one."
UNITS = {"pitch": "of it", "pace": "syllables/s", "loudness": "dB", "ending": "semitones", "noise": "dB"}


def cited_error(outcomes: Iterable[Outcome], family: str) -> float:
    """Median distance of the cited value from the measured one (pitch: as a share); nan if none."""
    errors = []
    for o in outcomes:
        for cited in (read(line) for line in o.answer.steps):
            true = value(family, o.case.clip.measured)
            if cited is not None and cited.family == family and true is not None:
                error = abs(cited.value - true)
                errors.append(error / true if family == "pitch" else error)
    return median_or_nan(errors)


def stream_error(player: Player, case: Case, seed: int) -> float:
    """Largest difference between an utterance encoded whole and in random cuts of whole positions."""
    frames, rng, network = features(case.noisy), np.random.default_rng(seed), player.network
    whole, state, at = network.hear(frames, network.begin())[0], network.begin(), 0
    parts: list[Floats] = []
    while at < len(frames):
        size = 8 * int(rng.integers(1, 6))
        audio, _, state = network.hear(frames[at : at + size], state)
        parts.append(audio)
        at += size
    return float(np.abs(np.concatenate(parts) - whole).max())


def disagreements(player: Player, found: Sequence[Outcome]) -> list[Outcome]:
    """Those that the exported graphs answer in other words."""
    return [o for o in found if answered(player, o.case).text != o.answer.text]


def threshold_of(found: Sequence[Outcome], loss: float) -> float:
    """The refusal threshold that loses this share of the right answers; 0 (refuse all) if none is right."""
    if not any(o.right for o in found):
        return 0.0
    return round(float(np.quantile([o.answer.heard_logprob for o in found if o.right], loss)), 4)


def calibrate(
    bundle: Path, folder: Path, seed: int, *, tell: Callable[[str], None], loss: float = 0.005
) -> float:
    """Writes refusal.heard_logprob, so that `loss` of the calibration set's right answers are refused."""
    with Crew(bundle) as crew:
        found = crew.play(sets.calibration(folder, seed))
    threshold = threshold_of(found, loss)
    wrong = [o for o in found if not o.right]
    caught = sum(o.refused(threshold) for o in wrong)
    tell(
        f"calibration, seed {seed}, n={len(found)}: threshold {threshold} loses {loss:.1%} of right answers "
        f"and catches {caught} of {len(wrong)} wrong ones"
    )
    set_refusal(bundle, {"heard_logprob": threshold})
    return threshold


def later_turns(cases: Sequence[Case], seed: int) -> list[Case]:
    """Sums and spoken digits, each after one to three other turns."""
    found = sets.conversed([case for case in cases if not case.before], random.Random(seed), 1.0)
    return [case for case in found if case.kind in ("sum", "digits") and case.before]


@dataclass(frozen=True, slots=True)
class Report:
    """What `evaluate` found."""

    lines: list[str]
    "As told, table included (Markdown)."
    outcomes: dict[str, list[Outcome]]
    "By set."
    threshold: float
    share: float = 1.0
    "Of the cases of every set."


class _Evaluation:
    """One run over all sets."""

    def __init__(self, bundle: Path, crew: Crew, seed: int, tell: Callable[[str], None]) -> None:
        self.exact, self._crew = Player(bundle), crew
        self.threshold, self.seed, self._tell = self.exact.refusal, seed, tell
        self.lines: list[str] = []
        self.outcomes: dict[str, list[Outcome]] = {}

    def note(self, line: str) -> None:
        self.lines.append(line)
        self._tell(line)

    def table(self, recipes: Sequence[sets.Recipe], cases: dict[str, list[Case]]) -> None:
        """Every skill of every set, and sums as a second turn."""
        self.note(HEADER)
        for recipe in recipes:
            if not cases[recipe.name]:
                self.note(f"| {recipe.name} | this voice cannot be had here" + " |" * 9)
                continue
            self.outcomes[recipe.name] = self._crew.play(cases[recipe.name])
            self.rows(recipe.name, recipe.counts)
        later = later_turns(cases["unseen"], self.seed)
        self.outcomes["later turns"] = self._crew.play(later)
        self.rows("later turns", ("sum", "digits"))
        self.note("")

    def rows(self, name: str, kinds: Iterable[str]) -> None:
        """Of one set."""
        for kind in kinds:
            found = [o for o in self.outcomes[name] if o.case.kind == kind]
            if found:
                self.note(table_line(name, kind, found, self.threshold))

    def agreement(self) -> None:
        """Raises RuntimeError where the exported graphs answer otherwise."""
        tried = [o for found in self.outcomes.values() for o in found[:: max(1, len(found) // SAMPLE)]]
        other = disagreements(self.exact, tried)
        share = 1 - len(other) / max(1, len(tried))
        if share < AGREE:
            raise RuntimeError(
                f"the exported graphs answer {len(other)} of {len(tried)} cases in other words than torch, "
                f"the first of them: {other[0].answer.text!r}"
            )
        self.note(
            f"* {len(tried) - len(other)} of {len(tried)} cases are answered to the letter alike by the "
            "exported graphs in onnxruntime, one by one"
        )

    def cues(self) -> None:
        """Cited values and streaming."""
        unseen = self.outcomes["unseen"]
        for family, unit in UNITS.items():
            error = cited_error(unseen, family)
            self.note(f"* median error of the cited {family}, `unseen`: {error:.3f} {unit}")
        for name, found in self.outcomes.items():
            true, citing = grounded(found)
            if citing:
                share = percent(true, citing)
                self.note(f"* `{name}`: {share} of {citing} thoughts that cite cues are grounded")
        tried = [o.case for o in unseen if o.case.kind == "sum"][:10]
        worst = max((stream_error(self.exact, case, i) for i, case in enumerate(tried)), default=0.0)
        self.note(f"* streamed against whole encoding, largest difference: {worst:.1e}")


def multi_step(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Families in which an answer takes more than one step."""
    names = ("sum", *registry.DEEP)
    return {name: found for name in names if (found := [o for o in outcomes if o.case.kind == name])}


def scaled(recipes: Sequence[sets.Recipe], share: float) -> tuple[sets.Recipe, ...]:
    """The same sets with a share of their cases."""
    return tuple(replace(r, counts={s: max(4, int(n * share)) for s, n in r.counts.items()}) for r in recipes)


def evaluate(
    bundle: Path,
    folder: Path,
    seed: int,
    *,
    tell: Callable[[str], None],
    share: float = 1.0,
    control: Path | None = None,
) -> Report:
    """Tells every figure. `share` cuts every set to a part, for a quick look; `control`: see `budgets`."""
    recipes = scaled(sets.TESTS, share)
    cases = sets.build(recipes, folder, seed)
    with ExitStack() as crews:
        crew = crews.enter_context(Crew(bundle))
        run = _Evaluation(bundle, crew, seed, tell)
        run.note(f"Seed {seed}; refused below {run.threshold} mean log-probability of the heard line.\n")
        for recipe in recipes:
            run.note(f"* `{recipe.name}`: {recipe.title}")
        run.note("* `later turns`: sums and digits of `unseen` after one to three others\n")
        run.table(recipes, cases)
        other = crews.enter_context(Crew(control)).play if control else None
        budgets.report(multi_step(run.outcomes["unseen"]), crew.play, run.note, control=other)
    run.note("")
    unseen = cases["unseen"]
    chains = [case for case in unseen if case.kind == "long"]
    rms = [case for case in cases.get("rms", []) if case.kind == "long"]
    arms: dict[str, Sequence[Case]] = {
        "unseen, 3 operands": [case for case in chains if len(case.question.numbers) == 3],
        "unseen, 4 and more operands": [case for case in chains if len(case.question.numbers) > 3],
        "unseen, sums": [case for case in unseen if case.kind == "sum"][::3],
        "rms, chains": rms,
    }
    while_listening.report(player_of(bundle), {n: c for n, c in arms.items() if len(c) > 0}, seed, run.note)
    run.note("")
    run.cues()
    run.agreement()
    run.note("")
    quantised.report(bundle, unseen[:: max(1, len(unseen) // BOTH_WAYS)][:BOTH_WAYS], run.note)
    return Report(run.lines, run.outcomes, run.threshold, share)
