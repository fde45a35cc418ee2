"""A bundle with the cues of sound around the voice: its graphs compute what torch computes, and stream."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from model import checkpoint  # noqa: E402 - after the skips
from model.cue_networks import closed, summarise  # noqa: E402
from model.cue_summary import FULL  # noqa: E402
from model.frontend import CHANNELS  # noqa: E402
from model.networks import Talker  # noqa: E402
from model.onnx_runtime import OnnxNetwork  # noqa: E402
from model.shapes import CUE_SETS, Dims, shapes  # noqa: E402
from training import bundle, measure  # noqa: E402
from training.audio import Floats  # noqa: E402
from training.language import Language  # noqa: E402
from training.player import features  # noqa: E402

Made = tuple[Talker, Path]


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    torch.manual_seed(0)
    dims = Dims(
        vocabulary=len(Language().tokenizer), channels=CHANNELS, width=96, encoder_layers=2, encoder_heads=4,
        encoder_hidden=128, decoder_layers=2, decoder_heads=4, decoder_kv_heads=2, decoder_hidden=160,
        rope_theta=10000.0, rms_eps=1e-6,
    )  # fmt: skip
    talker = Talker(dims, 3, CUE_SETS[1]).eval()
    bundle.round_weights(talker)
    folder = tmp_path_factory.mktemp("bundle")
    bundle.write(talker, folder, training={"seed": 0}, refusal={})
    return talker, folder


def _random_cues(frames: int, seed: int) -> Floats:
    """Runs of speech and silence, pitch that wanders, a few onsets: every number of the summary moves."""
    rng = np.random.default_rng(seed)
    cues = rng.random((frames, 12)).astype(np.float32)
    cues[:, 0] = np.cumsum(rng.normal(0, 0.05, frames))
    cues[:, 2] = rng.normal(1, 0.3, frames)
    cues[:, 4] = np.repeat(rng.random(-(-frames // 5)) > 0.4, 5)[:frames] * 0.98 + 0.01
    cues[:, 5] = rng.normal(-1, 0.2, frames)
    cues[:, 8:] = np.where(rng.random((frames, 4)) < 0.1, 0.9, 0.05)
    return cues


def test_names_and_shapes_are_those_of_the_torch_network(made: Made) -> None:
    theirs = made[0].state_dict()
    expected = {
        name.removeprefix("decoder."): tuple(weight.shape)
        for name, weight in theirs.items()
        if name not in ("ctc.weight", "ctc.bias", "word_scale")
    }
    assert shapes(made[0].dims, made[0].cues) == expected


def test_its_card_names_the_cues_and_a_foreign_set_is_refused(made: Made, tmp_path: Path) -> None:
    for path in made[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    content = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert tuple(content["cues"]) == CUE_SETS[1]
    content["cues"] = content["cues"][:7]
    (tmp_path / "config.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(Exception, match="cues is"):
        checkpoint.load(tmp_path)


def test_hearing_equals_torch_whole_and_streamed(made: Made) -> None:
    talker, folder = made
    frames = features((0.05 * np.random.default_rng(0).standard_normal(1280 * 12)).astype(np.float32))
    network = OnnxNetwork(checkpoint.load(folder))
    audio, cues, _ = network.hear(frames, network.begin())
    with torch.no_grad():
        theirs, their_cues, _ = talker.hear(torch.from_numpy(frames)[None])
    assert cues.shape == (24, 12)
    assert np.abs(audio - theirs[0].numpy()).max() < 1e-4
    assert np.abs(cues - their_cues[0].numpy()).max() < 1e-4
    state, parts = network.begin(), []
    for start, end in ((0, 8), (8, 40), (40, 48), (48, 96)):
        _, part, state = network.hear(frames[start:end], state)
        parts.append(part)
    assert np.abs(np.concatenate(parts) - cues).max() < 1e-4


@pytest.mark.parametrize("frames", [2, 6, 40, 333])
def test_the_summary_of_the_graph_is_that_of_torch(made: Made, frames: int) -> None:
    talker, folder = made
    network = OnnxNetwork(checkpoint.load(folder))
    for seed in range(8):
        cues = _random_cues(frames, seed)
        count = torch.tensor([frames])
        with torch.no_grad():
            expected = talker.feel(torch.from_numpy(cues)[None], count)[0].numpy()
        assert np.abs(network.feel(cues) - expected).max() < 1e-4


def test_what_lies_past_the_frames_changes_no_number() -> None:
    cues = np.stack([_random_cues(60, seed) for seed in range(6)])
    longer = np.concatenate([cues, np.stack([_random_cues(25, seed + 50) for seed in range(6)])], 1)
    frames = torch.full((6,), 60)
    short, padded = (summarise(torch.from_numpy(x), frames) for x in (cues, longer))
    assert torch.allclose(short, padded, atol=1e-5)


def test_counts_pauses_and_slope_are_read_off_the_frames() -> None:
    cues = np.zeros((1, 100, 12), np.float32)
    cues[0, 10:40, 4] = cues[0, 50:80, 4] = 1.0
    cues[0, 20:24, 4] = 0.0  # a stop consonant is no pause
    cues[0, 10:80, 1] = 0.9
    cues[0, 60:80, 0] = 0.25
    cues[0, 90, 0] = 3.0
    for at in (2, 85, 93):
        cues[0, at : at + 2, 8] = 0.9
    cues[0, 84:86, 10] = 0.9
    found = dict(zip(FULL, summarise(torch.from_numpy(cues), torch.tensor([100]))[0].tolist(), strict=True))
    assert (found["beep"], found["bell"], found["clap"], found["knock"]) == (3, 0, 1, 0)
    assert found["pauses"] == 1
    assert found["slope"] == 0  # level again
    cues[0, 76:80, 0] = 0.5
    risen = summarise(torch.from_numpy(cues), torch.tensor([100]))[0, FULL.index("slope")]
    assert 4 * float(risen) == pytest.approx(12 * 0.25, rel=1e-4)


def test_labels_and_the_network_close_speech_alike() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        speech = np.repeat(rng.random(30) > 0.5, rng.integers(1, 5, 30))
        theirs = closed(torch.from_numpy(speech.astype(np.float32))[None])[0].numpy() > 0.5
        assert (measure.closed(speech) == theirs).all()
