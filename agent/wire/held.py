"""What a call is made of while it is held: shared by the files that carry out its client's wishes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from agent.config import Config
from agent.conversation import Exchange
from agent.persona import Agent
from agent.session import AgentSession
from pipeline.calling import Tool
from pipeline.events import Turn
from pipeline.ports import CAPTURE_RATE, AudioEdge, Compute, EdgeReport, Emit, PlayoutSource
from pipeline.prompt import Called
from pipeline.ring import AudioRing

from .client_tools import ClientTools
from .counting import Counting
from .pen import Pen
from .placing import Placing
from .projection import Projection
from .settings import Settings
from .told import Told


class Doorway:
    """An edge that says when the session is live, before any sound passes; else the edge that it is given."""

    def __init__(self, edge: AudioEdge, live: Callable[[], None]) -> None:
        self._edge, self._live = edge, live
        self._ring: AudioRing | None = None

    @property
    def captured(self) -> float:
        """Seconds of sound that were captured so far."""
        return 0.0 if self._ring is None else self._ring.end / CAPTURE_RATE

    def report(self) -> EdgeReport:
        """As the edge's."""
        return self._edge.report()

    async def run(self, ring: AudioRing, source: PlayoutSource, emit: Emit) -> None:
        """As the edge's."""
        self._ring = ring
        self._live()
        await self._edge.run(ring, source, emit)


@dataclass(slots=True, eq=False)
class Held:
    """One call's parts."""

    id: str
    config: Config
    base: Agent
    "Who speaks where the client says nothing of it, without tools."
    own: tuple[Tool | Callable[..., Any], ...]
    "The server's tools."
    edge: AudioEdge
    doorway: Doorway
    carrier: str
    settings: Settings
    session: AgentSession
    projection: Projection
    tools: ClientTools
    brain: Compute
    "As it is shared; what is written out of band is not counted with the turns."
    counting: Counting
    pen: Pen
    tell: Callable[[Told], None]
    start: Callable[[Coroutine[Any, Any, None]], Callable[[], object]]
    "Runs something beside the session until it ends; what stops it."
    greeting: str = ""
    "Said to a client that wants our own events, once."
    placing: Placing = field(default_factory=Placing)

    def agent(self) -> Agent:
        """Who speaks, by what the client has asked for so far."""
        return agent_of(self.base, self.own, self.settings, self.tools, tuple(self.placing.systems.values()))

    def shown(self) -> dict[str, Any]:
        """The session object."""
        return shown(self.settings, self.id, self.session)


def agent_of(
    base: Agent,
    own: tuple[Tool | Callable[..., Any], ...],
    settings: Settings,
    tools: ClientTools,
    systems: tuple[str, ...] = (),
) -> Agent:
    """The agent that these settings make of the server's."""
    told = base.instructions if settings.instructions is None else settings.instructions
    theirs = tuple(tools.tool(each) for each in settings.tools)
    return replace(
        base,
        instructions="\n\n".join(text for text in (told, *systems) if text),
        tools=(*own, *theirs) if settings.calls else (),
    )


def shown(settings: Settings, call_id: str, session: AgentSession) -> dict[str, Any]:
    """The session object with what is ours: who thinks, who speaks, who writes down, and what is not done."""
    brain, about = settings.about.brain, settings.about
    return settings.shown(call_id) | {
        "hocket": {
            "brain": {
                "name": brain.name, "hears": brain.hears, "note": brain.note,
                "thinks_while_listening": brain.thinks_while_listening,
                "reads": brain.reads,
            },
            "voice": about.voice,
            "transcripts": about.transcripts,
            "notes": [*session.notes(), *settings.notes()],
            "events": settings.extended,
        }
    }  # fmt: skip


def earlier(history: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """Exchanges of another session under numbers and names that none of this one's will have."""
    return tuple(
        replace(each, turn=Turn(number - len(history)), called=tuple(_renamed(step) for step in each.called))
        for number, each in enumerate(history)
    )


def _renamed(step: Called) -> Called:
    return replace(
        step,
        calls=tuple(replace(each, id=f"earlier-{each.id}") for each in step.calls),
        results=tuple(replace(each, id=f"earlier-{each.id}") for each in step.results),
    )
