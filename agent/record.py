"""The files that one conversation leaves, where that was asked for: both voices, the trace and a picture."""

from __future__ import annotations

from pathlib import Path

from agent.story import tell
from agent.tap import Tap, tracks
from agent.timeline import draw
from audio_io.recorder import StereoRecorder
from pipeline.clock import now
from pipeline.errors import UserError
from pipeline.trace import Entry, Trace, read

NAME = "conversation"
"""Stem of the files."""


class Record:
    """Opens the files before a conversation and finishes them after it; ``with`` closes them in any case."""

    def __init__(self, folder: Path | None, *, told: bool = True) -> None:
        """``folder`` None: nothing is kept. ``told`` False: for a moment only, without a picture.

        Raises UserError where the folder cannot be written.
        """
        self._folder, self._told = folder, told
        if folder is not None:
            _make(folder)
        self.trace = Trace(None if folder is None else folder / f"{NAME}.jsonl")
        self.sound = None if folder is None else StereoRecorder(self.sound_path(folder))
        self._origin: float | None = None
        self.trace.subscribe(self._begin)

    @staticmethod
    def sound_path(folder: Path) -> Path:
        """Where the recording of both voices lies."""
        return folder / f"{NAME}.wav"

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *_: object) -> None:
        self.trace.close()
        if self.sound is not None:
            self.sound.close()

    def finish(self, tap: Tap, title: str) -> str:
        """Close the files and draw the picture; sentences that say what was kept and where."""
        tap.close()
        self.trace.close()
        if self._folder is None or not self._told:
            return "Nothing was recorded."
        faults = [fault for fault in (self.trace.fault, self.sound.fault if self.sound else "") if fault]
        drawn = self._draw(self._folder, tap, title)
        kept = f"{NAME}.wav (left the user, right the agent), {NAME}.jsonl (what happened)"
        files = f"Recorded in {self._folder}: {kept}{f', {NAME}.png (a picture of it)' if drawn else ''}."
        return " ".join([files, *(f"But {fault}." for fault in faults)])

    def _draw(self, folder: Path, tap: Tap, title: str) -> bool:
        both = tracks(self.sound_path(folder))
        if not len(both.user):
            return False
        offset = 0.0 if self._origin is None or tap.zero is None else self._origin - tap.zero
        draw(folder / f"{NAME}.png", both, tell(read(folder / f"{NAME}.jsonl"), offset=offset), title=title)
        return True

    def _begin(self, entry: Entry) -> None:
        """The trace's zero on the loop's clock, from its first entry."""
        if self._origin is None:
            self._origin = now() - entry.at


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot record into {folder}: {error.strerror}; name another folder") from None
