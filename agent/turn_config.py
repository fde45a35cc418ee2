"""What the turn policy may be told to do differently: one frozen value, read by the rules."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

_LONGEST = 3600.0
_SHORTEST = 0.02
"""Seconds: one frame of capture."""
_PROBABILITIES = ("sure", "unsure", "undecided", "early", "duck_gain")
_COUNTED = ("adapt_after", "adapt_margin")


@dataclass(frozen=True, slots=True)
class TurnConfig:
    """The settings of the turn policy; durations in seconds."""

    pre_roll: float = 0.2
    "How much sound before a detected onset belongs to the turn."
    sounds: float = 8.0
    """How far before an onset sounds that are no speech (claps, beeps) belong to the turn: whoever asks how
    many there were made them first. 0: never. A brain that hears words alone is given none."""
    lingers: float = 0.75
    """After the last sample of a reply was asked for, this long its voice may still sound and echo: what is
    no speech then belongs to no turn. Taken as 0 where nothing of the voice can come back."""
    tail: float = 0.1
    "How much sound after the last speech belongs to a draft."
    window: float = 45.0
    "The most audio one draft may span; the start of a longer turn is forgotten (the ring holds 60 s)."
    endpoint: float = 0.5
    "Silence after which a turn is over when the model has not said, or not clearly said, whether it is."
    endpoint_sure: float = 0.2
    """The same when the model is sure that the turn is over. Counted from where the detector says that
    speech ended, which is 53 ms after the truth in the median (see ``HysteresisConfig``)."""
    endpoint_unsure: float = 1.2
    "The same when the model is sure that it is not; also the most that a user's own pauses may bring it to."
    sure: float = 0.8
    "Probability of the end from which the model counts as sure."
    unsure: float = 0.3
    "Probability of the end up to which the model counts as sure that more will come."
    undecided: float = 0.05
    "How near a half a probability says nothing at all: that source does not count, as if it were silent."
    early: float = 0.9
    "Probability of the end, by the sound, from which a draft begins before any pause; 0: never."
    adapt: bool = True
    "Wait longer for a user who pauses long within their turns, and shorter for one who does not."
    adapt_after: int = 4
    "Pauses of this user that it takes."
    adapt_margin: float = 1.25
    "How much longer than this user's long pauses silence must last; a factor, not a duration."
    endpoint_least: float = 0.35
    "What ``endpoint`` comes down to at most for a user who hardly pauses."
    aside: float = 1.2
    "Speech in a turn, at most, that may deserve no answer: a lone mm-hm, a cough, a word to somebody else."
    nudge_after: float = 0.0
    "Silence of the user after a reply, after which the agent says one short thing, once; 0: never."
    reply_timeout: float = 10.0
    "From a commit to the first sound, at most; then the turn ends as an error."
    stall_timeout: float = 5.0
    "Speaking without any progress of playback, at most; then the turn ends as an error."
    duck_gain: float = 0.3
    "Volume of the agent's voice while the user talks over it; a factor, not a duration."
    hold_after: float = 0.2
    "Speech over the agent's voice this long makes it hold; a shorter burst is never a word."
    barge_in_after: float = 0.55
    "Speech over the agent's voice this long takes the floor."
    detector_lag: float = 0.15
    "How late a detector tells that speech ended: added to ``barge_in_after``, or short words pass for long."
    judge_within: float = 0.4
    "After a short burst over the voice: how long a judgement is waited for before the voice resumes."
    decide_by: float = 0.9
    "From the onset of speech over the voice to hush or resume, at most."
    excuse: float = 1.0
    "Speech judged a backchannel takes the floor all the same when it lasts this long."
    excuse_noise: float = 10.0
    """The same for what was judged nothing that was said to the agent (side talk, an echo, a machine), for as
    long as no later judgement doubts it: from then on ``excuse`` counts."""
    capture_slack: float = 0.1
    "How far capture may lie behind the clock before silence is not believed."
    answers: bool = True
    "False: a turn that is over waits, with those before it, until the application asks for a reply."
    barge_in: bool = True
    "False where the agent may hear itself (no echo cancellation): speech while it speaks is not listened to."
    echo_tail: float = 0.25
    "Without barge-in: how long after the voice ended onsets still count as echo."
    echo_doubt: float = 0.6
    "Speech that was not listened to and goes on this long after the reply's end was the user's after all."

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            most = 1.0 if name in _PROBABILITIES else _LONGEST
            if not (math.isfinite(value) and 0.0 <= value <= most):
                raise ValueError(f"{name} must be 0 to {most:g}, got {value}")
        if self.endpoint < _SHORTEST:
            raise ValueError(f"endpoint must be at least {_SHORTEST} s, got {self.endpoint}")
        if self.unsure >= self.sure:
            raise ValueError(f"unsure must be below sure, got {self.unsure} and {self.sure}")
        for name in _COUNTED:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @classmethod
    def fixed(cls, endpoint: float, **others: Any) -> TurnConfig:
        """A policy that waits equally long in every pause, whatever the model says and the user does."""
        same = {"endpoint": endpoint, "endpoint_sure": endpoint, "endpoint_unsure": endpoint, "adapt": False}
        return cls(**{**same, **others})
