"""Every figure of the card, by one command, through the exported bundle in onnxruntime."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from . import sets, while_listening
from .audio import Floats
from .bundle import set_refusal
from .player import Answer, Player, features
from .scores import edits, median_or_nan, percent, wilson
from .sets import Case
from .targets import SORRY, heard_line, reply
from .tasks import CUE_SKILLS

ASK_AGAIN = ("unclear", "noise", "incomplete")
"Skills for which a refusal is as right as the trained reply."
HEADER = (
    "| set | skill | n | right, no refusal [95 %] | right, refusal is not right [95 %] | refused "
    "| right among answered | WER |\n|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case and what came of it."""

    case: Case
    answer: Answer

    @property
    def right(self) -> bool:
        """The exact reply, a sum's operands restated rightly too."""
        question = self.case.question
        return self.answer.finished and self.answer.reply == (
            SORRY if question.skill == "noise" else reply(question, self.case.clip.cue)
        )

    def refused(self, threshold: float) -> bool:
        """The heard line was less likely than the threshold."""
        return self.answer.heard_logprob < threshold

    def right_with_refusal(self, threshold: float) -> bool:
        """A refused case is right only where asking again is what is wanted."""
        return self.case.question.skill in ASK_AGAIN if self.refused(threshold) else self.right


def play(player: Player, cases: Iterable[Case]) -> list[Outcome]:
    """Answers every case, each as a conversation of its own."""
    return [Outcome(case, player.answer(player.hear(case.clip.noisy))) for case in cases]


def play_second_turns(player: Player, cases: Sequence[Case]) -> list[Outcome]:
    """Each case as the turn after the case before it, whose right reply was heard."""
    out = []
    for before, case in itertools.pairwise(cases):
        history = [(player.hear(before.clip.noisy), reply(before.question, before.clip.cue))]
        out.append(Outcome(case, player.answer(player.hear(case.clip.noisy), history)))
    return out


def table_line(name: str, skill: str, found: Sequence[Outcome], threshold: float) -> str:
    """One row under `HEADER`."""
    n = len(found)
    plainly, strictly = sum(o.right for o in found), sum(o.right_with_refusal(threshold) for o in found)
    answered = [o for o in found if not o.refused(threshold)]
    pairs = [
        (o.answer.heard.split(), heard_line(o.case.question).removeprefix("heard: ").split()) for o in found
    ]
    wer = sum(edits(a, b) for a, b in pairs) / max(1, sum(len(b) for _, b in pairs))
    cells = [name, skill, str(n)]
    cells += [f"{percent(right, n)} [{percent(low, 1)}, {percent(high, 1)}]" for right, low, high in
              ((right, *wilson(right, n)) for right in (plainly, strictly))]  # fmt: skip
    cells += [percent(n - len(answered), n), percent(sum(o.right for o in answered), len(answered))]
    return "| " + " | ".join(cells) + (" |  |" if skill in ASK_AGAIN[:2] else f" | {wer:.3f} |")


def cited_error(outcomes: Iterable[Outcome], skill: str) -> float:
    """Median distance of the cited value from the measured one (pitch: as a share); nan if none."""
    errors = []
    for o in outcomes:
        if o.case.question.skill == skill and len(o.answer.lines) > 1 and o.case.clip.cue is not None:
            words = o.answer.lines[1].split()
            if len(words) == 4 and words[0] in ("pitch", "pace", "level"):
                error = abs(float(words[1]) - o.case.clip.cue)
                errors.append(error / o.case.clip.cue if skill == "pitch" else error)
    return median_or_nan(errors)


def stream_error(player: Player, case: Case, seed: int) -> float:
    """Largest difference between an utterance encoded whole and in random cuts of whole positions."""
    mel, rng, network = features(case.clip.noisy), np.random.default_rng(seed), player.network
    whole, state, at = network.hear(mel, network.begin())[0], network.begin(), 0
    parts: list[Floats] = []
    while at < len(mel):
        size = 8 * int(rng.integers(1, 6))
        audio, _, state = network.hear(mel[at : at + size], state)
        parts.append(audio)
        at += size
    return float(np.abs(np.concatenate(parts) - whole).max())


