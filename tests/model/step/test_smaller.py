"""model/step/smaller.py: eight bits give nearly what sixteen give, by either kernel."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model.step.smaller import FEW, Packed, storing

pytest.importorskip("torchao")

CPU = torch.device("cpu")


def layer(bias=True):
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(256, 96, bias=bias)).bfloat16().requires_grad_(False)


def stored(dtype, bias=True):
    network = layer(bias)
    storing(dtype, CPU)(network, "0")
    return network


def far(one, other):
    return float((one.float() - other.float()).norm() / other.float().norm())


@pytest.mark.parametrize("shape", [(256,), (1, 256), (2, 3, 256), (FEW, 256), (FEW + 1, 256), (5, 40, 256)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("dtype", "most"), [("int8", 0.02), ("fp8", 0.06)])
def test_a_layer_in_eight_bits_gives_nearly_the_same(shape, bias, dtype, most):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1)).bfloat16()
    expected = layer(bias)(x)
    found = stored(dtype, bias)(x)
    assert found.shape == expected.shape and found.dtype == torch.bfloat16
    assert 0 < far(found, expected) < most


def test_int8_on_a_processor_is_packed_and_its_two_ways_agree():
    packed = stored("int8")[0]
    assert isinstance(packed, Packed)
    x = torch.randn(FEW, 256, generator=torch.Generator().manual_seed(2)).bfloat16()
    few, many = packed(x), packed(torch.cat([x, x]))[:FEW]
    assert far(few, many) < 0.01


def test_elsewhere_torchao_multiplies():
    network = layer()
    storing("int8", torch.device("meta"))(network, "0")  # a device that is no processor
    assert type(network[0]) is nn.Linear
    fp8 = stored("fp8")
    assert type(fp8[0]) is nn.Linear


def test_a_layer_deep_in_a_network_is_found_by_its_name():
    network = nn.ModuleDict({"outer": nn.ModuleList([layer()])})
    storing("int8", CPU)(network, "outer.0.0")
    assert isinstance(network["outer"][0][0], Packed)
    names = dict(network.named_parameters())
    assert set(names) == {"outer.0.0.weight", "outer.0.0.bias"}
    assert names["outer.0.0.weight"].qdata.dtype == torch.int8
