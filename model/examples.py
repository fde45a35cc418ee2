"""What the bundled brain can be asked, in words to say, each with the replies that are right: one list.

Whoever proposes something to a person takes it from here, so that nobody is sent to ask for what the brain
cannot do. It must never hold what was not tried with the very weights that are shipped: a test asks every
line aloud.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to ask."""

    say: str
    replies: tuple[str, ...]
    "What a right answer is; of a question about the voice, any of these."


EXAMPLES: dict[str, Example] = {
    "sum": Example("what is fourteen plus nine", ("Fourteen plus nine is twenty three.",)),
    "pace": Example("am i speaking fast or slow", ("You speak fast.", "You speak slowly.")),
    "long": Example(
        "what is forty seven plus thirty eight minus twelve plus five",
        ("Forty seven plus thirty eight minus twelve plus five, that is seventy eight.",),
    ),
    "backwards": Example("how do you spell monkey backwards", ("Y, E, K, N, O, M.",)),
    "claim": Example("i speak slowly is that right", ("No, you speak fast.", "Yes, you speak slowly.")),
    "day": Example("what day comes five days after monday", ("That is Saturday.",)),
    "chain": Example(
        "what is twelve plus six minus four", ("Twelve plus six minus four, that is fourteen.",)
    ),
    "pitch": Example("is my voice high or low", ("Your voice is high.", "Your voice is low.")),
    "times": Example("what is seven times eight", ("Seven times eight is fifty six.",)),
    "more": Example("which is more seventy eight or forty two", ("Seventy eight is more than forty two.",)),
    "sort": Example("sort seven one and sixteen", ("One, seven, sixteen.",)),
    "objects": Example(
        "i have five rabbits four goats and two cats how many animals do i have",
        ("You have eleven animals.",),
    ),
}
"""By what they show; the best to try first, first."""
