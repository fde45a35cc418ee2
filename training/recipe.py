"""The whole recipe: speech and text, the encoder, everything together, listening, its own thoughts.

Every stage can be stopped, killed and run again, and goes on where its checkpoint is.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from model.ears.fetch import fetched
from model.networks import Talker
from pipeline.clock import monotonic

from . import (
    bundle,
    card,
    people,
    stage_drill,
    stage_encoder,
    stage_listen,
    stage_reward,
    stage_sft,
    stage_text,
    voices,
    wrong,
)
from .batch_player import player_of
from .corpus import Corpus, counts
from .evaluate import calibrate, evaluate
from .fresh import fresh_talker
from .generate import Order, generate_apart
from .language import Language
from .loop import load_checkpoint
from .precision import CHOICES, SETTING, faster
from .progress import say, watch
from .run import BEFORE, PROCESSES, STAGES, Run
from .second import Pair
from .skills import registry

UTTERANCES = 130_000
"Of all groups of voices together, by their shares."
DIRECT = {"direct": 1.0}
SETTINGS = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "67108864",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""Of every training process. glibc keeps what it once had: large arrays otherwise come fresh from the system
each time, page by page. Idle threads of BLAS spin and doubled the time of preparing clips."""


def orders(run: Run, half: int) -> list[Order]:
    """What one of two workers speaks: half of every group of voices."""
    skills, found = tuple(registry.SHARES.items()), list[Order]()
    for i, name in enumerate(voices.trained()):
        count = max(20, int(run.scale * UTTERANCES * voices.GROUPS[name].share / 2))
        found.append(Order(str(run.corpus), name, count, 1000 * run.seed + 2 * i + half, skills=skills))
    return found


def speak(run: Run) -> None:
    """The corpus, by two workers."""
    generate_apart(orders(run, 0), orders(run, 1))


def work(run: Run, stage: str, rank: int) -> None:
    """One process of a training stage."""
    plan, out = run.plan(stage, rank), run.out
    if stage == "text":
        stage_text.run(plan, bundle=run.start)
    elif stage == "encoder":
        stage_encoder.run(
            plan, Corpus(run.corpus), text=out / "text.pt", bundle=run.start, ear=run.ear
        )  # fmt: skip
    elif stage == "sft":
        stage_sft.run(
            plan, Corpus(run.corpus), encoder=out / "encoder.pt", text=out / "text.pt", bundle=run.start
        )
    elif stage == "drill":
        stage_drill.run(plan, sft=out / "sft.pt")
    else:
        corpus = Corpus(run.corpus)
        if stage == "listen":
            stage_listen.run(plan, corpus, sft=out / "sft.pt", drill=out / "drill.pt")
        elif stage == "control":
            stage_listen.run(plan, corpus, sft=out / "sft.pt", drill=None, modes=DIRECT)
        else:
            stage_reward.run(plan, corpus, kind=stage, start=out / f"{BEFORE[stage]}.pt")


def precision_of(run: Run) -> str:
    """What this run multiplies in, chosen once for all its stages: a resumed one computes the same."""
    if run.device != "cpu":
        return CHOICES[0]
    path = run.out / "precision"
    if not path.exists():
        path.write_text(faster() + "\n", encoding="ascii")
    return path.read_text("ascii").strip()


def start(run: Run, stage: str) -> list[subprocess.Popen[bytes]]:
    """All processes of a training stage."""
    settings = ["--out", str(run.out), "--minutes", str(run.minutes), "--seed", str(run.seed)]
    settings += ["--size", run.size, "--device", run.device, "--processes", str(run.processes)]
    settings += ["--rate", str(run.rate)]
    if run.leave_after is not None:
        settings += ["--leave-after", str(run.leave_after)]
    for name, bundled in (("--start", run.start), ("--ear", run.ear)):
        settings += [] if bundled is None else [name, str(bundled)]
    if stage in run.budget:
        settings += ["--budget", f"{stage}={run.budget[stage]}"]
    if stage in run.steps:
        settings += ["--steps", json.dumps({stage: run.steps[stage]})]
    command = [sys.executable, "-m", "training", "work", stage, *settings, "--port", str(run.port)]
    own = os.environ | SETTINGS | {SETTING: precision_of(run)}
    return [subprocess.Popen([*command, "--rank", str(r)], env=own) for r in range(run.world(stage))]


