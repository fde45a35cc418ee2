"""Opus there and back: places kept, delays as stated, bad packets survived."""

import sys

import numpy as np
import pytest

pytest.importorskip("av", reason="the extra web is not installed")

from audio_io.rtc.extra import web
from bench.rtc_marks import ChirpMark, alike, chirp, chirped, found, reply
from bench.rtc_media import LOOKAHEAD, RTP_RATE, Encoder, TrackDecoder
from bench.rtc_validate import codec_delay
from pipeline.errors import UserError

STEP = 960


def packets(seconds=0.5, rate=16_000):
    at = np.arange(round(seconds * rate)) / rate
    return Encoder(rate).push((0.3 * np.sin(2 * np.pi * 440 * at)).astype(np.float32))


def heard(decoder, payloads, first=0, number=0):
    return [
        decoder.push(one, (first + n * STEP) % 2**32, (number + n) % 2**16) for n, one in enumerate(payloads)
    ]


@pytest.mark.parametrize("rate", [16_000, 24_000])
def test_the_codec_delays_by_what_is_stated(rate):
    assert codec_delay(rate) == pytest.approx(LOOKAHEAD, abs=0.0005)


def test_sound_in_any_blocks_gives_packets_of_20_ms():
    encoder = Encoder(16_000)
    counts = [len(encoder.push(np.zeros(size, np.float32))) for size in (100, 219, 1, 640, 0, 320)]
    assert counts == [0, 0, 1, 2, 0, 1]


def test_stamps_follow_each_other_even_where_timestamps_and_numbers_begin_anew():
    told = heard(TrackDecoder(), packets(), first=2**32 - 3 * STEP, number=2**16 - 5)
    assert [one.stamp for one in told] == [480 * n - 24 for n in range(25)]
    assert all(len(one.pcm) == 480 for one in told)


def test_a_lost_packet_leaves_a_hole_in_the_stamps_and_is_counted():
    decoder, payloads = TrackDecoder(), packets()
    told = heard(decoder, payloads[:3]) + heard(decoder, payloads[5:], 5 * STEP, 5)
    assert [one.stamp for one in told][2:5] == [936, 2376, 2856] and decoder.lost == 960


def test_a_sender_that_is_silent_without_packets_has_lost_nothing():
    decoder, payloads = TrackDecoder(), packets()
    heard(decoder, payloads[:3])
    later = decoder.push(payloads[3], 100 * STEP, 3)
    assert later.stamp == 48_000 - 24 and decoder.lost == 0


def test_a_packet_that_comes_late_or_twice_is_left_out():
    decoder, payloads = TrackDecoder(), packets()
    heard(decoder, payloads[:3])
    assert decoder.push(payloads[1], STEP, 1) is None and decoder.push(payloads[2], 2 * STEP, 2) is None
    assert decoder.old == 2


@pytest.mark.parametrize("bad", [b"", b"\xff", b"\x03" + b"\xff" * 40])
def test_a_packet_that_is_none_is_counted_and_the_next_ones_are_heard(bad):
    decoder, payloads = TrackDecoder(), packets()
    told = heard(decoder, [*payloads[:5], bad, *payloads[6:]])
    assert told[5] is None and decoder.bad == 1
    assert np.abs(np.concatenate([one.pcm for one in told[8:]])).max() > 0.2


def test_a_library_that_is_not_installed_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiortc", None)
    with pytest.raises(UserError, match=r"WebRTC needs aiortc.*pip install 'hocket\[web\]'"):
        web("aiortc")


# --- marks -------------------------------------------------------------------------------------------------


def test_a_chirp_is_found_in_the_sample_at_which_it_was_put_and_noise_is_none():
    sound = np.random.default_rng(1).normal(0, 0.05, 24_000).astype(np.float32)
    assert found(sound, 24_000) is None and alike(sound, 24_000).max() < 0.4
    sound[7_000 : 7_000 + 720] += chirp(24_000)
    assert found(sound, 24_000) == 7_000 and found(reply(), 24_000) == 0


def test_a_mark_that_went_through_the_codec_is_heard_once_at_its_end():
    sound = np.concatenate((np.zeros(3_210), chirped(0.5, 1), np.zeros(6_000))).astype(np.float32)
    mark, decoder = ChirpMark(), TrackDecoder()
    ends = [
        end for one in heard(decoder, Encoder(16_000).push(sound)) for end in mark.hear(one.stamp, one.pcm)
    ]
    assert len(chirped(0.5, 1)) == 8_000 and RTP_RATE == 48_000
    assert [end / 24_000 for end in ends] == [pytest.approx((3_210 + 8_000) / 16_000 + LOOKAHEAD, abs=0.0005)]
