"""training/heads/{scene,noise,speech}.py: pauses, noises, and words drawn out."""

import random

import numpy as np
import pytest

pytest.importorskip("scipy")
pytest.importorskip("espeakng_loader")

from training.audio import POSITION, RATE
from training.heads.noise import TRAINED, UNTRAINED, draw_noise
from training.heads.scene import Air, burst_scene, turn_scene
from training.heads.speech import drawn_out
from training.heads.text import Piece

QUIET = Air(rough=False, speed=False)


def tone(seconds: float, hertz: float = 200.0) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * RATE)) / RATE)).astype(np.float32)


def test_pauses_are_where_the_sound_is_quiet() -> None:
    said = (Piece("two plus"), Piece("five", whole=True))
    for seed in range(10):
        scene = turn_scene([tone(0.5), tone(0.4)], said, "sum", random.Random(seed), air=QUIET, tail=1.0)
        assert len(scene.pcm) % POSITION == 0 and scene.pauses[-1].ends == len(scene.pcm)
        loud = np.sqrt(np.mean(np.square(scene.pcm[scene.pauses[0].begins - 4000 : scene.pauses[0].begins])))
        for pause in scene.pauses:
            assert pause.ends - pause.begins >= 0.2 * RATE
            assert np.sqrt(np.mean(np.square(scene.pcm[pause.begins : pause.ends]))) < 0.3 * loud


def test_a_long_burst_is_cut_and_goes_on_to_the_end() -> None:
    burst = burst_scene(tone(2.0), 0, random.Random(1), air=QUIET)
    assert burst.ends - burst.onset == RATE and len(burst.pcm) - burst.ends < POSITION
    short = burst_scene(tone(0.3), 1, random.Random(1), air=QUIET)
    assert len(short.pcm) - short.ends >= 0.4 * RATE


@pytest.mark.parametrize("kind", [*TRAINED, *UNTRAINED])
def test_every_noise_is_a_finite_sound(kind: str) -> None:
    rng = random.Random(4)
    for _ in range(6):
        name, pcm = draw_noise(rng, kind)
        assert name == kind and 0.01 * RATE < len(pcm) <= 3 * RATE
        assert np.isfinite(pcm).all() and np.abs(pcm).max() > 1e-4


def test_untrained_noises_are_never_drawn_by_chance() -> None:
    rng = random.Random(5)
    assert not {draw_noise(rng)[0] for _ in range(300)} & set(UNTRAINED)


def test_drawing_out_lengthens_the_end_and_keeps_the_pitch() -> None:
    plain = tone(0.8)
    slow = drawn_out(plain, 2.0)
    assert len(slow) == pytest.approx(len(plain) + 0.3 * RATE, abs=2)
    np.testing.assert_array_equal(slow[: len(plain) - 4800], plain[: len(plain) - 4800])
    tail = slow[-6400:-1600]
    spectrum = np.abs(np.fft.rfft(tail * np.hanning(len(tail))))
    assert spectrum.argmax() * RATE / len(tail) == pytest.approx(200, abs=8)
    assert drawn_out(plain, 1.0) is plain
