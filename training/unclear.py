"""Open-domain English that the practice brain must refuse.

A quarter of the templates and words is kept for tests.
"""
# ruff: noqa: SIM905 - word lists read better as text

import random

_PEOPLE = (
    "my brother|my sister|the doctor|our teacher|a friend of mine|the nurse|my boss|her mother|"
    "the driver|nobody"
).split("|")
_THINGS = (
    "window|kitchen light|red car|old house|garden gate|coffee machine|radio|phone|blue jacket|"
    "front door|camera|letter|train ticket|bicycle|washing machine|fence|piano|guitar|newspaper|"
    "sandwich|suitcase|umbrella"
).split("|")
_PLACES = (
    "the mountains|london|the city|the market|the beach|school|the station|france|the garden|"
    "the office|a small village"
).split("|")
_VERBS = "bought|sold|painted|lost|found|repaired|wants|needs|forgot|carried|opened|broke".split("|")
_TEMPLATES = (
    "{person} {verb} the {thing}",
    "{person} lives in {place}",
    "please close the {thing}",
    "turn off the {thing} now",
    "where is {place}",
    "i left the {thing} in {place}",
    "who {verb} this {thing}",
    "what time does the train leave for {place}",
    "what is the capital of france",
    "the weather in {place} is nice today",
    "remember to call {person} tomorrow",
    "turn the heating up a little",
    "{person} has seven cats and one dog",
    "play some music for me",
    "is it going to rain in {place}",
    "write a poem about {person}",
    "the quick brown fox jumps over the lazy dog",
    "what is the name of {person}",
    "how far is it to {place}",
    "i would like a cup of coffee please",
    "do you know where {person} is",
    "the price of the {thing} went up again",
    "we arrived in {place} late at night",
    "can you open the {thing} please",
    "read me the news",
    "how old is {person}",
    "there are twenty people in {place}",
    "{person} and {person} went to {place}",
    "paint the {thing} blue",
    "i think the {thing} is broken",
    "yes i think so",
    "no that is wrong",
    "what do you mean by that",
    "maybe later",
    "let me think about it",
    "what is love",
    "how much does the {thing} cost",
    "give me the {thing} and go to {place}",
    "order two pizzas with extra cheese",
    "good evening everyone",
    "thirty people live in {place}",
    "the bus number forty seven goes to {place}",
)
_WORDS = (
    "apple bird fish goat hat ink jam king lamp moon nest orange pen queen rain sun tree van water "
    "yellow zebra river stone bread chair table music paper plane horse mouse sheep tiger lion bear "
    "frog snake spider cloud storm snow wind fire night summer winter green white brown happy sad angry "
    "tired hungry school student island ocean bridge street corner bottle button candle carpet circle "
    "copper cotton dinner dragon engine family finger flower forest ghost grape hammer heart honey "
    "ladder lemon mirror money monkey needle onion parrot pencil pepper planet pocket potato rabbit "
    "ribbon robot salad sailor silver singer sugar tomato turtle village violin yes no maybe because "
    "although running jumping thought through computer electricity photograph vegetable understand "
    "yesterday government beautiful "
).split()
_SLOTS = (("{person}", _PEOPLE), ("{thing}", _THINGS), ("{place}", _PLACES), ("{verb}", _VERBS))
NOISE = "<noise>"
"The whole text of a clip that holds no speech."


def sentence(rng: random.Random, *, test: bool) -> str:
    """A sentence (three in four), or one to four unrelated words. Templates 0, 4, 8 … are for tests only."""
    if rng.random() < 0.25:
        words = _WORDS[::4] if test else [w for i, w in enumerate(_WORDS) if i % 4]
        return " ".join(rng.choice(words) for _ in range(rng.choice((1, 1, 2, 3, 4))))
    templates = _TEMPLATES[::4] if test else [t for i, t in enumerate(_TEMPLATES) if i % 4]
    text = rng.choice(templates)
    for slot, choices in _SLOTS:
        while slot in text:
            text = text.replace(slot, rng.choice(choices), 1)
    return text
