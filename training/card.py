"""Writes the card (README.md) of a bundle from card.md: what it is, how it was made, what was measured."""

import json
from pathlib import Path

_TEMPLATE = Path(__file__).with_name("card.md")

_PEOPLE = (
    'measured only on recorded digits glued around a synthetic "plus" (Free Spoken Digit Dataset, 8 kHz, '
    "never trained on): {}"
)


def write(bundle: Path, figures: list[str], *, people: str = "") -> None:
    """README.md from config.json and the lines of an evaluation."""
    config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    training = config["training"]
    text = _TEMPLATE.read_text(encoding="utf-8").format(
        millions=(bundle / "model.safetensors").stat().st_size / 2e6,
        minutes=training.get("minutes", 0),
        samples=f"{training.get('samples', 0):,}".replace(",", " "),
        seed=training.get("seed", "?"),
        test_seed=figures[0].split(";")[0].removeprefix("Seed ") if figures else "1",
        figures="\n".join(figures),
        people=_PEOPLE.format(people) if people else "not measured",
    )
    (bundle / "README.md").write_text(text, encoding="utf-8")