def calibrate(
    bundle: Path, folder: Path, seed: int, *, tell: Callable[[str], None], loss: float = 0.005
) -> float:
    """Writes refusal.heard_logprob, so that `loss` of the calibration set's right answers are refused."""
    found = play(Player(bundle), sets.calibration(folder, seed))
    threshold = round(float(np.quantile([o.answer.heard_logprob for o in found if o.right], loss)), 4)
    wrong = [o for o in found if not o.right]
    caught = sum(o.refused(threshold) for o in wrong)
    tell(
        f"calibration, seed {seed}, n={len(found)}: threshold {threshold} loses {loss:.1%} of right answers "
        f"and catches {caught} of {len(wrong)} wrong ones"
    )
    set_refusal(bundle, {"heard_logprob": threshold})
    return threshold


def _second_turn_cases(cases: Sequence[Case]) -> list[Case]:
    """Sums, and between them other questions."""
    sums = [case for case in cases if case.question.skill == "sum"][::3]
    others = [case for case in cases if case.question.skill in CUE_SKILLS]
    return [case for pair in zip(others, sums, strict=False) for case in pair]


@dataclass(frozen=True, slots=True)
class Report:
    """What `evaluate` found."""

    lines: list[str]
    "As told, table included (Markdown)."
    outcomes: dict[str, list[Outcome]]
    "By set."


def evaluate(
    bundle: Path, folder: Path, seed: int, *, tell: Callable[[str], None], share: float = 1.0
) -> Report:
    """Tells every figure; `share` cuts every set to a part, for a quick look."""
    player, lines = Player(bundle), list[str]()

    def note(line: str) -> None:
        lines.append(line)
        tell(line)

    threshold = player.refusal
    recipes = tuple(
        replace(r, counts={s: max(4, int(n * share)) for s, n in r.counts.items()}) for r in sets.TESTS
    )
    cases = sets.build(recipes, folder, seed)
    note(f"Seed {seed}; refused below {threshold} mean log-probability of the heard line.\n")
    for recipe in recipes:
        note(f"* `{recipe.name}`: {recipe.title}")
    note("* `second turn`: sums of `unseen` after an earlier turn of the conversation\n")
    note(HEADER)
    outcomes = {}
    for recipe in recipes:
        outcomes[recipe.name] = play(player, cases[recipe.name])
        for skill in recipe.counts:
            found = [o for o in outcomes[recipe.name] if o.case.question.skill == skill]
            note(table_line(recipe.name, skill, found, threshold))
    turns = play_second_turns(player, _second_turn_cases(cases["unseen"]))
    outcomes["second turn"] = [o for o in turns if o.case.question.skill == "sum"]
    note(table_line("second turn", "sum", outcomes["second turn"], threshold) + "\n")
    chains = [case for case in cases["unseen"] if case.question.skill == "long"]
    while_listening.report(
        player,
        {
            "unseen, 3 operands": [case for case in chains if len(case.question.numbers) == 3],
            "unseen, 4 to 6 operands": [case for case in chains if len(case.question.numbers) > 3],
            "unseen, sums": [case for case in cases["unseen"] if case.question.skill == "sum"][::3],
            "rms, chains": [case for case in cases["rms"] if case.question.skill == "long"],
        },
        seed,
        note,
    )
    note("")
    for skill, unit in (("pitch", " of it"), ("pace", " syllables/s"), ("loudness", " dB")):
        error = cited_error(outcomes["unseen"], skill)
        note(f"* median error of the cited {skill}, `unseen`: {error:.3f}{unit}")
    tried = [case for case in cases["unseen"] if case.question.skill == "sum"][:10]
    worst = max(stream_error(player, case, i) for i, case in enumerate(tried))
    note(f"* streamed against whole encoding, largest difference: {worst:.1e}")
    return Report(lines, outcomes)
