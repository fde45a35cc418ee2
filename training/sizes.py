"""The named sizes of brains that the recipe trains."""

from model.frontend import CHANNELS
from model.shapes import Dims

SMALL = {
    "width": 192,
    "encoder_layers": 4,
    "encoder_heads": 4,
    "encoder_hidden": 768,
    "decoder_layers": 4,
    "decoder_heads": 4,
    "decoder_kv_heads": 2,
    "decoder_hidden": 512,
}
BUNDLED = {
    "width": 256,
    "encoder_layers": 6,
    "encoder_heads": 4,
    "encoder_hidden": 1024,
    "decoder_layers": 6,
    "decoder_heads": 4,
    "decoder_kv_heads": 2,
    "decoder_hidden": 768,
}
TINY = {
    "width": 48,
    "encoder_layers": 1,
    "encoder_heads": 2,
    "encoder_hidden": 64,
    "decoder_layers": 1,
    "decoder_heads": 2,
    "decoder_kv_heads": 1,
    "decoder_hidden": 64,
}
SIZES = {"tiny": TINY, "small": SMALL, "bundled": BUNDLED}
"""tiny is for tests; small has 4.5 million parameters (9 MB in float16)."""


def dims(name: str, vocabulary: int) -> Dims:
    """A named size. KeyError for a name that is not in `SIZES`."""
    return Dims(vocabulary=vocabulary, channels=CHANNELS, rope_theta=10000.0, rms_eps=1e-6, **SIZES[name])


def practice(vocabulary: int) -> Dims:
    """The size named small."""
    return dims("small", vocabulary)
