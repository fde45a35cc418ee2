"""The thinking figures as Markdown: accuracy and waiting per arm, each beside the arm it must be as good as.

Pure functions of rows. A session that failed counts as a wrong answer; a reply that never came, as the
longest wait that was allowed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from .bootstrap import mean_difference, percentile_difference, share_of
from .stats import percentile, wilson
from .think_arms import ARMS, QUICKEST, REFERENCE
from .think_cells import ms, percents, points, share, span, table, two
from .think_edge import PATIENCE
from .think_live import Waited
from .think_run import Row
from .think_score import NEEDED, Answered

Answers: TypeAlias = dict[tuple[str, float], dict[str, Answered | None]]
"""By arm and pace, then by question."""

ACCURACY = (
    "arm", "n", "right", "Δ to think-fully", "thought right", "refused", "silent", "repeated right",
    "corrected", "contradicted",
)  # fmt: skip
WAITING = (
    "arm", "voice to voice p50 / p90", "Δ p50 to no-think", "first answer word p50 / p90",
    "standing answer p50", "longest gap p50 / p95", "starved", "cut in",
)  # fmt: skip
THINKING = (
    "arm", "thought tokens p50", "hidden", "of it while the user spoke", "exposed", "after the answer began",
    "notes", "draft notes", "hit", "wasted", "saved p50",
)  # fmt: skip

LIVE = ("arm", "n", "p50", "p90", "p95", "missed", "starved", "first answer word p50")


def answers(rows: Sequence[Row]) -> Answers:
    """Sorted by arm and pace; of a question asked twice the last counts."""
    found: Answers = {}
    for row in rows:
        found.setdefault((row.arm, row.pace), {})[row.item] = None if row.error else row.answer
    return found


def accuracy_report(found: Answers) -> Iterator[str]:
    """Three tables per pace."""
    for pace in sorted({pace for _, pace in found}):
        arms = {arm: found[arm, pace] for arm in ARMS if (arm, pace) in found}
        told = f"paced to {1000 * pace:g} ms per token" if pace else "unpaced"
        yield f"### {told[0].upper()}{told[1:]} (virtual time, declared costs)"
        yield ""
        yield from _about(arms)
        yield from table(ACCURACY, [_right(arm, arms) for arm in arms])
        yield from table(WAITING, [_waits(arm, arms) for arm in arms])
        yield from table(THINKING, [_thinks(arm, arms[arm]) for arm in arms])


def live_report(waited: Sequence[Waited]) -> Iterator[str]:
    """Voice to voice in real time, paired."""
    for pace in sorted({row.pace for row in waited}):
        mine = [row for row in waited if row.pace == pace]
        arms: dict[str, list[Waited]] = {}
        for row in mine:
            arms.setdefault(row.arm, []).append(row)
        yield f"### Live, paced to {1000 * pace:g} ms per token (wall clock)"
        yield ""
        yield from table(LIVE, [_waited(arm, ways) for arm, ways in arms.items()])
        if QUICKEST in arms:
            quick = _heard(arms[QUICKEST])
            for arm in (arm for arm in arms if arm != QUICKEST):
                yield from _apart(arm, _heard(arms[arm]), quick)
        worst = [row.worst for row in mine]
        often = ms(percentile(worst, 0.95))
        yield f"The edge's worst tick was {ms(max(worst))} late; p95 of the conversations' worst {often}."
        yield ""


def compared(ours: Mapping[str, Answered | None], theirs: Mapping[str, Answered | None], what: str) -> str:
    """One sentence: right answers of two arms on the same questions."""
    found = mean_difference(_rights(ours), _rights(theirs))
    return f"{what}: {points(found)} over {found.count} questions."


def _about(arms: Mapping[str, Mapping[str, Answered | None]]) -> Iterator[str]:
    if REFERENCE not in arms:
        return
    thoughts = [one.thoughts for one in arms[REFERENCE].values() if one is not None]
    unaligned = sum(not one.aligned for ways in arms.values() for one in ways.values() if one is not None)
    if thoughts:
        enough = sum(count >= NEEDED for count in thoughts) / len(thoughts)
        yield (
            f"{REFERENCE} writes {percentile(thoughts, 0.5):.0f} thought tokens in the median; "
            f"{100 * enough:.1f} % of the questions need {NEEDED} or more. "
            f"Word times not read from the sound: {unaligned}."
        )
        yield ""


def _right(arm: str, arms: Mapping[str, Mapping[str, Answered | None]]) -> tuple[str, ...]:
    ways = arms[arm]
    told = [one for one in ways.values() if one is not None]
    right = sum(one.right for one in told)
    thought = [one.thought_right for one in told if one.thought_right is not None]
    repeated = [one.repeated for one in told if one.repeated is not None]
    against = ""
    if _other(arm, arms, REFERENCE):
        against = points(mean_difference(_rights(ways), _rights(arms[REFERENCE])))
    return (
        arm, str(len(ways)), f"{share(right, len(ways))} {percents(wilson(right, len(ways)))}", against,
        share(sum(thought), len(thought)), share(sum(one.refused for one in told), len(ways)),
        share(len(ways) - len(told) + sum(one.silent for one in told), len(ways)),
        share(sum(repeated), len(repeated)), share(sum(one.corrected for one in told), len(ways)),
        share(sum(one.contradiction > 0 for one in told), len(ways)),
    )  # fmt: skip


def _waits(arm: str, arms: Mapping[str, Mapping[str, Answered | None]]) -> tuple[str, ...]:
    sounds, told = _sounds(arms[arm]), [one for one in arms[arm].values() if one is not None]
    first = [one.first_answer for one in told if one.first_answer is not None]
    last = [one.last_answer for one in told if one.last_answer is not None]
    gaps = [one.gap for one in told]
    other = _other(arm, arms, QUICKEST)
    against = span(percentile_difference(sounds, _sounds(arms[QUICKEST]), 0.5)) if other else ""
    return (
        arm, two(list(sounds.values()), 0.5, 0.9), against, two(first, 0.5, 0.9),
        ms(percentile(last, 0.5)) if last else "", two(gaps, 0.5, 0.95),
        f"{100 * sum(one.starved for one in told) / max(1, len(told)):.1f} in 100",
        share(sum(one.first_sound is not None and one.first_sound < 0 for one in told), len(told)),
    )  # fmt: skip


def _thinks(arm: str, ways: Mapping[str, Answered | None]) -> tuple[str, ...]:
    told = [one for one in ways.values() if one is not None]
    thinking = [one for one in told if one.thoughts]
    hits = [one.hit for one in told if one.hit is not None]
    ahead = sum(one.ahead for one in told)
    shares = [""] * 4
    if thinking:
        hidden = share_of([(one.user + one.agent, one.thoughts) for one in thinking])
        assert hidden.interval is not None or len(thinking) < 2
        whole = sum(one.thoughts for one in thinking)
        shares = [
            f"{100 * hidden.value:.1f} % {percents(hidden.interval)}",
            share(sum(one.user for one in thinking), whole),
            share(sum(one.exposed for one in thinking), whole),
            share(sum(one.late for one in thinking), whole),
        ]
    return (
        arm, f"{percentile([one.thoughts for one in told], 0.5):.0f}" if told else "", *shares,
        f"{sum(one.notes for one in told) / max(1, len(told)):.1f}",
        f"{sum(one.draft_notes for one in told) / max(1, len(told)):.1f}",
        share(sum(hits), len(hits)), share(sum(one.wasted for one in told), ahead),
        ms(percentile([one.saved for one in told], 0.5)) if told else "",
    )  # fmt: skip


def _apart(arm: str, ways: Mapping[str, float], quick: Mapping[str, float]) -> Iterator[str]:
    for place in (0.5, 0.9, 0.95):
        found = percentile_difference(ways, quick, place)
        yield f"* {arm} minus {QUICKEST}, p{100 * place:.0f}: {span(found)}, {found.count} pairs"
    found = mean_difference(ways, quick)
    yield f"* {arm} minus {QUICKEST}, mean of the paired differences: {span(found)}"
    yield ""


def _other(arm: str, arms: Mapping[str, object], reference: str) -> bool:
    return arm != reference and reference in arms


def _rights(ways: Mapping[str, Answered | None]) -> dict[str, float]:
    return {item: float(one is not None and one.right) for item, one in ways.items()}


def _sounds(ways: Mapping[str, Answered | None]) -> dict[str, float]:
    return {
        item: PATIENCE if one is None or one.first_sound is None else one.first_sound
        for item, one in ways.items()
    }


def _waited(arm: str, ways: Sequence[Waited]) -> tuple[str, ...]:
    sounds = list(_heard(ways).values())
    missed = sum(row.first_sound is None or bool(row.error) for row in ways)
    answer = [row.first_answer for row in ways if row.first_answer is not None]
    return (
        arm, str(len(ways)), *(ms(percentile(sounds, place)) for place in (0.5, 0.9, 0.95)), str(missed),
        str(sum(row.starved for row in ways)), ms(percentile(answer, 0.5)) if answer else "",
    )  # fmt: skip


def _heard(ways: Sequence[Waited]) -> dict[str, float]:
    return {row.item: PATIENCE if row.first_sound is None or row.error else row.first_sound for row in ways}
