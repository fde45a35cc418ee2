"""What segments of sound are to the language model, each encoded once and kept by its content."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from pipeline.errors import ModelError
from pipeline.prompt import Audio

from .encoder import Adapter, Encoder, hear
from .frontend import log_mel, padded
from .layout import Layout, Patches
from .running import Runner


class Ears(Protocol):
    """The part of a network that hears; ``StepNetwork`` is one."""

    encoder: Encoder
    adapter: Adapter


class Hearing:
    """Encodes segments. Each is encoded alone, so that its features never depend on another."""

    def __init__(self, network: Ears, positions: int) -> None:
        """``positions``: most that are kept, the longest unused go first."""
        self._network, self._most = network, positions
        self._kept: OrderedDict[tuple[bytes, int], Tensor] = OrderedDict()
        self._held = 0
        self.encoded = 0
        "Positions that were encoded so far."

    def features(self, patches: Patches) -> Tensor:
        """(positions, width). Raises ModelError for sound that is not numbers."""
        digest = patches.digest
        if (kept := self._kept.get(digest)) is not None:
            self._kept.move_to_end(digest)
            return kept
        made = self._encode(patches.audio)
        if len(made) != len(patches):
            raise ModelError(f"a segment has {len(made)} positions where {len(patches)} were counted")
        self.encoded += len(made)
        self._keep(digest, made)
        return made

    def release(self) -> None:
        """Let go of the network and of what was heard."""
        del self._network
        self._kept.clear()

    @torch.inference_mode()
    def _encode(self, audio: Audio) -> Tensor:
        if not np.isfinite(audio.pcm).all():
            raise ModelError("the sound holds values that are not numbers; it cannot be heard")
        device = self._network.adapter.linear2.weight.device
        return hear(
            self._network.encoder,
            self._network.adapter,
            [log_mel(torch.from_numpy(padded(audio.pcm)).to(device))],
        )[0]

    def _keep(self, digest: tuple[bytes, int], made: Tensor) -> None:
        if len(made) > self._most:
            return
        while self._held + len(made) > self._most:
            _, gone = self._kept.popitem(last=False)
            self._held -= len(gone)
        self._kept[digest] = made
        self._held += len(made)


def embeddings(layout: Layout, start: int, runner: Runner, hearing: Hearing) -> Tensor:
    """What a layout's positions ``start`` and after look like to the language model, shape (n, width)."""
    parts, at = list[Tensor](), 0
    for run in layout.runs:
        skip, at = max(0, start - at), at + len(run)
        if skip >= len(run):
            continue
        if isinstance(run, Patches):
            parts.append(hearing.features(run)[skip:].to(runner.dtype))
        else:
            parts.append(runner.embed(run.ids[skip:]))
    return torch.cat(parts)
