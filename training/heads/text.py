"""Draws what people say with pauses in it: whole turns in pieces, and short bursts over somebody's voice.

A quarter of the operands, templates and words is kept for tests, as everywhere in training.
"""
# ruff: noqa: SIM905 - word lists read better as text

import random
from dataclasses import dataclass

from model.numerals import spell
from training.skills import registry
from training.skills.talk import TALK_REPLY
from training.skills.voice import ASKED

SKILLS = {
    "sum": 0.3,
    "chain": 0.12,
    "long": 0.1,
    "times": 0.06,
    "pitch": 0.04,
    "pace": 0.04,
    "loudness": 0.03,
    "talk": 0.07,
    "open": 0.24,
}
"Shares of turns. `open` is English outside the brain's language: there the words are not known."
FILLERS = ("um", "uh", "er", "hmm", "well", "let me see")
INTERRUPTIONS = (
    "stop|stop stop|wait|wait wait|no no|no|hold on|hang on|sorry|excuse me|no that's wrong|stop it|be quiet|"
    "hey|listen|but|one moment|that's not what i asked|i meant|can i ask something|never mind|enough"
).split("|")
BACKCHANNELS = (
    "yeah|right|okay|i see|sure|wow|uh-huh|oh|yep|really|got it|yeah yeah|right right|okay okay|nice|"
    "of course|true|oh wow|alright|great"
).split("|")
HUMS = (
    "[[m-h'm-]]|[[m'hm']]|[[@mh'@m]]|[[m:h'm:]]|[['m-]]|[[m'm]]|[['mhm]]|[['VhV]]|[['@~h'@~]]|[[h'm-]]|[['m-m]]"
).split("|")
"Closed-mouth backchannels, in espeak mnemonics."
HUMS_SPELLED = ("um hum", "uh huh", "hum", "mum hum", "um um")
"The same for voices without mnemonics."
_ONSETS = "b|d|f|g|h|k|l|m|n|p|r|s|t|v|w|z|ch|sh|th|st|tr|br|pl|gr|sl|kw|".split("|")
_VOWELS = "a|e|i|o|u|ee|oo|ai|ow|er|ar|oy".split("|")
_CODAS = "|||n|m|t|k|s|l|r|nd|st|p|ng|z".split("|")
_SMALL = (
    "the|a|of|to|and|in|is|it|you|we|that|was|for|on|are|with|they|be|at|this|have|from|or|had|not".split("|")
)
_LABELS = frozenset("high low fast slow loud soft".split())
_ABOUT_VOICE = frozenset("voice speak speaking speech".split())
_SIGNS = ("plus", "minus", "times")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words between two pauses."""

    text: str
    "With its punctuation, as the voice is to read it."
    drawn: float = 1.0
    "How much longer the end of the last word is drawn out."
    whole: bool = False
    "The turn is over after this piece."
    likely: bool = False
    "Not whole, but the words so far would do: nobody can tell by them."


@dataclass(frozen=True, slots=True)
class Turn:
    """What one person says, in pieces with pauses between. The last may break off for good."""

    skill: str
    pieces: tuple[Piece, ...]
    flows: bool = False
    "Said in one breath and cut between words: the melody knows nothing of the pauses."

    @property
    def open(self) -> bool:
        return self.skill == "open"


def would_do(skill: str, words: tuple[str, ...]) -> bool:
    """The beginning of a turn is itself something that could be answered."""
    if skill in ("sum", "chain", "long", "times"):
        signs = [i for i, word in enumerate(words) if word in _SIGNS]
        return bool(signs) and signs[-1] < len(words) - 1
    if skill == "talk":
        return " ".join(words) in TALK_REPLY
    if skill in ASKED:
        return bool(_LABELS & set(words)) and bool(_ABOUT_VOICE & set(words))
    return False


def _ended(words: tuple[str, ...], rng: random.Random) -> Piece:
    text = " ".join(words) + rng.choices((".", "?", ""), (0.35, 0.3, 0.35))[0]
    return Piece(text, rng.uniform(1.0, 1.3) if rng.random() < 0.2 else 1.0, whole=True)


def _broken(words: tuple[str, ...], likely: bool, rng: random.Random) -> Piece:
    """Often with the very melody of a finished sentence, so that it cannot be told by melody alone."""
    text, kind = " ".join(words), rng.random()
    if kind < 0.33:
        return Piece(text + rng.choice((".", ".", "?")), likely=likely)
    if kind < 0.66:
        return Piece(text + rng.choice((",", ",", "")), likely=likely)
    if kind < 0.83:
        return Piece(text + rng.choice((",", "", ".")), rng.uniform(1.6, 2.8), likely=likely)
    return Piece(f"{text}{rng.choice((',', ''))} {rng.choice(FILLERS)},", rng.choice((1.0, 1.0, 1.8)))


def babble(rng: random.Random) -> str:
    """One to eight invented words among small English ones: any speech that is not the brain's language."""
    words = []
    for _ in range(rng.choice((1, 2, 3, 4, 5, 6, 8))):
        syllables = rng.choices((1, 2, 3), (0.5, 0.38, 0.12))[0]
        made = "".join(
            rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(syllables)
        )
        words.append(rng.choice(_SMALL) if rng.random() < 0.35 else made)
    return " ".join(words)


