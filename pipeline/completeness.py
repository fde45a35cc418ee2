"""Whether a transcript reads as if more were to come: by its last words alone. English. Pure.

It knows what cannot end a sentence. It never claims that one has ended: of most pauses words tell nothing.
"""

from __future__ import annotations

from .reading import INCOMPLETE_SCORE


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CUT = _set(
    "and or but because although while unless if whether than plus minus times divided"
    " a an the my your our their every um uh er erm hmm uhm"
)
"""Words after which a sentence goes on, whatever it is."""
_ASKING = _set("what who where when why how which whose whom")
_BEING = _set("is are was were am")
_LINKING = _set("of to with from for into between without")
"""Words that end a sentence only where it asks for what they link to: *who is it for*."""
_ASKED_OF = _set("do does did can could would will should shall may might")
_SUBJECTS = _set("i we he she they")
"""Who a sentence is about, and never its last word but after a form of *be*: *who is she*."""
_OPENING = _ASKING | _BEING | _set("please well so okay i we you they he she")
"""Words that are no turn by themselves."""


def going_on(text: str) -> bool:
    """True when a sentence that ends so is not over."""
    words = _words(text)
    if not words:
        return False
    first, last = words[0], words[-1]
    if last in _CUT or (last in _LINKING and first not in _ASKING):
        return True
    if len(words) == 1:
        return last in _OPENING
    before = words[-2]
    if last in _SUBJECTS:
        return before not in _BEING
    return (last in _BEING and before in _ASKING) or (last == "you" and before in _ASKED_OF)


def end_of_turn(text: str) -> float | None:
    """Probability that the turn is over, as far as words tell; None where they do not."""
    return INCOMPLETE_SCORE if going_on(text) else None


def _words(text: str) -> list[str]:
    return [word for word in (raw.strip(".,;:!?\"'()…-").lower() for raw in text.split()) if word]
