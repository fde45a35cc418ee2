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


FOREIGN = {
    "de-DE": (
        "θ s|ð z|w v|ɹ R|ɾ d|tʃ tS|dʒ dZ|iː i:|i i|ɪ I|eɪ e:|ɛ E|æ E|ɑː a:|ɑ a:|ʌ a|ɐ a|ɒ O|"
        "ɔː o:|ɔ O|oʊ o:|əʊ o:|ʊ U|uː u:|u u|ɜː 9|ɜ 9|ɚ 6|ə @|ᵻ I|aɪ aI|aʊ aU|ɔɪ OY|ʃ S|ʒ Z|"
        "ŋ N|ɡ g|h h|j j|a a|e e:|o o:"
    ),
    "fr-FR": (
        "θ s|ð z|w w|ɹ R|ɾ t|tʃ tS|dʒ dZ|iː i|i i|ɪ i|eɪ e|ɛ E|æ a|ɑː a|ɑ a|ʌ 9|ɐ a|ɒ O|ɔː O|"
        "ɔ O|oʊ o|əʊ o|ʊ u|uː u|u u|ɜː 9|ɜ 9|ɚ 9R|ə @|ᵻ i|aɪ aj|aʊ aw|ɔɪ Oj|ʃ S|ʒ Z|ŋ N|ɡ g|"
        "h |j j|a a|e e|o o"
    ),
    "es-ES": (
        "θ T|ð D|w u|ɹ 4|ɾ 4|tʃ tS|dʒ j|iː i|i i|ɪ i|eɪ ei|ɛ e|æ a|ɑː a|ɑ a|ʌ a|ɐ a|ɒ o|ɔː o|"
        "ɔ o|oʊ ou|əʊ ou|ʊ u|uː u|u u|ɜː e|ɜ e|ɚ e4|ə e|ᵻ i|aɪ ai|aʊ au|ɔɪ oi|ʃ tS|ʒ j|ŋ N|"
        "ɡ g|h x|j j|a a|e e|o o|v b|z s"
    ),
    "it-IT": (
        "θ t|ð d|w u|ɹ r|ɾ t|tʃ tS|dʒ dZ|iː i|i i|ɪ i|eɪ ei|ɛ E|æ E|ɑː a|ɑ a|ʌ a|ɐ a|ɒ O|ɔː O|"
        "ɔ O|oʊ ou|əʊ ou|ʊ u|uː u|u u|ɜː E|ɜ E|ɚ Er|ə e|ᵻ i|aɪ ai|aʊ au|ɔɪ Oi|ʃ S|ʒ dZ|ŋ N|"
        "ɡ g|h |j i|a a|e e|o o"
    ),
}
"""English sounds (IPA) as the nearest sounds (X-SAMPA) that speakers of another language have."""
_KEPT = "pbtdkfvszmnl"
_IPA = re.compile("tʃ|dʒ|aɪ|aʊ|ɔɪ|eɪ|oʊ|əʊ|[iuɑɔɜ]ː|.")


def foreign(ipa: str, language: str) -> str:
    """One English word (IPA, with stress) as someone of that language says it."""
    table = dict(pair.split(" ") for pair in FOREIGN[language].split("|"))
    out = []
    for sound in _IPA.findall(ipa):
        out.append('"' if sound == "ˈ" else table.get(sound, sound if sound in _KEPT else ""))
    return "".join(out)
