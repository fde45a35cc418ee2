"""The one stream of every server: thought, marker, answer; nothing twice, no thought as words."""

from __future__ import annotations

import json
import random

import pytest

from model.http.canonical import Canonical
from model.http.dialect import Able, Bit, CallBit
from model.http.opening import opening
from pipeline.calls import CallFinder, Wanted, written
from pipeline.phrases import ThinkSplitter
from pipeline.ports import Limits, Piece
from pipeline.prompt import Reply, ToolCall

THINKER = Able(thinks=True, continues=True)
APART = Able(thinks=True, thoughts="apart")
OPENS = Able(thinks=True, thoughts="open")
PLAIN = Able()
OPEN = Reply()
CLOSED = Reply("A thought.\n", thinking=False)
WORDS = Reply(None, thinking=False)


def run(
    bits: list[Bit],
    reply: Reply,
    able: Able,
    *,
    begun: str = "",
    limits: Limits | None = None,
    why: str = "stop",
) -> list[Piece]:
    canonical = Canonical(reply, limits or Limits(), able)
    canonical.begin(begun)
    found: list[Piece] = []
    for bit in bits:
        found += canonical.feed(bit)
        if canonical.over:
            return found
    return found + canonical.finish(why)


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def texts(*said: str) -> list[Bit]:
    return [Bit(text=each) for each in said]


@pytest.mark.parametrize(
    ("bits", "reply", "able", "begun", "expected"),
    [
        # an open thought
        (texts(" six", ".</", "think>\n", "Eight."), OPEN, THINKER, "<think>\n", " six.</think>\nEight."),
        ([Bit("Six."), Bit("", "Eight.")], OPEN, APART, "", "Six.</think>\nEight."),
        ([Bit("Six."), Bit("", "\n\nEight.")], OPEN, THINKER, "<think>\n", "Six.</think>\nEight."),
        (texts("<thi", "nk>\nSix.", "</think>\n\nEight."), OPEN, PLAIN, "", "Six.</think>\nEight."),
        (texts("Six", ".</think>\n", "Eight."), OPEN, OPENS, "", "Six.</think>\nEight."),
        # a brain that does not think, or did not this time
        (texts("Eight", "."), OPEN, PLAIN, "", "</think>\nEight."),
        (texts("Eight."), OPEN, APART, "", "</think>\nEight."),
        (texts("Eight."), OPEN, Able(thinks=True, thoughts="marked"), "", "</think>\nEight."),
        # a closed thought, or none: words alone
        (texts(" Eight", "."), CLOSED, THINKER, "<think>\nA thought.\n</think>\n\n", " Eight."),
        (texts("\n\nEight."), CLOSED, THINKER, "<think>\nA thought.\n</think>\n\n", "Eight."),
        ([Bit("Six."), Bit("", "Eight.")], WORDS, APART, "", "Eight."),
        (texts("<think>Six.</th", "ink>\n\nEight."), WORDS, PLAIN, "", "Eight."),
        (texts("<", "3 is a heart."), WORDS, PLAIN, "", "<3 is a heart."),
        # a beginning that comes again
        (texts("<think>\n", "Six."), OPEN, THINKER, "<think>\n", "Six."),
        (
            texts("One, two, ", "three, four, five"), Reply(None, thinking=False, said="One, two, three,"),
            THINKER, "One, two, three,", " four, five",
        ),
        (
            texts("One, two, ", "three,", " ", "four"), Reply(None, thinking=False, said="One, two, three, "),
            THINKER, "One, two, three, ", "four",
        ),
        (
            texts("One, two, ", "three,"), Reply(None, thinking=False, said="One, two, three,"),
            THINKER, "One, two, three,", "",
        ),
        (texts("No.", " Really."), Reply(None, thinking=False, said="No."), THINKER, "No.", "No. Really."),
        # a server that calls all of a continued answer a thought
        ([Bit("Eight"), Bit(".")], CLOSED, THINKER, "<think>\nA thought.\n</think>\n\n", "Eight."),
        (
            [Bit("Eight"), Bit(".")], CLOSED, Able(thinks=True, continues=True, thoughts="mixed"),
            "<think>\nA thought.\n</think>\n\n", "Eight.",
        ),
    ],
)  # fmt: skip
def test_each_way_of_answering_gives_the_canonical_stream(
    bits: list[Bit], reply: Reply, able: Able, begun: str, expected: str
) -> None:
    found = run(bits, reply, able, begun=begun)
    assert text(found) == expected
    assert [piece.last for piece in found] == [False] * (len(found) - 1) + [True]


