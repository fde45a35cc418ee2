"""What a recorded conversation shows of its agent: a pure function of two channels and their labels.

No model, no network, no runtime trace, no clock: anybody's agent can be measured, and twice alike. Times are
signed and in seconds; nothing is clamped. Windows and thresholds are constants beside each measure
(``score_reply``, ``score_pauses``, ``score_overlap``, ``score_sound``, ``heard``, ``audible``).
"""

from __future__ import annotations

from dataclasses import dataclass

from .heard import YIELDED, listen
from .kinds import kind_of
from .labels import Kind, Labels
from .recording import Recording, fit
from .recording_warnings import absent, warnings
from .score_overlap import STOP_WINDOW, EventScore, StopScore, back, event, stop
from .score_pauses import PauseScore, overlap, pauses
from .score_reply import REPLY_GAP, WINDOW, ReplyScore, body, replies, reply, unasked
from .score_scene import Scene, scenes, takes_floor
from .score_sound import Gap, gaps

__all__ = [
    "REPLY_GAP", "STOP_WINDOW", "WINDOW", "YIELDED", "EventScore", "PauseScore", "Score", "StopScore",
    "TurnScore", "score",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class TurnScore:
    """One user turn, or one sound of the user that is none."""

    number: int
    kind: Kind
    voice_to_voice: float | None
    "From the labelled end to the reply's first audible sample; WINDOW when censored; None: none was due."
    to_body: float | None
    "The same to the first utterance that is no mere filler (see ``score_reply.body``)."
    censored: bool
    "No reply came in WINDOW: the turn was missed."
    cut_in: bool
    "The agent began to be audible before the labelled end. Only of turns that take the floor."
    pauses: tuple[PauseScore, ...]
    stop: StopScore | None
    "Barge-ins over an audible agent only."
    yielded: bool | None
    "Backchannels over an audible agent only: it fell silent. ``event`` has it for every kind."
    overlap: float
    "Seconds in which both were audible, by the labels on the user's side."
    doubles: int
    "Replies beyond the first before the next turn; any reply at all where none was due."
    floor: bool = True
    "The user took the floor: a turn proper."
    body_censored: bool = False
    "No body of a reply began in WINDOW, though something may have been heard."
    took_floor: bool | None = None
    "300 ms or more of a reply were audible in WINDOW; None: none was due, or it cannot be known."
    blip: bool = False
    "The reply's first sound was shorter than any word and stood by itself."
    interruptions: int = 0
    "How often the agent began to be audible before the labelled end of a turn proper."
    event: EventScore | None = None
    "Sounds that take no floor only."


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
    answered_by: str = ""
    "Who answered, as the labels say (see ``kinds``): a scripted brain's figures never join a real one's."
    gaps: tuple[Gap, ...] = ()
    "Silences inside the agent's speech."
    warnings: tuple[str, ...] = ()
    "What about the recording makes its figures doubtful."


def score(recording: Recording, labels: Labels) -> Score:
    """Measure one conversation. Raises LabelsError or SoundFileError when the two do not fit."""
    fit(recording, labels)
    heard = listen(recording.agent, recording.rate, labels.asked)
    unscored: list[str] = []
    void = absent(recording, labels)
    turns: list[TurnScore] = []
    last: Scene | None = None
    for scene in scenes(labels, heard, unscored):
        turn = scene.turn
        if takes_floor(turn):
            turns.append(_turn(scene))
            last = scene
        else:
            turns.append(_event(scene, last, turn.number in void))
    first = labels.turns[0].start if labels.turns else recording.length
    early = replies([one for one in heard.spoken if one.start < first], heard)
    return Score(
        labels.conversation, labels.scenario, recording.length / recording.rate, tuple(turns),
        max(early - labels.greeting, 0), sum(one.loud for one in heard.sound), tuple(unscored),
        kind_of(labels.about), gaps(heard, labels.turns),
        warnings(recording, labels),
    )  # fmt: skip


def _turn(scene: Scene) -> TurnScore:
    """A turn that takes the floor."""
    turn = scene.turn
    early = [one.start for one in scene.own if one.start < turn.end]
    found = reply(scene) if turn.reply else ReplyScore(doubles=unasked(scene, False, None))
    return TurnScore(
        turn.number, turn.kind, found.voice_to_voice, found.to_body, found.censored,
        cut_in=bool(early),
        pauses=pauses(turn, early, scene.heard),
        stop=stop(scene) if turn.kind is Kind.BARGE_IN else None,
        yielded=None,
        overlap=overlap(turn, scene.heard),
        doubles=found.doubles,
        body_censored=found.body_censored,
        took_floor=found.took_floor,
        blip=found.blip,
        interruptions=len(early),
    )  # fmt: skip


def _event(scene: Scene, last: Scene | None, void: bool) -> TurnScore:
    """A sound that takes no floor; ``void``: it cannot be heard in the user's channel, so is no event."""
    turn = scene.turn
    waiting = last is not None and _pending(last, turn.start)
    if void:
        scene.cannot(f"this {turn.kind} cannot be heard in the user's channel")
        found = None
    else:
        found = event(scene, waiting)
    spoken_over = found is not None and found.speaking
    return TurnScore(
        turn.number, turn.kind, None, None,
        censored=False,
        cut_in=False,
        pauses=(),
        stop=None,
        yielded=found.yielded if found and spoken_over and turn.kind is Kind.BACKCHANNEL else None,
        overlap=overlap(turn, scene.heard),
        doubles=unasked(scene, waiting, back(scene, found) if found else None),
        floor=False,
        event=found,
    )  # fmt: skip


def _pending(last: Scene, at: int) -> bool:
    """Whether the reply to an earlier turn is still due here: its body has not begun."""
    if not last.turn.reply:
        return False
    begun = body(last.answers, last.heard)
    return begun is None or begun >= at
