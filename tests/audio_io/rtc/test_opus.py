"""Both codecs: libopus by ctypes, and PyAV where it cannot be loaded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audio_io.rtc import libopus, opus
from audio_io.rtc.av_opus import AvDecoder, AvEncoder
from audio_io.rtc.framing import MOST, TICKS, ticks
from audio_io.rtc.libopus import LibDecoder, LibEncoder
from pipeline.errors import BugError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE

WAYS = {"libopus": (LibEncoder, LibDecoder), "av": (AvEncoder, AvDecoder)}


def tone(seconds: float, rate: int = PLAYOUT_RATE, hertz: float = 300.0) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def sweep(seconds: float, rate: int = PLAYOUT_RATE) -> np.ndarray:
    at = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * (200 * at + 900 * at**2))).astype(np.float32)


def coded(name: str, seconds: float = 1.0, source: Callable[[float], np.ndarray] = tone) -> list[bytes]:
    encoder, sound = WAYS[name][0](PLAYOUT_RATE, opus.BITRATE), source(seconds)
    return [encoder.encode(sound[at : at + 480]) for at in range(0, len(sound), 480)]


def test_libopus_is_found_where_pyav_is_installed():
    assert libopus.library() is not None
    assert isinstance(opus.encoder(PLAYOUT_RATE), LibEncoder)
    assert isinstance(opus.decoder(CAPTURE_RATE), LibDecoder)


def test_without_libopus_pyav_takes_its_place(monkeypatch):
    monkeypatch.setattr(libopus, "library", lambda: None)
    assert isinstance(opus.encoder(PLAYOUT_RATE), AvEncoder)
    assert isinstance(opus.decoder(CAPTURE_RATE), AvDecoder)


@pytest.mark.parametrize("name", WAYS)
def test_sound_comes_out_as_it_went_in_but_for_the_codecs_look_ahead(name):
    decoder = WAYS[name][1](CAPTURE_RATE)
    out = np.concatenate([decoder.decode(one) for one in coded(name, source=sweep)])
    wanted = sweep(1.0, CAPTURE_RATE)
    best = int(np.correlate(out[8000:14_319], wanted[8000:14_000], "valid").argmax())
    assert np.corrcoef(out[8000 + best : 14_000 + best], wanted[8000:14_000])[0, 1] > 0.9
    assert best / CAPTURE_RATE == pytest.approx(opus.LOOKAHEAD, abs=0.0015)
    assert len(out) == pytest.approx(CAPTURE_RATE, abs=32)


@pytest.mark.parametrize("name", WAYS)
def test_a_lost_packet_is_made_up_and_what_follows_is_sound(name):
    decoder, packets = WAYS[name][1](CAPTURE_RATE), coded(name)
    for one in packets[:20]:
        decoder.decode(one)
    made = decoder.conceal(320, packets[21])
    assert len(made) == 320 and made.dtype == np.float32
    assert 0.05 < np.sqrt(np.mean(made**2)) < 0.4, "a steady tone goes on through one loss"
    long = decoder.conceal(6407, packets[21])
    assert len(long) == 6407
    assert np.sqrt(np.mean(long[-320:] ** 2)) < 0.02, "and fades when nothing comes"
    after = np.concatenate([decoder.decode(one) for one in packets[21:30]])
    assert np.sqrt(np.mean(after[-1600:] ** 2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.2)


def test_a_lost_packet_is_mended_from_the_next_where_the_sender_repeats_itself():
    """Forward error correction: browsers repeat each packet, coarsely, in the next, when some are lost."""
    coder, sound = LibEncoder(CAPTURE_RATE, opus.BITRATE), sweep(1.0, CAPTURE_RATE)
    coder.expect_loss(0.2)
    packets = [coder.encode(sound[at : at + 320]) for at in range(0, len(sound), 320)]
    errors = {}
    for following in (None, packets[31]):
        decoder = LibDecoder(CAPTURE_RATE)
        before = np.concatenate([decoder.decode(one) for one in packets[:30]])
        heard = np.concatenate((before, decoder.conceal(320, following)))
        wanted = sound[30 * 320 - 104 : 31 * 320 - 104]
        errors[following is not None] = np.sqrt(np.mean((heard[-320:] - wanted) ** 2))
    assert errors[True] < 0.7 * errors[False]


@pytest.mark.parametrize("name", WAYS)
def test_what_is_no_opus_is_no_sound_and_breaks_nothing(name):
    decoder, packets, chance = WAYS[name][1](CAPTURE_RATE), coded(name), np.random.default_rng(0)
    assert decoder.decode(b"") is None
    for size in (1, 2, 3, 50, 1275, 4000):
        for _ in range(10):
            found = decoder.decode(chance.bytes(size))
            assert found is None or np.isfinite(found).all()
            assert found is None or len(found) <= MOST * CAPTURE_RATE // TICKS + 16
    assert decoder.decode(packets[0]) is not None


@pytest.mark.parametrize("name", WAYS)
def test_the_first_byte_says_how_much_a_packet_holds(name):
    assert {ticks(one) for one in coded(name, 0.2)} == {960}


def test_what_packets_hold_follows_the_standard():
    """RFC 6716, table 2 and 3.2; checked against libopus's own count for every first byte."""
    counted = libopus.library().opus_packet_get_nb_samples
    for first in range(256):
        for second in (0, 1, 2, 6, 12, 48, 63):
            packet = bytes((first, second))
            wanted = counted(packet, 2, TICKS)
            assert ticks(packet) == max(wanted, 0), packet.hex()
    assert ticks(b"") == 0


def test_sound_beyond_full_scale_is_clipped_and_a_wrong_length_is_ours():
    encoder = LibEncoder(PLAYOUT_RATE, opus.BITRATE)
    assert encoder.encode(np.full(480, 7.0, np.float32))
    with pytest.raises(BugError):
        encoder.encode(np.zeros(481, np.float32))
