"""What a client does with the items of the conversation, carried out: put, show, delete, truncate.

Each method takes a request that was checked, and raises WireError where it cannot be done; then nothing of it
was done.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.events import Turn

from .held import Held
from .ids import random_id
from .listening import LEAST, Listening
from .placing import ROOT
from .projection import Known
from .refusal import invalid
from .requests import CreateItem, DeleteItem, RetrieveItem, TruncateItem
from .schema import FunctionCall, FunctionCallOutput, InputAudio, InputText, Message, OutputAudio, OutputText
from .socket_edge import SocketEdge
from .sound import bytes_of, seconds_of
from .told import ItemCut, ItemGone, ItemPut, ItemShown


class Conversing:
    """One call's."""

    def __init__(self, held: Held, listening: Listening) -> None:
        self._held, self._listening = held, listening
        self._doomed: list[tuple[Turn, str]] = []
        "Sides of turns that are to be forgotten once they are over."

    # --- the client's wishes --------------------------------------------------------------------------------

    def create(self, request: CreateItem) -> None:
        """``conversation.item.create``."""
        item, after, held = request.item, request.previous_item_id, self._held
        if item.id is not None and held.projection.item(item.id) is not None:
            why = f"There is an item {item.id[:60]!r} already."
            raise invalid("item.id", why, "item_create_duplicate_item_id")
        if after not in (None, ROOT):
            self._known(after, "previous_item_id", "item_not_found")
        item_id = item.id or random_id("item")
        told = ItemPut({**shown(item), "id": item_id}, after)
        if isinstance(item, Message):
            self._message(item_id, item, after, told)
        elif isinstance(item, FunctionCallOutput):
            held.tools.answer(item.call_id, item.output)
            held.tell(told)
        else:
            held.tell(told)

    def retrieve(self, request: RetrieveItem) -> None:
        """``conversation.item.retrieve``."""
        self._known(request.item_id, "item_id", "item_retrieve_invalid_item_id")
        self._held.tell(ItemShown(request.item_id))

    def delete(self, request: DeleteItem) -> None:
        """``conversation.item.delete``: no later reply knows of it."""
        held, known = self._held, self._known(request.item_id, "item_id", "item_delete_invalid_item_id")
        instructed = request.item_id in held.placing.systems
        place = held.placing.forget(request.item_id)
        if instructed:
            self._listening.change()
        elif place is None and known.turn and known.role:
            self._forget(Turn(known.turn), known.role)
        elif place is not None and not isinstance(place, bool):
            self._forget(place.turn, place.role)
        held.tell(ItemGone(request.item_id))

    def truncate(self, request: TruncateItem) -> None:
        """``conversation.item.truncate``: more than was sent was not heard."""
        held, known = self._held, self._known(request.item_id, "item_id", "item_truncate_invalid_item_id")
        spoken = any(part.get("type") == "output_audio" for part in known.item.get("content") or ())
        if known.role != "assistant" or not known.turn or not spoken:
            why = "Only what was spoken here can be truncated."
            raise invalid("item_id", why, "item_truncate_invalid_item_id")
        heard = min(request.audio_end_ms / 1000, known.seconds)
        text = held.session.truncate(known.turn, known.begins + heard)
        if isinstance(held.edge, SocketEdge) and held.edge.turn == known.turn:
            held.edge.flushed()
        words = _words(known) if text is None else text
        held.tell(ItemCut(request.item_id, round(1000 * heard), words))

    def over(self, turn: Turn) -> None:
        """This turn is in the history now: what of it was deleted meanwhile goes."""
        for gone in [each for each in self._doomed if each[0] == turn]:
            self._doomed.remove(gone)
            self._forget(*gone, again=False)

    # --- within ---------------------------------------------------------------------------------------------

    def _message(self, item_id: str, item: Message, after: str | None, told: ItemPut) -> None:
        held, placing = self._held, self._held.placing
        history = held.session.conversation
        if item.role == "system":
            placing.system(item_id, _text(item))
            held.tell(told)
            self._listening.change()
            return
        last = after is None or after == held.projection.last_item
        if item.role == "assistant":
            follows = after if after is not None else held.projection.last_item
            held.tell(told)
            placing.assistant(item_id, _text(item), follows, history)
            return
        text, sound = _text(item), self._sound(item)
        most = held.session.brain.typed
        if last and len(text) > most:
            why = f"A typed turn has at most {most} characters, not {len(text)}."
            raise invalid("item.content", why, "string_above_max_length")
        if last:
            placing.check()
        if last and sound:
            self._listening.give(sound)
        held.tell(told)
        if last and text:
            placing.user(item_id, text)
        elif text:
            known = None if after in (None, ROOT) else held.projection.item(after or "")
            turn, role = (0, "") if known is None else (known.turn, known.role)
            placing.earlier(item_id, text, placing.place(after, turn, role), history)

    def _sound(self, item: Message) -> bytes:
        """The sound in a user's message; b"" where only its words are known. Raises WireError."""
        parts = [part for part in item.content if isinstance(part, InputAudio) and part.audio is not None]
        if not parts:
            return b""
        form = self._held.settings.input
        data = b"".join(bytes_of(part.audio, "item.content.audio") for part in parts)
        if seconds_of(data, form) < LEAST:
            raise invalid("item.content", f"A turn has at least {1000 * LEAST:.0f} ms of sound.")
        if self._held.settings.detection is not None or not isinstance(self._held.edge, SocketEdge):
            why = "Sound in an item needs turns by hand over a WebSocket (turn_detection null): append it."
            raise invalid("item.content", why)
        return data

    def _forget(self, turn: Turn, role: str, *, again: bool = True) -> None:
        history = self._held.session.conversation
        if not history.forget(turn, user=role == "user", reply=role == "assistant") and again:
            self._doomed.append((turn, role))

    def _known(self, item_id: str | None, param: str, code: str) -> Known:
        known = self._held.projection.item(item_id or "")
        if known is None:
            raise invalid(param, f"There is no item {(item_id or '')[:60]!r}.", code)
        return known


def shown(item: Message | FunctionCall | FunctionCallOutput) -> dict[str, Any]:
    """The item as values, without what was not given."""
    built: dict[str, Any] = msgspec.to_builtins(item, builtin_types=(bytes,))
    found = {name: value for name, value in built.items() if value is not None}
    if isinstance(item, Message):
        found["content"] = [_part(part) for part in built["content"]]
    return found


def _part(part: dict[str, Any]) -> dict[str, Any]:
    """A content part as it is told back: an ``input_audio`` has its transcript, which may be null."""
    kept = {name: value for name, value in part.items() if value is not None}
    return {"transcript": None, **kept} if part["type"] == "input_audio" else kept


def _text(item: Message) -> str:
    """The words of a message; of sound the transcript that came with it, where no sound did."""
    texts = []
    for part in item.content:
        match part:
            case InputText(text) | OutputText(text):
                texts.append(text)
            case OutputAudio(transcript) if transcript:
                texts.append(transcript)
            case InputAudio(None, transcript) if transcript:
                texts.append(transcript)
    return "\n".join(text.strip() for text in texts if text.strip())


def _words(known: Known) -> str:
    content = known.item.get("content") or [{}]
    return str(content[0].get("transcript") or content[0].get("text") or "")
