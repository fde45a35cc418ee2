"""The conversations that ``hocket talk`` holds: at a microphone, with a recording, or as a demonstration.

All three are the same session on another edge of sound. Each ends with a receipt, also when it is cut short.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console

from agent.clock_tools import ClockTools, offers
from agent.config import Config
from agent.demo import QUESTIONS, part, spoken
from agent.guiding import Guiding, greeted
from agent.headline import headline, spent, summary
from agent.launch import Parts, make_session, parts
from agent.receipt import Receipt
from agent.record import Record
from agent.screen import Screen
from agent.session import AgentSession
from agent.tap import Tap, tracks
from agent.terminal import Terminal
from agent.turn_state import CANNED
from audio_io.wav import read_sound, write_wav
from audio_io.wav_edge import ScheduledEdge, WavEdge
from pipeline.errors import BugError, UserError
from pipeline.events import CommitDraft, Draft, DropDraft, Remember, Say, Turn
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE, AudioEdge
from pipeline.records import Window
from pipeline.trace import Entry

AUDIBLE = 10 ** (-50 / 20)
"""Level from which on a sample counts as the agent's voice."""
TAIL = 3.0
"""Seconds of silence after the last word, with nothing due, that end a conversation without a microphone."""
_NO_SIGNALS = (NotImplementedError, ValueError, RuntimeError)
"""What a loop raises that takes no signals: on Windows, or outside the main thread."""


class Due:
    """Whether a reply is due or being heard: follows the trace."""

    def __init__(self) -> None:
        self._turns: dict[Turn, Draft] = {}

    def see(self, entry: Entry) -> None:
        """For ``trace.subscribe``."""
        match entry.item:
            case CommitDraft(turn, draft):
                self._turns[turn] = draft
            case Say(turn):
                self._turns[turn] = CANNED
            case DropDraft(turn, draft) if self._turns.get(turn) == draft:
                del self._turns[turn]  # taken back before its first sound
            case Remember(turn):
                self._turns.pop(turn, None)

    def nothing(self) -> bool:
        """True when the agent owes no reply."""
        return not self._turns


async def talk_live(
    config: Config, console: Console, edge: AudioEdge, guiding: Guiding | None = None
) -> Receipt:
    """Talk with whoever sits at the microphone until Ctrl-C. Raises DeviceError when the device is lost.

    ``guiding``: proposes what to ask, step by step.
    """
    config = config if guiding is None else greeted(config)
    ending, sees = "listening; Ctrl-C ends", [] if guiding is None else [guiding.see]
    try:
        async with parts(config) as built:
            with Record(config.record.folder) as record:
                return await _hold(
                    config, console, built, edge, record, *sees, ending=ending, guiding=guiding
                )
    finally:
        if guiding is not None:
            guiding.finish()


async def talk_demo(config: Config, console: Console, folder: Path, count: int = len(QUESTIONS)) -> Receipt:
    """Hold the demonstration with its first ``count`` questions, and leave its files in ``folder``."""
    asks = QUESTIONS[:count]
    async with parts(config) as built:
        sounds = await spoken(asks, built.voice.name)
        due = Due()
        cues = part(asks, sounds, greeted=bool(config.persona.greeting))
        edge = ScheduledEdge(cues, tail=TAIL, quiet=due.nothing)
        with Record(folder) as record:
            return await _hold(config, console, built, edge, record, due.see, ending="Ctrl-C ends")


async def talk_file(config: Config, console: Console, question: Path, answer: Path | None) -> Receipt:
    """Play a recording to the agent in real time, show its replies and keep its voice.

    Raises SoundFileError for a question that cannot be read, UserError where nothing was answered.
    """
    sound = read_sound(question)
    due = Due()
    ending = f"playing {question.name}, {len(sound) / CAPTURE_RATE:.1f} s, in real time; Ctrl-C ends"
    quiet = replace(config, persona=replace(config.persona, greeting=""))
    with _folder(config.record.folder, wanted=answer is not None) as folder:
        async with parts(quiet) as built:
            edge = WavEdge(sound, tail=TAIL, quiet=due.nothing)
            with Record(folder, told=config.record.folder is not None) as record:
                receipt = await _hold(quiet, console, built, edge, record, due.see, ending=ending)
        if answer is not None and folder is not None:
            _save_answer(Record.sound_path(folder), answer, question)
            console.print(f"  The answer is in {answer}.", highlight=False)
    return receipt


async def _hold(
    config: Config,
    console: Console,
    built: Parts,
    edge: AudioEdge,
    record: Record,
    *listeners: Callable[[Entry], None],
    ending: str,
    guiding: Guiding | None = None,
) -> Receipt:
    """Run one session with everything that watches it."""
    tap = Tap(edge, record.sound)
    listening, pace = config.mechanisms.listening_thoughts, config.brain.pace
    clock = ClockTools()
    if offers(config.tools, built.facts):
        built = replace(built, tools=clock.beside(built.tools))
    head = headline(built.facts, built.voice.name, tap.report(), listening=listening, pace=pace)
    with Terminal(console, Screen(lambda: tap.level, width=console.width)) as terminal:
        told = {tap.report().note}

        def observe(window: Window) -> None:
            tap.keep()
            terminal.hear(window)
            if guiding is not None:
                guiding.hear(window)
            if (note := tap.report().note) not in told:
                told.add(note)
                terminal.tell(note, "yellow")

        for listener in (terminal.see, *listeners):
            record.trace.subscribe(listener)
        session = make_session(config, built, tap, trace=record.trace, observe=observe)
        clock.join(session)
        try:
            with _interruptible(session):
                for line in (head, built.facts.note, *told, ending):
                    if line:
                        terminal.tell(line, "bold" if line is head else "dim")
                await session.start()
                for note in session.notes():
                    terminal.tell(note, "dim")
                if guiding is not None:
                    heeds = config.turn.barge_in and tap.report().echo != "open"
                    guiding.join(session, terminal.tell, interruptible=heeds)
                await session.wait()
        finally:
            clock.close()
            await session.aclose()
            kept = record.finish(tap, title=head)
            with contextlib.suppress(BugError):  # a session that never began has no receipt
                kept = summary(session.receipt(), kept)
            terminal.tell(kept)
            if bill := spent(built.spent()):
                terminal.tell(bill)
    return session.receipt()


@contextlib.contextmanager
def _interruptible(session: AgentSession) -> Iterator[None]:
    """The first Ctrl-C closes the session; a second one stops the program."""
    loop = asyncio.get_running_loop()

    def close() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        session.close("Ctrl-C")

    with contextlib.suppress(*_NO_SIGNALS):
        loop.add_signal_handler(signal.SIGINT, close)
    try:
        yield
    finally:
        with contextlib.suppress(*_NO_SIGNALS):
            loop.remove_signal_handler(signal.SIGINT)


@contextlib.contextmanager
def _folder(named: Path | None, *, wanted: bool) -> Iterator[Path | None]:
    """The named folder; else a passing one where sound must be kept for a moment; else none."""
    if named is not None or not wanted:
        yield named
        return
    with TemporaryDirectory(prefix="hocket-") as passing:
        yield Path(passing)


def _save_answer(recording: Path, answer: Path, question: Path) -> None:
    voice = tracks(recording, longest=3600.0).agent
    loud = np.flatnonzero(np.abs(voice) > AUDIBLE)
    if not len(loud):
        raise UserError(
            f"nothing was answered to {question}, so {answer} was not written; does somebody speak in it?"
        )
    write_wav(answer, voice[loud[0] : loud[-1] + 1], PLAYOUT_RATE)
