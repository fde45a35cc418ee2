"""Sound files: every good one is read, every bad one gets one sentence."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_io.formats import Format
from audio_io.wav import header, read_sound, write_wav
from pipeline.errors import SoundFileError
from pipeline.ports import Pcm

AUDIO = Path(__file__).parents[3] / "shared" / "audio"


def tone(rate: int, seconds: float = 0.5) -> Pcm:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(round(rate * seconds)) / rate)).astype(np.float32)


def pitch(pcm: Pcm, rate: int = 16000) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(pcm * np.hanning(pcm.size)))) * rate / pcm.size)


def refused(path: Path) -> str:
    with pytest.raises(SoundFileError) as caught:
        read_sound(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_any_rate_and_width_becomes_16_khz_mono(tmp_path: Path, rate: int, subtype: str) -> None:
    file = tmp_path / "a.wav"
    soundfile.write(file, tone(rate), rate, subtype=subtype)
    pcm = read_sound(file)
    assert pcm.dtype == np.float32
    assert pcm.size == 8000
    assert pitch(pcm) == pytest.approx(440, abs=3)
    assert np.abs(pcm).max() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("channels", [2, 6])
@pytest.mark.parametrize("form", ["WAV", "WAVEX", "FLAC"])
def test_channels_are_mixed_whatever_the_header(tmp_path: Path, channels: int, form: str) -> None:
    file = tmp_path / ("a.flac" if form == "FLAC" else "a.wav")
    sound = np.stack([tone(48000) / (1 + number) for number in range(channels)], axis=1)
    soundfile.write(file, sound, 48000, format=form, subtype="PCM_16")
    pcm = read_sound(file)
    assert pcm.size == 8000
    assert np.abs(pcm).max() == pytest.approx(0.5 * np.mean([1 / (1 + n) for n in range(channels)]), abs=0.01)


def test_samples_come_back_bit_for_bit_without_the_header(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).integers(-32768, 32768, 4000).astype(np.float32) / 32768
    write_wav(tmp_path / "a.wav", sound, 16000)
    assert np.array_equal(read_sound(tmp_path / "a.wav"), sound)


def test_a_ten_minute_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "long.wav"
    with file.open("wb") as opened:  # sparse: silence takes no disk
        size = 600 * 16000 * 4
        opened.write(header(Format(16000, 2), size))
        opened.truncate(44 + size)
    assert read_sound(file).size == 600 * 16000


def test_a_file_above_an_hour_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "long.wav"
    with file.open("wb") as opened:
        size = 3601 * 8000 * 2
        opened.write(header(Format(8000), size))
        opened.truncate(44 + size)
    assert "60 minutes" in refused(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "none.wav")


def test_a_folder_is_not_a_sound(tmp_path: Path) -> None:
    assert "is a folder" in refused(tmp_path)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    assert "empty" in refused(tmp_path / "a.wav")


@pytest.mark.parametrize("content", [b"hello, I am a text\n" * 40, bytes(range(256)) * 8, b"RIFF\x00", b"x"])
def test_a_file_that_is_not_sound_says_what_is_accepted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    assert "WAV, FLAC, OGG and MP3" in refused(tmp_path / "a.wav")


def test_zero_samples_are_told(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(0, np.float32), 16000)
    assert "0 samples" in refused(tmp_path / "a.wav")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_samples_that_are_not_numbers_are_placed(tmp_path: Path, bad: float) -> None:
    sound = tone(16000)
    sound[4000] = bad
    soundfile.write(tmp_path / "a.wav", sound, 16000, subtype="FLOAT")
    assert "0.250 s" in refused(tmp_path / "a.wav")


def test_a_wav_cut_short_says_how_much_is_there(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    write_wav(file, tone(16000, 2.0), 16000)
    file.write_bytes(file.read_bytes()[: 44 + 32000])
    assert "1.00 s of the 2.00 s" in refused(file)
    file.write_bytes(file.read_bytes()[:40])
    assert "before its data" in refused(file)


def test_a_flac_cut_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.flac"
    soundfile.write(file, np.random.default_rng(0).uniform(-0.5, 0.5, 160000), 16000)
    file.write_bytes(file.read_bytes()[:-100000])
    refused(file)


def test_a_decoder_that_gives_less_than_it_promised_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wav(tmp_path / "a.wav", tone(16000), 16000)
    monkeypatch.setattr(soundfile.SoundFile, "blocks", lambda self, **_: iter([np.zeros((4000, 1))]))
    assert "0.25 s of the 0.50 s" in refused(tmp_path / "a.wav")


@pytest.mark.parametrize("told", [0xFFFFFFFF, 0])
def test_a_stream_whose_length_was_not_known_is_read_to_its_end(tmp_path: Path, told: int) -> None:
    sound = tone(16000)
    write_wav(tmp_path / "a.wav", sound, 16000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[40:44] = struct.pack("<I", told)
    (tmp_path / "a.wav").write_bytes(data)
    if told:
        assert read_sound(tmp_path / "a.wav").size == sound.size
    else:
        assert "0 samples" in refused(tmp_path / "a.wav")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", tone(16000), 16000)
    (tmp_path / "a.wav").chmod(0)
    assert "permissions" in refused(tmp_path / "a.wav")


def test_writing_where_one_cannot_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SoundFileError, match="cannot be written"):
        write_wav(tmp_path / "file" / "a.wav", tone(16000), 16000)


def test_stereo_is_written_as_it_is(tmp_path: Path) -> None:
    both = np.stack((tone(24000), -tone(24000)), axis=1)
    write_wav(tmp_path / "new" / "a.wav", both, 24000)
    back, rate = soundfile.read(tmp_path / "new" / "a.wav")
    assert rate == 24000
    assert np.allclose(back, both, atol=1 / 32000)


@pytest.mark.skipif(not AUDIO.is_dir(), reason="the folder of recordings, ../shared/audio, is not here")
def test_every_real_recording_is_read_at_its_length() -> None:
    files = sorted(file for file in AUDIO.iterdir() if file.suffix in (".wav", ".flac"))
    assert files
    for file in files:
        info = soundfile.info(file)
        pcm = read_sound(file)
        assert pcm.size == -(-info.frames * 16000 // info.samplerate)
        assert np.isfinite(pcm).all()
        assert np.abs(pcm).max() > 0.01
