"""Made-up accents: the same few changes of sounds through a whole utterance, in espeak mnemonics."""

import random
import re

_SHIFTS = {
    "V": ("0", "a", "@"),
    "a": ("E", "aa"),
    "E": ("a", "eI"),
    "I": ("i",),
    "aI": ("OI", "a"),
    "eI": ("E", "aI"),
    "oU": ("O:", "0"),
    "u:": ("U",),
    "aU": ("a", "oU"),
    "A:": ("0", "a"),
    "O:": ("0", "oU"),
    "o@": ("O:", "oU"),
    "O@": ("O:", "0"),
    "3:": ("@", "E"),
    "T": ("t", "s", "f"),
    "D": ("d", "z"),
    "v": ("w", "f"),
    "w": ("v",),
    "z": ("s",),
    "r": ("R2",),
}
_PHONEME = re.compile(
    "aI@|aU@|aI|eI|oU|aU|OI|i:|u:|A:|O:|3:|A@|o@|O@|i@|e@|U@|I#|I2|a#|aa|t#|t2|tS|dZ|.", re.DOTALL
)


def shift(mnemonics: str, rng: random.Random) -> str:
    """Each sound that has neighbours moves to one of them with chance 0.22, everywhere the same way."""
    chosen = {
        sound: rng.choice(ways) for sound, ways in _SHIFTS.items() if sound != "r" and rng.random() < 0.22
    }
    return "".join(chosen.get(sound, sound) for sound in _PHONEME.findall(mnemonics))
