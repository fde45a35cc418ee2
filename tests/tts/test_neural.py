"""tts/piper.py, tts/kokoro.py, tts/onnx_voice.py, tts/phonemes.py: tiny graphs with the real interfaces.

They run in real threads, and ask espeak-ng's real process for phonemes.
"""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from pipeline.errors import VoiceError
from pipeline.ports import Voice
from tts.kokoro import kokoro_voice
from tts.phonemes import Phonemiser
from tts.piper import piper_voice

from . import voices


def spoken(voice: Voice, text: str) -> np.ndarray:
    async def listen() -> np.ndarray:
        try:
            return np.concatenate([np.zeros(0), *[chunk.pcm async for chunk in voice.speak(text)]])
        finally:
            await voice.close()

    return asyncio.run(listen())


def phonemes(text: str) -> str:
    async def ask() -> str:
        phonemiser = Phonemiser("en-us")
        try:
            return await phonemiser.tell(text)
        finally:
            await phonemiser.close()

    return asyncio.run(ask())


def test_phonemes_keep_the_marks_at_which_a_voice_breathes() -> None:
    assert phonemes("Hello, how are you? Fine!") == "həlˈoʊ, hˈaʊ ɑːɹ juː? fˈaɪn!"


def test_a_mark_inside_a_number_is_part_of_it() -> None:
    assert phonemes("It is 3.5 now.") == "ɪɾ ɪz θɹˈiː pɔɪnt fˈaɪv nˈaʊ."


def test_words_that_begin_with_a_mark_are_not_lost() -> None:
    assert phonemes(".5 is half.") == f"{phonemes('.5 is half')}."
    assert "hˈæf" in phonemes(".5 is half.")


def test_piper_gets_each_phoneme_between_pads_with_its_scales(tmp_path: Path) -> None:
    sound = spoken(piper_voice(voices.piper(tmp_path)), "Nine.")
    ids = (sound * 1000).round().astype(int)
    told = "".join(voices.PHONEMES[number] for number in ids)
    assert told == "^_" + "".join(f"{each}_" for each in phonemes("Nine.")) + "$"


def test_piper_speaks_at_the_rate_of_its_file_and_as_the_speaker_that_was_named(tmp_path: Path) -> None:
    path = voices.piper(tmp_path, speakers=True, rate=16_000)
    assert piper_voice(path).rate == 16_000
    assert spoken(piper_voice(path, "bert"), "Nine.").min() >= 0.99  # clipped: the speaker's number is added
    assert spoken(piper_voice(path, "0"), "Nine.").max() < 0.1
    with pytest.raises(VoiceError, match="no speaker 'carl'; it has anna, bert"):
        piper_voice(path, "carl")


@pytest.mark.parametrize("tokens", ["tokens", "input_ids"])
@pytest.mark.parametrize("speed", [TensorProto.FLOAT, TensorProto.INT32])
def test_kokoro_gets_its_ids_between_zeros_and_the_row_of_their_number(
    tmp_path: Path, tokens: str, speed: int
) -> None:
    voice = kokoro_voice(voices.kokoro(tmp_path, tokens, speed), "af_anna")
    said = phonemes("Nine.")
    expected = [0, *(voices.PHONEMES.index(each) + 1 for each in said), 0]
    assert np.allclose(spoken(voice, "Nine.") * 1000, np.array(expected) + len(said) - 1, atol=0.1)
    assert (voice.name, voice.rate) == ("kokoro:af_anna", 24_000)


def test_kokoro_takes_styles_from_single_files_too(tmp_path: Path) -> None:
    path = voices.kokoro(tmp_path)
    (tmp_path / "voices-tiny.bin").unlink()
    (tmp_path / "voices").mkdir()
    np.full((510, 256), 0.25, "<f4").tofile(tmp_path / "voices" / "bf_emma.bin")
    assert spoken(kokoro_voice(path), "Nine.").min() >= 0.25


def test_a_text_of_which_no_phoneme_is_known_has_no_sound(tmp_path: Path) -> None:
    assert not len(spoken(piper_voice(voices.piper(tmp_path)), " … "))


