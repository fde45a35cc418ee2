"""Small heads over the ear's features: has the user finished, and what kind of sound is a burst.

They read what the encoder has made of the sound anyway and never decode a word. Plain numpy, float32. The
networks and their training: ``training/heads``; what they are worth: docs/end-of-turn.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.ports import Judgement

from .graphs import Floats
from .shapes import CUES, Shapes

SPAN = 20
"""Positions up to the newest speech that tell about the end of a turn: 1.6 s."""
RECENT = 10
"""Of these, the newest ones keep their order: 0.8 s."""
BURST = 10
"""First positions of a burst that keep their order: 0.8 s."""
REACH = 64
"""Positions looked back for speech: 5.1 s. Longer silence tells nothing more."""
BEFORE = 4
"""Positions before a burst that it is compared with: 0.3 s."""
HIDDEN = (32, 64)
"""Widths of the layers: per position, and over all of them."""
ENDING_SCALARS, BURST_SCALARS = 10, 8
CALIBRATION = 3
"""Temperatures: of the ending, of knowing, of the kind."""
DIGEST = 16
_SPEECH, _VOICED = 0.5, 0.5
_ENCODER = ("encoder.", "adaptor.", "cue_heads.", "embedding_rms")


def shapes(width: int) -> Shapes:
    """Names and shapes of all weights, for an encoder of this width."""
    each, over = HIDDEN
    features = width + 2 * len(CUES)
    found: Shapes = {"calibration": (CALIBRATION,), "encoder": (DIGEST,)}
    for name, kept, scalars, outputs in (
        ("ending", RECENT, ENDING_SCALARS, 2),
        ("kind", BURST, BURST_SCALARS, 3),
    ):
        found |= _affine(f"{name}.each", each, features)
        found |= _affine(f"{name}.over", over, (kept + 2) * each + scalars)
        found |= _affine(f"{name}.out", outputs, over)
    return found


def _affine(name: str, outputs: int, inputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def encoder_digest(weights: Mapping[str, Floats]) -> Floats:
    """What tells one encoder from another: DIGEST whole numbers below 256, so that any float keeps them."""
    digest = hashlib.blake2b(digest_size=DIGEST)
    for name in sorted(weights):
        if name.startswith(_ENCODER):
            digest.update(name.encode() + weights[name].tobytes())
    return np.frombuffer(digest.digest(), np.uint8).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Track:
    """What the ear made of a stretch of sound, per 80 ms position."""

    features: Floats
    "(n, width + 10): the embedding at a root mean square of 1, and the cues as the adaptor is fed them."
    cues: Floats
    "(2n, 5): the cues at 25 Hz."

    @classmethod
    def of(cls, embeddings: Floats, cues: Floats) -> Track:
        """From ``Ear.features``: embeddings (n, width), cues (2n, 5 or more: only those of the voice)."""
        cues = cues[:, : len(CUES)]
        size = np.sqrt(np.mean(np.square(embeddings), axis=1, keepdims=True)) + 1e-6
        pitch, voiced, level, density, speech = cues.T
        fed = np.stack([2 * pitch * voiced, voiced, level, 4 * density, speech], axis=1)
        both = np.concatenate([embeddings / size, fed.reshape(len(embeddings), -1)], axis=1)
        return cls(both.astype(np.float32), cues)

    def upto(self, count: int) -> Track:
        """Its first ``count`` positions: what was known then."""
        return Track(self.features[:count], self.cues[: 2 * count])

    def spoken(self) -> Floats:
        """(n,): how surely each position holds speech."""
        found: Floats = self.cues[:, 4].reshape(-1, 2).max(axis=1)
        return found


@dataclass(frozen=True, slots=True)
class Window:
    """What a head looks at."""

    start: int
    stop: int
    "Positions of the track."
    scalars: Floats


def ending_window(track: Track) -> Window | None:
    """The last 1.6 s up to the newest speech; None when there was no speech in the last 5 s."""
    spoken = track.spoken()
    lately = np.nonzero(spoken[-REACH:] > _SPEECH)[0]
    if not len(lately):
        return None
    count = len(spoken)
    last = max(0, count - REACH) + int(lately[-1])
    start = max(0, last + 1 - SPAN)
    return Window(start, last + 1, _prosody(track, start, last, count))


def _prosody(track: Track, start: int, last: int, count: int) -> Floats:
    """How speech went and how it stopped: (ENDING_SCALARS,)."""
    frames = track.cues[2 * start : 2 * last + 2]
    pitch, voiced, level, density, speech = frames.T
    said = speech > _SPEECH
    sung = np.nonzero(voiced > _VOICED)[0]
    tune = pitch[sung]
    after = track.cues[2 * last + 2 : 2 * count]
    loud = float(level[said].mean()) if said.any() else 0.0
    scalars = [
        min(1.0, (count - 1 - last) / 12),
        float(said.mean()),
        min(last, SPAN) / SPAN,
        float(after[:, 2].mean()) - loud if len(after) else 0.0,
        4 * _slope(tune[-8:]),
        2 * float(tune[-3:].mean() - tune.mean()) if len(tune) > 3 else 0.0,
        float((voiced[-12:] > _VOICED).mean()),
        float(density[-6:].sum()),
        4 * float(density[said].mean()) if said.any() else 0.0,
        4 * _slope(level[-6:]),
    ]
    return np.array(scalars, np.float32)


def _slope(values: Floats) -> float:
    """Per frame, by least squares; 0 of fewer than three."""
    if len(values) < 3:
        return 0.0
    at = np.arange(len(values), dtype=np.float32) - (len(values) - 1) / 2
    return float(at @ values / (at @ at))


def burst_window(track: Track, onset: int) -> Window:
    """The burst's first 1.6 s; ``onset``: its first position, clipped to the track."""
    count = len(track.features)
    start = min(max(0, onset), count - 1)
    frames, before = track.cues[2 * start : 2 * count], track.cues[2 * max(0, start - BEFORE) : 2 * start]
    pitch, voiced, level, _, speech = frames.T
    sung, tune = voiced > _VOICED, pitch[voiced > _VOICED]
    lately = np.nonzero(speech > _SPEECH)[0]
    scalars = [
        min(1.5, (count - start) / BURST),
        (len(frames) - 1 - int(lately[-1])) / 20 if len(lately) else 1.5,
        float(sung.mean()),
        float(speech.mean()),
        float(tune.mean()) if len(tune) else 0.0,
        4 * float(tune.std()) if len(tune) else 0.0,
        float(level.max()),
        float(level.max() - before[:, 2].mean()) if len(before) else 0.0,
    ]
    return Window(start, min(count, start + SPAN), np.array(scalars, np.float32))


