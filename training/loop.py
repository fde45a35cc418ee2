"""The training loop: a schedule by wall time, gradients averaged over gloo, and resumable checkpoints."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from pipeline.clock import monotonic

from .progress import say


@dataclass(frozen=True, slots=True)
class Plan:
    """How one stage runs."""

    checkpoint: Path
    seconds: float
    "Wall time of training over all runs of this stage."
    rank: int = 0
    world: int = 1
    port: int = 29511
    seed: int = 0
    save_every: float = 120.0
    warm_steps: int = 100
    floor: float = 0.03
    "The learning rate ends at this share of its peak (cosine)."


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that share a peak learning rate."""

    parameters: list[nn.Parameter]
    rate: float
    decay: float = 0.02


def join(plan: Plan) -> None:
    """Meets the other processes; one thread each (two threads in one process measured slower)."""
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed * 1000 + plan.rank)
    if plan.world > 1:
        address = f"tcp://127.0.0.1:{plan.port}"
        dist.init_process_group("gloo", init_method=address, rank=plan.rank, world_size=plan.world)


def _average(parameters: list[nn.Parameter], world: int) -> None:
    """Mean gradient over all processes, in one message."""
    flat = torch.cat(
        [p.grad.reshape(-1) if p.grad is not None else torch.zeros(p.numel()) for p in parameters]
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


def _save(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    partial.rename(path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """What `Loop` wrote: "model", "optimiser", "step", "elapsed", "samples"."""
    content: dict[str, Any] = torch.load(path, weights_only=True)  # noqa: TID251 - our own file, tensors only
    return content


class Loop:
    """Runs `loss(step, done)` until the plan's seconds are used; `done` is the share of time used."""

    def __init__(self, plan: Plan, model: nn.Module, groups: list[Group]) -> None:
        self._plan, self._model = plan, model
        self._parameters = [p for group in groups for p in group.parameters]
        self._rates = [group.rate for group in groups]
        settings = [{"params": g.parameters, "weight_decay": g.decay} for g in groups]
        self._optimiser = torch.optim.AdamW(settings, lr=1e-3, betas=(0.9, 0.98), fused=True)
        self.step, self.elapsed, self.samples = 0, 0.0, 0
        if plan.checkpoint.exists():
            self._resume()

    def _resume(self) -> None:
        content = load_checkpoint(self._plan.checkpoint)
        self._model.load_state_dict(content["model"])
        self._optimiser.load_state_dict(content["optimiser"])
        self.step, self.elapsed, self.samples = content["step"], content["elapsed"], content["samples"]
        torch.manual_seed(self._plan.seed * 1000 + self._plan.rank + 7919 * self.step)

    def save(self) -> None:
        """Writes the checkpoint; only the first process does."""
        if self._plan.rank == 0:
            content = {"model": self._model.state_dict(), "optimiser": self._optimiser.state_dict()}
            _save(
                self._plan.checkpoint,
                content | {"step": self.step, "elapsed": self.elapsed, "samples": self.samples},
            )

    def _agree(self, value: float) -> float:
        if self._plan.world == 1:
            return value
        shared = torch.tensor([value])
        dist.broadcast(shared, 0)
        return float(shared)

    def run(
        self,
        loss: Callable[[int, float], tuple[Tensor, dict[str, float], int]],
        each: Callable[[], None] | None = None,
    ) -> None:
        """`loss` gives the loss, figures for the progress line, and the number of samples;

        `each` is called at every save.
        """
        plan = self._plan
        begun, saved, shown, figures, count = (
            monotonic() - self.elapsed,
            self.elapsed,
            self.elapsed,
            dict[str, float](),
            0,
        )
        while True:
            self.elapsed = monotonic() - begun
            done = self._agree(self.elapsed / plan.seconds)
            if done >= 1:
                break
            for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
                cosine = 0.5 * (1 + math.cos(math.pi * done))
                group["lr"] = (
                    rate
                    * min(1, (self.step + 1) / plan.warm_steps)
                    * (cosine * (1 - plan.floor) + plan.floor)
                )
            value, seen, samples = loss(self.step, done)
            self._optimiser.zero_grad(set_to_none=True)
            value.backward()  # type: ignore[no-untyped-call]
            if plan.world > 1:
                _average(self._parameters, plan.world)
            nn.utils.clip_grad_norm_(self._parameters, 1.0)
            self._optimiser.step()
            self.step += 1
            self.samples += samples * plan.world
            count += 1
            for name, figure in seen.items():
                figures[name] = figures.get(name, 0.0) + figure
            if plan.rank == 0 and self.elapsed - shown > 20:
                shown = self.elapsed
                line = " ".join(f"{name} {total / count:.3f}" for name, total in figures.items())
                place = f"{plan.checkpoint.stem} {self.elapsed:.0f}/{plan.seconds:.0f} s"
                say(f"{place}, step {self.step}, {self.samples} samples | {line}")
                figures, count = {}, 0
            if self.elapsed - saved > plan.save_every:
                saved = self.elapsed
                self.save()
                if each:
                    each()
        self.save()
