"""Open-domain English that the practice brain must refuse.

A quarter of the templates and words is kept for tests. What begins or ends as a question of the closed
language does and then is none (`_NEAR`) only trains: most of what was taken for a question was of this kind.
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
_NEAR = (
    "do you know how to cook rice",
    "do you know why {person} is late",
    "do you know when the {thing} was made",
    "do you know {person}",
    "do you like the {thing}",
    "do you live in {place}",
    "do you speak french",
    "do you remember {person}",
    "what do you want for dinner",
    "what do you see in {place}",
    "what do they say about the {thing}",
    "what does that word mean",
    "what did {person} say about {place}",
    "what did you have for breakfast",
    "what time did {person} leave",
    "what time does the shop close",
    "what day is the party in {place}",
    "what month did {person} move to {place}",
    "what is in the {thing}",
    "what is {person} doing in {place}",
    "what is the matter with the {thing}",
    "what is the best way to {place}",
    "what is wrong with {person}",
    "what's for lunch",
    "what's new in {place}",
    "how much is the {thing}",
    "how much is a ticket to {place}",
    "how many people live in {place}",
    "how many of them {verb} the {thing}",
    "how many days until {person} arrives",
    "how long does it take to {place}",
    "how loud is the {thing}",
    "how high is the {thing}",
    "how did {person} know",
    "how is {person} today",
    "tell me about {place}",
    "tell me where {person} {verb} the {thing}",
    "tell me a story about {person}",
    "work out where the {thing} is",
    "please compute the price of the {thing}",
    "calculate the way to {place}",
    "add milk to the shopping list",
    "add {person} to the call",
    "set the {thing} to ten degrees",
    "set the table for {person}",
    "set an alarm on the {thing}",
    "start the {thing} in five minutes",
    "start the car",
    "say hello to {person}",
    "say nothing about the {thing}",
    "say it to {person}",
    "repeat after {person}",
    "spell the name of {person}",
    "spell it out for {person}",
    "sort the letters on the {thing}",
    "put the {thing} in the {thing}",
    "put some sugar in my tea",
    "is it far to {place}",
    "is it cold in {place}",
    "is it true that {person} {verb} the {thing}",
    "is {person} older than {person}",
    "is {place} bigger than {place}",
    "which is the way to {place}",
    "which one did {person} want",
    "which bus goes to {place}",
    "was that {person} at the door",
    "was {person} in {place}",
    "are there more trains to {place}",
    "are you going to {place}",
    "are you sure about the {thing}",
    "can you call {person}",
    "can you see the {thing}",
    "can you drive to {place}",
    "am i late for the train",
    "am i allowed to open the {thing}",
    "i am going to {place}",
    "i am looking for the {thing}",
    "i have {count} minutes before {person} comes",
    "i have lost the {thing}",
    "i walked to {place} with {person}",
    "if {person} comes today we go to {place}",
    "{person} says it is cold in {place}",
    "{person} says the {thing} is new",
    "my voice is on the {thing}",
    "does {person} live in {place}",
    "does the {thing} work",
    "and what about {person}",
    "and then {person} {verb} it",
    "and the {thing}",
    "then go to {place}",
    "now open the {thing}",
    "now {person} is here",
    "twice a week",
    "{count} of the {thing}",
    "{count} years ago in {place}",
    "{count} times i called {person}",
    "room number {count} please",
    "it costs {count} dollars",
    "the {count} of us {verb} it",
    "minus the {thing}",
    "wait for {person}",
    "stop the {thing}",
    "thank {person} for the {thing}",
    "where did you put the {thing}",
    "where were you yesterday",
    "who is {person}",
    "who is there",
    "why is the {thing} so loud",
    "why not",
    "when does {person} come back",
    "could you say where the {thing} is",
)
_COUNTS = "two|three|four|five|six|seven|nine|ten|eleven|twelve|fifteen|twenty|thirty".split("|")
NEAR = 0.4
"Share of `_NEAR` in training."
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
_SLOTS = (("{person}", _PEOPLE), ("{thing}", _THINGS), ("{place}", _PLACES), ("{verb}", _VERBS),
          ("{count}", _COUNTS))  # fmt: skip
NOISE = "<noise>"
"The whole text of a clip that holds no speech."


def sentence(rng: random.Random, *, test: bool) -> str:
    """A sentence (three in four), or one to four unrelated words. Templates 0, 4, 8 … are for tests only."""
    if rng.random() < 0.25:
        words = _WORDS[::4] if test else [w for i, w in enumerate(_WORDS) if i % 4]
        return " ".join(rng.choice(words) for _ in range(rng.choice((1, 1, 2, 3, 4))))
    templates = _TEMPLATES[::4] if test else [t for i, t in enumerate(_TEMPLATES) if i % 4]
    if not test and rng.random() < NEAR:
        templates = [*_NEAR]
    text = rng.choice(templates)
    for slot, choices in _SLOTS:
        while slot in text:
            text = text.replace(slot, rng.choice(choices), 1)
    return text
