"""Whether training multiplies in bfloat16 or in float32: whichever this processor is faster at.

Processors with tile units (AMX) are twice as fast in bfloat16; those that only have its dot products were
measured slower (the encoder stage took 1.2 times as many steps in float32 in the same processor time).
"""

import os
from contextlib import AbstractContextManager

import torch

from pipeline.clock import monotonic

SETTING = "HOCKET_TRAINING_PRECISION"
"Environment variable that a run sets for its processes: one of `CHOICES`."
CHOICES = ("bfloat16", "float32")
ROWS, WIDTH, HIDDEN = 1500, 192, 768
"Of the product that is timed: an encoder layer of the small net over a batch."
ROUNDS = 12


def precision(device: str) -> AbstractContextManager[object]:
    """What a forward pass runs in; bfloat16 where nothing was chosen."""
    half = os.environ.get(SETTING, CHOICES[0]) == CHOICES[0]
    return torch.autocast(device, torch.bfloat16, enabled=half)


def faster() -> str:
    """The best of some rounds, forward and backward, decides; casts count, as they do in training."""
    torch.set_num_threads(1)
    layer, rows = torch.nn.Linear(WIDTH, HIDDEN), torch.randn(ROWS, WIDTH, requires_grad=True)

    def seconds(half: bool) -> float:
        begun = monotonic()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            total = layer(rows).float().sum()
        total.backward()
        return monotonic() - begun

    times = [(seconds(True), seconds(False)) for _ in range(ROUNDS)]
    half, whole = (min(column) for column in zip(*times, strict=True))
    return CHOICES[0] if half <= whole else CHOICES[1]
