"""Invents espeak voices: texts of voice files, and a data folder in which espeak finds them."""

import random
import tempfile
from pathlib import Path

_PHONATIONS = ("clear", "clear", "clear", "clear", "breathy", "rough", "fluttering", "klatt")
SLOT = "own"
"""The one variant file that all made-up voices are written to in turn.

Espeak's list of voices has only 349 places, but it reads the file anew whenever the voice is chosen."""
_KLATT = (1, 2, 4, 5)
"Kinds of espeak's Klatt synthesis; 3 is a test voice."


def invent(rng: random.Random) -> str:
    """One voice file: the height and swing of its pitch, eight formants (place, strength, width), source."""
    base = 70 * (260 / 70) ** rng.random()
    tract = 0.86 + 0.5 * (base - 70) / 190 * rng.uniform(0.3, 1.0) + rng.gauss(0, 0.05)
    lines = ["language variant", "name own", f"pitch {base:.0f} {base * rng.uniform(1.1, 1.75):.0f}"]
    for number in range(9):
        place = 100 * tract * (1 + rng.gauss(0, 0.045))
        strength = min(max(rng.gauss(100 - 2 * number, 22), 40), 170)
        width = min(max(rng.gauss(110, 25), 60), 190)
        lines.append(f"formant {number} {place:.0f} {strength:.0f} {width:.0f}")
    lines += [
        f"intonation {rng.choice((1, 1, 2, 3))}",
        f"consonants {rng.randint(60, 150)} {rng.randint(50, 150)}",
    ]
    lines.append(f"speed {rng.randint(90, 115)}")
    lines += _phonation(rng)
    if rng.random() < 0.4:
        corners = (rng.randint(400, 800), rng.randint(1000, 1800), rng.randint(2000, 3500))
        lines.append("tone " + " ".join(f"{corner} {rng.randint(90, 255)}" for corner in corners))
    if rng.random() < 0.15:
        lines.append(f"echo {rng.randint(20, 140)} {rng.randint(5, 30)}")
    if rng.random() < 0.4:
        lines.append("stressAdd " + " ".join(str(rng.randint(-30, 50)) for _ in range(8)))
    if rng.random() < 0.4:
        lines.append("stressAmp " + " ".join(str(rng.randint(12, 24)) for _ in range(8)))
    return "\n".join(lines) + "\n"


def _phonation(rng: random.Random) -> list[str]:
    kind = rng.choice(_PHONATIONS)
    if kind == "breathy":
        amounts = " ".join(str(rng.randint(1, 18)) for _ in range(8))
        return [f"voicing {rng.randint(35, 90)}", f"breath 0 {amounts}"]
    if kind == "rough":
        return [f"roughness {rng.randint(3, 7)}", f"flutter {rng.randint(2, 30)}"]
    if kind == "fluttering":
        return [f"flutter {rng.randint(4, 25)}"]
    if kind == "klatt":
        return [f"klatt {rng.choice(_KLATT)}"]
    return [f"voicing {rng.randint(80, 130)}"]


def folder(data: Path) -> tempfile.TemporaryDirectory[str]:
    """A copy of espeak's data folder, all links, where a variant may be written; it goes with the object."""
    made = tempfile.TemporaryDirectory(prefix="hocket-espeak-")
    top = Path(made.name) / data.name
    (top / "voices" / "!v").mkdir(parents=True)
    for part in (Path(), Path("voices"), Path("voices", "!v")):
        for path in (data / part).iterdir():
            if path.name not in ("voices", "!v"):
                (top / part / path.name).symlink_to(path)
    return made
