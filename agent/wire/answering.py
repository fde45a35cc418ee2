"""What a client does with replies, carried out: ``response.create`` and ``response.cancel``.

A reply is spoken by the session, when the policy lets it; only what is out of band is written here. Each
method raises WireError where it cannot be done; then nothing of it was done.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from agent.controls import INSTRUCTED
from pipeline.prompt import Called, Heard, Human, Part, System, Text, ToolCall, ToolResult

from .conversing import shown
from .held import Held
from .ids import random_id
from .refusal import invalid
from .requests import CancelResponse, CreateResponse
from .schema import FunctionCall, FunctionCallOutput, Item, ItemReference, Response
from .told import Asked, CallAnswered, Cancelled
from .writing import AT_ONCE, MOST, Task, Writer, prompt_of


class Answering:
    """One call's."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._writer = Writer(held.brain, lambda: held.session.brain, held.tell)
        self._writing: dict[str, Callable[[], object]] = {}
        "What is written out of band, by its key: what stops it."
        self._names: dict[str, str] = {}
        "Their keys, by the ids that the client knows."
        self._beginning = ""
        "The key of one that is told of for the first time now."

    def create(self, request: CreateResponse) -> None:
        """``response.create``."""
        held, told = self._held, request.response or Response()
        asked = _asked(told)
        if told.output_modalities and len(set(told.output_modalities)) > 1:
            raise invalid("response.output_modalities", "A reply is spoken or written, not both.")
        if told.conversation == "none" or told.input is not None:
            self._beside(told, asked)
            return
        turn = held.tools.turn_waiting
        if turn and (held.tools.given or not held.placing.waiting):
            self._go_on(turn, asked)
            return
        if held.projection.response_in_progress is not None or held.projection.awaits_response:
            raise invalid(
                None, "A reply is being made already: wait for response.done, or send response.cancel first.",
                "conversation_already_has_active_response",
            )  # fmt: skip
        self._answer(told, asked)

    def cancel(self, request: CancelResponse) -> None:
        """``response.cancel``."""
        held, wanted = self._held, request.response_id
        key = self._names.get(wanted or "")
        if key is not None and (stop := self._writing.get(key)) is not None:
            stop()
            return
        now = held.projection.response_in_progress
        due = now is not None or held.projection.awaits_response
        if not due or (wanted is not None and now is not None and wanted != now):
            why = "Cancellation failed: no such reply is being made."
            raise invalid(None, why, "response_cancel_not_active")
        held.tell(Cancelled())
        held.session.interrupt()

    def named(self, response_id: str) -> None:
        """A response has begun to be told of: if it is one of those here, this is its name."""
        if self._beginning:
            self._names[response_id] = self._beginning
            self._beginning = ""

    # --- within ---------------------------------------------------------------------------------------------

    def _go_on(self, turn: int, asked: dict[str, Any]) -> None:
        """With what the client gave for the calls of this turn's reply."""
        if not self._held.tools.given:
            why = "The reply waits for the result of a call: put a function_call_output first."
            raise invalid(None, why, "tool_output_missing")
        self._held.tell(CallAnswered(turn, asked))
        self._held.tools.go_on()

    def _answer(self, told: Response, asked: dict[str, Any]) -> None:
        """By the session: what the user typed, what waits, or unasked."""
        held, session = self._held, self._held.session
        typed = held.placing.waiting
        obeys = session.brain.obeys_instructions
        if not typed and not session.unanswered and not obeys:
            raise invalid(
                None, f"{session.brain.name} takes no instructions: it answers what the user said or typed, "
                "and nothing of that waits.", "nothing_to_answer",
            )  # fmt: skip
        written = None if told.output_modalities is None else told.output_modalities == ["text"]
        held.pen.for_one(written)
        held.counting.for_one(told.max_output_tokens if isinstance(told.max_output_tokens, int) else None)
        held.tell(Asked(asked))
        waited = dict(typed)
        words = held.placing.take() if typed else None
        try:
            session.generate_reply(
                user_input=words, instructions=(told.instructions if obeys else None) or None
            )
        except Exception:  # nothing comes of it: what waited waits on, and another may be asked for
            held.placing.waiting.update(waited)
            held.tell(Cancelled())
            raise

    def _beside(self, told: Response, asked: dict[str, Any]) -> None:
        if told.output_modalities == ["audio"]:
            raise invalid("response.output_modalities", 'Out of band replies are written: ask for ["text"].')
        if len(self._writing) >= AT_ONCE:
            why = f"{AT_ONCE} replies are written out of band already: wait."
            raise invalid(None, why, "too_many_responses")
        held, key = self._held, random_id("write")
        parts = self._parts(told)
        if told.instructions and told.input is None:
            parts.append(Human((Text(INSTRUCTED.format(instructions=told.instructions)),)))
        tools = () if told.tool_choice == "none" else tuple(
            held.tools.tool(each).spec for each in (held.settings.tools if told.tools is None else told.tools)
        )  # fmt: skip
        base = held.agent().instructions
        instructions = told.instructions if told.instructions and told.input is not None else base
        prompt = prompt_of(parts, instructions, tools, held.session.brain)
        most = told.max_output_tokens if isinstance(told.max_output_tokens, int) else MOST
        self._writing[key] = held.start(self._write(Task(key, asked, prompt, most)))

    async def _write(self, task: Task) -> None:
        try:
            self._beginning = task.key
            await self._writer.write(task)
        finally:
            self._writing.pop(task.key, None)
            self._names = {name: key for name, key in self._names.items() if key != task.key}

    def _parts(self, told: Response) -> list[Part]:
        """What the reply is written to: the conversation so far, or the items that were given."""
        if told.input is None:
            history, waiting = self._held.session.conversation.history(), self._held.placing.waiting
            known: list[Part] = [part for part in history if not isinstance(part, System)]
            typed = Human(tuple(Text(text) for text in waiting.values()))
            return [*known, typed] if waiting else known
        found = list[Part]()
        for each in told.input:
            found += self._part(each)
        return found

    def _part(self, item: Item | ItemReference) -> list[Part]:
        if isinstance(item, ItemReference):
            known = self._held.projection.item(item.id)
            if known is None:
                raise invalid("response.input", f"There is no item {item.id[:60]!r}.", "item_not_found")
            return _referred(known.item)
        match item:
            case FunctionCall(name, arguments, call_id):
                call = ToolCall(call_id or random_id("call"), name, arguments)
                return [Called((call,), (ToolResult(call.id, name, "Done."),))]
            case FunctionCallOutput(call_id, output):
                return [Human((Text(f"(The result of {call_id}: {output})"),))]
        return _referred(shown(item))


def _referred(item: dict[str, Any]) -> list[Part]:
    """An item as part of a prompt; of sound its words, where they are known."""
    parts = item.get("content") or []
    words = [str(part.get("text") or part.get("transcript") or "") for part in parts]
    text = "\n".join(word for word in words if word)
    if not text:
        return []
    if item.get("role") == "assistant":
        return [Heard(text)]
    return [Human((Text(text),))]


def _asked(told: Response) -> dict[str, Any]:
    """The parameters that the client gave."""
    built: dict[str, Any] = msgspec.to_builtins(told, builtin_types=(bytes,))
    return {name: value for name, value in built.items() if value is not None and name != "input"}
