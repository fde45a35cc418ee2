"""Every figure of the card, by one command, through the exported bundle in onnxruntime."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from . import sets
from .bundle import set_refusal
from .player import Answer, Player
from .sets import Case
from .targets import PARTIAL, SORRY, heard_line, reply
from .tasks import CUE_SKILLS, Question


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case and what came of it."""

    case: Case
    answer: Answer

    @property
    def right(self) -> bool:
        """The exact reply, a sum's operands restated rightly too."""
        question = self.case.question
        wanted = SORRY if question.skill == "noise" else reply(question, self.case.clip.cue)
        return self.answer.reply == wanted

    def right_with_refusal(self, threshold: float) -> bool:
        """A refused case is right only where asking again is what is wanted."""
        if self.answer.heard_logprob >= threshold:
            return self.right
        return self.case.question.skill in ("unclear", "noise", "incomplete")


def wilson(right: int, n: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927)."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.959964, right / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (centre - spread) / (1 + z * z / n), (centre + spread) / (1 + z * z / n)


def edits(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def play(player: Player, cases: Iterable[Case]) -> list[Outcome]:
    """Answers every case, each as a conversation of its own."""
    return [Outcome(case, player.answer(player.hear(case.clip.noisy))) for case in cases]


def play_with_history(player: Player, cases: Sequence[Case]) -> list[Outcome]:
    """Each case after the case before it, whose right reply was heard."""
    out = []
    for before, case in zip(cases, cases[1:], strict=False):
        history = [(player.hear(before.clip.noisy), reply(before.question, before.clip.cue))]
        out.append(Outcome(case, player.answer(player.hear(case.clip.noisy), history)))
    return out


def _line(name: str, skill: str, found: list[Outcome], threshold: float) -> str:
    n, plainly = len(found), sum(o.right for o in found)
    kept = sum(o.right_with_refusal(threshold) for o in found)
    refused = sum(o.answer.heard_logprob < threshold for o in found)
    answered = [o for o in found if o.answer.heard_logprob >= threshold]
    trusted = sum(o.right for o in answered) / max(1, len(answered))
    low, high = wilson(plainly, n)
    low2, high2 = wilson(kept, n)
    words = [(o.answer.heard.split(), heard_line(o.case.question).removeprefix("heard: ").split()) for o in found]
    wer = sum(edits(a, b) for a, b in words) / max(1, sum(len(b) for _, b in words))
    return (
        f"| {name} | {skill} | {n} | {plainly / n:.1%} [{low:.1%}, {high:.1%}] | {kept / n:.1%} [{low2:.1%}, {high2:.1%}] "
        f"| {refused / n:.1%} | {trusted:.1%} | {wer:.3f} |"
    )


def _cited(outcomes: list[Outcome], skill: str) -> str:
    """How far the value cited in the thought is from the measured one."""
    errors = []
    for o in outcomes:
        if o.case.question.skill == skill and len(o.answer.lines) > 1 and o.case.clip.cue is not None:
            try:
                errors.append(abs(float(o.answer.lines[1].split()[1]) - o.case.clip.cue) / (o.case.clip.cue if skill == "pitch" else 1))
            except (IndexError, ValueError):
                continue
    return f"{skill} {median(errors):.2f}" if errors else ""


HEADER = (
    "| set | skill | n | right, no refusal [95 %] | right, refusal is not right [95 %] | refused | right among answered | WER |\n"
    "|---|---|---|---|---|---|---|---|"
)


def stream_error(player: Player, case: Case, seed: int) -> float:
    """Largest difference between an utterance encoded whole and in random cuts of whole positions."""
    from .spectrum import log_mel

    mel, rng = log_mel(case.clip.noisy), np.random.default_rng(seed)
    whole, state, parts, at = player.encode(mel, player.empty())[0], player.empty(), [], 0
    while at < len(mel):
        size = 8 * int(rng.integers(1, 6))
        audio, _, state = player.encode(mel[at : at + size], state)
        parts.append(audio)
        at += size
    return float(np.abs(np.concatenate(parts) - whole).max())


def calibrate(bundle: Path, folder: Path, seed: int, *, loss: float = 0.015) -> float:
    """Fits refusal.heard_logprob so that `loss` of right answers is refused on the calibration set, and writes it to config.json."""
    player = Player(bundle)
    found = play(player, sets.calibration(folder, seed))
    scores = [o.answer.heard_logprob for o in found if o.right]
    threshold = round(float(np.quantile(scores, loss)), 4)
    wrong = [o for o in found if not o.right]
    caught = sum(o.answer.heard_logprob < threshold for o in wrong)
    print(f"calibration (n={len(found)}, seed {seed}): threshold {threshold}, loses {loss:.1%} of right answers, catches {caught} of {len(wrong)} wrong ones")
    set_refusal(bundle, {"heard_logprob": threshold})
    return threshold


def evaluate(bundle: Path, folder: Path, seed: int, *, share: float = 1.0) -> dict[str, list[Outcome]]:
    """Prints the tables; `share` cuts every set to a part, for a quick look."""
    player = Player(bundle)
    threshold = player.config["refusal"]["heard_logprob"]
    recipes = tuple(sets.Recipe(r.name, r.title, r.group, r.unseen, {s: max(4, int(n * share)) for s, n in r.counts.items()}, r.rough) for r in sets.TESTS)
    cases = sets.build(recipes, folder, seed)
    print(f"bundle {bundle}, seed {seed}, refusal threshold {threshold}, steps {player.config['training'].get('steps', '?')}")
    for recipe in recipes:
        print(f"set {recipe.name}: {recipe.title}")
    print(HEADER, flush=True)
    outcomes = {}
    for recipe in recipes:
        outcomes[recipe.name] = play(player, cases[recipe.name])
        for skill in recipe.counts:
            print(_line(recipe.name, skill, [o for o in outcomes[recipe.name] if o.case.question.skill == skill], threshold), flush=True)
    sums = [case for case in cases["unseen"] if case.question.skill == "sum"]
    asked = [case for case in cases["unseen"] if case.question.skill in {"sum", *CUE_SKILLS}]
    turns = play_with_history(player, [case for pair in zip(asked[-len(sums) :: 3], sums[::3], strict=False) for case in pair])
    outcomes["second turn"] = [o for o in turns if o.case.question.skill == "sum"]
    print(_line("second turn", "sum", outcomes["second turn"], threshold))
    for name in ("unseen", "rms"):
        print(f"median error of the cited value, {name}: " + " ".join(_cited(outcomes[name], skill) for skill in sorted(CUE_SKILLS)) + " (pitch: share)")
    print(f"streamed against whole: {max(stream_error(player, case, i) for i, case in enumerate(sums[:10])):.1e}")
    return outcomes


def confusions(outcomes: Iterable[Outcome]) -> list[tuple[str, str, str]]:
    """(voice, said, heard) of wrong answers."""
    return [(o.case.voice, " ".join(o.case.question.words), o.answer.heard) for o in outcomes if not o.right]


__all__ = ["PARTIAL", "Outcome", "Question", "calibrate", "confusions", "evaluate", "play", "wilson"]
