"""Words for what the user said: whose they are, which item gets them, and that each gets them once."""

from __future__ import annotations

from client_lines import HEARD, transcribed
from client_scene import Client
from turn_scene import at

from agent.wire.items import Listed, spoken
from agent.wire.transcripts import BRAIN, Transcripts
from pipeline.events import (
    CommitDraft,
    Draft,
    DraftFinished,
    Ending,
    PhraseDrafted,
    PlaybackEnded,
    PlaybackStarted,
    SpeechPaused,
    SpeechStarted,
    StageFailed,
    Turn,
)
from pipeline.records import Noted, Thought, Transcribed

EAR = "whisper-tiny"


def heard(client: Client) -> list[str]:
    """The new events about what was said."""
    return [line for line in client.brief() if line.startswith(HEARD)]


def failed(item: str, code: str) -> list[str]:
    return [f"{HEARD}.failed {item} {code}"]


def test_the_brains_account_comes_when_its_line_is_whole() -> None:
    client = Client().asks("heard: what is")
    client.until(2.5)
    assert heard(client) == [], "the line goes on"
    client.told(Thought(1, 1, " seven\nsum"))
    assert heard(client) == transcribed("item_1", "what is seven")
    client.told(Thought(1, 1, "\nheard: more\n"))
    assert heard(client) == [], "once"


def test_what_was_heard_in_pieces_is_one_account() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    client.told(Thought(1, 0, "heard: what is\n"), Noted(1, 0, 5, "heard: what is\n", False))
    client.told(Thought(1, 0, "heard: seven\n"), Noted(1, 0, 9, "heard: seven\n", False))
    client.tell(2.1, SpeechPaused(at(2)))
    client.told(Thought(1, 1, "plus five?\n")).until(2.5)
    assert heard(client) == []
    client.tell(2.6, PhraseDrafted(Turn(1), Draft(1), 0, "It is twelve."))
    assert heard(client) == transcribed("item_1", "what is seven")


def test_a_brain_that_understood_nothing_leaves_the_item_without_words() -> None:
    client = Client().asks("heard: unclear\n")
    client.until(2.5)
    assert heard(client) == failed("item_1", "audio_unintelligible")
    known = client.projection.item("item_1")
    assert known is not None and known.item["content"][0]["transcript"] is None


def test_a_brain_that_says_nothing_of_it_is_told_of_when_the_turn_is_over() -> None:
    client = Client().asks("just thinking\n")
    client.until(2.5)
    client.tell(3.0, PlaybackStarted(Turn(1)))
    assert heard(client) == []
    client.tell(4.0, PlaybackEnded(Turn(1)))
    assert heard(client) == failed("item_1", "transcription_failed")


def test_a_turn_that_goes_on_leaves_its_words_to_the_next_item() -> None:
    client = Client()
    client.tell(1.1, SpeechStarted(at(1)))
    client.tell(2.1, SpeechPaused(at(2)))
    client.until(2.8)
    client.tell(2.9, SpeechStarted(at(2.85)))
    client.tell(3.6, SpeechPaused(at(3.5)))
    client.until(4.5)
    client.told(Thought(1, 2, "heard: all of it\n"))
    assert heard(client) == [*failed("item_1", "transcription_joined"), *transcribed("item_2", "all of it")]


def test_an_ear_has_its_own_time_and_the_brain_is_not_asked() -> None:
    client = Client(brain=False).asks("heard: something else\n")
    client.until(2.5)
    client.tell(3.0, PlaybackStarted(Turn(1)))
    client.told(Transcribed(1, "what is", False, EAR))
    client.tell(4.0, PlaybackEnded(Turn(1)))
    assert heard(client) == []
    client.told(Transcribed(1, "what is seven", True, EAR))
    assert heard(client) == transcribed("item_1", "what is seven")
    assert heard(client.told(Transcribed(1, "again", True, EAR))) == []


def test_where_the_brain_writes_it_down_an_ear_beside_it_is_not_asked() -> None:
    client = Client().asks("heard: what is")
    client.until(2.5)
    client.told(Transcribed(1, "what was", True, EAR), StageFailed("ear", "it broke"))
    assert heard(client) == []


def test_an_ear_that_fails_leaves_the_oldest_item_without_words() -> None:
    client = Client(brain=False).is_answered()
    client.tell(2.7, StageFailed("ear", "there are no captions: it broke"))
    assert heard(client) == failed("item_1", "transcription_failed")


def test_where_nobody_writes_it_down_the_client_is_told_at_once() -> None:
    client = Client()
    client.projection._session["hocket"]["transcripts"] = None
    client.asks().until(2.5)
    assert heard(client) == failed("item_1", "transcription_unavailable")


def test_a_dropped_thought_is_no_account() -> None:
    told = Transcripts()
    item = Listed(spoken("item_1"), seconds=1.0)
    told.see(Thought(1, 1, "heard: not this\n"), 1.0, BRAIN)
    told.see(CommitDraft(Turn(1), Draft(2)), 2.0, BRAIN)
    assert told.wait(1, 2, [item], BRAIN) == []
    assert told.see(DraftFinished(Turn(1), Draft(1), Ending.DROPPED), 2.1, BRAIN) == []
    [words] = told.see(Thought(1, 2, "heard: but this\n"), 2.2, BRAIN)
    assert (words.listed, words.text) == (item, "but this")
