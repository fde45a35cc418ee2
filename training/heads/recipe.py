"""From nothing to ``heads.safetensors`` on one core in minutes: speak, listen, learn, calibrate, write."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from model.checkpoint import HEADS
from model.judge import encoder_digest, shapes
from training.audio import Floats
from training.progress import say

from .learn import Net, ending_loss, ending_net, kind_loss, kind_net, learn, outputs, temperature
from .noise import draw_noise
from .samples import Listener, Moments, burst_moments, ending_moments
from .scene import KINDS, Air, Burst, Scene, burst_scene, faster, turn_scene
from .speech import Order, Spoke, speak_apart
from .text import FILLERS

TURNS = {"espeak": 6000, "kal16": 1600, "slt": 700, "awb": 500}
BURSTS = {"espeak": 2600, "kal16": 700, "slt": 300, "awb": 220}
"Of words and of backchannels each; as many noises as both."
EPOCHS = 10
WORDLESS = 0.25
"Share of bursts that are learned from their cues alone."
HELD_BACK = 12
"One item in so many only sets the temperatures."
TAIL = 1.05
"Seconds of silence after a turn."


@dataclass(frozen=True, slots=True)
class Plan:
    """One training of the heads."""

    bundle: Path
    speech: Path
    "Folder of the spoken material; what is there already is not spoken again."
    seed: int = 1
    scale: float = 1.0
    "Share of all material, for trying out."


def speak(plan: Plan) -> Spoke:
    """All the voices that train."""
    speak_apart([
        Order(str(plan.speech), group, max(8, int(turns * plan.scale)),
              max(4, int(BURSTS[group] * plan.scale)), plan.seed)
        for group, turns in TURNS.items()
    ])  # fmt: skip
    return Spoke(plan.speech)


def scenes(spoke: Spoke, rng: random.Random, air: Air, *, part: int | None = None) -> Iterator[Scene]:
    """Turns in their silences. `part`: only the held-back ones (0) or only the others (1)."""
    for i, (name, spoken) in enumerate(spoke.items):
        if spoken.kind == "turn" and (part is None or (i % HELD_BACK > 0) == bool(part)):
            pieces = spoke.pieces(name, spoken)
            yield turn_scene(pieces, spoken.pieces, spoken.skill, rng, air=air, tail=TAIL)


def bursts(spoke: Spoke, rng: random.Random, air: Air, *, part: int | None = None) -> Iterator[Burst]:
    """Words, backchannels, and as many noises as both. Beginnings of turns are words too: a quarter as they
    are, a quarter backwards, a quarter by giants and dwarfs, so that speech of an unheard-of kind is taken
    for words rather than for a hum.
    """
    for i, (name, spoken) in enumerate(spoke.items):
        if part is not None and (i % HELD_BACK > 0) != bool(part):
            continue
        if spoken.kind == "turn":
            if i % 4 and spoken.pieces[0].text.rstrip(",") not in FILLERS:
                pcm = spoke.pieces(name, spoken)[0]
                odd = (
                    pcm,
                    pcm[::-1],
                    faster(pcm, rng.choice((rng.uniform(0.65, 0.8), rng.uniform(1.25, 1.5)))),
                )
                yield burst_scene(odd[i % 4 - 1], 0, rng, air=air)
            continue
        yield burst_scene(spoke.pieces(name, spoken)[0], KINDS.index(spoken.kind), rng, air=air)
        yield burst_scene(draw_noise(rng)[1], 2, rng, air=air)


def weights_of(prefix: str, net: Net) -> dict[str, Floats]:
    return {f"{prefix}.{name}": value.numpy() for name, value in net.state_dict().items()}


def _learn_ending(listener: Listener, spoke: Spoke, plan: Plan) -> tuple[Net, float, float]:
    rng = random.Random(f"endings {plan.seed}")
    moments = ending_moments(scenes(spoke, rng, Air(), part=1), listener.track, rng)
    say(f"{len(moments)} moments for the end of turn")
    net = ending_net(moments.table.shape[1])
    learn(net, moments, ending_loss, epochs=EPOCHS, seed=plan.seed)
    held = ending_moments(scenes(spoke, rng, Air(), part=0), listener.track, rng)
    found = outputs(net, held)
    known = temperature(found[:, 1], held.labels[:, 1], held.weights, kinds=False)
    sure = 1 / (1 + np.exp(-found[:, 1] * known))
    end = temperature(found[:, 0] * sure, held.labels[:, 0], held.weights, kinds=False)
    return net, end, known


def _learn_kind(listener: Listener, spoke: Spoke, plan: Plan) -> tuple[Net, float]:
    rng = random.Random(f"kinds {plan.seed}")
    moments = burst_moments(bursts(spoke, rng, Air(), part=1), listener.track, rng)
    moments = _balanced(moments)
    say(f"{len(moments)} moments for the kind of a burst")
    net = kind_net(moments.table.shape[1])
    learn(net, moments, kind_loss, epochs=EPOCHS, seed=plan.seed, wordless=WORDLESS)
    held = _balanced(burst_moments(bursts(spoke, rng, Air(), part=0), listener.track, rng))
    return net, temperature(outputs(net, held), held.labels[:, 0], held.weights, kinds=True)


def _balanced(moments: Moments) -> Moments:
    """Every kind weighs the same in sum."""
    counts = np.bincount(moments.labels[:, 0].astype(int), minlength=len(KINDS))
    weights = (len(moments) / len(KINDS) / counts)[moments.labels[:, 0].astype(int)].astype(np.float32)
    return Moments(moments.table, moments.rows, moments.scalars, moments.labels, weights)


def train(plan: Plan) -> None:
    """Writes ``heads.safetensors`` into the bundle; it fits this encoder and no other."""
    torch.set_num_threads(1)
    spoke, listener = speak(plan), Listener(plan.bundle, heads=False)
    ending, end_heat, known_heat = _learn_ending(listener, spoke, plan)
    kind, kind_heat = _learn_kind(listener, spoke, plan)
    weights = weights_of("ending", ending) | weights_of("kind", kind)
    weights["calibration"] = np.array([end_heat, known_heat, kind_heat], np.float32)
    weights["encoder"] = encoder_digest(listener.bundle.weights)
    wanted = shapes(listener.bundle.card.dims.width)
    if {name: value.shape for name, value in weights.items()} != wanted:
        raise RuntimeError("the trained heads are not of the shapes that model.judge plays")
    halves = {name: value.astype(np.float16) for name, value in weights.items()}
    (plan.bundle / HEADS).write_bytes(save(halves))
    say(f"temperatures: end {end_heat}, known {known_heat}, kind {kind_heat}")
    say(f"wrote {plan.bundle / HEADS}")
