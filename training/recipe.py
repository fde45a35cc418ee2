"""The whole recipe: speech and text first, then the encoder, then everything together.

Every stage can be stopped and run again.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from model.networks import Talker

from . import bundle, card, stage_encoder, stage_sft, stage_text
from .batches import PHONEMES
from .corpus import SKILLS, Corpus
from .evaluate import calibrate, evaluate
from .generate import Order, generate_apart
from .language import Language
from .loop import Plan, load_checkpoint
from .progress import say
from .sizes import practice

STAGES = ("speech", "text", "encoder", "sft", "export", "evaluate")
TIME_SHARES = {"text": 0.105, "encoder": 0.22, "sft": 0.675}
"Of the training minutes, as the bundled brain was trained. Text has one process, the others two."
PROCESSES = {"text": 1, "encoder": 2, "sft": 2}
UTTERANCES = {"espeak": 90_000, "kal16": 8_000, "slt": 6_000, "awb": 4_000}


@dataclass(frozen=True, slots=True)
class Run:
    """One training run and its folder."""

    out: Path
    minutes: float
    "Wall time of all training stages together, without speech and evaluation."
    seed: int = 1
    scale: float = 1.0
    "Share of `UTTERANCES`; small for trying out."
    port: int = 29511

    @property
    def corpus(self) -> Path:
        return self.out / "corpus"

    @property
    def bundle(self) -> Path:
        return self.out / "bundle"

    def plan(self, stage: str, rank: int = 0) -> Plan:
        """How one process of a stage runs."""
        seconds = 60 * self.minutes * TIME_SHARES[stage]
        return Plan(
            self.out / f"{stage}.pt",
            seconds,
            rank=rank,
            world=PROCESSES[stage],
            port=self.port,
            seed=self.seed,
        )


def speak(run: Run) -> None:
    """The corpus, by two workers."""
    counts = {group: max(200, int(count * run.scale)) for group, count in UTTERANCES.items()}
    orders = {
        group: Order(str(run.corpus), group, count, run.seed + i)
        for i, (group, count) in enumerate(counts.items())
    }
    generate_apart([orders["espeak"]], [orders["kal16"], orders["slt"], orders["awb"]])


def work(run: Run, stage: str, rank: int) -> None:
    """One process of a training stage."""
    plan = run.plan(stage, rank)
    if stage == "text":
        stage_text.run(plan)
    elif stage == "encoder":
        stage_encoder.run(plan, Corpus(run.corpus))
    else:
        stage_sft.run(plan, Corpus(run.corpus), encoder=run.out / "encoder.pt", text=run.out / "text.pt")


def start(run: Run, stage: str) -> list[subprocess.Popen[bytes]]:
    """All processes of a training stage."""
    settings = ["--out", str(run.out), "--minutes", str(run.minutes), "--seed", str(run.seed)]
    command = [sys.executable, "-m", "training", "work", stage, *settings, "--port", str(run.port)]
    return [subprocess.Popen([*command, "--rank", str(rank)]) for rank in range(PROCESSES[stage])]


def finish(stage: str, workers: list[subprocess.Popen[bytes]]) -> None:
    """Waits for them. SystemExit if one fails."""
    failures = [worker.wait() for worker in workers]
    if any(failures):
        raise SystemExit(f"stage {stage} failed (see above); the same command goes on from its checkpoint")


def load(run: Run) -> tuple[Talker, dict[str, float]]:
    """The newest weights of `sft`, and how far they were trained. FileNotFoundError if there are none."""
    content = load_checkpoint(run.out / "sft.pt")
    talker = Talker(practice(len(Language().tokenizer)), len(PHONEMES))
    talker.load_state_dict(content["model"])
    minutes = sum(load_checkpoint(run.out / f"{stage}.pt")["elapsed"] for stage in PROCESSES) / 60
    figures = {"seed": run.seed, "steps": content["step"], "samples": content["samples"]}
    return talker.eval(), figures | {"minutes": round(minutes, 1)}


def export(run: Run, folder: Path) -> None:
    """Writes the bundle, then fits its refusal threshold on the calibration set."""
    torch.set_num_threads(1)
    talker, training = load(run)
    bundle.round_weights(talker)
    bundle.write(talker, folder, training=training, refusal={"heard_logprob": -0.05})
    calibrate(folder, run.out / "calibration", run.seed, tell=say)


def perform(run: Run, stages: tuple[str, ...] = STAGES) -> None:
    """The given stages in order, but for text, which is trained while the speech is made."""
    run.out.mkdir(parents=True, exist_ok=True)
    beside = {"text": start(run, "text")} if {"speech", "text"} <= set(stages) else {}
    for stage in stages:
        say(f"stage {stage}: {SUMMARY[stage]}")
        if stage == "speech":
            speak(run)
        elif stage in PROCESSES:
            finish(stage, beside.get(stage) or start(run, stage))
        elif stage == "export":
            export(run, run.bundle)
        else:
            card.write(run.bundle, evaluate(run.bundle, run.out / "test", run.seed, tell=say).lines)


SUMMARY = {
    "speech": f"{sum(UTTERANCES.values())} utterances of {len(SKILLS)} skills in four groups of voices",
    "text": "the decoder learns the language and column arithmetic",
    "encoder": "phonemes and measured cues",
    "sft": "audio in, thought and reply out",
    "export": "bundle and refusal threshold",
    "evaluate": "all figures, through the exported bundle",
}
