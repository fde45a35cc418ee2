"""training/heads/{learn,samples,figures}.py: numpy plays what torch learned, and figures count rightly."""

import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")
pytest.importorskip("espeakng_loader")

from model import judge  # noqa: E402 - after the skips
from model.judge import Heads, Track, burst_window, ending_window  # noqa: E402
from training.audio import POSITION  # noqa: E402
from training.heads import samples  # noqa: E402
from training.heads.figures import Judged, auc  # noqa: E402
from training.heads.learn import (  # noqa: E402
    ending_loss,
    ending_net,
    kind_net,
    learn,
    outputs,
    temperature,
)
from training.heads.recipe import weights_of  # noqa: E402
from training.heads.scene import Burst, Pause, Scene  # noqa: E402
from training.heads.text import Piece  # noqa: E402

WIDTH = 12
FEATURES = WIDTH + 10


def track(rng: np.random.Generator, positions: int) -> Track:
    cues = rng.uniform(0, 1, (2 * positions, 5)).astype(np.float32)
    cues[-1, 4] = 1.0
    return Track.of(rng.standard_normal((positions, WIDTH)).astype(np.float32), cues)


@pytest.mark.parametrize("positions", [1, 4, 11, 33])
def test_numpy_plays_what_torch_learned(positions: int) -> None:
    torch.manual_seed(positions)
    ending, kind = ending_net(FEATURES).eval(), kind_net(FEATURES).eval()
    weights = weights_of("ending", ending) | weights_of("kind", kind)
    weights["calibration"] = np.array([1.3, 0.7, 1.1], np.float32)
    assert {n: w.shape for n, w in weights.items()} | {"encoder": (16,)} == judge.shapes(WIDTH)
    heard = track(np.random.default_rng(positions), positions)
    onset = positions // 3
    gathered = {}
    for newest, window in ((True, ending_window(heard)), (False, burst_window(heard, onset))):
        assert window is not None
        made = samples.Gathered(newest=newest)
        made.add(made.add_track(heard), window, (0.0, 0.0), 1.0)
        gathered[newest] = made.done()
    end, known = outputs(ending, gathered[True])[0]
    kinds = torch.softmax(1.1 * torch.from_numpy(outputs(kind, gathered[False])[0]), 0)
    found = Heads(weights).judge(heard, onset)
    wanted = 1 / (1 + np.exp(-1.3 * end / (1 + np.exp(-0.7 * known))))
    assert found.end_of_turn == pytest.approx(wanted, abs=2e-3)
    assert (found.words, found.backchannel, found.noise) == pytest.approx(tuple(kinds.tolist()), abs=2e-3)


def test_moments_are_labelled_by_what_comes_after_them() -> None:
    rng = np.random.default_rng(0)
    pcm = np.zeros(40 * POSITION, np.float32)
    pauses = (
        Pause(Piece("two plus"), 10 * POSITION, 18 * POSITION),
        Pause(Piece("five", whole=True), 30 * POSITION, 40 * POSITION),
    )
    heard = track(rng, 40)
    found = samples.ending_moments(
        [Scene(pcm, pauses, "sum"), Scene(pcm, pauses[:1], "open")], lambda _: heard, random.Random(1)
    )
    assert set(map(tuple, found.labels)) == {(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)}
    newest = found.rows[:, -1]
    finished = found.labels[:, 0] > 0
    assert newest[finished].min() >= 29, "finished is said from 150 ms before the end on, never earlier"
    assert (found.rows[:, -1] > 0).all() and found.table.shape == (81, FEATURES)


def test_bursts_are_looked_at_from_their_onset() -> None:
    heard = track(np.random.default_rng(0), 20)
    burst = Burst(np.zeros(20 * POSITION, np.float32), 5 * POSITION, 12 * POSITION, 2)
    found = samples.burst_moments([burst], lambda _: heard, random.Random(1))
    assert len(found) == 5 and (found.labels == 2).all()
    assert (np.abs(found.rows[:, 0] - 6) <= 2).all() and (found.rows[:, 0] > 0).all()


def test_what_can_be_learned_is_learned() -> None:
    rng, made = np.random.default_rng(2), samples.Gathered(newest=True)
    for i in range(600):
        heard = track(rng, 6)
        heard.features[-1, 0] = 3.0 if i % 2 else -3.0
        window = ending_window(heard)
        assert window is not None
        made.add(made.add_track(heard), window, (float(i % 2), 1.0), 1.0)
    moments, net = made.done(), ending_net(FEATURES)
    learn(net, moments, ending_loss, epochs=25, seed=1)
    right = (outputs(net, moments)[:, 0] > 0) == (moments.labels[:, 0] > 0)
    assert right.mean() > 0.9


def test_a_temperature_takes_back_what_was_too_sure() -> None:
    rng = np.random.default_rng(3)
    truth = rng.standard_normal(4000)
    labels = (rng.random(4000) < 1 / (1 + np.exp(-truth))).astype(np.float32)
    weights = np.ones(4000, np.float32)
    hot = 2 * truth.astype(np.float32)
    assert temperature(hot, labels, weights, kinds=False) == pytest.approx(0.5, abs=0.1)
    two = np.stack([np.zeros(4000, np.float32), hot], 1)
    assert temperature(two, labels, weights, kinds=True) == pytest.approx(0.5, abs=0.1)


def test_the_area_under_the_curve_counts_ties_as_half() -> None:
    assert auc([0.9, 0.8], [0.1, 0.2]) == 1.0
    assert auc([0.1], [0.9]) == 0.0
    assert auc([0.5, 0.5], [0.5]) == 0.5
    assert auc([0.9, 0.3], [0.5, 0.1]) == 0.75
    assert np.isnan(auc([], [0.5]))


def test_what_was_known_at_a_moment_is_the_newest_value_before_it() -> None:
    silence = Judged(True, False, False, 100, (1, 2, 3), (0.2, 0.6, 0.9), 5000)
    assert silence.after(10) == 0.5
    assert silence.after(100) == 0.2
    assert silence.after(160) == 0.6
    assert silence.after(800) == 0.9
