"""Which voices train and which only test. A test voice, and anything made from it, never reaches training."""

ACCENTS = ("en-US", "en", "en-GB-scotland", "en-GB-x-rp", "en-GB-x-gbclan", "en-GB-x-gbcwmd", "en-US-nyc")
TEST_ACCENT = "en-029"
"Caribbean; tests only, beside the seven trained accents."
TEST_VARIANTS = ("m6", "f4", "klatt3", "Alicia", "zac", "travis", "victor", "aunty")
TRAIN_FLITE = ("kal16", "awb", "slt")
TEST_FLITE = "rms"


def train_espeak(variants: list[str]) -> list[str]:
    """Espeak names of all trained accent and variant pairs; `variants`: those installed."""
    kept = [v for v in variants if v not in TEST_VARIANTS]
    return [f"gmw/{accent}+{variant}" for accent in ACCENTS for variant in kept] + [
        f"gmw/{accent}" for accent in ACCENTS
    ]


def test_espeak() -> list[str]:
    """Espeak names of the held-out variants in every accent, the held-out one among them."""
    return [f"gmw/{accent}+{variant}" for accent in (*ACCENTS, TEST_ACCENT) for variant in TEST_VARIANTS]
