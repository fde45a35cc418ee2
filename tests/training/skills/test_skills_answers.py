"""Every family's reply is right by a computation of its own, made from the words and the sounds alone."""

import datetime
import itertools
import random
import re

import pytest

from model.numerals import numbers_of, spell
from training.skills import registry
from training.skills.dates import LENGTHS, MONTHS
from training.skills.logic import KINDS, NAMES
from training.skills.question import Measured, Question
from training.skills.registry import FAMILIES, conversation, draw, imagined, spoken

COUNT = 150


def _drawn(name: str) -> list[tuple[Question, str]]:
    """Questions that need nothing before them, with their replies."""
    rng = random.Random(f"answers {name}")
    found = []
    for i in range(COUNT):
        question = draw(name, rng, test=i % 2 == 0)
        found.append((question, registry.reply(question, imagined(question, rng))))
    return found


def _words(number: int) -> str:
    return " ".join(spell(number))


def _ends_with(reply: str, number: int) -> bool:
    """The number is said last, and no longer one that ends alike."""
    return reply.lower().endswith(f" is {_words(number)}.")


@pytest.mark.parametrize("name", ["sum", "hundreds", "times", "product", "chain", "long", "mixed"])
def test_sums_come_to_what_python_says(name: str) -> None:
    for question, reply in _drawn(name):
        signs = {"plus": "+", "minus": "-", "times": "*"}
        terms, run = [""], list[str]()
        for word in [*question.words, "plus"]:
            if word in signs:
                terms += [str(numbers_of(run)[0]), signs[word]]
                run = []
            elif numbers_of([word]) or word == "hundred":
                run.append(word)
        assert _ends_with(reply, eval("".join(terms[:-1]))), (question.words, reply)


def test_comparisons_are_true() -> None:
    for question, reply in _drawn("compare"):
        text = " ".join(question.words)
        a, b = (numbers_of(part.split())[0] for part in re.split(" or | than ", text))
        first, second = (numbers_of(part.split())[0] for part in reply.lower().rstrip(".").split(" than "))
        assert {a, b} == {first, second}
        assert (first > second) == ("more than" in reply)
        if text.startswith("is "):
            more = any(word in text.split() for word in ("more", "larger", "bigger", "greater", "higher"))
            assert reply.startswith("Yes") == ((a > b) == more), (text, reply)


def test_the_extreme_is_the_extreme_and_order_is_order() -> None:
    for question, reply in _drawn("extreme"):
        numbers = numbers_of(question.words)
        most = any(word in question.words for word in ("largest", "biggest", "highest"))
        assert reply.lower().startswith(_words(max(numbers) if most else min(numbers)) + " is")
    for question, reply in _drawn("sort"):
        most = any(word in question.words for word in ("largest", "biggest", "highest"))
        wanted = sorted(numbers_of(question.words), reverse=most)
        assert reply.lower() == ", ".join(map(_words, wanted)) + "."


def test_lists_of_numbers_can_be_heard_in_one_way_only() -> None:
    for name in ("extreme", "sort", "compare", "digits"):
        for question, _ in _drawn(name):
            assert tuple(numbers_of(question.words)) == question.numbers


def test_digits_come_back_forward_and_backward() -> None:
    for question, reply in _drawn("digits"):
        assert [_words(n) for n in numbers_of(question.words)] == reply.lower().rstrip(".").split(", ")
    for question, reply in _drawn("backwards"):
        assert [_words(n) for n in numbers_of(question.words)][::-1] == reply.lower().rstrip(".").split(", ")


def test_spelling_and_letters() -> None:
    for question, reply in _drawn("spell"):
        assert reply.lower().rstrip(".").replace(", ", "") in question.words
    for question, reply in _drawn("unspell"):
        assert reply.lower().rstrip(".").replace(", ", "")[::-1] in question.words
    for question, reply in _drawn("letters"):
        assert numbers_of(reply.split()) == [len(question.facts[0])]
        assert question.facts[0] in question.words


def test_who_lies_is_the_one_way_in_which_all_sayings_agree() -> None:
    for question, reply in _drawn("lies"):
        text = " ".join(question.words).replace("tells the truth", "honest")
        statements = text.split(" does ")[0]
        asked = text.split(" does ")[1].split()[0]
        names = [name for name in NAMES if name in text.split()]
        worlds = []
        for honest in itertools.product((True, False), repeat=len(names)):
            world = dict(zip(names, honest, strict=True))
            first = statements.split()
            fine = world[first[0]] == (first[1] == "honest")
            for who, about, what in re.findall(r"(\w+) says (\w+) (lies|honest)", statements):
                fine &= (world[about] == (what == "honest")) == world[who]
            if fine:
                worlds.append(world)
        assert len(worlds) == 1
        assert reply == (
            f"Yes, {asked.capitalize()} tells the truth."
            if worlds[0][asked]
            else f"No, {asked.capitalize()} lies."
        )


