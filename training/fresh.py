"""An untrained talker of a named size, as every stage of the recipe builds it before it loads weights."""

from model.networks import Talker
from model.shapes import CUE_SETS

from .batches import PHONEMES
from .sizes import dims

ALL_CUES = CUE_SETS[-1]
"Of the voice and of what is around it."


def fresh_talker(size: str, vocabulary: int) -> Talker:
    """With every cue that the recipe trains."""
    return Talker(dims(size, vocabulary), len(PHONEMES), ALL_CUES)
