"""What a recorded conversation shows of its agent: a pure function of two channels and their labels.

No model, no network, no runtime trace, no clock: anybody's agent can be measured, and twice alike. Times are
signed and in seconds; nothing is clamped. Windows and thresholds are the constants here and in ``audible``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .audible import JOIN, Stretch, stretches
from .labels import Kind, Labels, UserTurn
from .recording import Recording, fit

WINDOW = 5.0
"""Seconds after the user's end in which a reply counts; without one the turn is missed and censored here."""
STOP_WINDOW = 2.0
"""Seconds after a barge-in's onset within which silence counts; without it the stop is censored here."""
YIELDED = 0.300
"""Seconds of silence that come before a reply: an agent that has not yielded the floor has not replied,
however soon after the user its next sentence begins."""
TAIL = 0.300
"""Seconds that sound from before the user's end must go on after it to be a reply, not a withdrawn cut-in."""
REPLY_GAP = 1.5
"""Seconds of silence that part two replies; a shorter gap is a pause inside one."""
BODY = 1.0
"""Seconds of sound that make a stretch the body of a reply, whatever else there is."""
YIELD_GAP = 0.300
"""Seconds of silence that count as giving way to a backchannel."""
YIELD_WINDOW = 1.0
"""Seconds after a backchannel's onset within which giving way is looked for."""


@dataclass(frozen=True, slots=True)
class PauseScore:
    """One hesitation of the user."""

    seconds: float
    "Its labelled length."
    cut: bool
    "The agent began to be audible in it, or after it before the turn's labelled end."
    inside: bool
    "It began in the pause itself."


@dataclass(frozen=True, slots=True)
class StopScore:
    """How the agent's voice ended under a barge-in."""

    latency: float
    "Seconds from the user's true onset to the agent's silence (200 ms or more); STOP_WINDOW when censored."
    censored: bool
    resumed: bool
    "It was audible again before the user had finished."


@dataclass(frozen=True, slots=True)
class TurnScore:
    """One user turn."""

    number: int
    kind: Kind
    voice_to_voice: float | None
    "From the labelled end to the reply's first audible sample; WINDOW when censored; None: none was due."
    to_body: float | None
    "The same to the first stretch that is no mere filler (see ``_body``)."
    censored: bool
    "No reply came in WINDOW: the turn was missed."
    cut_in: bool
    "The agent began to be audible before the labelled end."
    pauses: tuple[PauseScore, ...]
    stop: StopScore | None
    "Barge-ins over an audible agent only."
    yielded: bool | None
    "Backchannels over an audible agent only: it fell silent."
    overlap: float
    "Seconds in which both were audible, by the labels on the user's side."
    doubles: int
    "Replies beyond the first before the next turn; any reply at all where none was due."


@dataclass(frozen=True, slots=True)
class Score:
    """One conversation."""

    conversation: str
    scenario: str
    seconds: float
    turns: tuple[TurnScore, ...]
    unprompted: int
    "Replies to nothing before the first turn, a labelled greeting left out."
    agent_seconds: float
    "Seconds in which the agent was audible."
    unscored: tuple[str, ...]
    "What the recording was too short for, or had nothing to measure by."


