"""Thought apart from answer, answer into phrases, phrases clean; the same however the stream is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.phrases import Phraser, ThinkSplitter, speakable

# --- thought and answer ----------------------------------------------------------------------------------

PIECES = st.sampled_from(
    ["<think>", "</think>", "<thinking>", "</thinking>", "<THINK>", "</Think>", "<", "</", "thin", "k>", ">",
     "<th", " ", "\n", "a", "five.", "<b>", "think"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=25).map("".join)


def split(text: str, cuts: list[int], *, thinking: bool = True) -> tuple[str, str]:
    """What comes out of a text that arrives in pieces."""
    splitter = ThinkSplitter(thinking=thinking)
    borders = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in itertools.pairwise(borders)]
    both = [*map(splitter.feed, pieces), splitter.finish()]
    return "".join(thought for thought, _ in both), "".join(answer for _, answer in both)


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("heard: two plus two\n</think>\nFour.", "heard: two plus two\n", "\nFour."),
        ("a</think>b", "a", "b"),
        ("a</THINK>b", "a", "b"),
        ("a</thinking>b", "a", "b"),
        ("<think>a</think>b", "a", "b"),
        ("\n<think>a</think>b", "\na", "b"),
        ("a<think>b</think>c</think>d", "abc", "d"),
        ("never closed", "never closed", ""),
        ("a < b </ think> c", "a < b </ think> c", ""),
        ("</think>no thought", "", "no thought"),
        ("a</think>use <think> tags</think>", "a", "use <think> tags</think>"),
        ("ends in <thi", "ends in <thi", ""),
    ],
)
def test_a_thought_that_the_prompt_opened(text: str, thought: str, answer: str) -> None:
    assert split(text, []) == (thought, answer)
    assert split(text, list(range(len(text)))) == (thought, answer)


@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("plain", "", "plain"),
        ("<think>a</think>b", "a", "b"),
        (" \n<think>a</think>b", "a", " \nb"),
        ("said <think>a</think>b", "", "said <think>a</think>b"),
        ("<thin", "", "<thin"),
        ("<b>bold</b>", "", "<b>bold</b>"),
        ("</think>b", "", "b"),
    ],
)
def test_a_thought_that_the_model_opens_itself(text: str, thought: str, answer: str) -> None:
    assert split(text, [], thinking=False) == (thought, answer)
    assert split(text, list(range(len(text))), thinking=False) == (thought, answer)


@given(TEXTS, st.lists(st.integers(0, 200), max_size=12), st.booleans())
def test_any_cut_of_a_stream_splits_like_the_whole(text: str, cuts: list[int], thinking: bool) -> None:
    assert split(text, cuts, thinking=thinking) == split(text, [], thinking=thinking)


@given(TEXTS.filter(lambda text: "</think>" not in text.lower() and "</thinking>" not in text.lower()))
def test_without_a_closing_marker_nothing_is_answer(text: str) -> None:
    assert split(text, [])[1] == ""


@given(TEXTS)
def test_nothing_but_markers_is_lost(text: str) -> None:
    thought, answer = split(text, [])
    kept = thought + answer
    rest = iter(text)
    assert all(each in rest for each in kept), "characters came out that did not go in, or in another order"
    assert len(text) - len(kept) <= 10 * text.lower().count("think>") + 11 * text.lower().count("thinking>")


def test_only_what_may_become_a_marker_is_held_back() -> None:
    splitter = ThinkSplitter(thinking=True)
    assert splitter.feed("seven <") == ("seven ", "")
    assert splitter.feed("b") == ("<b", "")
    assert splitter.feed("</thi") == ("", "")
    assert splitter.feed("nk>Yes") == ("", "Yes")
    assert splitter.feed("<") == ("", "<")


# --- phrases ---------------------------------------------------------------------------------------------


def phrases(text: str, cuts: list[int] | None = None) -> list[str]:
    """The phrases of a text that arrives in pieces."""
    phraser = Phraser()
    borders = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts or [])})
    found = []
    for a, b in itertools.pairwise(borders):
        found += phraser.feed(text[a:b])
    return found + phraser.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Forty two.", ["Forty two."]),
        ("Yes. It is.", ["Yes.", "It is."]),
        ("Well, I think so.", ["Well, I think so."]),
        ("Let me see, that is five.", ["Let me see,", "that is five."]),
        ("It costs 3.5 or 10,000 at 4:30 now. Yes!", ["It costs 3.5 or 10,000 at 4:30 now.", "Yes!"]),
        (
            "Dr. Who met Mrs. J. S. Bach at 5 p.m. sharp. Fine.",
            ["Dr. Who met Mrs. J. S. Bach at 5 p.m. sharp.", "Fine."],
        ),
        ("So do I. You too?", ["So do I.", "You too?"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("Wait... what?! Really?", ["Wait...", "what?!", "Really?"]),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("One line\n\n\nanother", ["One line", "another"]),
        ("  \n lead in", ["lead in"]),
        ("Visit example.com today. Bye.", ["Visit example.com today.", "Bye."]),
        ("你好。我很好，谢谢。", ["你好。", "我很好，谢谢。"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_where_phrases_end(text: str, expected: list[str]) -> None:
    assert phrases(text) == expected


def test_the_first_phrase_comes_as_soon_as_it_may() -> None:
    phraser = Phraser()
    assert phraser.feed("The answer is seven,") == []
    assert phraser.feed(" and") == ["The answer is seven,"]


def test_later_phrases_are_longer() -> None:
    text = "Let me see, one two three, four five six, seven eight nine ten, eleven."
    assert phrases(text) == ["Let me see,", "one two three, four five six, seven eight nine ten,", "eleven."]


def test_a_phrase_without_borders_is_cut_at_a_space() -> None:
    text = "word " * 60
    found = phrases(text)
    assert all(len(phrase) <= 120 for phrase in found)
    assert " ".join(found) == text.strip()


PROSE = st.lists(
    st.sampled_from(
        ["one", "Dr.", "3.5", "10,000,", "yes.", "no!", "why?", "well,", "so;", "e.g.", '"Oh."', "U.S.", "I.",
         "5.", "...", "\n", "  ", "then:", "—", "(aside)", "word" * 20]
    ),
    max_size=60,
).map(" ".join)  # fmt: skip


@given(PROSE, st.lists(st.integers(0, 1000), max_size=15))
def test_any_cut_of_a_stream_gives_the_phrases_of_the_whole(text: str, cuts: list[int]) -> None:
    assert phrases(text, cuts) == phrases(text)


@given(PROSE)
def test_one_character_at_a_time_gives_the_phrases_of_the_whole(text: str) -> None:
    assert phrases(text, list(range(len(text)))) == phrases(text)


@given(PROSE)
def test_phrases_hold_the_words_of_the_text_and_are_not_long(text: str) -> None:
    found = phrases(text)
    assert " ".join(found).split() == text.split()
    assert all(phrase and phrase == phrase.strip() for phrase in found)
    assert all(len(phrase) <= 120 + 12 for phrase in found)


# --- the second net --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Costs $5 (50%) — e.g. 10,000 #1 C# it's 20 °C, AT&T; 3 < 4 > 2, a/b", None),
        ("2*3*4 and 3 * 4 and -5 - 3 and x_1", None),
        ('He said "yes": good. She said \'no\'.', None),
        ("[laughs] and [5, 3]", None),
        ("**Bold**, *it*, __b__, _i_ and un**believ**able", "Bold, it, b, i and unbelievable"),
        ("**Note, this is", "Note, this is"),
        ("important** indeed", "important indeed"),
        ("# Title\n- first\n* second\n> third\n---\n1. fourth", "Title first second third 1. fourth"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("Read [the page](https://x.org/a) now [1].", "Read the page now."),
        ("See https://www.example.com/a?b=c#d.", "See example.com."),
        ("See www.example.com, or http://a@b.org:80/x!", "See example.com, or b.org!"),
        ("Look at file:///etc/passwd please", "Look at please"),
        ("Call `pip install` now", "Call pip install now"),
        ("Here: ```python\nx = 1\n``` done", "Here: done"),
        ("Here: ```python\nx = 1", "Here:"),
        ('{"name": "add", "arguments": {"a": "}"}} Five.', "Five."),
        ('{"name": "add", "argu', ""),
        ('"arguments": {"a": 3}}', ""),
        ('["a", "b"] ok', "ok"),
        ("{x: 3} ok", "ok"),
        ("<b>bold</b>ly <br>new <a href='x'>link</a>", "boldly new link"),
        ("<tool_call>x</tool_call>y<|im_end|><audio_123>", "y"),
        ("<!-- hidden --> seen", "seen"),
        ("<think>secret</think>Answer", "Answer"),
        ("<thinking>secret", ""),
        ("secret</think> Answer", "Answer"),
        ("AT&amp;T &lt;think&gt;x&lt;/think&gt;y &#65;", "AT&T y A"),
        ("Hi 😀! Ok 👍🏽 5️⃣ 👩‍👩‍👧 🇩🇪 → ★ ✓", "Hi! Ok 5"),
        ("he\x07llo\u200b wo\xadrld\u202e\ufeff", "hello world"),
        ("a\tb\u00a0c\u2028d\r\ne", "a b c d e"),
        (r"\boxed{5} and \frac{1}{2}", "5 and 1 2"),
        ("~~old~~ new", "old new"),
        ("...", ""),
        ("!?", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_what_a_voice_reads(text: str, spoken: str | None) -> None:
    assert speakable(text) == (text if spoken is None else spoken)


ORDINARY = st.text(alphabet="abcXYZ0123456789éüß'’ ,.;:!?()%$+/—-", max_size=80)


@given(ORDINARY)
def test_ordinary_words_come_out_exactly(text: str) -> None:
    words = text.split()
    bullet = all(set(word) <= set("-:") for word in words[:1])
    if not bullet and "://" not in text and "$$" not in text and any(each.isalnum() for each in text):
        assert speakable(text) == " ".join(words)


MARKUP = [
    "<think>", "</think>", "<b>", "</b>", "**", "*", "_", "`", "```", "{", "}", "[", "]", "(", ")", '"', ":",
    "&lt;", "&amp;", "lt;", "&", "|", "#", "http://a.b/", "www.c.de", "😀", "\\", "<|", "|>", "a", "5", ",",
    "key", "~~", "$$", "<tool_call>", "</tool_call>",
    "<!--", "-->",
]  # fmt: skip
NASTY = st.lists(st.sampled_from([*MARKUP, " ", "\n", "- ", "\0", "\u200d"]), max_size=25).map("".join)


@given(NASTY)
def test_what_was_cleaned_stays_as_it_is(text: str) -> None:
    clean = speakable(text)
    assert speakable(clean) == clean
    assert clean == " ".join(clean.split())


@given(NASTY | st.text(max_size=60))
def test_no_thought_code_or_control_character_is_ever_read(text: str) -> None:
    clean = speakable(text)
    for forbidden in ("<think", "</think", "```", "**", "{", "}", "|", "\0", "<|", "😀", "`", "://"):
        assert forbidden not in clean.lower()
    assert not clean or any(each.isalnum() for each in clean)
    assert all(each.isprintable() or each in "\u200c\u200d" for each in clean)


@given(st.text(alphabet="abc XYZ.,", max_size=30), st.text(alphabet="abc XYZ.,", max_size=30))
def test_a_thought_inside_a_phrase_is_never_read(secret: str, said: str) -> None:
    assert speakable(f"<think>{secret}</think>{said}") == speakable(said)


@given(st.text(alphabet="abc XYZ.,", max_size=30), st.text(alphabet="abc XYZ.,", max_size=30))
def test_a_call_inside_a_phrase_is_never_read(secret: str, said: str) -> None:
    assert speakable(f"{said} <tool_call>{secret}</tool_call>") == speakable(said)
    assert speakable(f"{said} <tool_call>{secret}") == speakable(said)
