"""Tools that a call's client runs: asked for by an event, answered by an item and a wish to go on.

To the session they are tools like any other, so when one may run is the policy's to decide. What comes back
is the client's word: it must never be taken for anything but a result that the brain reads.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pipeline.prompt import ToolCall, ToolSpec

from .refusal import invalid
from .schema import FunctionTool
from .told import CallWanted

PATIENCE = 30.0
"""Seconds that a client may take for a call."""
_KEPT = 64
"""Calls that are remembered after they are over, so that a late result is told from a made-up one."""


@dataclass(slots=True, eq=False)
class _Call:
    """One call, from its being wanted to its end."""

    turn: int
    released: asyncio.Event = field(default_factory=asyncio.Event)
    output: str = ""
    given: bool = False
    over: bool = False
    left: bool = False
    "Its turn is over: its result is learned when it comes, and no reply waits for it."


@dataclass(frozen=True, slots=True)
class ClientTool:
    """A tool that the client runs; a ``pipeline.calling.Tool``."""

    spec: ToolSpec
    ask: Callable[[str, str], Awaitable[str]]
    timeout: float = PATIENCE
    effects: bool = True
    "Nobody promised that it only reads: it runs once, for a reply that will be heard."
    narration: str | None = ""
    "None: what is said beside it would be a reply that the client did not ask for."
    confirm: Callable[[ToolCall], Awaitable[bool]] | None = None

    def refused(self, arguments: str) -> str:
        """Why it cannot be called with this JSON text; "" where it can. Its schema is the client's matter."""
        try:
            found = json.loads(arguments)
        except (ValueError, RecursionError):
            return "It was not run, the arguments are no JSON."
        return "" if isinstance(found, dict) else "It was not run, the arguments are no JSON object."

    async def run(self, arguments: str) -> str:
        """Ask the client and wait."""
        return await self.ask(self.spec.name, arguments)


class ClientTools:
    """One call's."""

    def __init__(
        self,
        tell: Callable[[CallWanted], None],
        *,
        writing: Callable[[], bool] = lambda: False,
        patience: float = PATIENCE,
    ) -> None:
        """``tell`` gets every call that the client is to run. ``writing``: more of the reply is being written
        still, perhaps another call; they are told together, once ``settle`` is called."""
        self._tell, self._writing = tell, writing
        self._patience = patience
        self._untold: list[CallWanted] = []
        self._calls: dict[str, _Call] = {}
        self._going = 0
        "The turn that the client has said to go on with."
        self.turn = 0
        "The turn whose reply calls, as the policy has ordered it."

    def tool(self, told: FunctionTool) -> ClientTool:
        """The session's tool for one that a client declared."""
        schema = told.parameters or {"type": "object", "properties": {}}
        spec = ToolSpec(told.name, told.description or told.name, json.dumps(schema, ensure_ascii=False))
        return ClientTool(spec, self._ask, self._patience)

    @property
    def turn_waiting(self) -> int:
        """The turn whose reply waits for what the client is to give, or has given; 0: none does."""
        return next((call.turn for call in self._held()), 0)

    @property
    def given(self) -> bool:
        """The client gave a result that it has not said to go on with."""
        return any(call.given for call in self._held())

    def answer(self, call_id: str, output: str) -> None:
        """The client gives a result; it counts once the client wants the reply to go on. Raises WireError for
        a call that was never made, or that has a result."""
        call = self._calls.get(call_id)
        if call is None:
            raise invalid("item.call_id", f"There is no call {call_id[:60]!r} to answer.", "item_not_found")
        if call.given:
            raise invalid("item.call_id", f"The call {call_id} has been answered.")
        call.output, call.given = output, True
        if call.left or call.turn == self._going:
            call.released.set()

    def go_on(self) -> None:
        """The client wants the reply to go on with what it gave, and with what it will yet give."""
        self._going = self.turn_waiting
        for call in self._held():
            if call.given:
                call.released.set()

    def settle(self) -> None:
        """Nothing more is being written: the calls that were made are told, all at once."""
        untold, self._untold = self._untold, []
        for wanted in untold:
            call = self._calls.get(wanted.call_id)
            if call is not None and not call.over:
                self._tell(wanted)

    def over(self, turn: int) -> None:
        """This turn is over, whatever it waited for."""
        for call in self._calls.values():
            if call.turn == turn:
                call.left = True
                if call.given:
                    call.released.set()

    def _held(self) -> list[_Call]:
        """Calls that a reply waits for, and that were not said to go on with."""
        return [
            call for call in self._calls.values()
            if not (call.over or call.left or call.released.is_set())
        ]  # fmt: skip

    async def _ask(self, name: str, arguments: str) -> str:
        call_id = f"call_{secrets.token_hex(12)}"
        call = self._calls[call_id] = _Call(self.turn)
        while len(self._calls) > _KEPT:
            del self._calls[next(iter(self._calls))]
        if self._going == call.turn:  # another step of the same reply
            self._going = 0
        self._untold.append(CallWanted(call.turn, call_id, name, arguments))
        if not self._writing():
            self.settle()
        try:
            await call.released.wait()
        finally:
            call.over = True
        return call.output