def finish(run: Run, stage: str, workers: list[subprocess.Popen[bytes]]) -> bool:
    """Waits for them. SystemExit if one fails; False if they left before the budget was used."""
    if any(watch(stage, run.out / f"{stage}.pt", workers)):
        raise SystemExit(f"stage {stage} failed (see above); the same command goes on from its checkpoint")
    return run.finished(stage)


def newest(run: Run) -> Path:
    """The checkpoint of the last stage that was trained."""
    found = [run.out / f"{stage}.pt" for stage in ("reward", "filter", "listen", "sft")]
    return next((path for path in found if path.exists()), found[-1])


def load(run: Run, path: Path | None = None) -> tuple[Talker, dict[str, object]]:
    """Weights (the newest), and how far they were trained. FileNotFoundError if there are none."""
    content = load_checkpoint(path or newest(run))
    talker = fresh_talker(run.size, len(Language().tokenizer))
    talker.load_state_dict(content["model"])
    paths = {stage: run.out / f"{stage}.pt" for stage in PROCESSES}
    trained = {stage: load_checkpoint(path) for stage, path in paths.items() if path.exists()}
    minutes = sum(found["elapsed"] for found in trained.values()) / 60
    figures: dict[str, object] = {"seed": run.seed, "size": run.size, "minutes": round(minutes, 1)}
    figures["stage_minutes"] = {stage: round(found["elapsed"] / 60, 1) for stage, found in trained.items()}
    figures |= {"utterances": counts(run.corpus), "budget": run.minutes, "scale": run.scale}
    if run.rate != 1:
        figures["rate"] = run.rate
    if run.budget:
        figures["stage_budget"] = run.budget
    figures["precision"] = precision_of(run)
    for name, bundled in (("before", run.start), ("ear", run.ear)):
        if bundled is not None:
            figures[name] = _trained(bundled)
    figures["samples"] = sum(found["samples"] for found in trained.values())
    figures["steps"] = {stage: found["step"] for stage, found in trained.items()}
    return talker.eval(), figures


def _trained(folder: Path) -> dict[str, Any]:
    """What a bundle tells of its own training."""
    found: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))["training"]
    return found


def _partner(folder: Path, share: float) -> dict[str, Any]:
    """What is told of a bundle whose weights are in a mean."""
    found = _trained(folder)
    return {"share": share, "seed": found.get("seed"), "mean": "average" in found}


def average(talker: Talker, others: Mapping[Path, float]) -> None:
    """Takes shares of the weights of other bundles of this recipe, such as training went on from.

    The mean of several ends of training that lie in one basin errs less than each, most of all on what none
    was trained with (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
    UAI 2018; of a start and what was tuned from it: Wortsman et al., "Robust Fine-Tuning of Zero-Shot
    Models", CVPR 2022). What it is worth here: docs/training.md. Raises as `bundle.read_into`.
    """
    own = 1 - sum(others.values())
    mean = {name: own * value for name, value in talker.state_dict().items()}
    for folder, share in others.items():
        bundle.read_into(talker, folder)
        for name, value in talker.state_dict().items():
            mean[name] += share * value
    talker.load_state_dict(mean)


def write(run: Run, path: Path, folder: Path) -> None:
    """The bundle of a checkpoint, with its refusal threshold fitted on the calibration set."""
    torch.set_num_threads(1)
    talker, training = load(run, path)
    if run.average and path.stem != "control":
        average(talker, run.average)
        training["average"] = [_partner(other, share) for other, share in run.average.items()]
    bundle.round_weights(talker)
    listens = path.stem != "sft"
    bundle.write(talker, folder, training=training, refusal={"heard_logprob": -0.05}, listens=listens)
    calibrate(folder, run.out / "calibration", run.seed, tell=say)


