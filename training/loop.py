"""The training loop: a schedule by processor time or steps, shared gradients, checkpoints that go on exactly.

What a step draws depends on the seed, the process and the step alone, never on what ran before it: a stage
that was stopped, killed or moved goes on as if nothing had happened.
"""

import math
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pipeline.clock import monotonic

from .optimiser import Optimiser
from .progress import Gauge, say

Loss: TypeAlias = Callable[[int, float], tuple[Tensor, dict[str, float], int]]
"Step and share of the budget that is used -> loss, figures for the progress line, number of samples."


@dataclass(frozen=True, slots=True)
class Plan:
    """How one stage runs."""

    checkpoint: Path
    seconds: float
    "Processor time of the first process over all runs of this stage; on a CUDA device wall time."
    rank: int = 0
    world: int = 1
    port: int = 29511
    seed: int = 0
    save_every: float = 120.0
    warm_steps: int = 100
    rate: float = 1.0
    "Of every group's peak learning rate."
    floor: float = 0.03
    "The learning rate ends at this share of its peak (cosine)."
    steps: int | None = None
    "Ends after so many steps, however long they take: an exact repetition."
    leave_after: float | None = None
    "Wall seconds after which this run saves and leaves; the next one goes on."
    device: str = "cpu"
    size: str = "small"
    "Of the network, a name in `sizes.SIZES`."

    def share(self, step: int, elapsed: float) -> float:
        """Of the budget that is used; from 1 on it is over. `elapsed`: processor seconds."""
        if self.steps is not None:
            return step / max(1, self.steps)
        return elapsed / self.seconds if self.seconds > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that share a peak learning rate."""

    parameters: list[nn.Parameter]
    rate: float
    decay: float = 0.02


def join(plan: Plan) -> None:
    """Meets the other processes; one thread each (two threads in one process measured slower)."""
    if plan.device == "cpu":
        torch.set_num_threads(1)
    else:
        torch.set_default_device(plan.device)
    torch.manual_seed(plan.seed * 1000 + plan.rank)
    if plan.world > 1 and not dist.is_initialized():
        address = f"tcp://127.0.0.1:{plan.port}"
        dist.init_process_group("gloo", init_method=address, rank=plan.rank, world_size=plan.world)


def processor_seconds(device: str = "cpu") -> float:
    """Processor time of this process: a busy machine takes longer, but trains no less. Wall time for CUDA."""
    if device != "cpu":
        return monotonic()
    spent = os.times()
    return spent.user + spent.system


def _average(parameters: list[nn.Parameter], world: int) -> None:
    """Mean gradient over all processes, in one message."""
    flat = torch.cat(
        [
            p.grad.reshape(-1) if p.grad is not None else torch.zeros(p.numel(), device=p.device)
            for p in parameters
        ]
    )
    dist.all_reduce(flat)
    flat /= world
    at = 0
    for p in parameters:
        part = flat[at : at + p.numel()].view_as(p)
        at += p.numel()
        if p.grad is None:
            p.grad = part.clone()
        else:
            p.grad.copy_(part)


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What `Loop` wrote: "model", "optimiser", "step", "elapsed", "samples", "done"."""
    content: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")  # noqa: TID251 - our own file, tensors only
    return content


class Loop:
    """Runs `loss(step, done)` until the plan's budget is used; `done` is the share of it that is.

    `rng` and torch are seeded anew for each step and process, `order` for each step, alike in all processes.
    A loss that draws from nothing else goes on exactly after a stop.
    """

    def __init__(self, plan: Plan, model: nn.Module, groups: list[Group]) -> None:
        self._plan, self._model = plan, model.to(plan.device)
        self._parameters = [p for group in groups for p in group.parameters]
        self._rates = [plan.rate * group.rate for group in groups]
        settings = [{"params": g.parameters, "weight_decay": g.decay} for g in groups]
        self._optimiser = Optimiser(self._model, settings, plan.rank, plan.world)
        self.step, self.elapsed, self.samples, self.done = 0, 0.0, 0, 0.0
        self.rng, self.order = random.Random(), random.Random()
        if plan.checkpoint.exists():
            self._resume()
        self._seed()

    def _resume(self) -> None:
        content = load_checkpoint(self._plan.checkpoint)
        self._model.load_state_dict(content["model"])
        self._optimiser.load_state_dict(content["optimiser"])
        self.step, self.elapsed, self.samples = content["step"], content["elapsed"], content["samples"]

    def _seed(self) -> None:
        stage, seed, rank = self._plan.checkpoint.stem, self._plan.seed, self._plan.rank
        self.rng.seed(f"{stage} {seed} {rank} {self.step}")
        self.order.seed(f"{stage} {seed} {self.step}")
        torch.manual_seed(self.rng.getrandbits(62))

    def save(self) -> None:
        """Writes the checkpoint; only the first process does."""
        if self._plan.rank == 0:
            content = {"model": self._model.state_dict(), "optimiser": self._optimiser.state_dict()}
            counts = {"step": self.step, "elapsed": self.elapsed, "samples": self.samples, "done": self.done}
            save_checkpoint(self._plan.checkpoint, content | counts)

    def _agree(self, *values: float) -> list[float]:
        """The first process's values, everywhere."""
        if self._plan.world == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64)
        dist.broadcast(shared, 0)
        return list(shared.tolist())

    def _warm(self) -> None:
        """Sets the learning rates of this step."""
        plan = self._plan
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, self.done)))
        share = min(1, (self.step + 1) / plan.warm_steps) * (cosine * (1 - plan.floor) + plan.floor)
        self._optimiser.rate([rate * share for rate in self._rates])

    def _learn(self, loss: Loss) -> tuple[dict[str, float], int]:
        value, figures, samples = loss(self.step, self.done)
        self._optimiser.zero_grad()
        if value.requires_grad:
            value.backward()  # type: ignore[no-untyped-call]
        if self._plan.world > 1:
            _average(self._parameters, self._plan.world)
        if self._plan.world > 1 or value.requires_grad:  # a step without anything to learn changes nothing
            nn.utils.clip_grad_norm_(self._parameters, 1.0)
            self._optimiser.step()
        return figures, samples

    def run(self, loss: Loss, each: Callable[[], None] | None = None) -> bool:
        """`each` is called at every save. False if it was to leave, or was left alone,
        before the budget was used."""
        plan, gauge = self._plan, Gauge(self._plan.checkpoint)
        spent = self.elapsed - processor_seconds(plan.device)
        begun, saved = monotonic(), monotonic()
        parent = os.getppid()  # whoever started it may be killed: then nobody wants this any more
        while True:
            self.elapsed = spent + processor_seconds(plan.device)
            wall = monotonic() - begun
            self.done, leaving, saving = self._agree(
                plan.share(self.step, self.elapsed),
                float((plan.leave_after is not None and wall > plan.leave_after) or os.getppid() != parent),
                float(monotonic() - saved > plan.save_every),
            )
            if self.done >= 1 or leaving:
                break
            if saving:
                saved = monotonic()
                self.save()
                if each:
                    each()
            self._seed()
            self._warm()
            figures, samples = self._learn(loss)
            self.step += 1
            self.samples += samples * plan.world
            if plan.rank == 0:
                gauge.add(self.done, self.step, self.samples, figures)
        self.save()
        if plan.world > 1:
            dist.barrier()  # whoever is early waits: a process that is gone cannot answer those still asking
        if plan.rank == 0:
            gauge.close(self.done, self.step, self.samples)
        if leaving and self.done < 1 and plan.rank == 0:
            say(f"{plan.checkpoint.stem}: left at {self.done:.1%}; the next run goes on")
        return self.done >= 1
