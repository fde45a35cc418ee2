"""Carries the guide of a first run into a live session: tells its proposals, speaks two of them, and keeps
that this machine has had it.

It speaks through ``session.say`` and never where somebody talks; who has the floor stays the policy's to
decide. Whatever goes wrong with what it keeps, talking goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agent.config import BUNDLED, Config, PersonaConfig
from agent.guide import End, Guide, Propose, Told, advance, begin, hush
from agent.guide_turns import Turns
from agent.guide_words import GREETING, aloud, better_brain, shown, ways_out
from agent.session import AgentSession
from agent.speech import SpeechHandle
from pipeline.decoder import DecoderConfig
from pipeline.events import Hush, Sample, Say, SpeechStarted
from pipeline.ports import CAPTURE_RATE
from pipeline.records import Window
from pipeline.trace import Entry

PAUSE = 1.0
"""Seconds in which nobody talks before a proposal is spoken."""
SPEECH = 0.5
"""Score from which on a window counts as somebody's talk here."""
STYLE, AGAIN, TROUBLE = "green", "dim green", "yellow"
AFTERWARDS = "(From now on I begin without this; hocket talk --guide brings it back.)"


class Known:
    """The file that says that somebody was guided on this machine."""

    def __init__(self, path: Path | None = None) -> None:
        """``path`` None: in the user's own folder for settings."""
        if path is None:
            from platformdirs import user_config_path

            path = user_config_path("hocket", appauthor=False) / "guided"
        self.path = path

    def __bool__(self) -> bool:
        try:
            return self.path.exists()
        except OSError:
            return False

    def keep(self) -> None:
        """From now on somebody was. Where that cannot be written, the next run is guided again."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text("The first talk was guided; without this file the next one is.\n")
        except OSError:
            return


class Guiding:
    """One conversation's: ``join`` a session, then give it the trace and the windows."""

    def __init__(self, known: Known, better: str = "", config: DecoderConfig | None = None) -> None:
        """``better``: the way to a better brain. ``config``: what is said where nothing was understood."""
        self.guide = Guide(())
        self._known = known
        self._better = better
        self._turns = Turns(config)
        self._session: AgentSession | None = None
        self._tell: Callable[[str, str], None] = lambda text, style: None
        self._due = ""
        "To be spoken as soon as nobody has talked for a while."
        self._quiet: Sample | None = None
        "Since when nobody has talked."
        self._handle: SpeechHandle | None = None
        self._greeting: int | None = None

    def join(self, session: AgentSession, tell: Callable[[str, str], None], *, interruptible: bool) -> None:
        """The session is live: propose the first step. ``interruptible``: it can be talked over."""
        self._session, self._tell = session, tell
        self.guide, told = begin(interruptible=interruptible)
        self._do(told)

    def see(self, entry: Entry) -> None:
        """For ``trace.subscribe``, behind whoever shows the turn itself."""
        match entry.item:
            case SpeechStarted():
                self._withdraw()
            case Say(turn, "greeting"):
                self._greeting = turn
            case Hush(turn) if turn == self._greeting:
                self.guide = hush(self.guide)
            case _:
                pass
        taken = self._turns.see(entry)
        if taken is None or self._session is None:
            return
        self.guide, told = advance(self.guide, taken)
        self._do(told)

    def hear(self, window: Window) -> None:
        """For the session's ``observe``: its windows are the clock."""
        session = self._session
        if not self._due or session is None or session.over:
            return
        talks = window.probability >= SPEECH or session.user_has_turn or session.agent_state != "listening"
        if talks or self._quiet is None:
            self._quiet = None if talks else window.at
        elif window.at - self._quiet >= PAUSE * CAPTURE_RATE:
            text, self._due, self._quiet = self._due, "", None
            self._handle = session.say(text)
            self._handle.add_done_callback(self._spoken)

    def finish(self) -> None:
        """The conversation is over: whoever was understood once is not guided again."""
        if any(end is not End.MISSED for _, end in self.guide.ended):
            self._known.keep()

    def _do(self, told: tuple[Told, ...]) -> None:
        assert self._session is not None, "something is told only to whoever has joined"
        for each in told:
            if not isinstance(each, Propose):
                lines = ways_out(each, self._session.brain, self._better)
                for line in lines:
                    self._tell(line, TROUBLE)
                continue
            self._tell(shown(each), AGAIN if each.again else STYLE)
            self._due, self._quiet = aloud(each), None
        if told and self.guide.free and not self._known:
            self._known.keep()
            if self._known:
                self._tell(AFTERWARDS, "dim")

    def _withdraw(self) -> None:
        """The user talks: what waits to be spoken was told on the screen."""
        self._due = ""
        if self._handle is not None and self._handle.turn is None:
            self._handle.interrupt()

    def _spoken(self, handle: SpeechHandle) -> None:
        """One that was talked over, or into before it began, was the last that is spoken."""
        if handle.interrupted:
            self.guide = hush(self.guide)


def guiding_for(config: Config, asked: bool | None, *, terminal: bool) -> Guiding | None:
    """The guide of a live talk, where there is to be one: with the bundled brain, at a terminal, the first
    time on this machine. ``asked``: ``--guide``, ``--no-guide``, or None where neither was given.

    It looks for GPUs, and for brains that were found here once: the ways to a better brain.
    """
    if config.brain.model != BUNDLED or not terminal or asked is False:
        return None
    known = Known()
    if not asked and (known or not config.persona.guide):
        return None
    from agent.chosen import Memory
    from model.machine import machine

    last = Memory().recall()
    better = better_brain(machine(), last.offered if last is not None else ())
    return Guiding(known, better, config.decoder)


def greeted(config: Config) -> Config:
    """The settings with the first proposal in the greeting, unless there is one of one's own."""
    if config.persona.greeting != PersonaConfig().greeting:
        return config
    return replace(config, persona=replace(config.persona, greeting=GREETING))
