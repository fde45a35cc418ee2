"""The events that are ours alone: what the agent thinks, drafts, decides, and how long it takes.

Only clients that asked for them get them: strict ones raise on types that they do not know. Told as the trace
tells it, and nothing besides.
"""

from __future__ import annotations

from agent.receipt import ANSWER
from agent.wire.responses import event
from agent.wire.told import Event
from agent.wire.user_turns import Place
from pipeline.events import (
    CommitDraft,
    DraftFinished,
    DropDraft,
    Duck,
    Hold,
    Hush,
    OverlapScored,
    Remember,
    Resume,
    SpeechPaused,
    SpeechStarted,
    StartDraft,
    Unduck,
)
from pipeline.records import Measured, Noted, Thought, ToolRan
from pipeline.trace import Item

VOICE_TO_VOICE = "voice to voice"
"""The latency that a user feels, by its name on the wire: from the end of speech to the first sound."""
_VOICE: dict[type[Item], str] = {
    Duck: "ducked", Unduck: "full", Hold: "held", Resume: "resumed", Hush: "hushed"
}  # fmt: skip


class Extensions:
    """One call's."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._thinking: set[tuple[int, int]] = set()
        "Thoughts that were told of and are not over: turn and draft."

    def see(self, item: Item, reply: tuple[int, int, str | None]) -> list[Event]:
        """``reply``: turn, draft and id of the response in progress, whose draft's thoughts are its own."""
        match item:
            case Thought(turn, draft, text, confirmed, again):
                return self._thought(turn, draft, text, confirmed, again, reply)
            case Noted(turn, draft):
                return self._thought_over(turn, draft, reply)
            case StartDraft(turn, draft, listened):
                heard = [self._place(listened.start), self._place(listened.end)]
                return [_draft(turn, draft, "begun", heard)]
            case DropDraft(turn, draft):
                return [*self._thought_over(turn, draft, reply), _draft(turn, draft, "dropped")]
            case CommitDraft(turn, draft):
                return [_draft(turn, draft, "committed")]
            case DraftFinished(turn, draft):
                return [*self._thought_over(turn, draft, reply), _draft(turn, draft, "finished")]
            case Remember(turn, _):
                told = sorted(each for each in self._thinking if each[0] <= turn)
                return [over for each in told for over in self._thought_over(*each, reply)]
            case Duck(turn) | Unduck(turn) | Hold(turn) | Resume(turn) | Hush(turn):
                response = reply[2] if turn == reply[0] else None
                state = _VOICE[type(item)]
                return [event("hocket.voice", turn=turn, response_id=response, state=state)]
            case _:
                return self._measured(item)

    def _thought(
        self, turn: int, draft: int, text: str, confirmed: int | None, again: int,
        reply: tuple[int, int, str | None],
    ) -> list[Event]:  # fmt: skip
        before = self._thought_over(turn, draft, reply) if confirmed is not None else []
        if not text:
            return before
        self._thinking.add((turn, draft))
        delta = event(
            "response.thinking.delta", response_id=_own(turn, draft, reply), turn=turn, draft=draft,
            delta=text, confirmed=confirmed, again=again,
        )  # fmt: skip
        return [*before, delta]

    def _thought_over(self, turn: int, draft: int, reply: tuple[int, int, str | None]) -> list[Event]:
        if (turn, draft) not in self._thinking:
            return []
        self._thinking.discard((turn, draft))
        own = _own(turn, draft, reply)
        return [event("response.thinking.done", response_id=own, turn=turn, draft=draft)]

    def _measured(self, item: Item) -> list[Event]:
        match item:
            case SpeechStarted(at):
                return [event("hocket.user", state="speaking", audio_ms=self._place(at))]
            case SpeechPaused(at):
                return [event("hocket.user", state="quiet", audio_ms=self._place(at))]
            case OverlapScored(at, kind, why):
                return [event("hocket.overlap", kind=str(kind), why=why, audio_ms=self._place(at))]
            case Measured(turn, name, seconds):
                name = VOICE_TO_VOICE if name == ANSWER else name
                return [event("hocket.latency", turn=turn, name=name, ms=round(1000 * seconds))]
            case ToolRan():
                return [
                    event(
                        "hocket.tool", turn=item.turn, name=item.name, arguments=item.arguments,
                        output=item.content, failed=item.failed, ms=round(1000 * item.seconds),
                    )
                ]  # fmt: skip
        return []


def _own(turn: int, draft: int, reply: tuple[int, int, str | None]) -> str | None:
    return reply[2] if (turn, draft) == reply[:2] else None


def _draft(turn: int, draft: int, state: str, heard: list[int] | None = None) -> Event:
    return event("hocket.draft", turn=turn, draft=draft, state=state, heard_ms=heard)
