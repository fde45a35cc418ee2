"""A brain behind a server's counter: any ports.Engine's stream, as a server of that brain would run it.

It counts who is served and who went away, so that a test sees a slot come free.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import wave
from collections.abc import AsyncGenerator
from typing import Any

import numpy as np

from pipeline.ports import Compute, Limits, Pcm, Piece
from pipeline.prompt import Audio, Human, Prompt, Reply, Text

OPEN, CLOSE = "<think>", "</think>"


class Desk:
    """One brain, served to whoever asks."""

    def __init__(self, brain: Compute, model: str, *, hears: bool = True, thinks: bool = True) -> None:
        self.brain, self.model, self.hears, self.thinks = brain, model, hears, thinks
        self.running = 0
        self.begun = 0
        self.left = 0
        "Answers whose asker went away before their end."
        self.prompts: list[Prompt] = []

    async def write(self, prompt: Prompt, limits: Limits) -> AsyncGenerator[Piece, None]:
        """The brain's pieces; closing it frees the slot."""
        self.prompts.append(prompt)
        self.running += 1
        self.begun += 1
        whole = False
        pieces: Any = self.brain.stream("generate", prompt, limits)
        try:
            async for piece in pieces:
                yield piece
            whole = True
        finally:
            self.running -= 1
            self.left += not whole
            await pieces.aclose()


def reply_of(begun: str | None, *, thinks: bool) -> Reply:
    """The open reply that a message's beginning stands for; None: the server begins it itself."""
    if begun is None:
        return Reply("") if thinks else Reply(None, thinking=False)
    if not begun.startswith(OPEN):
        return Reply(None, thinking=False, said=begun)
    thoughts, closed, said = begun.removeprefix(OPEN).removeprefix("\n").partition(CLOSE)
    if not closed:
        return Reply(thoughts)
    return Reply(thoughts.removesuffix("\n"), thinking=False, said=said.lstrip("\n"))


class Markers:
    """Tells thought from answer in a canonical stream, as a server's own parser does."""

    def __init__(self, *, thinking: bool) -> None:
        self.thinking = thinking
        self._held = ""

    def feed(self, text: str, *, last: bool = False) -> tuple[str, str]:
        """Thought and answer that became certain."""
        if not self.thinking:
            return "", text
        self._held += text
        before, closed, after = self._held.partition(CLOSE)
        if closed:
            self.thinking, self._held = False, ""
            return before, after.lstrip("\n")
        keep = (
            0
            if last
            else next((n for n in range(len(CLOSE) - 1, 0, -1) if self._held.endswith(CLOSE[:n])), 0)
        )
        before = self._held[: len(self._held) - keep]
        self._held = self._held[len(before) :]
        return before, ""


def human(parts: list[Pcm | str]) -> Human:
    """A turn; sounds that follow one another were one."""
    built: list[Audio | Text] = []
    for part in parts:
        if isinstance(part, str):
            built.append(Text(part))
        elif built and isinstance(before := built[-1], Audio):
            built[-1] = Audio(np.concatenate([before.pcm, part]))
        else:
            built.append(Audio(part))
    return Human(tuple(built))


def pcm_of(data: str) -> Pcm:
    """Sound from the base64 of a WAV file, 16 kHz, mono, 16 bit. Raises ValueError for anything else."""
    try:
        raw = base64.b64decode(data, validate=True)
        with wave.open(io.BytesIO(raw)) as file:
            shape = (file.getframerate(), file.getnchannels(), file.getsampwidth())
            if shape != (16_000, 1, 2):
                raise ValueError(f"sound of {shape} where 16 kHz, mono, 16 bit was to come")
            sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    except (binascii.Error, wave.Error, EOFError) as error:
        raise ValueError(str(error)) from error
    return sound.astype(np.float32) / 32767.0


def words(value: Any) -> int:
    """How many tokens a text is taken for."""
    return len(re.findall(r"\w+|\W", str(value)))
