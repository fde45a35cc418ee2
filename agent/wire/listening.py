"""What a client does with the user's sound and with the session itself, carried out.

Each method takes a request that was checked, and raises WireError where it cannot be done now; then nothing
of it was done.
"""

from __future__ import annotations

from agent.persona import Agent
from pipeline.errors import HocketError, UserError

from .held import Held
from .refusal import WireError, invalid
from .requests import Append, Clear, ClearOutput, Commit, Playout, Update
from .settings import Settings
from .socket_edge import SocketEdge
from .sound import bytes_of
from .told import BufferCleared, Cleared, Given, Problem, Refused, Updated

LEAST = 0.1
"""Seconds of sound that a turn by hand has."""
NEAREST, FARTHEST, UNTOLD = 0.04, 1.0, 0.15
"""Seconds between what is sent and the ear: at least, at most, and of a client that does not say."""


class Listening:
    """One call's."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._given = 0.0
        "Seconds that were appended since the last turn by hand."
        self._begins: float | None = None
        "Where the turn by hand begins, in seconds of capture."
        self._changing = False
        self._whole = False
        "A turn that came whole is being taken in."

    # --- the session ----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The session is live: the settings that it was built without."""
        held = self._held
        held.pen.writes, held.counting.most = held.settings.text, held.settings.most_tokens
        self._suit(held.settings)
        if held.settings.extended:
            self._greet()

    def update(self, request: Update) -> None:
        """``session.update``: what can count at once does, another agent from the next free floor on."""
        held, before = self._held, self._held.settings
        settings = before.merged(request.session)
        own = {str(getattr(getattr(tool, "spec", None), "name", "")) for tool in held.own}
        if taken := sorted(own & {tool.name for tool in settings.tools}):
            raise invalid("session.tools", f"The server has a tool of that name itself: {taken[0]}.")
        held.settings = settings
        held.pen.writes, held.counting.most = settings.text, settings.most_tokens
        if settings.detection != before.detection:
            self._suit(settings)
        elif isinstance(held.edge, SocketEdge):
            held.edge.suit(settings.input, settings.output)
        if (settings.instructions, settings.tools, settings.calls) != (
            before.instructions, before.tools, before.calls,
        ):  # fmt: skip
            self.change()
        held.tell(Updated(held.shown(), settings.extended, settings.text))
        if settings.extended and not before.extended:
            self._greet()

    def change(self) -> None:
        """Go on as the agent that the client wants by now."""
        if not self._changing:
            self._changing = True
            self._held.start(self._change())

    async def _change(self) -> None:
        held = self._held
        try:
            wanted: Agent | None = None
            while wanted != held.agent():
                wanted = held.agent()
                await held.session.update_agent(wanted)
        except UserError:
            return  # the session has ended
        except HocketError as error:
            held.tell(Refused(Problem("session_update_failed", str(error), "session", "server_error")))
        finally:
            self._changing = False

    def _suit(self, settings: Settings) -> None:
        held = self._held
        by_client = settings.detection is None
        held.session.suit_turns(settings.turn(held.config.turn), settings.hearing(held.config.hearing))
        held.session.take_turns("client" if by_client else "detector")
        if by_client and self._begins is None:
            self._given = 0.0  # what a detector has heard is no turn by hand
        if not by_client and self._begins is not None:
            self._give()
        if isinstance(held.edge, SocketEdge):
            held.edge.suit(settings.input, settings.output)
            held.edge.by_client = by_client

    def _greet(self) -> None:
        """Our own page is greeted; other clients expect nothing that they did not ask for."""
        held = self._held
        greeting, held.greeting = held.greeting, ""
        if greeting and not held.session.conversation.exchanges:
            held.session.say(greeting)

    # --- the user's sound -----------------------------------------------------------------------------------

    def append(self, request: Append) -> None:
        """``input_audio_buffer.append``."""
        edge = self._held.edge
        if not isinstance(edge, SocketEdge):
            why = "Over WebRTC sound comes by its track, not by events."
            raise invalid(None, why, "invalid_event_for_transport")
        data = bytes_of(request.audio, "audio")
        if edge.by_client and self._begins is None:
            edge.check(data)
            self._begin()
        self._given += edge.feed(data)

    def commit(self, request: Commit) -> None:
        """``input_audio_buffer.commit``."""
        held = self._held
        if isinstance(held.edge, SocketEdge) and self._given < LEAST:
            held_ms, least = round(1000 * self._given), round(1000 * LEAST)
            why = f"The buffer holds {held_ms} ms of sound, and a turn has at least {least} ms."
            raise invalid(None, why, "input_audio_buffer_commit_empty")
        if held.settings.detection is not None:
            if not held.session.user_has_turn:
                why = "No speech was heard since the last turn: speech opens a turn, and silence ends it."
                raise invalid(None, why, "input_audio_buffer_commit_empty")
            held.session.commit()
            self._given = 0.0
            return
        if self._begins is None:
            why = "Nobody has said where the user began: send input_audio_buffer.clear there, then commit."
            raise invalid(None, why, "input_audio_buffer_commit_empty")
        held.session.commit()
        self._give()

    def clear(self, request: Clear) -> None:
        """``input_audio_buffer.clear``. Over WebRTC a turn by hand begins here."""
        held, edge = self._held, self._held.edge
        if isinstance(edge, SocketEdge):
            edge.forget()
        held.session.withdraw()
        self._given, self._begins = 0.0, None
        held.tell(Cleared())
        if held.settings.detection is None and not isinstance(edge, SocketEdge):
            self._begin()

    def give(self, sound: bytes) -> None:
        """A turn by hand that came whole, in an item."""
        held, edge = self._held, self._held.edge
        assert isinstance(edge, SocketEdge) and edge.by_client, "whoever calls this has looked"
        if self._begins is not None:
            raise invalid("item.content", "Sound was appended and not committed: commit or clear it first.")
        edge.check(sound)
        held.session.begin_turn()
        try:
            edge.feed(sound)
        except WireError:
            held.session.withdraw()
            raise
        self._whole = True
        if not edge.waiting:
            self.taken_in()

    def taken_in(self) -> None:
        """All sound that was given by hand has been taken in: a turn that came whole is over."""
        if self._whole:
            self._whole = False
            self._held.session.commit()

    def _begin(self) -> None:
        self._held.session.begin_turn()
        self._begins = self._held.doorway.captured

    def _give(self) -> None:
        assert self._begins is not None, "a turn by hand has begun"
        told = Given(self._begins, self._held.doorway.captured, answered=False)
        self._begins, self._given = None, 0.0
        self._held.tell(told)

    # --- the agent's ----------------------------------------------------------------------------------------

    def clear_output(self, request: ClearOutput) -> None:
        """``output_audio_buffer.clear``: what is on its way to the ear is let go."""
        held = self._held
        if held.carrier != "webrtc":
            why = "Only over WebRTC is there a buffer here to clear; else send response.cancel."
            raise invalid(None, why, "invalid_event_for_transport")
        held.tell(BufferCleared())
        if held.session.agent_state == "speaking":
            held.session.interrupt()

    def playout(self, request: Playout) -> None:
        """``hocket.playout``: how late the client hears, as far as that can be believed."""
        told = (request.rtt_ms, request.jitter_buffer_ms, request.output_latency_ms)
        believe = getattr(self._held.edge, "told", None)
        self._held.session.hears_late(late(*told) if believe is None else believe(*told))


def late(rtt: float | None, jitter: float | None, output: float | None) -> float:
    """Seconds from what is sent to the ear, by what a client says in milliseconds: half its round trip, what
    its jitter buffer holds, and its sound card's share; clamped."""
    if rtt is None and jitter is None and output is None:
        return UNTOLD
    return min(max(((rtt or 0.0) / 2 + (jitter or 0.0) + (output or 0.0)) / 1000, NEAREST), FARTHEST)
