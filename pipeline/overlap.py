"""What a burst of speech is: a barge-in, a backchannel, or nothing that was said to the agent.

The port of overlap scorers, and the one that is used where an application gives none. It must never claim to
know words that nobody judged: then it is not sure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .events import Overlap
from .levels import SILENCE
from .ports import Judgement


@dataclass(frozen=True, slots=True)
class Burst:
    """Speech from an onset until now, or until it ended. Levels in dBFS."""

    seconds: float
    level: float
    background: float = SILENCE
    "The quiet before it."
    usual: float | None = None
    "How loud this user was in the turns that were answered; None before the first."
    voice: float = SILENCE
    "How loud the agent's own voice was at the sink in the ``echo_within`` before the onset."
    echo: bool = False
    "The agent's voice may come back through the microphone, cancelled or not."
    over: bool = True
    "It is over the agent's voice; else it is a short turn of its own."
    ended: bool = False
    judgement: Judgement | None = None
    "What the brain's heads make of it; None where it has none."
    before: Judgement | None = None
    "What they made of this burst the time before; None at the first."


@dataclass(frozen=True, slots=True)
class Scored:
    """A judgement that the scorer stands by, and its reason in words."""

    kind: Overlap
    why: str


class OverlapScorer(Protocol):
    """Tells what a burst is. Asked about every 80 ms while it lasts and when it has ended; must be quick."""

    def score(self, burst: Burst) -> Scored | None:
        """None: not sure yet. The policy then goes by how long the burst lasts."""
        ...


@dataclass(frozen=True, slots=True)
class OverlapConfig:
    """When speech is judged, and from when a judgement counts."""

    stride: float = 0.08
    "Seconds of new sound per judgement; a multiple of the 80 ms position. Words over the voice take two."
    lead: float = 0.2
    "Seconds of sound before the onset that are judged with a burst."
    least: float = 0.12
    "Seconds of a burst before anything is said about it."
    words_after: float = 0.24
    "Seconds of a burst that goes on before it may be called a barge-in: an mm begins like a word."
    sure: float = 0.75
    "Probability from which a kind of sound counts while the burst goes on; words need it twice in a row."
    likely: float = 0.6
    "The same once it has ended."
    noise: float = 0.8
    "The same for noise in either case: who is called a noise is not heard."
    backchannel: float = 0.7
    "The same for a backchannel."
    backchannel_after: float = 0.5
    """Seconds of a burst that goes on before it may be called a backchannel: at 0.3 s earlier bundled heads
    called 30 % of people's beginnings of sentences one (43 bursts); by then the voice is held."""
    faint: float = 6.0
    "dB over the background; fainter bursts that nobody judged are noise."
    far: float = 18.0
    "dB under this user's usual level, from which speech was meant for somebody else."
    loud: float = -45.0
    "dBFS from which the agent's voice can leave an echo."
    echo_under: float = 20.0
    "dB under the agent's voice, from which a burst may be what is left of its echo."
    echo_within: float = 0.15
    "Seconds between loud sound of the agent and the onset of its echo, at most."

    def __post_init__(self) -> None:
        if not 0.08 <= self.stride <= 1.0:
            raise ValueError(f"stride must be 0.08 to 1 s, got {self.stride}")
        for name in ("lead", "least", "words_after", "backchannel_after", "echo_within"):
            if not 0.0 <= getattr(self, name) <= 2.0:
                raise ValueError(f"{name} must be 0 to 2 s, got {getattr(self, name)}")
        if not 0.5 < self.likely <= self.sure <= 1.0:
            raise ValueError(f"need 0.5 < likely <= sure <= 1, got {self.likely} and {self.sure}")
        if min(self.noise, self.backchannel) <= 0.5 or max(self.noise, self.backchannel) > 1.0:
            raise ValueError(f"noise and backchannel must be above 0.5, got {self.noise}, {self.backchannel}")
        for name in ("faint", "far", "echo_under"):
            if not 0.0 <= getattr(self, name) <= 120.0:
                raise ValueError(f"{name} must be 0 to 120 dB, got {getattr(self, name)}")
        if not SILENCE <= self.loud <= 0.0:
            raise ValueError(f"loud must be {SILENCE:g} to 0 dBFS, got {self.loud}")


class UsualScorer:
    """Judges by level, by own echo, and by the brain's heads where it has them; by nothing else."""

    def __init__(self, config: OverlapConfig | None = None) -> None:
        self._config = config or OverlapConfig()

    def score(self, burst: Burst) -> Scored | None:
        """None while the burst is too short, or where neither level nor heads are clear."""
        if burst.seconds < self._config.least and not burst.ended:
            return None
        return self._echo(burst) or self._far(burst) or self._kind(burst) or self._faint(burst)

    def _echo(self, burst: Burst) -> Scored | None:
        """Far below the agent's voice just before, and not as loud as this user is: its echo."""
        config = self._config
        under = burst.voice - burst.level
        possible = burst.over and burst.echo and burst.voice >= config.loud
        like_user = burst.usual is not None and burst.level > burst.usual - config.faint
        if not possible or under < config.echo_under or like_user:
            return None
        return Scored(Overlap.NOISE, f"own echo, {under:.0f} dB under the agent's voice: {describe(burst)}")

    def _far(self, burst: Burst) -> Scored | None:
        """So much fainter than this user that it is somebody else, or said to somebody else."""
        if burst.usual is None or burst.usual - burst.level < self._config.far:
            return None
        under = burst.usual - burst.level
        return Scored(Overlap.NOISE, f"side talk, {under:.0f} dB under this user: {describe(burst)}")

    def _kind(self, burst: Burst) -> Scored | None:
        """What the brain's heads are sure of."""
        heads, config = burst.judgement, self._config
        if heads is None:
            return None
        limit = config.likely if burst.ended else config.sure
        if heads.noise >= max(limit, config.noise):
            return Scored(Overlap.NOISE, describe(burst))
        settled = burst.ended or burst.seconds >= config.backchannel_after
        if heads.backchannel >= config.backchannel and settled:
            return Scored(Overlap.BACKCHANNEL, describe(burst))
        if heads.words >= limit and (burst.ended or self._steady(burst)):
            return Scored(Overlap.BARGE_IN, describe(burst))
        return None

    def _steady(self, burst: Burst) -> bool:
        """Whether words may be believed in while they go on: an mm begins like one, and in the middle of an
        mm-hm there is a stride that sounds like one."""
        twice = burst.before is not None and burst.before.words >= self._config.sure
        return twice and burst.seconds >= self._config.words_after

    def _faint(self, burst: Burst) -> Scored | None:
        """Hardly louder than the room, and no head says otherwise."""
        over = burst.level - burst.background
        if burst.judgement is not None or over >= self._config.faint:
            return None
        return Scored(Overlap.NOISE, f"{over:.0f} dB over the background: {describe(burst)}")


def describe(burst: Burst) -> str:
    """The numbers, for people and traces: ``0.31 s at -24 dB, words 0.71, backchannel 0.13, noise 0.16``."""
    text, heads = f"{burst.seconds:.2f} s at {burst.level:.0f} dB", burst.judgement
    if heads is None:
        return text
    return f"{text}, words {heads.words:.2f}, backchannel {heads.backchannel:.2f}, noise {heads.noise:.2f}"
