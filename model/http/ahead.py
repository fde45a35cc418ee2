"""What of a growing prompt is worth reading ahead: whatever will stand in every later one unchanged. Pure."""

from __future__ import annotations

from pipeline.ports import CAPTURE_RATE
from pipeline.prompt import Audio, Human, Prompt, Reply, Text

from .sound import cut


def settled(prompt: Prompt, segment: float) -> Prompt:
    """The prompt without the end of its open turn's sound, which another block will change, and with a reply.

    ``segment``: seconds after which a stretch of sound is closed; 0: none ever is before the turn ends, so
    all of the turn's sound is left out.
    """
    *before, last = prompt.parts
    if not isinstance(last, Human):
        return prompt if isinstance(last, Reply) else prompt.then(Reply())
    kept: list[Audio | Text] = []
    for at, part in enumerate(last.parts):
        if not isinstance(part, Audio):
            kept.append(part)
            continue
        if not segment:
            break
        pieces = cut(part, segment)
        if at + 1 < len(last.parts):
            kept += pieces
            continue
        kept += [piece for piece in pieces if len(piece.pcm) == round(segment * CAPTURE_RATE)]
    return Prompt((*before, Human(tuple(kept)), Reply()))
