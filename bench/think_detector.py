"""A voice detector that remembers what it said about the same sound: every arm hears the same question.

It changes no score: where the sound differs from what is remembered, the real detector hears all of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pipeline.ports import Pcm, VoiceDetector


class Remembering:
    """ports.VoiceDetector around another, for one session after the other."""

    def __init__(self, make: Callable[[], VoiceDetector]) -> None:
        """``make`` is called once; the detector is reset before it is used again."""
        self._inner = make()
        self.window = self._inner.window
        self._windows: list[bytes] = []
        self._scores: list[float] = []
        self._fed = 0
        "Windows that the real detector has heard since its reset."
        self._at = 0
        self.recalled = 0
        "Scores that were not computed again."

    def reset(self) -> None:
        """A new session begins."""
        self._at = 0

    def score(self, window: Pcm) -> float:
        """What the real detector says about this window, after all those before it."""
        heard = window.tobytes()
        if self._at < len(self._windows) and self._windows[self._at] == heard:
            self._at += 1
            self.recalled += 1
            return self._scores[self._at - 1]
        del self._windows[self._at :], self._scores[self._at :]
        self._catch_up()
        self._windows.append(heard)
        self._scores.append(self._inner.score(window))
        self._at = self._fed = len(self._scores)
        return self._scores[-1]

    def _catch_up(self) -> None:
        """Bring the real detector to where this session is."""
        if self._fed == self._at:
            return
        self._inner.reset()
        for heard in self._windows[: self._at]:
            self._inner.score(np.frombuffer(heard, np.float32))
        self._fed = self._at
