"""The norm with its own backward pass computes what torch's composed one does."""

import pytest

torch = pytest.importorskip("torch")

from model.rms_norm import rms_norm  # noqa: E402 - after the skip


def test_values_and_gradients_are_those_of_the_composed_norm() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(8, dtype=torch.float64, requires_grad=True)
    assert torch.allclose(rms_norm(x, weight, 1e-6), torch.nn.functional.rms_norm(x, (8,), weight, 1e-6))
    assert torch.autograd.gradcheck(lambda a, b: rms_norm(a, b, 1e-6), (x, weight))


def test_under_autocast_it_answers_in_half_width_and_learns_in_full() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(4, 16, requires_grad=True), torch.ones(16, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        out = rms_norm(x, weight, 1e-6)
    assert out.dtype == torch.bfloat16
    out.float().square().sum().backward()
    assert x.grad is not None and x.grad.dtype == torch.float32
    assert weight.grad is not None and torch.allclose(weight.grad, 2 * (out.float() ** 2).sum(0), rtol=0.03)
