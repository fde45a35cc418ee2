"""Which tokens an answer rests on, and when each was first written."""

from __future__ import annotations

from talk_scene import FIRST, ONE, PREDICTED, SECOND, SPAN

from agent.streams import Streams, Written, made_of
from pipeline.events import CommitDraft, DropDraft, StartDraft, Think
from pipeline.records import Noted, Thought
from pipeline.trace import Item


def _streams(*items: Item) -> Streams:
    """Items a second apart."""
    streams = Streams()
    for at, item in enumerate(items):
        streams.see(item, float(at))
    return streams


def _behind(streams: Streams) -> list[tuple[str, float]]:
    return [(each.text, each.at) for each in streams.behind()]


def test_an_answer_rests_on_what_its_draft_took_over_as_it_was_first_written_and_wrote_itself() -> None:
    streams = Streams()
    for entry in PREDICTED:
        streams.see(entry.item, entry.at)
    assert _behind(streams) == [
        ("heard: one", 2.0), (" plus", 2.1), (" two\n", 4.0), ("1+2", 4.3), ("+4", 5.0), ("=7\n", 5.1),
        ("so 7\n", 5.7),
    ]  # fmt: skip


def test_before_a_commit_and_after_it_is_void_nothing_rests_on_anything() -> None:
    begun: tuple[Item, ...] = (StartDraft(ONE, FIRST, SPAN), Thought(1, 1, "a"))
    assert _behind(_streams(*begun)) == []
    assert _behind(_streams(*begun, CommitDraft(ONE, FIRST))) == [("a", 1.0)]
    assert _behind(_streams(*begun, CommitDraft(ONE, FIRST), DropDraft(ONE, FIRST))) == []
    anew = (StartDraft(ONE, SECOND, SPAN), Thought(1, 2, "a", 1), Thought(1, 2, "b"))
    void = _streams(*begun, CommitDraft(ONE, FIRST), DropDraft(ONE, FIRST), *anew, CommitDraft(ONE, SECOND))
    assert _behind(void) == [("a", 1.0), ("b", 6.0)]


def test_a_draft_finds_what_it_took_over_in_a_thought_that_has_been_overtaken_since() -> None:
    streams = _streams(
        Thought(1, 0, "one"), Thought(1, 0, " two"), Thought(1, 0, " three"),
        StartDraft(ONE, FIRST, SPAN),
        Thought(1, 0, "one", 1), Thought(1, 0, " for"),  # of more sound, while the draft is being read
        Thought(1, 1, "one two three", 3), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("one", 0.0), (" two", 1.0), (" three", 2.0)]


def test_what_was_taken_over_twice_keeps_its_first_time() -> None:
    streams = _streams(
        Thought(1, 0, "a"), Thought(1, 0, "b"), Thought(1, 0, "a", 1), Thought(1, 0, "c"),
        Thought(1, 0, "ac", 2), Thought(1, 0, "d"), Thought(1, 1, "acd", 3), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("a", 0.0), ("c", 3.0), ("d", 5.0)]


def test_a_text_that_ends_within_a_token_takes_over_a_part_of_it() -> None:
    streams = _streams(Thought(1, 0, "twenty"), Thought(1, 1, "twen", 1), CommitDraft(ONE, FIRST))
    assert _behind(streams) == [("twen", 0.0)]


def test_a_text_that_nobody_wrote_counts_from_where_it_was_told() -> None:
    streams = _streams(Thought(1, 0, "one"), Thought(1, 1, "two", 1), CommitDraft(ONE, FIRST))
    assert _behind(streams) == [("two", 1.0)]


def test_a_draft_without_a_prediction_rests_on_no_thought_of_listening() -> None:
    streams = _streams(Thought(1, 0, "one"), Thought(1, 1, "one"), CommitDraft(ONE, FIRST))
    assert _behind(streams) == [("one", 1.0)]


