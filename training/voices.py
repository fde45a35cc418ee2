"""Which voices train and which only test. A test voice, and anything made from it, never reaches training."""

from dataclasses import dataclass

ACCENTS = ("en-US", "en", "en-GB-scotland", "en-GB-x-rp", "en-GB-x-gbclan", "en-GB-x-gbcwmd", "en-US-nyc")
TEST_ACCENT = "en-029"
"Caribbean; tests only, beside the seven trained accents."
TEST_VARIANTS = ("m6", "f4", "klatt3", "Alicia", "zac", "travis", "victor", "aunty")
TRAIN_FLITE = ("kal16", "awb", "slt")
TEST_FLITE = "rms"


@dataclass(frozen=True, slots=True)
class Group:
    """Voices that are drawn together."""

    engine: str
    "espeak | flite | rhvoice | pico | festival"
    voices: tuple[str, ...] = ()
    "As the engine names them; empty for espeak, whose voices are drawn from what is installed."
    share: float = 0.0
    "Of what training draws; 0: a test group, or one that is not trained."
    test: bool = False


LICENCES = {
    "espeak": "GPL-3",
    "flite": "CMU, free for any use",
    "rhvoice": "LGPL-2.1 or GPL; voices from CMU ARCTIC, free for any use",
    "pico": "Apache-2.0",
    "festival": "free for any use; foreign voices GPL-2, GPL-3 (Czech) and LGPL-2.1 (Finnish)",
}
"Of engines and voices. None of them is shipped, and none forbids what is made from its sound."


GROUPS = {
    "espeak": Group("espeak", share=0.26),
    "invented": Group("espeak", share=0.18),
    "kal16": Group("flite", ("kal16",), 0.04),
    "awb": Group("flite", ("awb",), 0.07),
    "slt": Group("flite", ("slt",), 0.08),
    "rhvoice-slt": Group("rhvoice", ("slt",), 0.04),
    "rhvoice-ksp": Group("rhvoice", ("ksp",), 0.08),
    "pico-us": Group("pico", ("en-US",), 0.06),
    "pico-gb": Group("pico", ("en-GB",), 0.06),
    "pico-foreign": Group("pico", ("de-DE", "fr-FR", "es-ES", "it-IT"), 0.04),
    "festival-kal": Group("festival", ("kal",), 0.03),
    "festival-foreign": Group("festival", ("lp", "pc", "lj", "mv", "dita", "krb", "machac", "ph"), 0.06),
    "rms": Group("flite", ("rms",), test=True),
    "ked": Group("festival", ("ked",), test=True),
    "bdl": Group("rhvoice", ("bdl",), test=True),
    "clb": Group("rhvoice", ("clb",), test=True),
}
"""Eighteen people's recordings train: kal, awb, slt, ksp, Pico's six women, festival's eight foreign voices.

Four test: the men rms, ked and bdl, the woman clb. rhvoice-slt is another synthesis of slt, festival-kal of
kal16."""
TEST_PEOPLE = tuple(name for name, group in GROUPS.items() if group.test)


def shares(groups: frozenset[str]) -> dict[str, float]:
    """How often training draws each of these groups. ValueError for a test group."""
    wrong = sorted(groups - {name for name, group in GROUPS.items() if group.share})
    if wrong:
        raise ValueError(f"{', '.join(wrong)}: not trained; the groups that are: {', '.join(trained())}")
    return {name: group.share for name, group in GROUPS.items() if name in groups}


def trained() -> tuple[str, ...]:
    """All groups that train."""
    return tuple(name for name, group in GROUPS.items() if group.share)


def train_espeak(variants: list[str]) -> list[str]:
    """Espeak names of all trained accent and variant pairs; `variants`: those installed."""
    kept = [v for v in variants if v not in TEST_VARIANTS]
    return [f"gmw/{accent}+{variant}" for accent in ACCENTS for variant in kept] + [
        f"gmw/{accent}" for accent in ACCENTS
    ]


def test_espeak() -> list[str]:
    """Espeak names of the held-out variants in every accent, the held-out one among them."""
    return [f"gmw/{accent}+{variant}" for accent in (*ACCENTS, TEST_ACCENT) for variant in TEST_VARIANTS]
