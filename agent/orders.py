"""Carries the conductor's orders to the stages of the line: for each kind of order, who does it.

It decides nothing and waits for nothing. What was typed or asked for waits here until the policy answers it
with a draft.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.conductor import Routes
from agent.conversation import Exchange
from agent.line import Line
from agent.persona import Agent
from agent.speech import Speeches
from agent.turn import Agent as Voice
from agent.turn import User
from agent.turn_quiet import NUDGE
from agent.turn_state import MISSED
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Duck,
    Fact,
    Hold,
    Hush,
    Order,
    Remember,
    Resume,
    RunTool,
    Say,
    StartDraft,
    StopThinking,
    TextEntered,
    Think,
    Unduck,
)
from pipeline.ports import Phrase
from pipeline.records import Said
from pipeline.trace import Entry


class Orders:
    """One session's."""

    def __init__(
        self,
        line: Callable[[], Line],
        agent: Callable[[], Agent],
        speeches: Speeches,
        free: Callable[[], None],
    ) -> None:
        """``free`` is called when nobody has the floor any more, before the history is read again."""
        self._now = line
        self._agent = agent
        self._speeches = speeches
        self._free = free
        self._typed: str | None = None

    def routes(self) -> Routes:
        """For each kind of order, who carries it out."""
        return {
            Think: self._think,
            StopThinking: self._stop_thinking,
            StartDraft: self._start_draft,
            DropDraft: self._drop_draft,
            CommitDraft: self._commit_draft,
            Say: self._say,
            Duck: lambda order: self._now().speaking.duck(order.turn, order.gain),
            Unduck: lambda order: self._now().speaking.unduck(order.turn),
            Hold: lambda order: self._now().speaking.hold(order.turn, order.fade),
            Resume: lambda order: self._now().speaking.resume(order.turn),
            Hush: self._hush,
            RunTool: lambda order: self._now().ground.tools.start(order),
            Remember: self._remember,
        }

    def see(self, entry: Entry) -> None:
        """What a fact or an order means for words that wait for the policy's answer."""
        if isinstance(entry.item, TextEntered):
            self._typed = entry.item.text
        if isinstance(entry.item, Fact | Order):
            self._speeches.see(entry.item)

    @property
    def floor_is_free(self) -> bool:
        """True while the user is quiet and nothing of the agent's is due or sounds."""
        state = self._now().conductor.state
        return (state.user, state.agent) == (User.QUIET, Voice.SILENT) and not state.closed

    @property
    def closed(self) -> bool:
        """The policy looks at nothing any more."""
        return self._now().conductor.state.closed

    # --- the user's turn ----------------------------------------------------------------------------------

    def _think(self, order: Think) -> None:
        line = self._now()
        line.ledger.reopened(order.turn)
        line.thinking.think(order)
        if line.mind.ahead.reading:
            line.encoding.think(order)

    def _stop_thinking(self, order: StopThinking) -> None:
        self._now().thinking.stop(order)
        self._now().encoding.stop(order)

    def _start_draft(self, order: StartDraft) -> None:
        line, typed, self._typed = self._now(), self._typed, None
        early = line.conductor.state.user is User.TALKING
        line.conversation.renew()  # whatever draft was alive is given up for this one
        line.thinking.draft(early=early)  # first, so that the draft has what was noted until now
        line.decoding.start(order, typed, self._speeches.aside)

    def _drop_draft(self, order: DropDraft) -> None:
        line = self._now()
        line.decoding.drop(order.draft)
        line.thinking.go_on()
        line.speaking.drop(order.turn, order.draft)
        state = line.conductor.state
        if state.turn > order.turn or (state.user, state.agent) == (User.QUIET, Voice.SILENT):
            self._speeches.ended(order.turn, "", whole=False)  # never heard, and no turn to remember
            self._leave()
        elif state.agent is Voice.SILENT:
            self._speeches.taken_back(order.turn)

    # --- the agent's --------------------------------------------------------------------------------------

    def _commit_draft(self, order: CommitDraft) -> None:
        line = self._now()
        line.decoding.commit(order.turn, order.draft, line.conductor.state.speech)
        line.speaking.commit(order.turn, order.draft)

    def _hush(self, order: Hush) -> None:
        self._now().decoding.hush(order.turn)
        self._now().speaking.hush(order.turn, order.fade)

    def _say(self, order: Say) -> None:
        agent, line, draft = self._agent(), self._now(), Draft(0)
        text = self._speeches.words(order.turn)
        if text is None:
            canned = {
                "greeting": agent.greeting,
                "failed": agent.failed,
                NUDGE: agent.nudge,
                MISSED: agent.missed,
            }
            text = canned.get(order.reason, order.reason) or ""
        if text.strip():  # an agent may have no words for it
            line.phrases.put_now(Phrase(order.turn, draft, 0, text))
        line.phrases.put_now(Phrase(order.turn, draft, 1 if text.strip() else 0, "", final=True))
        line.speaking.commit(order.turn, draft)

    def _remember(self, order: Remember) -> None:
        line = self._now()
        text, _, whole = line.speaking.heard(order.turn)
        called = line.decoding.called(order.turn, text)
        given = line.decoding.remember(order.turn)
        user = given if given and given.parts else None  # a reply that the application asked for answers none
        line.conversation.remember(Exchange(order.turn, user, text, whole, called))
        if text and not whole:  # a reply that was heard to its end has been told by the voice
            line.ground.trace.record(Said(order.turn, text, whole))
        line.speaking.hush(order.turn)  # the turn is over: nothing of it may wait at the gate
        self._speeches.ended(order.turn, text, whole=whole)
        self._leave()
        line = self._now()  # it may have another mind now
        if line.mind.ahead.reading:
            line.encoding.base()

    def _leave(self) -> None:
        """A turn is over: whoever waits for the floor may have it, if nobody took it."""
        if self.floor_is_free:
            self._free()
            self._speeches.offer()