def export(run: Run, folder: Path) -> None:
    """The newest weights; beside them the brain that never thinks, if it was trained."""
    write(run, newest(run), folder)
    control = run.out / "control.pt"
    if control.exists():
        write(run, control, run.out / "control")


def _train(run: Run, stage: str, begun: float) -> bool:
    """False where the time of this command ended before the stage did."""
    if run.finished(stage):
        return True
    left = None if run.leave_after is None else run.leave_after - (monotonic() - begun)
    if left is not None and left < 5:
        return False
    here = Run(**{name: getattr(run, name) for name in run.__slots__} | {"leave_after": left})
    return finish(run, stage, start(here, stage))


def _keep(path: Path, text: str) -> None:
    """Writes what later commands of a run read; a kill leaves the old or the new."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def perform(run: Run, stages: tuple[str, ...] = STAGES) -> None:
    """The given stages in order; what is finished already is passed over."""
    run.out.mkdir(parents=True, exist_ok=True)
    if run.budget:
        say("minutes of their own: " + ", ".join(f"{name} {one:g}" for name, one in run.budget.items()))
        _keep(run.out / "budget.json", f"{json.dumps(run.budget)}\n")
    _keep(run.out / "rate", f"{run.rate}\n")
    begun = monotonic()
    for stage in stages:
        say(f"stage {stage}: {SUMMARY[stage]}")
        if stage == "speech":
            speak(run)
        elif stage in PROCESSES:
            if not _train(run, stage, begun):
                say(f"stopped in stage {stage}: run the same command again")
                return
        elif stage == "export":
            export(run, run.bundle)
        else:
            judge(run)


def judge(run: Run) -> None:
    """All figures of the bundle, and its card."""
    control = run.out / "control"
    examine(
        run.bundle, run.out / "test", run.seed,
        control=control if control.exists() else None, recordings=run.recordings, ear=fetched(),
    )  # fmt: skip


def examine(
    folder: Path,
    speech: Path,
    seed: int,
    *,
    share: float = 1.0,
    control: Path | None = None,
    recordings: Path | None = None,
    ear: Path | None = None,
    cards: bool = True,
) -> None:
    """Every figure of a bundle, told; with `cards` also its card and the pictures of its wrong answers.

    `ear`: a folder with a second ear, to measure people with, too.
    """
    torch.set_num_threads(1)
    report = evaluate(folder, speech, seed, tell=say, share=share, control=control)
    people_lines: list[str] = []
    if recordings is not None:
        second = Pair(folder, ear) if ear is not None else None
        people_lines = people.measure(
            player_of(folder), report.threshold, recordings, seed, tell=say, second=second
        )
    if cards:
        chosen = wrong.choose(report.outcomes, report.threshold, seed)
        lines = wrong.report(chosen, folder / "wrong", report.threshold)
        table = wrong.causes(report.outcomes)
        card.write(folder, report, people=people_lines, wrong=[*table, "", *lines])


SUMMARY = {
    "speech": f"{UTTERANCES} utterances of {len(voices.trained())} groups of voices",
    "text": "the decoder learns the language and column arithmetic",
    "encoder": "phonemes, words and measured cues",
    "sft": "audio in, thought and reply out",
    "drill": "the decoder practises long chains, notes, parts of thoughts, none, and cues in text",
    "listen": "thinking while listening, speaking on part of a thought",
    "control": "the same again without any thought, to compare with",
    "filter": "its own thoughts, where they are right and cite what was measured",
    "reward": "its own thoughts, by how much better than others they are",
    "export": "bundle and refusal threshold",
    "evaluate": "all figures, through the exported bundle",
}