class Heads:
    """The trained networks."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """``weights``: as ``shapes`` names them."""
        self._w = weights
        self._ending_heat, self._known_heat, self._kind_heat = (float(v) for v in weights["calibration"])

    def judge(self, track: Track, onset: int) -> Judgement:
        """Of the sound up to the track's end; ``onset``: the position at which the last burst begins.

        Where the words are not of the kind that the ending was trained on, or nothing was said, the
        probability of the end moves to a half: ask the silence.
        """
        window, ending = ending_window(track), 0.5
        if window is not None:
            end, known = self._run("ending", track, window, RECENT, newest=True)
            sure = _logistic(known * self._known_heat)
            ending = _logistic(end * self._ending_heat * sure)
        window = burst_window(track, onset)
        kinds = self._run("kind", track, window, BURST, newest=False) * self._kind_heat
        powers = np.exp(kinds - kinds.max())
        words, backchannel, noise = (float(p) for p in powers / powers.sum())
        return Judgement(ending, words, backchannel, noise)

    def _run(self, name: str, track: Track, window: Window, kept: int, *, newest: bool) -> Floats:
        """One network: (outputs,)."""
        each = _rectified(self._affine(f"{name}.each", track.features[window.start : window.stop]))
        ordered = np.zeros((kept, each.shape[1]), np.float32)
        part = each[-kept:] if newest else each[:kept]
        if newest:
            ordered[kept - len(part) :] = part
        else:
            ordered[: len(part)] = part
        summed = np.concatenate([ordered.ravel(), each.mean(axis=0), each.max(axis=0), window.scalars])
        return self._affine(f"{name}.out", _rectified(self._affine(f"{name}.over", summed)))

    def _affine(self, name: str, x: Floats) -> Floats:
        y: Floats = x @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"]
        return y


def _rectified(x: Floats) -> Floats:
    y: Floats = np.maximum(x, 0)
    return y


def _logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(x, -30, 30))))