def test_a_walk_ends_where_complex_numbers_say() -> None:
    back = 0
    for question, reply in _drawn("walk"):
        place, facing, count = 0j, 1, None
        for word in question.words[: question.words.index("am")]:
            ways = {"forward": 1, "back": -1, "left": 1j, "right": -1j}
            if word in ways and count is not None:
                place += count * ways[word]
                count = None
            elif numbers_of([word]):
                place += facing * (count or 0)
                count = numbers_of([word])[0]
            elif word == "around":
                place += facing * (count or 0)
                facing, count = -facing, None
        place += facing * (count or 0)
        back += reply.startswith("Yes")
        assert reply.startswith("Yes") == (place == 0), (question.words, reply)
    assert 0.3 * COUNT < back < 0.7 * COUNT


def test_only_things_of_the_kind_are_counted() -> None:
    for question, reply in _drawn("objects"):
        text = " ".join(question.words)
        kind = re.search(r"how many (\w+)", text).group(1)  # type: ignore[union-attr]
        total = sum(
            numbers_of([count])[0]
            for count, thing in re.findall(
                r"(\w+) (\w+?)s?(?= |$)", text.split(" how ")[0].replace("and ", "")
            )
            if thing in KINDS[kind] and numbers_of([count])
        )
        assert numbers_of(reply.split()) == [total], (text, reply)


def test_days_months_and_hours_agree_with_a_calendar() -> None:
    monday = datetime.date(2024, 1, 1)
    days = [(monday + datetime.timedelta(i)).strftime("%A") for i in range(7)]
    for question, reply in _drawn("day"):
        text = " ".join(question.words)
        start = next(i for i, day in enumerate(days) if day.lower() in text)
        count = (numbers_of(question.words) or [1])[0]
        sign = -1 if "before" in text or "yesterday" in text else 1
        assert reply == f"That is {days[(start + sign * count) % 7]}."
    for question, reply in _drawn("month"):
        at = next(i for i, month in enumerate(MONTHS) if month in question.words)
        count = (numbers_of(question.words) or [1])[0] * (-1 if "before" in question.words else 1)
        assert reply == f"That is {MONTHS[(at + count) % 12].capitalize()}."
    for question, reply in _drawn("hour"):
        count, start = numbers_of(question.words)
        found = (start - count if "before" in question.words else start + count) % 12 or 12
        assert reply == f"That is {_words(found)} o'clock."
    for question, reply in _drawn("monthdays"):
        month = next(month for month in MONTHS if month in question.words)
        assert numbers_of(reply.split()) == [LENGTHS[MONTHS.index(month)]]


def test_lengths_of_time() -> None:
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
    for question, reply in _drawn("lasts"):
        small, count, large = question.words[2], numbers_of(question.words)[0], question.words[-1]
        if small == "months":
            assert numbers_of(reply.lower().split()) == [12 * count]
            continue
        ratio = seconds[large.rstrip("s")] // seconds[small.rstrip("s")]
        assert numbers_of(reply.lower().split()) == [ratio * count]


@pytest.mark.parametrize("name", ["count", "countsum", "countmore", "sound"])
def test_counts_go_by_what_was_measured_and_else_by_what_should_sound(name: str) -> None:
    rng = random.Random(8)
    for _ in range(COUNT):
        question = draw(name, rng)
        events = dict(question.how.events)
        reply = registry.reply(question, Measured(events=question.how.events)).lower()
        assert reply == registry.reply(question).lower()
        if name == "count":
            count = events.get(question.facts[0], 0)
            assert reply.split()[0] == (_words(count) if count else "no")
        if name == "countsum":
            kind, sign, other = question.facts
            count = events.get(kind, 0)
            assert _ends_with(reply, eval(f"{count}{sign}{other}"))
        if name == "countmore":
            first, second = (events.get(kind, 0) for kind in question.facts)
            assert reply.startswith("yes") == (first > second)


def test_a_claim_is_true_when_the_measured_side_is_the_one_that_was_claimed() -> None:
    rng = random.Random(9)
    for _ in range(COUNT):
        question = draw("claim", rng)
        measured = imagined(question, rng)
        how = question.how
        side = next(s for s in (how.pace, how.pitch, how.loudness, how.end, how.noise, how.line) if s)
        said = registry.reply(question, measured)
        assert said.startswith("Yes" if side == question.facts[1] else "No")


def test_follow_ups_go_on_from_the_reply_that_was_heard() -> None:
    rng = random.Random(10)
    for _ in range(COUNT):
        past, question = conversation(rng, "addto")
        turns = spoken(past)
        reply = registry.reply(question, Measured(), turns)
        whole = turns and turns[-1][0].skill in registry.NUMERIC and turns[-1][1].endswith(".")
        if not whole or " is " not in turns[-1][1]:
            assert reply == "I have no number yet. Ask me a whole sum."
            continue
        if " is minus" in turns[-1][1]:
            assert reply == "That goes too far for me."
            continue
        value = numbers_of(turns[-1][1].rsplit(" is ", 1)[1].rstrip(".").split())[0]
        for sign, number in zip(question.signs, question.numbers, strict=True):
            value = eval(f"{value}{sign}{number}")
        if reply != "That goes too far for me.":
            assert _ends_with(reply, value)


