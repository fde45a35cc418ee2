"""The bundle in 8 bits: its products are narrow, what it computes is near, and both ways are told."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from model import checkpoint  # noqa: E402 - after the skips
from model.networks import Talker  # noqa: E402
from model.onnx_runtime import OnnxNetwork  # noqa: E402
from training import bundle, quantised  # noqa: E402
from training.augment import Clip  # noqa: E402
from training.batches import PHONEMES  # noqa: E402
from training.language import Language  # noqa: E402
from training.player import features  # noqa: E402
from training.sets import case_of  # noqa: E402
from training.sizes import practice  # noqa: E402
from training.skills.question import Question  # noqa: E402
from training.spectrum import NO_WARP  # noqa: E402


@pytest.fixture(name="folder", scope="module")
def _folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    talker = Talker(practice(len(Language().tokenizer)), len(PHONEMES)).eval()
    folder = tmp_path_factory.mktemp("bundle")
    bundle.write(talker, folder, training={"seed": 0}, refusal={"heard_logprob": -1.0})
    return folder


def test_products_are_in_8_bits_and_what_comes_of_them_is_near(folder: Path) -> None:
    loaded = checkpoint.load(folder)
    graphs = quantised.narrowed(loaded)
    assert quantised.products(graphs["encoder"]) > 15 and quantised.products(graphs["decoder"]) > 20
    assert sum(map(len, graphs.values())) < 0.75 * (folder / "model.safetensors").stat().st_size
    wide, narrow = OnnxNetwork(loaded), OnnxNetwork(loaded, whole=graphs)
    frames = features((0.05 * np.random.default_rng(0).standard_normal(1280 * 12)).astype(np.float32))
    audio, _, _ = wide.hear(frames, wide.begin())
    near, _, _ = narrow.hear(frames, narrow.begin())
    away = np.abs(near - audio).mean() / np.abs(audio).mean()
    assert 0 < away < 0.3
    logits, other = (net.read(net.embed([9, 40, 77]), net.empty())[0] for net in (wide, narrow))
    assert np.corrcoef(logits.ravel(), other.ravel())[0, 1] > 0.98


def test_both_ways_are_told_on_the_same_cases(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantised, "ROUNDS", 2)
    sound = np.zeros(1280 * 4, np.float32)
    case = case_of(
        Clip(sound, sound, NO_WARP), Question("sum", ("two", "plus", "three"), (2, 3), ("+",)), "f2"
    )
    lines = list[str]()
    quantised.report(folder, [case], lines.append)
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[1:]]
    assert [row[:2] for row in cells] == [["float16, multiplied in float32", "1"], ["8 bits", "1"]]
    assert float(cells[1][-1]) < float(cells[0][-1])
