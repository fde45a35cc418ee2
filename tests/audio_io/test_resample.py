"""The live filter: streaming equals whole, at most 1 ms late, no aliases, no drift; and whole files."""

from __future__ import annotations

import numpy as np
import pytest

from audio_io.resample import Resampler, resample, resample_all
from pipeline.errors import UserError
from pipeline.ports import Pcm

PAIRS = [
    (48000, 16000), (44100, 16000), (24000, 48000), (24000, 44100), (16000, 24000), (8000, 16000),
    (96000, 16000), (22050, 24000), (11025, 16000), (16000, 16000), (24000, 22050), (192000, 16000),
]  # fmt: skip


def whole(sound: Pcm, source: int, output: int) -> Pcm:
    resampler = Resampler(source, output)
    return np.concatenate((resampler.push(sound), resampler.flush()))


def tone(frequency: float, rate: int, seconds: float = 0.5) -> Pcm:
    return np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate).astype(np.float32)


def gain(frequency: float, source: int, output: int) -> float:
    """Decibels that a tone gains on its way."""
    heard = whole(tone(frequency, source), source, output)[output // 20 : -output // 20]
    return float(10 * np.log10(2 * np.mean(heard.astype(np.float64) ** 2) + 1e-20))


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_any_cuts_give_what_the_whole_gives(source: int, output: int) -> None:
    dice = np.random.default_rng(source + output)
    sound = dice.uniform(-1, 1, source // 3).astype(np.float32)
    resampler, parts, at = Resampler(source, output), [], 0
    while at < sound.size:
        step = int(dice.choice([0, 1, 2, 7, dice.integers(1, source // 10)]))
        parts.append(resampler.push(sound[at : at + step]))
        at += step
    streamed = np.concatenate([*parts, resampler.flush()])
    assert streamed.size == -(-sound.size * output // source)
    assert np.allclose(streamed, whole(sound, source, output), atol=1e-5)


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_a_long_stream_has_exactly_the_length_that_the_rates_demand(source: int, output: int) -> None:
    resampler, block, given, made = Resampler(source, output), np.zeros(source // 7 + 1, np.float32), 0, 0
    for _ in range(150):
        made += resampler.push(block).size
        given += block.size
        assert 0 <= -(-given * output // source) - made <= resampler.delay * output / source + 1
    made += resampler.flush().size
    assert made == -(-given * output // source)


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_an_impulse_stays_at_its_time_and_comes_within_one_millisecond(source: int, output: int) -> None:
    resampler = Resampler(source, output)
    assert resampler.delay <= source / 1000
    at = source // 10
    sound = np.zeros(source // 5, np.float32)
    sound[at] = 1.0
    heard, known = [], 0
    for sample in range(sound.size):
        out = resampler.push(sound[sample : sample + 1])
        heard.append(out)
        known += out.size
        if known and known - 1 >= at * output // source:
            break
    # the output sample at the impulse's own time is out at most 1 ms after the impulse went in
    assert sample - at <= source / 1000
    rest = resampler.push(sound[sample + 1 :])
    peak = int(np.argmax(np.concatenate([*heard, rest, resampler.flush()])))
    assert abs(peak / output - at / source) <= 0.5 / min(source, output) + 1e-9


def test_a_chirp_comes_out_in_time() -> None:
    seconds = np.arange(48000) / 48000
    there = np.sin(2 * np.pi * (200 * seconds + 2400 * seconds**2)).astype(np.float32)
    back = whole(whole(there, 48000, 16000), 16000, 48000)[: there.size]
    middle = slice(4800, -4800)
    assert np.max(np.abs(back[middle] - there[middle])) < 0.02


@pytest.mark.parametrize("source", [48000, 44100, 96000])
def test_what_the_new_rate_cannot_hold_is_gone(source: int) -> None:
    assert gain(10000, source, 16000) < -80
    assert gain(9000, source, 16000) < -70
    assert abs(gain(1000, source, 16000)) < 0.05
    assert abs(gain(6000, source, 16000)) < 0.2


@pytest.mark.parametrize("output", [44100, 48000])
def test_the_agents_voice_passes_up_to_ten_kilohertz(output: int) -> None:
    assert abs(gain(10000, 24000, output)) < 0.2
    assert abs(gain(100, 24000, output)) < 0.05


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_a_constant_stays_constant(source: int, output: int) -> None:
    heard = whole(np.full(source // 4, 0.7, np.float32), source, output)
    edge = output // 500
    assert np.allclose(heard[edge:-edge], 0.7, atol=1e-5)


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_need_says_exactly_how_much_must_be_pushed(source: int, output: int) -> None:
    dice, resampler, ready = np.random.default_rng(3), Resampler(source, output), 0
    for _ in range(200):
        count = int(dice.integers(0, 900))
        need = resampler.need(max(0, count - ready))
        if need > 1:
            short = resampler.push(np.zeros(need - 1, np.float32)).size
            assert ready + short < count
            ready += short + resampler.push(np.zeros(1, np.float32)).size
        else:
            ready += resampler.push(np.zeros(need, np.float32)).size
        assert ready >= count
        ready -= count
        assert ready <= output / source + 1


def test_nothing_in_gives_nothing_out() -> None:
    for resampler in (Resampler(48000, 16000), Resampler(16000, 16000)):
        assert resampler.push(np.zeros(0, np.float32)).size == 0
        assert resampler.flush().size == 0


def test_flush_makes_it_new() -> None:
    resampler, sound = Resampler(44100, 16000), tone(440, 44100, 0.1)
    first = np.concatenate((resampler.push(sound), resampler.flush()))
    assert np.array_equal(first, np.concatenate((resampler.push(sound), resampler.flush())))


@pytest.mark.parametrize(("source", "output"), [(0, 16000), (16000, -1), (16000, 10**9)])
def test_rates_that_no_sound_has_are_refused(source: int, output: int) -> None:
    with pytest.raises(UserError, match="sample rate"):
        Resampler(source, output)
    with pytest.raises(UserError, match="sample rate"):
        resample(np.zeros(10, np.float32), source, output)


def test_a_ratio_without_small_terms_is_refused_when_its_table_would_be_huge() -> None:
    with pytest.raises(UserError, match="no small terms"):
        Resampler(191_999, 192_001)


@pytest.mark.parametrize(("source", "output"), PAIRS)
def test_a_recording_keeps_its_length_and_its_tone(source: int, output: int) -> None:
    sound = tone(1000, source, 0.31)
    turned = resample(sound, source, output)
    assert turned.dtype == np.float32
    assert turned.size == -(-sound.size * output // source)
    want = tone(1000, output, 0.4)[: turned.size]
    edge = output // 20
    assert np.max(np.abs(turned[edge:-edge] - want[edge:-edge])) < 1e-3


def test_a_recording_read_in_blocks_is_the_recording() -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, 50000).astype(np.float32)
    blocks = np.array_split(sound, [1, 2, 4000, 4001, 30000])
    assert np.allclose(resample_all(blocks, 44100, 16000), resample(sound, 44100, 16000), atol=1e-5)
    assert resample(np.zeros(0, np.float32), 44100, 16000).size == 0
