"""Models that hear, by the classes that transformers has for them, behind the same ports as ours."""