@pytest.mark.parametrize("seed", range(40))
def test_however_the_text_is_cut_what_comes_out_is_the_same(seed: int) -> None:
    dice = random.Random(seed)
    whole = "<think>\nI heard 3 < 4 and </ no.\n</think>\n\nYes: three is less. 🙂 Good."
    for reply, able in ((OPEN, PLAIN), (OPEN, THINKER), (WORDS, PLAIN)):
        cuts = sorted(dice.sample(range(1, len(whole)), dice.randint(1, 12)))
        parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        once, cut = run(texts(whole), reply, able), run(texts(*parts), reply, able)
        assert text(cut) == text(once)
        splitter = ThinkSplitter(thinking=reply.thinking)
        said = "".join(splitter.feed(piece.text)[1] for piece in cut) + splitter.finish()[1]
        assert said.strip() == "Yes: three is less. 🙂 Good."


def test_a_thought_that_nobody_asked_for_shows_life_and_no_text() -> None:
    found = run([Bit("So,"), Bit(" six"), Bit("", "Eight.")], WORDS, APART)
    assert [piece.text for piece in found] == ["", "", "Eight.", ""]
    assert len({piece.token for piece in found[:2]}) == 2, "different thoughts are no loop"


def test_a_thought_that_meets_its_limit_is_never_spoken_in_the_answers_place() -> None:
    assert text(run([Bit("Secret plans")], WORDS, APART, why="length")) == ""


def test_a_thought_that_meets_its_limit_stays_open() -> None:
    assert text(run([Bit("Six and")], OPEN, APART, why="length")) == "Six and"
    assert text(run([Bit("Six.")], OPEN, APART, why="stop")) == "Six.</think>\n"
    assert text(run(texts("Six and"), OPEN, THINKER, begun="<think>\n", why="length")) == "Six and"


def test_a_stop_text_ends_the_stream_in_the_piece_that_completes_it() -> None:
    limits = Limits(stop=("</think>",))
    found = run(texts("Six.", "</th", "ink>\nEig", "ht."), OPEN, THINKER, begun="<think>\n", limits=limits)
    assert [piece.text for piece in found] == ["Six.", "</th", "ink>"]
    assert found[-1].last
    apart = run([Bit("Six."), Bit("", "Eight.")], OPEN, APART, limits=limits)
    assert [(piece.text, piece.last) for piece in apart] == [("Six.", False), ("</think>", True)]


def test_a_call_in_parts_comes_whole_and_after_the_words() -> None:
    bits = [
        Bit("", "One moment."),
        Bit(calls=(CallBit(0, "a", "weather", '{"pla'),)),
        Bit(calls=(CallBit(1, "b", "clock"),)),
        Bit(calls=(CallBit(0, "", "", 'ce":"Oslo"}'),)),
    ]
    found = run(bits, WORDS, PLAIN, why="calls")
    first = written(ToolCall("", "weather", '{"place":"Oslo"}'))
    assert text(found) == "One moment." + first + written(ToolCall("", "clock", "{}"))


def test_a_call_instead_of_words_closes_the_thought_before_it() -> None:
    found = run([Bit("I must look."), Bit(calls=(CallBit(0, "a", "clock", "{}"),))], OPEN, APART, why="calls")
    assert text(found) == "I must look.</think>\n" + written(ToolCall("", "clock", "{}"))


def test_characters_in_halves_and_bytes_without_text_leave_no_marks() -> None:
    found = run(texts("Hi \ud83d", "\ude42", " \ufffdyou\ufffd"), WORDS, PLAIN)
    assert text(found) == "Hi 🙂 you"