def _words_of(skill: str, rng: random.Random, *, test: bool) -> tuple[str, ...]:
    if skill == "open" and not test and rng.random() < 0.5:
        return tuple(babble(rng).split())
    return registry.draw("unclear" if skill == "open" else skill, rng, test=test).words


def draw_turn(rng: random.Random, *, test: bool) -> Turn:
    """A turn with no to three pauses in it; a sixth of them never come to an end."""
    skill = rng.choices(list(SKILLS), list(SKILLS.values()))[0]
    words = _words_of(skill, rng, test=test)
    borders = list(range(1, len(words)))
    count = min(len(borders), rng.choices((0, 1, 2, 3), (0.2, 0.5, 0.22, 0.08))[0])
    cuts, pieces, start = sorted(rng.sample(borders, count)), list[Piece](), 0
    if rng.random() < 0.04:
        pieces.append(Piece(rng.choice(FILLERS) + ","))
    for cut in cuts:
        pieces.append(_broken(words[start:cut], would_do(skill, words[:cut]), rng))
        start = cut
    if not cuts or rng.random() < 0.83:
        pieces.append(_ended(words[start:], rng))
    return Turn(skill, tuple(pieces))


def draw_flowing(rng: random.Random, *, test: bool) -> Turn:
    """A turn to be said in one breath and then cut between words."""
    skill = rng.choices(list(SKILLS), list(SKILLS.values()))[0]
    words = _words_of(skill, rng, test=test)
    count = min(len(words) - 1, rng.choice((1, 1, 2)))
    cuts, pieces, start = sorted(rng.sample(range(1, len(words)), count)), list[Piece](), 0
    for cut in cuts:
        pieces.append(Piece(" ".join(words[start:cut]), likely=would_do(skill, words[:cut])))
        start = cut
    return Turn(skill, (*pieces, Piece(" ".join(words[start:]), whole=True)), flows=True)


def draw_words(rng: random.Random, *, test: bool) -> str:
    """Something said to be answered; now and then it begins like a backchannel."""
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(INTERRUPTIONS)
    if kind < 0.4:
        return " ".join(spell(rng.randint(0, 99)))
    if kind < 0.62 and not test:
        return babble(rng)
    skill = rng.choices(list(SKILLS), list(SKILLS.values()))[0]
    text = " ".join(registry.draw("unclear" if skill == "open" else skill, rng, test=test).words)
    return f"{rng.choice(BACKCHANNELS[:6])} {text}" if kind < 0.68 else text


def draw_backchannel(rng: random.Random, *, mnemonics: bool) -> str:
    """What a listener says: a third of them with a closed mouth."""
    if rng.random() < 0.36:
        return rng.choice(HUMS if mnemonics else HUMS_SPELLED)
    return rng.choice(BACKCHANNELS) + rng.choice((".", ",", "", "!"))
