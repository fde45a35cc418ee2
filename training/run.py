"""One run of the recipe: its stages, what each may take, and its folder."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from .loop import Plan, load_checkpoint

ORDER = (
    "speech",
    *("text", "encoder", "sft", "drill", "listen", "control", "filter", "reward"),
    *("export", "evaluate"),
)
OPTIONAL = ("control", "reward")
"Trained only when asked for by name: the brain that never thinks, and short reinforcement."
STAGES = tuple(stage for stage in ORDER if stage not in OPTIONAL)
MINUTES = {"text": 28.0, "encoder": 26.0, "sft": 48.0, "drill": 8.0, "listen": 18.0, "filter": 4.0}
"Processor minutes of each process; `Run.minutes` is their sum."
TOTAL = sum(MINUTES.values())
MORE = {"control": MINUTES["drill"] + MINUTES["listen"], "reward": 6.0}
"Of the optional stages, on top."
PROCESSES = dict.fromkeys((*MINUTES, *MORE), 2)
BEFORE = {"control": "sft", "filter": "listen", "reward": "filter"}
"The stage whose weights a stage starts from, where it is not simply the one before."


@dataclass(frozen=True, slots=True)
class Run:
    """One training run and its folder."""

    out: Path
    minutes: float = TOTAL
    "Processor minutes of each process in all training stages together, without speech and evaluation."
    seed: int = 1
    scale: float = 1.0
    "Share of the utterances; small for trying out."
    port: int = 29511
    size: str = "small"
    device: str = "cpu"
    processes: int = 2
    leave_after: float | None = None
    "Wall seconds after which the command saves and leaves; the same command goes on."
    recordings: Path | None = None
    "Folder of the Free Spoken Digit Dataset, to measure people with."
    start: Path | None = None
    "Bundle whose weights the first stages go on from."
    ear: Path | None = None
    "Bundle whose hearing the encoder goes on from, whatever it spoke."
    budget: dict[str, float] = field(default_factory=dict)
    "Processor minutes of single stages, whatever `minutes` gives them."
    average: dict[Path, float] = field(default_factory=dict)
    "Bundles whose weights are in what is exported, and their shares."
    rate: float = 1.0
    "Share of the peak learning rates of all stages: below one where a part goes on from a good one."
    steps: dict[str, int] = field(default_factory=dict)
    "Of each stage, to repeat another run exactly; else the minutes decide."

    @property
    def corpus(self) -> Path:
        return self.out / "corpus"

    @property
    def bundle(self) -> Path:
        return self.out / "bundle"

    def world(self, stage: str) -> int:
        """Processes of a stage; a CUDA device has one."""
        return 1 if self.device != "cpu" else min(self.processes, PROCESSES[stage])

    def plan(self, stage: str, rank: int = 0) -> Plan:
        """How one process of a stage runs."""
        minutes = {name: one * self.minutes / TOTAL for name, one in (MINUTES | MORE).items()} | self.budget
        return Plan(
            self.out / f"{stage}.pt",
            60 * minutes[stage],
            rank=rank,
            world=self.world(stage),
            port=self.port,
            seed=self.seed,
            rate=self.rate,
            steps=self.steps.get(stage),
            leave_after=self.leave_after,
            device=self.device,
            size=self.size,
        )

    def finished(self, stage: str) -> bool:
        """Its whole budget is used; one that was raised since is not."""
        plan = self.plan(stage)
        if not plan.checkpoint.exists():
            return False
        found = load_checkpoint(plan.checkpoint)
        return plan.share(found["step"], found["elapsed"]) >= 1


def rate_of(out: Path, given: float | None) -> float:
    """The share of the learning rates: as given now, else what earlier commands of the run set, else all."""
    path = out / "rate"
    if given is not None:
        return given
    return float(path.read_text("ascii")) if path.exists() else 1.0


def budget_of(out: Path, given: dict[str, float]) -> dict[str, float]:
    """Minutes of single stages that earlier commands of the run set, and over them those given now."""
    path = out / "budget.json"
    kept: dict[str, float] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return kept | given
