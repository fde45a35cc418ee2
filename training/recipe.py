"""The whole recipe: speech and text first, then the encoder, then everything together, then listening.

Every stage can be stopped and run again.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import torch

from model.networks import Talker

from . import bundle, card, stage_drill, stage_encoder, stage_listen, stage_sft, stage_text
from .batches import PHONEMES
from .corpus import LONG_SKILLS, SKILLS, Corpus
from .evaluate import calibrate, evaluate
from .generate import Order, generate_apart
from .language import Language
from .loop import Plan, load_checkpoint
from .progress import say
from .sizes import practice

STAGES = ("speech", "text", "encoder", "sft", "drill", "listen", "export", "evaluate")
TIME_SHARES = {"text": 0.063, "encoder": 0.132, "sft": 0.405, "drill": 0.065, "listen": 0.335}
"Of the training minutes, as the bundled brain was trained. Text has one process, the others two."
PROCESSES = {"text": 1, "encoder": 2, "sft": 2, "drill": 2, "listen": 2}
UTTERANCES = {"espeak": 90_000, "kal16": 8_000, "slt": 6_000, "awb": 4_000}
LONG_UTTERANCES = {"espeak": 28_000, "kal16": 4_000, "slt": 4_000, "awb": 3_000}
"Long chains above all, with the times at which words end; only `listen` hears them."


@dataclass(frozen=True, slots=True)
class Run:
    """One training run and its folder."""

    out: Path
    minutes: float
    "Wall time of all training stages together, without speech and evaluation."
    seed: int = 1
    scale: float = 1.0
    "Share of the utterances; small for trying out."
    port: int = 29511

    @property
    def corpus(self) -> Path:
        return self.out / "corpus"

    @property
    def long_corpus(self) -> Path:
        return self.out / "long"

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


def _orders(
    run: Run, folder: Path, counts: dict[str, int], skills: dict[str, float], seed: int
) -> list[Order]:
    """One for each group of voices, espeak first."""
    return [
        Order(
            str(folder),
            group,
            max(200, int(count * run.scale)),
            run.seed + seed + i,
            skills=tuple(skills.items()),
        )
        for i, (group, count) in enumerate(counts.items())
    ]


def speak(run: Run) -> None:
    """Both corpora, by two workers."""
    first = _orders(run, run.corpus, UTTERANCES, SKILLS, 0)
    second = _orders(run, run.long_corpus, LONG_UTTERANCES, LONG_SKILLS, 500)
    generate_apart([first[0], second[0]], [*first[1:], *second[1:]])


def work(run: Run, stage: str, rank: int) -> None:
    """One process of a training stage."""
    plan = run.plan(stage, rank)
    if stage == "text":
        stage_text.run(plan)
    elif stage == "encoder":
        stage_encoder.run(plan, Corpus(run.corpus))
    elif stage == "sft":
        stage_sft.run(plan, Corpus(run.corpus), encoder=run.out / "encoder.pt", text=run.out / "text.pt")
    elif stage == "drill":
        stage_drill.run(plan, sft=run.out / "sft.pt")
    else:
        corpus = Corpus(run.corpus, run.long_corpus)
        stage_listen.run(plan, corpus, sft=run.out / "sft.pt", drill=run.out / "drill.pt")


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


def newest(run: Run) -> Path:
    """The checkpoint of the last stage that was trained."""
    found = [run.out / f"{stage}.pt" for stage in ("listen", "sft")]
    return next((path for path in found if path.exists()), found[-1])


def load(run: Run) -> tuple[Talker, dict[str, float]]:
    """The newest weights, and how far they were trained. FileNotFoundError if there are none."""
    content = load_checkpoint(newest(run))
    talker = Talker(practice(len(Language().tokenizer)), len(PHONEMES))
    talker.load_state_dict(content["model"])
    paths = [path for stage in PROCESSES if (path := run.out / f"{stage}.pt").exists()]
    minutes = sum(load_checkpoint(path)["elapsed"] for path in paths) / 60
    figures = {"seed": run.seed, "steps": content["step"], "samples": content["samples"]}
    return talker.eval(), figures | {"minutes": round(minutes, 1)}


def export(run: Run, folder: Path) -> None:
    """Writes the bundle, then fits its refusal threshold on the calibration set."""
    torch.set_num_threads(1)
    talker, training = load(run)
    bundle.round_weights(talker)
    listens = newest(run).stem == "listen"
    bundle.write(talker, folder, training=training, refusal={"heard_logprob": -0.05}, listens=listens)
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
    "speech": f"{sum(UTTERANCES.values()) + sum(LONG_UTTERANCES.values())} utterances in four groups",
    "text": "the decoder learns the language and column arithmetic",
    "encoder": "phonemes and measured cues",
    "sft": "audio in, thought and reply out",
    "drill": "the decoder practises long chains, notes and parts of thoughts in text",
    "listen": "thinking while listening, speaking on part of a thought",
    "export": "bundle and refusal threshold",
    "evaluate": "all figures, through the exported bundle",
}