def test_closing_an_utterance_stops_its_graph(tmp_path: Path) -> None:
    voice = piper_voice(voices.piper(tmp_path))

    async def listen() -> bool:
        stream = voice.speak("Nine.")
        await anext(stream)
        stopper = stream.ag_frame.f_locals["stopper"]
        await stream.aclose()
        await voice.close()
        return bool(stopper.terminate)

    assert asyncio.run(listen())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phoneme_type": "pinyin"}, "'pinyin'; accepted are espeak-ng's"),
        ({"phoneme_id_map": {"a": [1]}}, "lacks a phoneme id"),
        ({"phoneme_id_map": None}, "does not describe a Piper voice"),
        ({"audio": {"sample_rate": 5}}, "sample rate that can be used"),
        ({"inference": {"length_scale": 1e9}}, "a scale that is not within 0 and 10"),
        ({"inference": {"noise_w": float("nan")}}, "a scale that is not within 0 and 10"),
    ],
)
def test_a_config_that_cannot_be_used_is_told(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = voices.piper(tmp_path)
    config = tmp_path / "tiny.onnx.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    with pytest.raises(VoiceError, match=said):
        piper_voice(path)


@pytest.mark.parametrize("names", [["anna"], {"anna": "first"}])
def test_a_list_of_speakers_that_is_none_is_told(tmp_path: Path, names: object) -> None:
    path = voices.piper(tmp_path, speakers=True)
    config = tmp_path / "tiny.onnx.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"speaker_id_map": names}))
    with pytest.raises(VoiceError, match="does not say which speakers"):
        piper_voice(path, "anna")


def test_a_speaker_that_cannot_be_had_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="no speaker '²'; it has anna, bert"):
        piper_voice(voices.piper(tmp_path, speakers=True), "²")
    with pytest.raises(VoiceError, match="one speaker alone: leave '#bert' away"):
        piper_voice(voices.piper(tmp_path), "bert")


def test_a_language_that_nobody_speaks_is_known_before_anybody_talks(tmp_path: Path) -> None:
    path = voices.piper(tmp_path)
    config = tmp_path / "tiny.onnx.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"espeak": {"voice": "tlh-x"}}))

    async def meet() -> None:
        voice = piper_voice(path)
        try:
            await voice.prepare()
        finally:
            await voice.close()

    with pytest.raises(VoiceError, match="no voice 'tlh-x'"):
        asyncio.run(meet())


def test_files_that_are_absent_or_something_else_are_told(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="there is no voice"):
        piper_voice(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("hello")
    with pytest.raises(VoiceError, match="is not a voice that can be loaded"):
        piper_voice(tmp_path / "text.onnx")
    path = voices.piper(tmp_path)
    with pytest.raises(VoiceError, match="is no Kokoro voice: it takes input"):
        kokoro_voice(path)
    (tmp_path / "tiny.onnx.json").write_text("[]")
    with pytest.raises(VoiceError, match="holds no JSON object"):
        piper_voice(path)


@pytest.mark.parametrize(
    ("style", "said"),
    [("zf_mei", "are not espeak-ng's"), ("af_eve", "no voice 'af_eve'; it has af_anna, bm_bert")],
)
def test_a_style_that_cannot_be_used_is_told(tmp_path: Path, style: str, said: str) -> None:
    with pytest.raises(VoiceError, match=said):
        kokoro_voice(voices.kokoro(tmp_path), style)


def test_kokoro_without_its_vocabulary_or_its_styles_says_what_to_put_there(tmp_path: Path) -> None:
    path = voices.kokoro(tmp_path)
    vocabulary = tmp_path / "config.json"
    described = vocabulary.read_text()
    vocabulary.unlink()
    with pytest.raises(VoiceError, match=r"put the model's config\.json"):
        kokoro_voice(path)
    vocabulary.write_text(described)
    whole = (tmp_path / "voices-tiny.bin").read_bytes()
    damaged = whole.replace(b"\x93NUMPY", b"\x93NUMPX")
    (tmp_path / "voices-tiny.bin").unlink()
    with pytest.raises(VoiceError, match="the styles are missing"):
        kokoro_voice(path)
    plain = io.BytesIO()
    np.save(plain, np.zeros((510, 1, 256), np.float32))
    for content in (b"no archive", b"", b"PK\3\4 broken off", plain.getvalue(), whole[:-40], damaged):
        (tmp_path / "voices-tiny.bin").write_bytes(content)
        with pytest.raises(VoiceError, match="cannot be read as Kokoro's styles"):
            kokoro_voice(path)