def score(recording: Recording, labels: Labels) -> Score:
    """Measure one conversation. Raises LabelsError or SoundFileError when the two do not fit."""
    fit(recording, labels)
    sound = stretches(recording.agent, recording.rate)
    spoken = stretches(recording.agent, recording.rate, join=YIELDED)
    unscored: list[str] = []
    turns: list[TurnScore] = []
    for place, turn in enumerate(labels.turns):
        following = labels.turns[place + 1].start if place + 1 < len(labels.turns) else None
        scene = _Scene(turn, following, sound, spoken, recording.rate, recording.length, unscored)
        turns.append(scene.score())
    first = labels.turns[0].start if labels.turns else recording.length
    early = _replies([piece for piece in spoken if piece.start < first], recording.rate)
    return Score(
        labels.conversation, labels.scenario, recording.length / recording.rate, tuple(turns),
        max(early - labels.greeting, 0), sum(piece.loud for piece in sound), tuple(unscored),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Scene:
    """One turn and the agent's sound around it."""

    turn: UserTurn
    following: int | None
    "Where the next turn begins."
    sound: list[Stretch]
    spoken: list[Stretch]
    "The same, parted by YIELDED of silence or more."
    rate: int
    length: int
    unscored: list[str]

    def score(self) -> TurnScore:
        turn = self.turn
        own = [piece for piece in self.spoken if turn.start <= piece.start < (self.following or self.length)]
        answers = [piece for piece in own if piece.start >= turn.end or self.after(piece.end) > TAIL]
        before = next((piece for piece in self.sound if piece.start < turn.start < piece.end), None)
        over = turn.kind in (Kind.BARGE_IN, Kind.BACKCHANNEL)
        if over and before is None:
            self.unscored.append(f"turn {turn.number}: the agent was not audible when this {turn.kind} began")
        v2v, body = self._reply(answers) if turn.reply else (None, None)
        early = [piece.start for piece in own if piece.start < turn.end]
        return TurnScore(
            turn.number, turn.kind, v2v, body,
            censored=v2v == WINDOW,
            cut_in=bool(early),
            pauses=_pauses(turn, early, self.rate),
            stop=self._stop(before, own) if before and turn.kind is Kind.BARGE_IN else None,
            yielded=self._yielded() if before and turn.kind is Kind.BACKCHANNEL else None,
            overlap=_overlap(turn, self.sound, self.rate),
            doubles=max(_replies(answers, self.rate) - 1, 0) if turn.reply else self._unasked(own),
        )  # fmt: skip

    def after(self, position: int) -> float:
        """Seconds from the user's labelled end to a position; signed."""
        return (position - self.turn.end) / self.rate

    def _reply(self, answers: list[Stretch]) -> tuple[float | None, float | None]:
        """Voice-to-voice and the same to the reply's body."""
        if answers and self.after(answers[0].start) < WINDOW:
            return self.after(answers[0].start), min(self.after(_body(answers).start), WINDOW)
        if self.following is None and self.after(self.length) < WINDOW:
            left = f"{self.after(self.length):.2f} s after it, before the {WINDOW:g} s are over"
            self.unscored.append(f"turn {self.turn.number}: the recording ends {left}")
            return None, None
        return WINDOW, WINDOW

    def _stop(self, before: Stretch, own: list[Stretch]) -> StopScore | None:
        latency = (before.end - self.turn.start) / self.rate
        if latency > STOP_WINDOW:
            return StopScore(STOP_WINDOW, censored=True, resumed=False)
        if before.end + JOIN * self.rate > self.length:
            self.unscored.append(f"turn {self.turn.number}: the recording ends before silence is certain")
            return None
        return StopScore(latency, censored=False, resumed=any(piece.start < self.turn.end for piece in own))

    def _yielded(self) -> bool:
        """Whether a silence of YIELD_GAP begins within YIELD_WINDOW of the backchannel's onset."""
        start, until = self.turn.start, self.turn.start + YIELD_WINDOW * self.rate
        for piece, later in zip(self.sound, [*self.sound[1:], None], strict=True):
            gap = ((later.start if later else self.length) - piece.end) / self.rate
            if start <= piece.end < until and gap >= YIELD_GAP:
                return True
        return False

    def _unasked(self, own: list[Stretch]) -> int:
        """Replies to a turn that wanted none; what the agent was saying already does not count."""
        past = [piece for piece in self.spoken if piece.start < self.turn.start]
        return _replies(past[-1:] + own, self.rate) - bool(past)


def _replies(sound: list[Stretch], rate: int) -> int:
    """How many replies these stretches are, parted by REPLY_GAP of silence."""
    gaps = [(later.start - piece.end) / rate for piece, later in pairwise(sound)]
    return bool(sound) + sum(gap >= REPLY_GAP for gap in gaps)


def _body(answers: list[Stretch]) -> Stretch:
    """The first stretch with BODY seconds of sound, or with half as much as the one with most.

    An acoustic stand-in for the first word that answers: a "hmm" before silence and a long answer is not it.
    """
    need = min(BODY, max(piece.loud for piece in answers) / 2)
    return next(piece for piece in answers if piece.loud >= need)


def _pauses(turn: UserTurn, early: list[int], rate: int) -> tuple[PauseScore, ...]:
    """Each onset before the turn's end is put down to the last pause that began before it."""
    borders = [*(pause.start for pause in turn.pauses[1:]), turn.end]
    found = []
    for pause, until in zip(turn.pauses, borders, strict=False):
        onsets = [onset for onset in early if pause.start <= onset < until]
        inside = any(onset < pause.end for onset in onsets)
        found.append(PauseScore((pause.end - pause.start) / rate, bool(onsets), inside))
    return tuple(found)


def _overlap(turn: UserTurn, sound: list[Stretch], rate: int) -> float:
    """Seconds of the turn's speech, its pauses left out, under audible sound of the agent."""
    starts = [turn.start, *(pause.end for pause in turn.pauses)]
    ends = [*(pause.start for pause in turn.pauses), turn.end]
    shared = sum(
        max(0, min(end, piece.end) - max(start, piece.start))
        for start, end in zip(starts, ends, strict=True)
        for piece in sound
    )
    return shared / rate
