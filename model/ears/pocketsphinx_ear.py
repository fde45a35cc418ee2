"""PocketSphinx as an ear: English, no download beyond its package, and no better than its age.

The words are a function of the sound alone. What is already known of a growing sound is kept, and costs only
time when it is lost. One utterance at a time and not thread-safe; it belongs in a process of its own, because
the library keeps the interpreter's lock while it searches.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.ports import CAPTURE_RATE, EarFacts, Pcm, SpokenWord, Transcript
from pipeline.prompt import BLOCK, Audio

NAME = "pocketsphinx"
CALIBRATED = (8, 16)
"""Positions (80 ms) at which the mean cepstrum is taken anew, over all of the sound, and the search begins
again with it. The library's own moving mean starts at a wrong one: 25 of 205 words of a flite voice came out
wrong with it, 5 with this. Going on to 32, 64 and 128 makes 6 of 205 and 11 of 44 words of people instead of
13, and keeps a turn that ends just then waiting for up to half a second."""

_MEAN = "mean"
_GRAMMAR = "#JSGF V1.0;\ngrammar mean;\npublic <mean> = zero;\n"
"""A search that costs nothing, under which features are made and no words looked for."""
_KEPT = 64
"""Finished transcripts and mean cepstra that are remembered."""
_FRAMES = 100.0
"""Of the library's, per second."""
_FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
_VARIANT = re.compile(r"\(\d+\)$")


class PocketSphinxEar:
    """ports.Recogniser over the package's en-us model, with its 134 000 words and no grammar."""

    def __init__(self) -> None:
        """Loads the model (0.5 s). Raises ModelError where the package is not installed or is broken."""
        try:
            from pocketsphinx import Decoder  # optional: only who needs this ear
        except ImportError as error:
            raise ModelError(
                "the pocketsphinx ear is not installed; install it with: pip install 'hocket[ears]',"
                " or choose another ear"
            ) from error
        try:
            self._decoder: Any = Decoder(samprate=CAPTURE_RATE, cmn="batch", loglevel="FATAL")
        except RuntimeError as error:
            raise ModelError(
                f"pocketsphinx cannot load its en-us model ({error}); reinstall the package"
            ) from error
        self._words = self._decoder.current_search()
        self._decoder.add_jsgf_string(_MEAN, _GRAMMAR)
        self._decoder.activate_search(self._words)
        self._usual: str = self._decoder.get_cmn(False)
        self._fed: list[bytes] | None = None
        "Digests of the positions that the open utterance has taken; None: none is open."
        self._from = 0
        "Positions over which its mean was taken."
        self._means: OrderedDict[bytes, str] = OrderedDict()
        self._finals: OrderedDict[bytes, Transcript] = OrderedDict()

    def facts(self) -> EarFacts:
        return EarFacts(NAME, True, "It knows English only, and gets many words of a noisy room wrong.")

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        """See ``ports.Recogniser``. A partial result leaves out the last position if it is not whole."""
        if self._decoder is None:
            raise ModelError("the ear is closed; make another one")
        digests = audio.digests()
        if not digests:
            return Transcript("", final=final)
        if not np.isfinite(audio.pcm).all():
            raise ModelError("the sound holds samples that are not numbers; send finite float32 in [-1, 1]")
        known = self._finals.get(digests[-1])
        if known is not None:
            self._finals.move_to_end(digests[-1])
            return known
        if not final:
            count = len(audio.pcm) // BLOCK
            if not audio.pcm[: count * BLOCK].any():  # every sound begins like this one
                return Transcript("", final=False)
            if self._fed is None or list(digests[:count]) != self._fed[:count]:  # else more is known already
                self._follow(audio, count)
            return Transcript(self._text(), final=False)
        self._follow(audio, len(digests))
        self._end()
        found = Transcript(self._text(), self._spoken())
        _keep(self._finals, digests[-1], found)
        return found

    def close(self) -> None:
        """Lets go of the model."""
        self._end()
        self._decoder = None

    # --- one utterance ------------------------------------------------------------------------------------

    def _follow(self, audio: Audio, count: int) -> None:
        """Bring the open utterance to the first ``count`` positions of this sound."""
        digests = audio.digests()[:count]
        since = max((at for at in CALIBRATED if at <= count), default=count)
        fed = self._fed
        if fed is None or since != self._from or list(digests[: len(fed)]) != fed:
            self._end()
            self._begin(audio, since)
        assert self._fed is not None, "an utterance is open"
        for at in range(len(self._fed), count):
            # one position at a time: the same search however the sound came, and long pieces crash 5.1
            self._decoder.process_raw(_raw(_padded(audio.pcm, at, at + 1)))
            self._fed.append(digests[at])

    def _begin(self, audio: Audio, since: int) -> None:
        mean = self._mean(audio, since)
        self._start()
        self._decoder.set_cmn(mean)
        self._fed, self._from = [], since

    def _start(self) -> None:
        self._decoder.reinit_feat(None)  # else it begins with what it heard last, and words depend on that
        self._decoder.start_utt()

    def _end(self) -> None:
        if self._fed is not None:
            self._decoder.end_utt()
            self._fed = None

    def _mean(self, audio: Audio, count: int) -> str:
        """The mean cepstrum of the first positions, as the library writes it."""
        if not count:
            return self._usual
        key = audio.digests()[count - 1]
        if key not in self._means:
            self._decoder.activate_search(_MEAN)
            self._start()
            self._decoder.process_raw(_raw(_padded(audio.pcm, 0, count)), no_search=True, full_utt=True)
            mean: str = self._decoder.get_cmn(False)
            self._decoder.end_utt()
            self._decoder.activate_search(self._words)
            _keep(self._means, key, mean)
        return self._means[key]

    # --- what was found -------------------------------------------------------------------------------------

    def _text(self) -> str:
        found = self._decoder.hyp()
        words = found.hypstr.split() if found is not None else []
        return " ".join(_VARIANT.sub("", word) for word in words if not _FILLER.fullmatch(word))

    def _spoken(self) -> tuple[SpokenWord, ...]:
        if self._decoder.hyp() is None:
            return ()
        return tuple(
            SpokenWord(
                _VARIANT.sub("", seg.word),
                seg.start_frame / _FRAMES,
                (seg.end_frame + 1) / _FRAMES,
                min(float(seg.prob), 1.0),
            )
            for seg in self._decoder.seg() or ()
            if not _FILLER.fullmatch(seg.word)
        )


def load_pocketsphinx() -> PocketSphinxEar:
    """The ear, for a ``Factory``."""
    return PocketSphinxEar()


def _padded(pcm: Pcm, start: int, stop: int) -> Pcm:
    """Whole positions of sound, the last one filled up with silence."""
    piece = pcm[start * BLOCK : stop * BLOCK]
    whole = np.zeros((stop - start) * BLOCK, np.float32)
    whole[: len(piece)] = piece
    return whole


def _raw(pcm: Pcm) -> bytes:
    return (np.clip(pcm, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def _keep(store: OrderedDict[bytes, Any], key: bytes, value: Any) -> None:
    store[key] = value
    while len(store) > _KEPT:
        store.popitem(last=False)