def test_notes_that_stood_when_the_draft_began_count_and_later_ones_do_not() -> None:
    streams = _streams(
        Thought(1, 0, "heard: one\n"), Noted(1, 0, 25, "heard: one\n", cut=False),
        Thought(1, 0, "heard: two\n"),
        StartDraft(ONE, FIRST, SPAN), Thought(1, 1, "1+2\n"),
        Noted(1, 0, 50, "heard: two\n", cut=False), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("heard: one\n", 0.0), ("1+2\n", 4.0)]


def test_a_thought_that_was_not_kept_is_in_no_later_note() -> None:
    streams = _streams(
        Thought(1, 0, "7\n"), Think(ONE, SPAN), Thought(1, 0, "7\n"), Noted(1, 0, 25, "7\n", cut=False),
        StartDraft(ONE, FIRST, SPAN), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("7\n", 2.0)]


def test_a_thought_that_an_order_ended_is_noted_after_it() -> None:
    streams = _streams(
        Thought(1, 0, "7\n"), Think(ONE, SPAN), Noted(1, 0, 25, "7\n", cut=True),
        StartDraft(ONE, FIRST, SPAN), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("7\n", 0.0)]


def test_the_note_of_a_dropped_draft_replaces_those_that_it_did_not_know() -> None:
    streams = _streams(
        Thought(1, 0, "a\n"), Noted(1, 0, 25, "a\n", cut=False),
        StartDraft(ONE, FIRST, SPAN), Thought(1, 1, "b\n"),
        Thought(1, 0, "c\n"), Noted(1, 0, 50, "c\n", cut=False),
        DropDraft(ONE, FIRST), Noted(1, 1, 60, "b\n", cut=True),
        StartDraft(ONE, SECOND, SPAN), Thought(1, 2, "d\n"), CommitDraft(ONE, SECOND),
    )  # fmt: skip
    assert [text for text, _ in _behind(streams)] == ["a\n", "b\n", "d\n"]


def test_a_note_is_made_of_the_tokens_of_its_lines_and_not_of_those_left_out() -> None:
    written = [Written(text, 0.0) for text in ("heard: a", " b\n", "incomplete", "\n", "1+2", "=3\n", "3+")]
    kept = [each.text for each in made_of("heard: a b\n1+2=3\n", written)]
    assert kept == ["heard: a", " b\n", "1+2", "=3\n"]


def test_of_equal_lines_a_note_is_made_of_the_last_ones() -> None:
    written = [Written("7\n", at) for at in (0.0, 1.0, 2.0)]
    assert [each.at for each in made_of("7\n7\n", written)] == [1.0, 2.0]


def test_notes_of_listening_stand_beside_those_from_before_an_earlier_draft() -> None:
    streams = _streams(
        Thought(1, 0, "a\n"), Noted(1, 0, 25, "a\n", cut=False),
        StartDraft(ONE, FIRST, SPAN), DropDraft(ONE, FIRST),
        Thought(1, 0, "b\n"), Noted(1, 0, 50, "b\n", cut=False),
        StartDraft(ONE, SECOND, SPAN), Thought(1, 2, "c\n"), CommitDraft(ONE, SECOND),
    )  # fmt: skip
    assert [text for text, _ in _behind(streams)] == ["a\n", "b\n", "c\n"]


def test_a_thought_of_listening_ends_when_it_is_kept_and_when_listening_begins_anew() -> None:
    for end in (Noted(1, 0, 25, "a\n", cut=False), Think(ONE, SPAN)):
        streams = _streams(Thought(1, 0, "a\n"), end)
        assert [each.text for each in streams.newest] == ["a\n"], "it is still the newest"
        streams.see(Thought(1, 0, "b\n"), 9.0)
        assert [each.text for each in streams.newest] == ["b\n"]