def test_flip_which_next_again_said_earlier() -> None:
    def past(*turns: tuple[str, str, str]) -> list[tuple[Question, str]]:
        return [(Question(skill, tuple(words.split())), reply) for skill, words, reply in turns]

    def reply(name: str, *facts: str, past: list[tuple[Question, str]]) -> str:
        return registry.reply(Question(name, ("x",), facts=facts), Measured(), past)

    digits = past(("digits", "four seven", "Four, seven, one."))
    assert reply("flip", past=digits) == "One, seven, four."
    assert reply("flip", past=past(("spell", "spell cat", "C, A, T."))) == "T, A, C."
    assert reply("flip", past=[]) == "There is nothing to go on from."
    compared = past(("compare", "is nine more than four", "Yes, nine is more than four."))
    assert reply("which", "less", past=compared) == "Four is less than nine."
    assert reply("next", "before", past=past(("day", "…", "That is Monday."))) == "That is Sunday."
    both = past(("talk", "hi", "Hello!"), ("sum", "one plus one", "One plus one is two."))
    assert reply("again", past=both) == "One plus one is two."
    assert reply("earlier", past=both) == "Hello!"
    assert reply("said", past=both) == "You said: one plus one."
    assert reply("again", past=[]) == "I have not said anything yet."
    sums = past(("sum", "…", "One plus one is two."), ("sum", "…", "Four plus nine is thirteen."))
    assert reply("both", past=sums) == "Two plus thirteen is fifteen."
    assert reply("both", past=sums[:1]) == "I have no number yet. Ask me a whole sum."


def test_what_goes_beyond_999_is_worked_out_and_then_said_to_go_too_far() -> None:
    past: list[tuple[Question, str]] = [
        (Question("sum", ("x",)), "Nine hundred plus four is nine hundred four."),
        (Question("sum", ("x",)), "Ninety plus six is ninety six."),
    ]
    both, more = Question("both", ("x",)), Question("addto", ("x",), (9, 5), ("*", "+"))
    plus, minus = Question("addto", ("x",), (99,), ("+",)), Question("addto", ("x",), (97, 5), ("-", "+"))
    for question, turns, lines in (
        (both, past, ["904+96: 4+6=10, 0+9+1=10, 9+0+1=10, 1000", "too far"]),
        (more, past[:1], ["too far"]),
        (plus, past[:1], ["904+99: 4+9=13, 0+9+1=10, 9+0+1=10, 1003", "too far"]),
        (minus, past, ["96-97: below, 7-6=1, 9-9=0, -1", "too far"]),
    ):
        assert registry.lines(question, Measured(), turns) == lines
        assert registry.reply(question, Measured(), turns) == "That goes too far for me."
        assert registry.held(question, turns) == ""
    assert registry.reply(both, Measured(), [past[1], past[1]]).endswith(" is one hundred ninety two.")


def test_from_below_zero_nothing_goes_on_and_nobody_is_told_that_there_was_no_number() -> None:
    below = (Question("sum", ("x",)), "Four minus nine is minus five.")
    above, other = (Question("sum", ("x",)), "One plus one is two."), (Question("talk", ("hi",)), "Hello!")
    both, more = Question("both", ("x",)), Question("addto", ("x",), (5,), ("+",))
    for question, turns in ((both, [below, above]), (both, [above, below]), (more, [above, below])):
        assert registry.lines(question, Measured(), turns) == ["too far"]
        assert registry.reply(question, Measured(), turns) == "That goes too far for me."
    for question, turns in ((both, [below]), (both, [other, below]), (more, [other]), (more, [])):
        assert registry.lines(question, Measured(), turns) == ["no number"]
        assert registry.reply(question, Measured(), turns) == "I have no number yet. Ask me a whole sum."


def test_a_reply_that_was_cut_gives_no_number() -> None:
    cut = [(Question("sum", ("x",)), "Forty plus nine is forty")]
    assert registry.reply(Question("addto", ("plus", "one"), (1,), ("+",)), Measured(), cut).startswith(
        "I have no"
    )


def test_the_second_time_it_says_what_it_can_do() -> None:
    rng = random.Random(11)
    first = draw("unclear", rng)
    sorry = registry.reply(first)
    again = registry.reply(draw("unclear", rng), Measured(), [(first, sorry)])
    assert sorry != again
    assert "Ask me a sum" in again


def test_every_family_is_drawn_in_the_suggested_corpus() -> None:
    assert set(registry.SHARES) == set(FAMILIES)
    assert min(registry.SHARES.values()) > 0
