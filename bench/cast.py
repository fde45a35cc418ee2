"""The people of a run: the user's voice, other users' voices, and who else may speak in the room.

One voice makes a benchmark of that voice. A conversation's user is drawn by its number; core conversations
always have the first. Several are voices that the practice brain was never trained on (``HELD_OUT``).
"""

from __future__ import annotations

import ctypes
from collections.abc import AsyncGenerator, Callable, Sequence

from pipeline.ports import Voice, VoiceChunk
from tts.choose import best_voice

HELD_OUT = (
    "espeak:en-us+f4",
    "espeak:en-gb-scotland+zac",
    "espeak:en-029+klatt3",
    "espeak:en-gb-x-rp+m6",
)
"""Voices of espeak-ng whose variants no training of the bundled brain had (see ``think_items``). All repeat
themselves to the sample; Alicia and victor, held out too, do not from one process to the next."""
USERS = 5
"""Voices of users in a run, at most; the rest of the cast only speaks beside them."""


class Steady:
    """A flite voice that says a text alike whatever it said before.

    flite's better voices draw their breath from the C library's ``rand``, which goes on from utterance to
    utterance: a run that was resumed would have other stimuli than one that was not.
    """

    def __init__(self, voice: Voice) -> None:
        self.name, self.rate = voice.name, voice.rate
        self._voice = voice
        self._library = ctypes.CDLL(None)

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """The text from the same state of ``rand``."""
        self._library.srand(1)
        async for chunk in self._voice.speak(text):
            yield chunk

    async def close(self) -> None:
        """Give the voice back."""
        await self._voice.close()


def steady_voice(name: str) -> Voice:
    """The voice of this name, made to repeat itself. Raises VoiceError."""
    voice = best_voice(name)
    return Steady(voice) if voice.name.startswith("flite:") else voice


class Cast:
    """A Voice, namely the first user's, that knows the others. Voices are made when they first speak."""

    def __init__(self, names: Sequence[str], make: Callable[[str], Voice] = steady_voice) -> None:
        """``names``: the user's first; ``make`` raises VoiceError for one that this machine lacks."""
        self._names = tuple(names)
        self._make = make
        self._made: dict[str, Voice] = {}
        first = self._voice(self._names[0])
        self.name, self.rate = first.name, first.rate

    async def speak(self, text: str) -> AsyncGenerator[VoiceChunk, None]:
        """As the first user."""
        async for chunk in self._voice(self._names[0]).speak(text):
            yield chunk

    async def close(self) -> None:
        """Give every voice back."""
        made, self._made = self._made, {}
        for voice in made.values():
            await voice.close()

    def user(self, number: int) -> Voice:
        """The user of this conversation."""
        return self._voice(self._names[number % min(USERS, len(self._names))])

    def other(self, number: int, apart: int = 1) -> Voice:
        """Somebody who is not the user of this conversation, where there are two voices at all."""
        own = number % min(USERS, len(self._names))
        others = [name for place, name in enumerate(self._names) if place != own] or [self._names[0]]
        return self._voice(others[(number + apart) % len(others)])

    def all(self) -> list[Voice]:
        """Everybody."""
        return [self._voice(name) for name in self._names]

    def _voice(self, name: str) -> Voice:
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]


def user(voice: Voice, number: int) -> Voice:
    """The user of a conversation: one of a cast, or the only voice there is."""
    return voice.user(number) if isinstance(voice, Cast) else voice


def other(voice: Voice, number: int, apart: int = 1) -> Voice:
    """Somebody beside the user of a conversation; the same voice where there is no other."""
    return voice.other(number, apart) if isinstance(voice, Cast) else voice


def everybody(voice: Voice) -> list[Voice]:
    """All voices of a cast, or the only one."""
    return voice.all() if isinstance(voice, Cast) else [voice]


def cast_names(agent: str, asker: str, available: Sequence[str]) -> tuple[str, ...]:
    """Who may speak beside this agent: the asker, voices the brain never heard, then all others.

    ``available`` is what ``tts.choose.available_voices`` says. ``en-gb`` is left to those who name it:
    espeak-ng as the wheel has it knows it only with a region.
    """
    held_out = HELD_OUT if any(name.startswith("espeak:") for name in available) else ()
    rest = [name for name in available if name not in ("tone", "espeak:en-gb")]
    return tuple(dict.fromkeys(name for name in (asker, *held_out, *rest) if name != agent))