def test_a_line_that_a_changed_thought_goes_on_with_is_taken_from_the_same_line_of_an_earlier_one() -> None:
    streams = _streams(
        Thought(1, 0, "7\n"), Thought(1, 0, "what\n"), Thought(1, 0, "7\n"), Thought(1, 0, "so"),
        Thought(1, 0, " 7"), Thought(1, 0, "", 0), Thought(1, 0, "8\n"), Thought(1, 0, "that\n"),
        Thought(1, 0, "7\nso", again=2), Thought(1, 0, " 8"),
        Thought(1, 1, "8\nthat\n7\nso 8", 5), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("8\n", 6.0), ("that\n", 7.0), ("7\n", 2.0), ("so", 3.0), (" 8", 9.0)]


def test_a_line_that_moved_is_taken_from_where_it_stood() -> None:
    streams = _streams(
        Thought(1, 0, "a\nb\n"), Thought(1, 0, "c\n"),
        Thought(1, 1, "", 0), Thought(1, 1, "x\n"), Thought(1, 1, "b\nc\n", again=2), Thought(1, 1, "d"),
        CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("x\n", 3.0), ("b\n", 0.0), ("c\n", 1.0), ("d", 5.0)]


def test_a_token_knows_the_draft_that_wrote_it() -> None:
    streams = _streams(Thought(1, 0, "ab"), Thought(1, 1, "a", 1), Thought(1, 1, "c"), Thought(1, 2, "ac", 2))
    assert [(each.text, each.draft) for each in streams.thoughts[2]] == [("a", 0), ("c", 1)]


def test_lines_of_several_thoughts_are_taken_each_from_where_it_stood() -> None:
    streams = _streams(
        Thought(1, 0, "a\n"), Thought(1, 0, "b\n"), Thought(1, 0, "c\n"), Thought(1, 0, "d\n"),
        Thought(1, 0, "", 0), Thought(1, 0, "x\n"), Thought(1, 0, "b"),  # stopped: the first one goes on
        Thought(1, 1, "x\nb\nc\n", 3), Thought(1, 1, "e\n"), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("x\n", 5.0), ("b\n", 1.0), ("c\n", 2.0), ("e\n", 8.0)]
    assert [each.draft for each in streams.own()] == [0, 0, 0, 1]


def test_the_same_line_of_an_earlier_thought_goes_before_more_lines_elsewhere() -> None:
    streams = _streams(
        Thought(1, 0, "7\n"), Thought(1, 0, "so\n"),
        Thought(1, 0, "", 0), Thought(1, 0, "x\n"), Thought(1, 0, "7\n"), Thought(1, 0, "then\n"),
        Thought(1, 1, "", 0), Thought(1, 1, "y\n"), Thought(1, 1, "7\nso\n", again=2),
        CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert _behind(streams) == [("y\n", 7.0), ("7\n", 4.0), ("so\n", 1.0)]


def test_what_nobody_wrote_of_a_line_is_a_token_of_now() -> None:
    streams = _streams(Thought(1, 0, "5-9"), Thought(1, 1, "5-9\n", 2), CommitDraft(ONE, FIRST))
    assert [each.draft for each in streams.own()] == [0, 1]
    assert _behind(streams) == [("5-9", 0.0), ("\n", 1.0)]


def test_each_line_is_looked_for_in_its_own_place() -> None:
    streams = _streams(
        Thought(1, 0, "7\n"), Thought(1, 0, "7\n"), Think(ONE, SPAN),
        Thought(1, 0, "x\n"), Thought(1, 0, "y\n"), Thought(1, 0, "7\n"),
        Thought(1, 1, "x\ny\n7\n", 3), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert [at for _, at in _behind(streams)] == [3.0, 4.0, 5.0]
    spliced = _streams(
        Thought(1, 0, "7\n"), Thought(1, 0, "7\n"), Thought(1, 0, "7\n"), Think(ONE, SPAN),
        Thought(1, 0, "x\n"), Thought(1, 0, "y"),
        Thought(1, 1, "x\n7\n7\n", 3), CommitDraft(ONE, FIRST),
    )  # fmt: skip
    assert [at for _, at in _behind(spliced)] == [4.0, 1.0, 2.0]
