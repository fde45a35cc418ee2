"""Stores the matrices of the language model's layers in eight bits, through torchao; computes as before.

Weight-only: int8 or fp8 (e4m3), each with a scale per row. Embeddings, output, encoder and adaptor stay as
they are. It saves memory; whether it also saves time is the kernel's affair: torchao's own, run eagerly,
makes each matrix wide again for every product.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from pipeline.errors import ModelError

NOISY = ("torchao", "torch.utils._pytree")
"""Loggers that warn, when torchao is imported, of kernels and calls that are not used here."""
FEW = 64
"""Rows up to which ``Packed`` multiplies without widening: where the two ways took equally long (3584 x 4736,
one thread)."""


class Packed(nn.Module):
    """A linear layer in int8 on a processor: torch's product of narrow weights and few rows.

    For one row it took 1.0 ms where torchao's way took 26 and bfloat16 2.4 (3584 x 4736, one thread, median
    of 9).
    """

    def __init__(self, linear: nn.Linear) -> None:
        """``linear`` holds an int8 tensor of torchao's, with a scale per row."""
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        if len(flat) > FEW:
            return functional.linear(x, self.weight, self.bias)
        stored: Any = self.weight
        made = torch._weight_int8pack_mm(flat, stored.qdata, stored.scale.flatten().to(x.dtype))
        if self.bias is not None:
            made = made + self.bias
        return made.view(*x.shape[:-1], -1)


def storing(dtype: str, device: torch.device) -> Callable[[nn.Module, str], None]:
    """What puts the linear layer of a name, in a network, into ``int8`` or ``fp8``, once its weight is there.

    Raises ModelError where torchao is not installed.
    """
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        from torchao.quantization import Float8WeightOnlyConfig, Int8WeightOnlyConfig, quantize_
    except ImportError as error:
        raise ModelError(
            f"dtype {dtype} needs torchao, which cannot be imported ({error}); install it "
            "(pip install torchao), or choose bfloat16"
        ) from error
    small = Int8WeightOnlyConfig if dtype == "int8" else Float8WeightOnlyConfig
    how = small(set_inductor_config=False)
    packed = dtype == "int8" and device.type == "cpu" and hasattr(torch, "_weight_int8pack_mm")

    def store(network: nn.Module, path: str) -> None:
        linear: nn.Linear = network.get_submodule(path)  # type: ignore[assignment]
        quantize_(linear, how)
        if packed:
            parent, _, leaf = path.rpartition(".")
            setattr(network.get_submodule(parent), leaf, Packed(linear))

    return store
