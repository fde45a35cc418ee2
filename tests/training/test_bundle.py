"""An exported bundle computes what torch computes, streams exactly, and answers.

Its graphs hold no weights.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from model import checkpoint  # noqa: E402 - after the skips
from model.engine import OnnxEngine  # noqa: E402
from model.frontend import CHANNELS, MELS, silence  # noqa: E402
from model.frontend import features as front_end  # noqa: E402
from model.networks import Talker  # noqa: E402
from model.onnx_runtime import OnnxNetwork  # noqa: E402
from model.render import Renderer, Words  # noqa: E402
from pipeline.prompt import Audio, Human, Prompt, System, ToolSpec  # noqa: E402
from training import bundle  # noqa: E402
from training.audio import Floats  # noqa: E402
from training.batches import PHONEMES  # noqa: E402
from training.language import Language  # noqa: E402
from training.player import Player, features  # noqa: E402
from training.sizes import dims, practice  # noqa: E402
from training.spectrum import NO_WARP, BatchFeatures  # noqa: E402


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Talker, Path]:
    torch.manual_seed(0)
    talker = Talker(practice(len(Language().tokenizer)), len(PHONEMES)).eval()
    bundle.round_weights(talker)
    folder = tmp_path_factory.mktemp("bundle")
    bundle.write(talker, folder, training={"seed": 0}, refusal={"heard_logprob": -1.0})
    return talker, folder


@pytest.fixture(name="frames", scope="module")
def _frames() -> Floats:
    return features((0.05 * np.random.default_rng(0).standard_normal(1280 * 12)).astype(np.float32))


def test_a_bundle_is_small_and_its_graphs_hold_no_weights(made: tuple[Talker, Path]) -> None:
    sizes = {path.name: path.stat().st_size for path in made[1].iterdir()}
    assert sum(sizes.values()) < 16e6
    assert all(size < 60_000 for name, size in sizes.items() if name.endswith(".onnx"))


def test_the_card_tells_the_scale_of_the_words_that_the_ear_was_trained_with(
    made: tuple[Talker, Path],
) -> None:
    joint = checkpoint.load(made[1]).card.joint
    assert joint is not None and joint.weight == bundle.WEIGHT
    assert joint.scale == pytest.approx(made[0].word_scale.exp().item(), abs=1e-3)


def test_training_goes_on_from_the_very_weights(made: tuple[Talker, Path]) -> None:
    torch.manual_seed(1)
    other = Talker(practice(len(Language().tokenizer)), len(PHONEMES))
    bundle.read_into(other, made[1])
    wanted = made[0].state_dict()
    assert all(torch.equal(value, wanted[name]) for name, value in other.state_dict().items())


@pytest.mark.parametrize("take", [bundle.read_into, bundle.read_ear])
def test_channels_that_came_to_the_front_end_begin_without_weight(
    made: tuple[Talker, Path], tmp_path: Path, take: Callable[[Talker, Path], None]
) -> None:
    shutil.copytree(made[1], tmp_path, dirs_exist_ok=True)
    weights = load_file(tmp_path / bundle.WEIGHTS)
    weights[bundle.STEM] = weights[bundle.STEM][:, :MELS].copy()
    save_file(weights, tmp_path / bundle.WEIGHTS)
    torch.manual_seed(3)
    other = Talker(practice(len(Language().tokenizer)), len(PHONEMES))
    take(other, tmp_path)
    stem = other.state_dict()[bundle.STEM]
    assert torch.equal(stem[:, :MELS], made[0].state_dict()[bundle.STEM][:, :MELS])
    assert stem.shape[1] == CHANNELS and not stem[:, MELS:].any()
    frames = torch.randn(1, 16, CHANNELS)
    without = torch.cat([frames[..., :MELS], torch.zeros(1, 16, CHANNELS - MELS)], -1)
    with torch.no_grad():
        assert torch.allclose(other.encoder(frames)[0], other.encoder(without)[0], atol=1e-6)


def test_training_does_not_go_on_from_another_network_or_language(
    made: tuple[Talker, Path], tmp_path: Path
) -> None:
    wider = Talker(practice(len(Language().tokenizer) + 16), len(PHONEMES))
    with pytest.raises(ValueError, match="embed_tokens"):
        bundle.read_into(wider, made[1])
    for path in made[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ValueError, match="another language"):
        bundle.read_into(made[0], tmp_path)


def test_an_ear_is_taken_from_a_bundle_of_another_language_and_nothing_else_is(
    made: tuple[Talker, Path],
) -> None:
    torch.manual_seed(2)
    other = Talker(practice(len(Language().tokenizer) + 16), len(PHONEMES))
    before = {name: value.clone() for name, value in other.state_dict().items()}
    bundle.read_ear(other, made[1])
    wanted = made[0].state_dict()
    for name, value in other.state_dict().items():
        assert torch.equal(value, (wanted if name.startswith(bundle.EAR) else before)[name]), name
    with pytest.raises(ValueError, match="another ear"):
        bundle.read_ear(Talker(dims("tiny", 40), len(PHONEMES)), made[1])


def test_hearing_equals_torch(made: tuple[Talker, Path], frames: Floats) -> None:
    talker, folder = made
    network = OnnxNetwork(checkpoint.load(folder))
    audio, cues, _ = network.hear(frames, network.begin())
    with torch.no_grad():
        torch_audio, torch_cues, _ = talker.hear(torch.from_numpy(frames)[None])
        vector = talker.feel(torch_cues, torch.tensor([len(cues)]))
    assert np.abs(audio - torch_audio[0].numpy()).max() < 1e-4
    assert np.abs(cues - torch_cues[0].numpy()).max() < 1e-4
    assert np.abs(network.feel(cues) - vector[0].numpy()).max() < 1e-4


def test_streamed_hearing_equals_the_whole(made: tuple[Talker, Path], frames: Floats) -> None:
    network = OnnxNetwork(checkpoint.load(made[1]))
    whole = network.hear(frames, network.begin())[0]
    state, parts = network.begin(), []
    for start, end in ((0, 8), (8, 40), (40, 48), (48, 96)):
        audio, _, state = network.hear(frames[start:end], state)
        parts.append(audio)
    assert np.abs(np.concatenate(parts) - whole).max() < 1e-4


def test_decoding_equals_torch(made: tuple[Talker, Path]) -> None:
    talker, folder = made
    network = OnnxNetwork(checkpoint.load(folder))
    embeds = torch.randn(1, 9, talker.dims.width) * 0.05
    with torch.no_grad():
        logits = talker.decoder.logits(talker.decoder.hidden(embeds)[0])[0].numpy()
    past, found = network.empty(), []
    for part in (embeds[0, :5], embeds[0, 5:]):
        out, past = network.read(part.numpy(), past)
        found.append(out)
    assert np.abs(np.concatenate(found) - logits).max() < 1e-4


def test_features_of_training_and_of_the_bundle_are_the_same() -> None:
    pcm = (0.1 * np.random.default_rng(1).standard_normal(1280 * 5)).astype(np.float32)
    batch = BatchFeatures()(torch.from_numpy(pcm)[None], torch.tensor([NO_WARP]))
    assert np.abs(batch[0].numpy() - front_end(pcm, silence())[0]).max() < 1e-4


def test_an_untrained_bundle_still_answers(made: tuple[Talker, Path]) -> None:
    player = Player(made[1])
    heard = player.hear(np.zeros(1280 * 5 + 100, np.float32))
    assert len(heard.audio) == 6
    answer = player.answer(heard, [(heard, "You are welcome.")], limit=8)
    assert answer.heard_logprob < 0


def test_notes_stand_in_the_sound_and_a_given_thought_is_not_written(made: tuple[Talker, Path]) -> None:
    player = Player(made[1])
    heard = player.hear(np.zeros(1280 * 6, np.float32))
    answer = player.answer(heard, limit=5, notes=[(2, "heard: two\n"), (4, None)], thought="heard:\n")
    assert answer.notes[0] == "heard: two\n"
    assert len(answer.notes) == 2
    assert answer.text.startswith("heard:\n</think>\n")
    assert player.answer(heard, limit=5, thought="").text.startswith("\n</think>\n")


def test_the_beginning_of_a_segment_is_what_was_heard_until_then(made: tuple[Talker, Path]) -> None:
    player = Player(made[1])
    pcm = (0.1 * np.random.default_rng(2).standard_normal(1280 * 6)).astype(np.float32)
    part, alone = player.beginning(player.hear(pcm), 3), player.hear(pcm[: 1280 * 3])
    assert np.abs(part.audio - alone.audio).max() < 1e-4
    assert np.abs(part.vector - alone.vector).max() < 1e-4


def test_a_player_speaks_the_language_of_its_bundle(made: tuple[Talker, Path], tmp_path: Path) -> None:
    for path in made[1].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (tmp_path / "tokenizer.json").read_text(encoding="utf-8").replace(" twelve", " dozen")
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    assert " dozen" in Player(tmp_path).tokenizer.pieces


def test_the_engine_offers_the_tools_that_were_trained_and_words_them_as_training_did(
    made: tuple[Talker, Path],
) -> None:
    loaded, specs = checkpoint.load(made[1]), tuple(ToolSpec(name, "", "{}") for name in ("timer", "clock"))
    facts = OnnxEngine(loaded).facts()
    assert (facts.tools, facts.history_turns) == ("alone", bundle.HISTORY)
    renderer = Renderer(loaded.tokenizer, loaded.card.system_prompt, tuple(loaded.card.tools))
    for tools, names in (((), ()), (specs, ("clock", "timer"))):
        human = Human((Audio(np.zeros(1280, np.float32)),))
        layout = renderer.layout(Prompt((System("Be kind.", tools), human)))
        written = [i for run in layout.runs if isinstance(run, Words) for i in run.ids]
        assert written == Language().opening(tools=names)
