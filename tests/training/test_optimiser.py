"""Matrices move along orthogonal directions, all else as with AdamW, however many processes work at it."""

from copy import deepcopy
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402 - after the skips

from training import optimiser  # noqa: E402
from training.optimiser import Optimiser, orthogonal  # noqa: E402


class Net(nn.Module):
    """A table, a convolution, two matrices, and vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(70, 64)
        self.conv = nn.Conv1d(64, 64, 3)
        self.up, self.down = nn.Linear(64, 96), nn.Linear(96, 64)


def _groups(net: Net) -> list[dict[str, Any]]:
    return [
        {"params": [*net.table.parameters(), *net.conv.parameters()], "weight_decay": 0.1},
        {"params": [*net.up.parameters(), *net.down.parameters()], "weight_decay": 0.0},
    ]


def _learn(net: Net, own: Optimiser, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    own.zero_grad()
    for p in net.parameters():
        p.grad = torch.randn(p.shape, generator=generator)
    own.rate([0.01, 0.02])
    own.step()


@pytest.mark.parametrize("shape", [(64, 192), (192, 64), (64, 64)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert float(values.quantile(0.05)) > 0.5 and float(values.max()) < 1.3
    assert float(values.median()) == pytest.approx(1.0, abs=0.3)
    assert not orthogonal(torch.zeros(shape)).any()


def test_matrices_and_convolutions_move_by_the_rate_and_tables_and_vectors_as_adamw_moves_them() -> None:
    torch.manual_seed(0)
    net = Net()
    other = deepcopy(net)
    adam = torch.optim.AdamW(other.parameters(), lr=0.01, betas=(0.9, 0.98), weight_decay=0.1)
    before = {name: p.detach().clone() for name, p in net.named_parameters()}
    _learn(net, Optimiser(net, _groups(net), 0, 1), seed=1)
    for mine, its in zip(net.parameters(), other.parameters(), strict=True):
        its.grad = mine.grad
    adam.step()
    assert torch.allclose(net.table.weight, other.table.weight, atol=1e-6)
    assert torch.allclose(net.conv.bias, other.conv.bias, atol=1e-6)
    for name, rate in (("conv.weight", 0.01), ("up.weight", 0.02), ("down.weight", 0.02)):
        moved = net.get_parameter(name).detach() - before[name]
        size = moved.square().mean().sqrt() / rate
        assert 0.1 < size < 0.4, "about as far as AdamW goes in the mean over a training"


def test_two_processes_move_as_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    alone = Net()
    pair = [deepcopy(alone), deepcopy(alone)]
    both = [Optimiser(net, _groups(net), rank, 2) for rank, net in enumerate(pair)]
    shares = [[both[r]._owners.count(r) for r in (0, 1)]]
    assert min(shares[0]) >= 1, "each has something to do"
    single = Optimiser(alone, _groups(alone), 0, 1)
    _learn(alone, single, seed=3)

    sent = list[Tensor]()
    monkeypatch.setattr(optimiser.dist, "all_reduce", lambda part: sent.append(part.clone()))
    drafts = [deepcopy(net) for net in pair]
    for rank, net in enumerate(drafts):
        _learn(net, Optimiser(net, _groups(net), rank, 2), seed=3)
    total = sent[0] + sent[1]
    monkeypatch.setattr(optimiser.dist, "all_reduce", lambda part: part.copy_(total))
    for net, own in zip(pair, both, strict=True):
        _learn(net, own, seed=3)
        for mine, its in zip(net.parameters(), alone.parameters(), strict=True):
            assert torch.allclose(mine, its, atol=1e-6)


def test_a_saved_optimiser_goes_on_exactly() -> None:
    torch.manual_seed(0)
    net = Net()
    own = Optimiser(net, _groups(net), 0, 1)
    _learn(net, own, seed=1)
    copy = deepcopy(net)
    again = Optimiser(copy, _groups(copy), 0, 1)
    again.load_state_dict(deepcopy(own.state_dict()))
    _learn(net, own, seed=2)
    _learn(copy, again, seed=2)
    assert all(torch.equal(a, b) for a, b in zip(net.parameters(), copy.parameters(), strict=True))
