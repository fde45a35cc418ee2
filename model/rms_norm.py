"""Root-mean-square norm with its backward pass written out: composed, it reads memory twice as often (CPU).

Only training uses it; the runtime plays graphs.
"""

from typing import Any

import torch
from torch import Tensor


class _Norm(torch.autograd.Function):
    """x / rms(x) x weight; under autocast in its type, as the layers after it want it anyway."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        kind = x.device.type
        wanted = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype
        wide = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
        size = torch.linalg.vector_norm(wide, dim=-1, keepdim=True).square_()
        scale = (size / x.shape[-1] + eps).rsqrt_()
        unit = (wide * scale).to(wanted)
        ctx.save_for_backward(unit, scale, weight)
        ctx.dtype = x.dtype
        out: Tensor = unit * weight.to(wanted)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        unit, scale, weight = ctx.saved_tensors
        (grad,) = grads
        rows = tuple(range(grad.dim() - 1))
        on_weight = (grad * unit).sum(rows, dtype=weight.dtype)
        inner = grad * weight.to(grad.dtype)
        along = torch.linalg.vecdot(inner, unit).unsqueeze(-1) / unit.shape[-1]
        on_x = (inner - unit * along) * scale.to(ctx.dtype)
        return on_x.to(ctx.dtype), on_weight, None


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """x [..., n], weight [n] -> [..., n] (Root Mean Square Layer Normalization, arXiv 1910.07467)."""
    out: Tensor = _Norm.apply(x, weight, eps)  # type: ignore[no-untyped-call]
    return out
