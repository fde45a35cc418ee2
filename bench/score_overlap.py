"""What the agent made of the user's sound over its own voice, or in its silence: it stops, holds, answers.

Three things that fall silent must not be mixed up: a barge-in must end the voice (``stop``); a "mm-hm", a
cough, a word to somebody else or a noise must not (``event``), and when they do, the voice that comes back
makes it a false hold. The voice that a barge-in ended and that is heard again under it has resumed.

Beside τ-voice's panel (``tau``): there any silence of a tick (our port: 200 ms) after the onset is a yield,
here only 300 ms of it, because speech has commas of 250; there what was mixed in and talked through is not
counted, here it counts as right; there noise is a tic, here it stands by itself; there the late answer to an
earlier question that falls into the window after a cough is an error, here it is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from .audible import JOIN, Stretch
from .heard import YIELDED
from .labels import During
from .score_scene import Scene

STOP_WINDOW = 2.0
"""Seconds after a barge-in's onset within which silence counts; without it the stop is censored here."""
YIELD_WINDOW = 1.0
"""Seconds after a sound's onset within which giving way to it is looked for (τ-voice's window)."""
RESPOND_WINDOW = 2.0
"""Seconds after the end of a sound in silence within which an onset answers it (τ-voice's window)."""
REACTION = 0.200
"""Seconds after a sound's onset in which nobody has answered it yet: who begins there was about to anyway."""
RESUME_WINDOW = 2.5
"""Seconds of silence after which a voice that gave way has not come back. No longer than the harness itself
waits before it asks an agent to go on (``script.RESUMES``), or its asking would pass for a return."""


@dataclass(frozen=True, slots=True)
class StopScore:
    """How the agent's voice ended under a barge-in."""

    latency: float
    "Seconds from the user's true onset to the agent's silence (200 ms or more); STOP_WINDOW when censored."
    censored: bool
    resumed: bool
    "It was audible again before the user had finished."
    offset: float = 0.0
    "Seconds that its utterance had lasted when the user began."

    @property
    def yielded(self) -> bool:
        """It gave way: silent in time, and until the user had finished. A pause between sentences is none."""
        return not (self.censored or self.resumed)


@dataclass(frozen=True, slots=True)
class EventScore:
    """What came of a sound that wanted nothing from the agent."""

    speaking: bool
    "The agent was in the middle of an utterance when it began."
    yielded: bool | None = None
    """Of an agent that was speaking: its utterance ended within YIELD_WINDOW. None: cannot be known. One that
    was about to end anyway counts, so sounds are to be placed well inside long utterances."""
    answered: bool | None = None
    "Of one that was silent: it began within RESPOND_WINDOW. None: cannot be known."
    offset: float = 0.0
    "Seconds that its utterance had lasted when the sound began."
    silence: float | None = None
    "Seconds from a yield until it was audible again, or as long as that could be watched."
    resumed: bool = False
    "It was audible again: a false hold, or an answer to the sound; what it said, sound does not tell."
    never: bool = False
    "It was not audible again for RESUME_WINDOW, though nobody took the floor."

    @property
    def right(self) -> bool | None:
        """It ignored what was to be ignored; None: cannot be known."""
        wrong = self.yielded if self.speaking else self.answered
        return None if wrong is None else not wrong


def stop(scene: Scene) -> StopScore | None:
    """Of a barge-in; None and a note when there was nothing to stop, or the recording ends too early."""
    heard, turn = scene.heard, scene.turn
    voice = heard.speaking(turn.start)
    if voice is None:
        scene.cannot(f"the agent was not audible when this {turn.kind} began")
        return None
    utterance = heard.utterance(turn.start) or voice
    offset = (turn.start - utterance.start) / heard.rate
    latency = (voice.end - turn.start) / heard.rate
    if latency > STOP_WINDOW:
        return StopScore(STOP_WINDOW, censored=True, resumed=False, offset=offset)
    if voice.end + JOIN * heard.rate > heard.length:
        scene.cannot("the recording ends before silence is certain")
        return None
    again = heard.next(voice.end)
    return StopScore(latency, False, again is not None and again.start < turn.end, offset)


def event(scene: Scene, pending: bool) -> EventScore:
    """Of a sound that takes no floor. ``pending``: the reply to an earlier turn is still due."""
    utterance = scene.heard.utterance(scene.turn.start)
    if utterance is not None:
        return _over(scene, utterance)
    if scene.turn.during is During.SPEAKING:
        scene.cannot(f"the agent was not audible when this {scene.turn.kind} began, though it is labelled so")
    return EventScore(False, answered=_answered(scene, pending))


def back(scene: Scene, found: EventScore) -> int | None:
    """Where a voice that gave way began again."""
    utterance = scene.heard.utterance(scene.turn.start)
    if not found.resumed or utterance is None:
        return None
    again = scene.heard.next(utterance.end)
    return None if again is None else again.start


def _over(scene: Scene, utterance: Stretch) -> EventScore:
    heard, start = scene.heard, scene.turn.start
    offset = (start - utterance.start) / heard.rate
    until = start + round(YIELD_WINDOW * heard.rate)
    if scene.following is not None:
        until = min(until, scene.following)
    if utterance.end >= until:
        return EventScore(True, yielded=False, offset=offset)
    again = heard.next(utterance.end)
    if again is None and (heard.length - utterance.end) / heard.rate < YIELDED:
        scene.cannot("the recording ends before it is certain whether the agent gave way")
        return EventScore(True, offset=offset)
    whole = utterance.end + round(RESUME_WINDOW * heard.rate)
    limit = min(whole, heard.length if scene.following is None else scene.following)
    resumed = again is not None and again.start < limit
    ended = again.start if again is not None and resumed else limit
    return EventScore(
        True, yielded=True, offset=offset, silence=(ended - utterance.end) / heard.rate,
        resumed=resumed, never=not resumed and limit == whole,
    )  # fmt: skip


def _answered(scene: Scene, pending: bool) -> bool | None:
    """Whether an utterance begins by RESPOND_WINDOW after its end, before the user's next sound."""
    heard, turn = scene.heard, scene.turn
    if pending:
        scene.cannot(f"a reply was still due when this {turn.kind} began, so an answer to it cannot be told")
        return None
    until = turn.end + round(RESPOND_WINDOW * heard.rate)
    onset = next((one.start for one in scene.own if one.start <= until), None)
    if onset is not None and onset - turn.start < REACTION * heard.rate:
        scene.cannot(f"the agent began with this {turn.kind}, too soon to have answered it")
        return None
    if onset is None and scene.following is None and until > heard.length:
        scene.cannot(f"the recording ends before the {RESPOND_WINDOW:g} s after it are over")
        return None
    return onset is not None
