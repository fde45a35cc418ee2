"""What the heads are worth on held-out voices: every figure of docs/end-of-turn.md by one command."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.judge import Heads, Track
from pipeline.clock import monotonic
from pipeline.ports import Judgement
from training.audio import POSITION, RATE, Pcm
from training.scores import percent

from . import policy
from .noise import TRAINED, UNTRAINED, draw_noise
from .policy import Ending, Gap
from .recipe import scenes
from .samples import Listener
from .scene import KINDS, Air, Scene, burst_scene
from .speech import Order, Spoke, speak_apart
from .text import FILLERS

TEST_TURNS = {"espeak": 900, "rms": 500}
TEST_BURSTS = {"espeak": 240, "rms": 120}
NOD = 0.7
"Probability from which a burst may be taken for a backchannel."
MOMENTS = (100, 200, 400, 800)
"Milliseconds after speech."
BURST_MOMENTS = (200, 300, 500, 800)
"Milliseconds after a burst's onset."


@dataclass(frozen=True, slots=True)
class Judged:
    """One silence after speech and what the head said at each position of it."""

    whole: bool
    likely: bool
    open: bool
    begins: int
    counts: tuple[int, ...]
    "Positions known when each value was given; a position ends at sample 1280 count."
    values: tuple[float, ...]
    length: int
    "Samples of silence; of a pause that was cut short by the end of the sound, too."

    def after(self, milliseconds: int) -> float:
        """The newest value that many milliseconds after speech."""
        known = [v for c, v in zip(self.counts, self.values, strict=True)
                 if c * POSITION <= self.begins + milliseconds * RATE // 1000]  # fmt: skip
        return known[-1] if known else 0.5


def auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Chance that a right one lies above a wrong one (Mann-Whitney)."""
    if not right or not wrong:
        return float("nan")
    both = np.concatenate([right, wrong])
    ranks = both.argsort().argsort().astype(float)
    for value in np.unique(both):
        ranks[both == value] = ranks[both == value].mean()
    upper = ranks[: len(right)].sum() - len(right) * (len(right) - 1) / 2
    return float(upper / (len(right) * len(wrong)))


def winner(judgement: Judgement) -> int:
    """Index into `KINDS` of the likeliest kind."""
    return int(np.argmax((judgement.words, judgement.backchannel, judgement.noise)))


