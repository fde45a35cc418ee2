"""Runs of events that always come together, in short, so that a test shows what is its own."""

from __future__ import annotations

HEARD = "conversation.item.input_audio_transcription"


def committed(item: str, stopped: int | None = None) -> list[str]:
    """The user's turn is an item. ``stopped``: where a detector heard it end, in milliseconds."""
    stop = [] if stopped is None else [f"input_audio_buffer.speech_stopped {item} {stopped} ms"]
    return [*stop, f"input_audio_buffer.committed {item}", *put(f"{item} user completed")]


def put(item: str) -> list[str]:
    """An item is in the conversation, whole."""
    return [f"conversation.item.added {item}", f"conversation.item.done {item}"]


def transcribed(item: str, words: str) -> list[str]:
    """It is known what was said."""
    return [f"{HEARD}.delta {item} {words!r}", f"{HEARD}.completed {item} {words!r}"]


def begins(response: str, item: str, *, buffered: bool = False) -> list[str]:
    """The first sound of a response."""
    started = [f"output_audio_buffer.started {response}"] if buffered else []
    return [
        f"response.output_item.added {response} {item} assistant in_progress",
        f"conversation.item.added {item} assistant in_progress",
        f"response.content_part.added {response} {item}",
        *started,
    ]


def sound(response: str, item: str) -> str:
    """40 ms of it."""
    return f"response.output_audio.delta {response} {item} 1920 bytes"


def words(response: str, item: str, delta: str) -> str:
    """Words that were heard."""
    return f"response.output_audio_transcript.delta {response} {item} {delta!r}"


def message_over(response: str, item: str, said: str, status: str = "completed") -> list[str]:
    """Its message is over, with these words heard."""
    return [
        f"response.output_audio.done {response} {item}",
        f"response.output_audio_transcript.done {response} {item} {said!r}",
        f"response.content_part.done {response} {item}",
        f"response.output_item.done {response} {item} assistant {status} {said!r}",
        f"conversation.item.done {item} assistant {status} {said!r}",
    ]


def over(response: str, item: str, said: str) -> list[str]:
    """It was heard to its end."""
    return [*message_over(response, item, said), f"response.done {response} completed"]


def stopped(response: str, item: str, said: str, why: str) -> list[str]:
    """It was not."""
    return [*message_over(response, item, said, "incomplete"), f"response.done {response} {why}"]


def called(response: str, item: str, name: str, arguments: str) -> list[str]:
    """A call for the client."""
    return [
        f"response.output_item.added {response} {item} call {name} in_progress",
        f"conversation.item.added {item} call {name} in_progress",
        f"response.function_call_arguments.delta {response} {item} {arguments!r}",
        f"response.function_call_arguments.done {response} {item} {arguments!r}",
        f"response.output_item.done {response} {item} call {name} completed",
        f"conversation.item.done {item} call {name} completed",
    ]
