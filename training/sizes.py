"""The sizes of the bundled practice brain."""

from model.shapes import Dims


def practice(vocabulary: int) -> Dims:
    """4.3 million parameters: 8.6 MB in float16."""
    return Dims(
        vocabulary=vocabulary,
        mel=80,
        width=192,
        encoder_layers=4,
        encoder_heads=4,
        encoder_hidden=768,
        decoder_layers=4,
        decoder_heads=4,
        decoder_kv_heads=2,
        decoder_hidden=512,
        rope_theta=10000.0,
        rms_eps=1e-6,
    )
