"""The network streams exactly, never looks ahead, and its decoder is Qwen2."""

import pytest

torch = pytest.importorskip("torch")

from model.frontend import CHANNELS  # noqa: E402 - after the skip
from model.networks import Decoder, EncoderState, Talker, summarise  # noqa: E402
from model.shapes import Dims  # noqa: E402

DIMS = Dims(
    vocabulary=300,
    channels=CHANNELS,
    width=192,
    encoder_layers=2,
    encoder_heads=4,
    encoder_hidden=256,
    decoder_layers=2,
    decoder_heads=4,
    decoder_kv_heads=2,
    decoder_hidden=256,
    rope_theta=10000.0,
    rms_eps=1e-6,
)


@pytest.fixture(name="talker", scope="module")
def _talker() -> Talker:
    torch.manual_seed(0)
    return Talker(DIMS, phonemes=10).eval()


def test_random_cuts_give_what_the_whole_gives(talker: Talker) -> None:
    frames = torch.randn(1, 8 * 20, CHANNELS)
    with torch.no_grad():
        audio, cues, _ = talker.hear(frames)
        for cuts in ([1] * 20, [3, 7, 1, 9], [20]):
            state: EncoderState | None = None
            parts, at = [], 0
            for cut in cuts:
                part, part_cues, state = talker.hear(frames[:, 8 * at : 8 * (at + cut)], state)
                parts.append((part, part_cues))
                at += cut
            assert torch.allclose(torch.cat([p for p, _ in parts], 1), audio, atol=1e-4)
            assert torch.allclose(torch.cat([c for _, c in parts], 1), cues, atol=1e-4)


def test_later_features_never_change_earlier_positions(talker: Talker) -> None:
    frames = torch.randn(1, 8 * 12, CHANNELS)
    other = frames.clone()
    other[:, 8 * 7 :] = torch.randn(1, 8 * 5, CHANNELS)
    with torch.no_grad():
        assert torch.allclose(talker.hear(frames)[0][:, :7], talker.hear(other)[0][:, :7], atol=1e-5)


def test_audio_positions_are_as_loud_as_embeddings(talker: Talker) -> None:
    with torch.no_grad():
        audio = talker.hear(torch.randn(1, 80, CHANNELS))[0]
    assert torch.allclose(audio.square().mean(-1).sqrt(), talker.embedding_rms.expand(1, 10), rtol=1e-2)


def test_the_summary_ignores_what_lies_past_its_frames() -> None:
    cues = torch.rand(2, 30, 5)
    longer = torch.cat([cues, torch.rand(2, 10, 5)], 1)
    frames = torch.tensor([30, 30])
    assert torch.allclose(summarise(cues, frames), summarise(longer, frames), atol=1e-5)


def test_decoding_in_steps_gives_what_the_whole_gives() -> None:
    torch.manual_seed(1)
    decoder = Decoder(DIMS).eval()
    embeds = torch.randn(1, 11, DIMS.width)
    with torch.no_grad():
        whole, _ = decoder.hidden(embeds)
        first, layers = decoder.hidden(embeds[:, :6])
        rest, _ = decoder.hidden(embeds[:, 6:], layers)
    assert torch.allclose(torch.cat([first, rest], 1), whole, atol=1e-5)


@pytest.mark.filterwarnings("ignore")
def test_logits_equal_those_of_hugging_face() -> None:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(2)
    decoder = Decoder(DIMS).eval()
    config = transformers.Qwen2Config(
        vocab_size=DIMS.vocabulary,
        hidden_size=DIMS.width,
        intermediate_size=DIMS.decoder_hidden,
        num_hidden_layers=DIMS.decoder_layers,
        num_attention_heads=DIMS.decoder_heads,
        num_key_value_heads=DIMS.decoder_kv_heads,
        rope_theta=DIMS.rope_theta,
        rms_norm_eps=DIMS.rms_eps,
        tie_word_embeddings=True,
    )
    theirs = transformers.Qwen2ForCausalLM(config).eval()
    missing, unexpected = theirs.load_state_dict(decoder.state_dict(), strict=False)
    assert set(missing) <= {"lm_head.weight"}
    assert not unexpected
    theirs.tie_weights()
    ids = torch.randint(0, DIMS.vocabulary, (2, 17))
    with torch.no_grad():
        ours = decoder.logits(decoder.hidden(decoder.model.embed_tokens(ids))[0])
        assert torch.allclose(ours, theirs(ids).logits, atol=1e-5)