def test_a_bit_of_several_tokens_counts_as_several_pieces() -> None:
    canonical = Canonical(WORDS, Limits(), PLAIN)
    found = canonical.feed(Bit("", "one two three four", tokens=3))
    assert [piece.text for piece in found] == ["one two", " three", " four"]
    assert canonical.tokens == 3


def test_what_was_written_is_the_reply_that_another_server_goes_on_from() -> None:
    canonical = Canonical(Reply("So: "), Limits(), THINKER)
    canonical.begin("<think>\nSo: ")
    canonical.feed(Bit("", "six"))
    assert canonical.written.reply == Reply("So: six")
    canonical.feed(Bit("", ".</th"))
    canonical.feed(Bit("", "ink>\n\nEight"))
    assert canonical.written.reply == Reply("So: six.", thinking=False, said="Eight")
    canonical.begin("<think>\nSo: six.\n</think>\n\nEight")
    found = canonical.feed(Bit("", " it is"))
    assert text(found) == " it is"
    assert canonical.written.reply.said == "Eight it is"


def test_an_empty_answer_still_closes_the_thought_and_ends() -> None:
    assert [(p.text, p.last) for p in run([], OPEN, PLAIN)] == [("</think>\n", False), ("", True)]
    assert [(p.text, p.last) for p in run([], WORDS, PLAIN)] == [("", True)]


@pytest.mark.parametrize("ids", [("", ""), ("a", "b")])
def test_calls_that_a_server_gives_the_same_number_stay_apart(ids: tuple[str, str]) -> None:
    """Gemini's and older Ollama's do; vLLM once gave every part of one call an id of its own."""
    bits = [
        Bit(calls=(CallBit(0, each, "weather", f'{{"place":"{place}"}}'),))
        for each, place in zip(ids, ("Oslo", "Rome"), strict=True)
    ]
    first, second = (written(ToolCall("", "weather", f'{{"place":"{each}"}}')) for each in ("Oslo", "Rome"))
    assert text(run(bits, WORDS, PLAIN, why="calls")) == first + second
    parts = [Bit(calls=(CallBit(0, "x", "clock", '{"a"'),)), Bit(calls=(CallBit(0, "y", "", ":1}"),))]
    assert text(run(parts, WORDS, PLAIN, why="calls")) == written(ToolCall("", "clock", '{"a":1}'))


def test_what_a_call_holds_cannot_end_it() -> None:
    arguments = json.dumps({"page": "<p>Hi</p></tool_call> and now?"})
    found = text(run([Bit(calls=(CallBit(0, "", "write\nx", arguments),))], WORDS, PLAIN, why="calls"))
    (wanted,) = CallFinder().feed(found)
    assert isinstance(wanted, Wanted)
    assert (wanted.name, json.loads(wanted.arguments)) == ("write x", json.loads(arguments))


@pytest.mark.parametrize("seed", range(60))
def test_wherever_servers_break_off_and_even_if_they_say_it_all_again_the_text_is_the_same(seed: int) -> None:
    dice = random.Random(seed)
    whole = "<think>\nSix and two, < that is </ eight.\n</think>\n\nEight it is, my friend. Really <3 so."
    able = Able(thinks=True, continues=True, thoughts=dice.choice(["", "marked", "open"]))
    canonical, said, fresh = Canonical(OPEN, Limits(), able), "", True
    while not canonical.over:
        begun = "" if fresh else opening(canonical.written.reply, able, gap="\n\n")
        assert whole.startswith(begun)
        canonical.begin(begun)
        rest = whole if dice.random() < 0.5 else whole[len(begun) :]
        found = list[Piece]()
        for at in range(0, len(rest), size := dice.randint(1, 12)):
            found += canonical.feed(Bit(text=rest[at : at + size]))
            if dice.random() < 0.1:
                break  # what was held back is lost with the server
        else:
            found += canonical.finish("stop")
        said += text(found)
        fresh = fresh and not text(found)
    assert said == "Six and two, < that is </ eight.\n</think>\nEight it is, my friend. Really <3 so."
