"""What a client at a distance may do with a live session besides: give turns itself, correct what was heard.

Everything is a fact that the policy decides on, or a setting that counts from here on. It must never move
sound, wait, or let what a client claims make more heard than was sent.
"""

from __future__ import annotations

from dataclasses import replace

from agent.controls import INSTRUCTED, UNPROMPTED, Controls
from agent.openings import CLIENT, Openings
from agent.persona import Agent
from agent.speech import SpeechHandle
from agent.turn_config import TurnConfig
from agent.turn_state import User
from pipeline.errors import UserError
from pipeline.events import InputGiven, InterruptRequested, Sample, Turn
from pipeline.ports import PLAYOUT_RATE, AudioEdge
from pipeline.trace import Entry, Trace
from pipeline.vad import HysteresisConfig

FARTHEST = 2.0
"""Seconds of output latency that can be accounted for."""


class ClientControls(Controls):
    """One session's."""

    def __init__(self, agent: Agent, trace: Trace, edge: AudioEdge, turn: TurnConfig) -> None:
        super().__init__(agent, trace)
        self._edge = edge
        self._turn = turn
        self._openings = Openings(lambda fact: self._emit(fact), lambda: Sample(self._running.ring.end))
        self._given = 0
        "Turns given whole that the policy has not looked at yet."

    # --- whose turns ------------------------------------------------------------------------------------

    def take_turns(self, by: str) -> None:
        """``detector``: speech opens a turn, silence ends it; ``client``: ``begin_turn`` and ``commit`` do,
        and a reply comes when ``generate_reply`` asks for it. Raises UserError for another word."""
        self._need_live("take_turns")
        self._given += self._openings.take(by)
        self._suit()

    def begin_turn(self) -> None:
        """The user begins here. Raises UserError while a detector tells turns."""
        self._need_live("begin_turn")
        self._openings.begin()

    def commit(self) -> None:
        """The user's turn is over now (push to talk). Raises UserError where the client has begun none."""
        self._openings.commit()
        self._given += self._openings.by == CLIENT

    def withdraw(self) -> None:
        """What the user said in the open turn never was."""
        self._need_live("withdraw")
        self._openings.withdraw()

    def answer_turns(self, *, by_itself: bool) -> None:
        """False: a turn that is over waits, with those before it, until ``generate_reply`` is called."""
        self._need_live("answer_turns")
        self._turn = replace(self._turn, answers=by_itself)
        self._suit()

    def suit_turns(self, turn: TurnConfig, hearing: HysteresisConfig) -> None:
        """Other settings of the policy and of who hears speech, from here on."""
        line = self._need_live("suit_turns")
        self._turn = turn
        line.hearing.suit(hearing)
        self._suit()

    @property
    def user_has_turn(self) -> bool:
        """True while a turn of the user's is open, or they talk over the agent."""
        return self._running.conductor.state.user is not User.QUIET

    @property
    def unanswered(self) -> bool:
        """True when the user gave something that waits for a reply to be asked for."""
        return self._given > 0 or self._running.conductor.state.unanswered is not None

    def generate_reply(
        self, *, user_input: str | None = None, instructions: str | None = None
    ) -> SpeechHandle:
        """As ``Controls.generate_reply``; without ``user_input`` it answers what the user gave and nobody
        answered, where something waits."""
        line = self._need_live("generate_reply")
        if user_input is not None or not self.unanswered:
            return super().generate_reply(user_input=user_input, instructions=instructions)
        if instructions and not line.mind.facts.obeys_instructions:
            raise UserError(f"{line.mind.facts.name} takes no instructions: ask for a reply without any")
        aside = "\n" + INSTRUCTED.format(instructions=instructions or UNPROMPTED) if instructions else ""
        return self._speeches.write("what waits is to be answered", aside)

    # --- what was heard -----------------------------------------------------------------------------------

    def truncate(self, turn: int, seconds: float) -> str | None:
        """Of this turn's reply no more than its first ``seconds`` of sound were heard: it stops where it
        still sounds, and the history is corrected. The words heard; None for a turn that is not known (any
        more). It can only shorten."""
        line = self._need_live("truncate")
        text = line.speaking.shorten(turn, max(0, round(seconds * PLAYOUT_RATE)))
        if text is None:
            return None
        if not line.conversation.correct(Turn(turn), text):  # its turn is not over yet
            self._emit(InterruptRequested(Turn(turn)))
        return text

    def hears_late(self, seconds: float) -> None:
        """The ear is so many seconds behind what was pulled, from here on; clamped to 0 to 2."""
        line = self._running
        late = min(max(seconds, 0.0), FARTHEST)
        line.speaking.output_latency = line.watch.output_latency = late
        line.meter.latency = late

    # --- within -------------------------------------------------------------------------------------------

    def _suit(self) -> None:
        answers = self._turn.answers and self._openings.answers
        self._running.suit_turns(replace(self._turn, answers=answers))

    def _look_at_edge(self) -> None:
        """The sink may be another one now: what is known of it is read again."""
        self.hears_late(self._edge.report().output_latency)
        self._suit()

    def _look_at_given(self, entry: Entry) -> None:
        if isinstance(entry.item, InputGiven):
            self._given = max(0, self._given - 1)