class Bench:
    """The heads of a bundle on test speech."""

    def __init__(self, bundle: Path, speech: Path, seed: int) -> None:
        """Speaks the test material into `speech` where it is not there yet. ValueError without heads."""
        self.listener = Listener(bundle)
        if self.listener.bundle.heads is None:
            raise ValueError(f"{bundle} has no heads; train them first (python -m training heads)")
        self.heads, self._seed = Heads(self.listener.bundle.heads), seed
        self._spoke = {}
        for group, turns in TEST_TURNS.items():
            folder = speech / f"test-{group}"
            speak_apart([Order(str(folder), group, turns, TEST_BURSTS[group], 7000 + seed, test=True)])
            self._spoke[group] = Spoke(folder)

    def scenes(self, group: str, air: Air) -> Iterator[Scene]:
        """All turns of the test material, the same every time."""
        return scenes(self._spoke[group], random.Random(f"{group} {self._seed}"), air)

    def judged(self, group: str, air: Air) -> tuple[list[Judged], list[tuple[float, float]]]:
        """All silences, and per position of speech (seconds to the end of a whole turn or inf, value)."""
        silences, talking = list[Judged](), list[tuple[float, float]]()
        for scene in self.scenes(group, air):
            track, before = self.listener.track(scene.pcm), 0
            values = [self._value(track, c) for c in range(1, len(scene.pcm) // POSITION + 1)]
            for pause in scene.pauses:
                first, stop = -(-pause.begins // POSITION), pause.ends // POSITION
                counts = tuple(range(first, min(stop, first + 14) + 1))
                known = tuple(values[c - 1] for c in counts if c <= len(values))
                silences.append(
                    Judged(
                        pause.piece.whole,
                        pause.piece.likely,
                        scene.skill == "open",
                        pause.begins,
                        counts[: len(known)],
                        known,
                        pause.ends - pause.begins,
                    )
                )
                for count in range(before + 3, first):
                    left = (pause.begins - count * POSITION) / RATE if pause.piece.whole else np.inf
                    talking.append((left, values[count - 1]))
                before = stop
        return silences, talking

    def _value(self, track: Track, count: int) -> float:
        return self.heads.judge(track.upto(count), 0).end_of_turn

    def endings(self, group: str, air: Air, title: str) -> tuple[list[str], list[str]]:
        """How well ends are told from pauses: rows (AUC, balanced accuracy), and sentences."""
        silences, talking = self.judged(group, air)
        known = [s for s in silences if not s.open]
        rows = []
        for name, chosen in (
            ("known words", known),
            ("known words, but for prefixes that would do", [s for s in known if not s.likely]),
            ("other English", [s for s in silences if s.open]),
        ):
            ends, pauses = [s for s in chosen if s.whole], [s for s in chosen if not s.whole]
            cells = []
            for ms in MOMENTS:
                right, wrong = [s.after(ms) for s in ends], [s.after(ms) for s in pauses]
                accuracy = (np.mean(np.array(right) > 0.5) + np.mean(np.array(wrong) <= 0.5)) / 2
                cells.append(f"{auc(right, wrong):.3f}, {accuracy:.1%}")
            rows.append(f"| {title}: {name} | {len(ends)} + {len(pauses)} | " + " | ".join(cells) + " |")
        said = [*_early(talking), *self._policies(known, "known words")]
        said += self._policies([s for s in silences if s.open], "other English")
        return rows, [f"* {title}: {sentence}" for sentence in said]

    def _policies(self, silences: list[Judged], title: str) -> list[str]:
        rng = np.random.default_rng(self._seed)
        ends = [Ending(curve(s)) for s in silences if s.whole]
        gaps = [Gap(curve(s), policy.pause_length(rng)) for s in silences if not s.whole]
        return [f"{title}: {line}" for line in policy.compare(ends, gaps)]

    def milliseconds(self) -> str:
        """What a judgement costs beside the ear's own step, over sound that the ear knows."""
        name, spoken = self._spoke["rms"].items[0]
        pcm = np.concatenate(self._spoke["rms"].pieces(name, spoken))
        track, costs = self.listener.track(pcm), list[float]()
        for _ in range(300):
            begun = monotonic()
            self.heads.judge(track, 2)
            costs.append(1000 * (monotonic() - begun))
        middle, late = np.quantile(costs, (0.5, 0.95))
        return f"a judgement over warm features: p50 {middle:.2f} ms, p95 {late:.2f} ms"

    def kinds(self, group: str, air: Air, title: str) -> list[str]:
        """Rows: what words, backchannels and noise are taken for at each moment, and how surely for a nod."""
        rng, found = random.Random(f"kinds {group} {self._seed}"), dict[tuple[int, int], list[Judgement]]()
        for pcm, kind in self._bursts(group, rng):
            burst = burst_scene(pcm, kind, rng, air=air)
            track = self.listener.track(burst.pcm)
            for ms in BURST_MOMENTS:
                count = (burst.onset + ms * RATE // 1000) // POSITION
                if count <= len(track.features):
                    judgement = self.heads.judge(track.upto(count), burst.onset // POSITION)
                    found.setdefault((ms, kind), []).append(judgement)
        rows = []
        for ms in BURST_MOMENTS:
            cells, nods = [], []
            for kind in range(len(KINDS)):
                said = [winner(judgement) for judgement in found[ms, kind]]
                nods.append(percent(sum(j.backchannel >= NOD for j in found[ms, kind]), len(said)))
                shares = " / ".join(percent(said.count(k), len(said)) for k in range(len(KINDS)))
                cells.append(f"{shares} (n={len(said)})")
            rows.append(f"| {title} | {ms} | " + " | ".join([*cells, " / ".join(nods)]) + " |")
        return rows

    def _bursts(self, group: str, rng: random.Random) -> Iterator[tuple[Pcm, int]]:
        for i, (name, spoken) in enumerate(self._spoke[group].items):
            pcm = self._spoke[group].pieces(name, spoken)[0]
            if spoken.kind != "turn":
                yield pcm, KINDS.index(spoken.kind)
            elif i % 4 == 0 and spoken.pieces[0].text.rstrip(",") not in FILLERS:
                yield pcm, 0
        for noise in (*TRAINED, *UNTRAINED):
            for _ in range(24):
                yield draw_noise(rng, noise)[1], 2


def _early(talking: list[tuple[float, float]]) -> list[str]:
    """Before the pause: how often a value is reached at the end of a whole turn, and elsewhere."""
    last = [v for left, v in talking if left <= 0.15]
    other = [v for left, v in talking if left > 0.15]
    return [
        f"at least {level} within the last 150 ms of a whole turn: "
        f"{percent(sum(v >= level for v in last), len(last))} of {len(last)} positions; "
        f"elsewhere in speech: {percent(sum(v >= level for v in other), len(other))} of {len(other)}"
        for level in (0.5, 0.7, 0.8, 0.9)
    ]


def curve(silence: Judged) -> tuple[tuple[float, float], ...]:
    """Seconds after speech, value."""
    return tuple(
        ((c * POSITION - silence.begins) / RATE, v)
        for c, v in zip(silence.counts, silence.values, strict=True)
    )
