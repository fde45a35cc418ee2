"""Text to the phoneme strings that neural voices were trained on: espeak-ng's IPA, with the marks kept.

espeak-ng tells phonemes without punctuation, so a text is cut at its marks and each piece is asked for alone.
"""

from __future__ import annotations

import re
import unicodedata

from .espeak import EspeakVoice

MARKS = ".,!?;:"
_PIECES = re.compile(
    rf"(?P<marks>[{re.escape(MARKS)}]+(?=\s|$))|(?P<words>(?:(?![{re.escape(MARKS)}]+(?:\s|$)).)+)", re.DOTALL
)
_FLAGS = re.compile(r"\([^)]*\)")
"""espeak-ng marks words that it reads by another language's rules: ``(en)word(fr)``."""


class Phonemiser:
    """espeak-ng's child process, asked for phonemes in one language."""

    def __init__(self, language: str) -> None:
        """Raises VoiceError where espeak-ng is not installed."""
        self._espeak = EspeakVoice(language)

    async def prepare(self) -> None:
        """Start the process. Raises VoiceError, also for a language that espeak-ng does not have."""
        await self._espeak.prepare()

    async def tell(self, text: str) -> str:
        """Phonemes with stress marks and punctuation, in Unicode's decomposed form. Raises VoiceError."""
        told: list[str] = []
        for piece in _PIECES.finditer(text):
            if marks := piece["marks"]:
                told.append(marks[0])
            elif words := piece["words"].strip():  # which may begin with a mark: ".5"
                clauses = (await self._espeak.phonemes(words)).split("\n")
                told.append((" " if told else "") + " ".join(clauses))
        return unicodedata.normalize("NFD", _FLAGS.sub("", "".join(told)).strip())

    async def close(self) -> None:
        """End the process."""
        await self._espeak.close()
