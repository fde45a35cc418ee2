"""What happens to a call besides its trace: what its client asked for and got, and what was sent to it.

With the trace's items these are all that the projection sees. Values only; they decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]
"""A server event by OpenAI's GA names: JSON values, but for audio, which is ``bytes`` in the session's
format. A carrier writes it down as base64 (JSON) or as it is (msgpack)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What was wrong with a client event: the ``error`` object without its ``event_id``."""

    code: str
    "For example ``invalid_value``, ``item_not_found``, ``conversation_already_has_active_response``."
    message: str
    "What was wrong, what is accepted, what to do next."
    param: str | None = None
    "Where in the event: ``session.audio.input.format.rate``."
    type: str = "invalid_request_error"


@dataclass(frozen=True, slots=True)
class Opened:
    """The call is there. ``session`` is the whole session object."""

    session: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Updated:
    """A ``session.update`` was taken; ``session`` is the whole object as it counts from now on."""

    session: dict[str, Any]
    extended: bool = False
    "The client asked for the events that are ours alone."
    text: bool = False
    "Replies are written, not spoken."


@dataclass(frozen=True, slots=True)
class Refused:
    """A client event was not carried out; the session is unharmed."""

    problem: Problem
    event_id: str | None = None
    "The client's own name for its event."


@dataclass(frozen=True, slots=True)
class Sounded:
    """This much of a reply's sound was sent, in order; only over carriers that send sound as events."""

    turn: int
    audio: bytes
    "In the session's output format."
    seconds: float


@dataclass(frozen=True, slots=True)
class Cleared:
    """``input_audio_buffer.clear`` was carried out."""


@dataclass(frozen=True, slots=True)
class Given:
    """The client said that the user's turn is over (``input_audio_buffer.commit``)."""

    begins: float
    "Session seconds."
    ends: float
    answered: bool
    "A reply follows by itself; False: when ``response.create`` asks for it."


@dataclass(frozen=True, slots=True)
class ItemPut:
    """``conversation.item.create`` was taken."""

    item: dict[str, Any]
    "With its id, made by the server where the client gave none."
    after: str | None = None
    "``previous_item_id``: None at the end, ``root`` at the front."


@dataclass(frozen=True, slots=True)
class ItemShown:
    """``conversation.item.retrieve``."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ItemGone:
    """``conversation.item.delete`` was carried out."""

    item_id: str


@dataclass(frozen=True, slots=True)
class ItemCut:
    """``conversation.item.truncate`` was carried out: these words were heard of it."""

    item_id: str
    audio_end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """``response.create`` was taken: the next reply that begins is the one that it asked for."""

    response: dict[str, Any] = field(default_factory=dict)
    "Its parameters: metadata is given back as it came."


@dataclass(frozen=True, slots=True)
class Cancelled:
    """``response.cancel``: the reply that is due or sounds ends as the client's wish."""


@dataclass(frozen=True, slots=True)
class BufferCleared:
    """``output_audio_buffer.clear``: what was on its way to the ear was let go."""


@dataclass(frozen=True, slots=True)
class CallWanted:
    """A tool that the client runs was called; this response ends with it."""

    turn: int
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """The client gave the results and wants the reply to go on: another response begins in this turn."""

    turn: int
    response: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Written:
    """Some text of a reply that is not spoken: out of band, or in a session whose output is text."""

    response: str
    "The server's key for it: the first one with a key begins the response."
    text: str = ""
    thought: str = ""
    state: str = "in_progress"
    "``in_progress``; then once ``completed``, ``cancelled``, ``failed`` or ``incomplete``."
    reason: str = ""
    "Of a failure or an incomplete one."
    asked: dict[str, Any] = field(default_factory=dict)
    "``response.create``'s parameters, on the first one."
    beside: bool = False
    "Out of band (``conversation: none``): its item is in no conversation."
    calls: tuple[tuple[str, str, str], ...] = ()
    "Calls that it ends with: (call_id, name, arguments)."


@dataclass(frozen=True, slots=True)
class Spent:
    """What a response took, as far as it is counted; told before it is done."""

    turn: int
    "0: of ``response``."
    response: str = ""
    input_tokens: int = 0
    audio_tokens: int = 0
    "Of the input: positions of 80 ms of the user's sound."
    cached_tokens: int = 0
    output_tokens: int = 0
    "Thought and words."


Told: TypeAlias = (
    Opened | Updated | Refused | Sounded | Cleared | Given | ItemPut | ItemShown | ItemGone | ItemCut | Asked
    | Cancelled | BufferCleared | CallWanted | CallAnswered | Written | Spent
)  # fmt: skip
