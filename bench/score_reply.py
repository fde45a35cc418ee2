"""How one turn was answered: when sound came, when more than a filler came, and whether it took the floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from .audible import Stretch, joined
from .heard import Heard
from .score_scene import Scene

WINDOW = 5.0
"""Seconds after the user's end in which a reply counts; without one the turn is missed and censored here."""
WAITED = 2.0
"""Seconds that a user must have waited for a turn to be missed: who takes the floor again sooner, unanswered,
did not wait, and what the agent would have done nobody has seen. From here on not to have come is a miss."""
REPLY_GAP = 1.5
"""Seconds of silence that part two replies; a shorter gap is a pause inside one."""
BODY = 1.0
"""Seconds of sound that make an utterance the body of a reply, whatever else there is."""
TAKEOVER = 0.300
"""Seconds audible inside the window with which the floor is taken; less is no reply, and never a body."""
BLIP = 0.100
"""Seconds of sound, by itself, that are shorter than any word: a blip."""
BLIP_GAP = 0.100
"""Seconds of silence after which a blip stands by itself."""


@dataclass(frozen=True, slots=True)
class ReplyScore:
    """The answer to one turn. Seconds from the labelled end of the user, signed; nothing is clamped."""

    voice_to_voice: float | None = None
    "To the first audible sample, of a blip or a filler too; WINDOW when censored; None: none was due."
    to_body: float | None = None
    "To the body (see ``body``); WINDOW when censored."
    body_censored: bool = False
    "No body began in WINDOW, whatever else was heard."
    took_floor: bool | None = None
    "TAKEOVER seconds or more of the reply were audible in WINDOW."
    blip: bool = False
    "The first sound was shorter than BLIP and stood by itself."
    doubles: int = 0

    @property
    def censored(self) -> bool:
        """No sound came in WINDOW: the turn was missed."""
        return self.voice_to_voice == WINDOW


def reply(scene: Scene) -> ReplyScore:
    """Measure the reply to a turn that wants one.

    Sound tells no question from another: a late reply to an earlier, unanswered turn that begins within this
    one, or after it, counts as this one's, early, and as a cut-in.
    """
    answers = scene.answers
    doubles = max(replies([one for one in answers if _mine(scene, one)], scene.heard) - 1, 0)
    if not answers or scene.after(answers[0].start) >= WINDOW:
        if why := _unwatched(scene):
            scene.cannot(why)
            return ReplyScore(doubles=doubles)
        return ReplyScore(WINDOW, WINDOW, body_censored=True, took_floor=False, doubles=doubles)
    begun = body(answers, scene.heard)
    to_body = WINDOW if begun is None else min(scene.after(begun), WINDOW)
    return ReplyScore(
        scene.after(answers[0].start), to_body, to_body == WINDOW, _took_floor(scene, answers[0]),
        _opening(answers[0], scene.heard)[0].loud < BLIP, doubles,
    )  # fmt: skip


def _unwatched(scene: Scene) -> str:
    """Why nobody can say of a turn without a reply that it was missed; empty: it was."""
    if scene.floor is not None:
        waited = scene.after(scene.floor)
        said = f"the user spoke again {waited:.2f} s after it, unanswered, before {WAITED:g} s were over"
        return said if waited < WAITED else ""
    left = scene.after(scene.heard.length)
    return cut_short(left) if left < WINDOW else ""


def cut_short(left: float) -> str:
    """What is noted of an unanswered turn after which the recording went on for ``left`` seconds only."""
    return f"the recording ends {left:.2f} s after it, before the {WINDOW:g} s are over"


def replies(sound: Sequence[Stretch], heard: Heard) -> int:
    """How many replies these utterances are, parted by REPLY_GAP of silence; what was prompted is none."""
    firsts = [sound[0].start] if sound else []
    for one, later in pairwise(sound):
        if (later.start - one.end) / heard.rate >= REPLY_GAP:
            firsts.append(later.start)
    return sum(first not in heard.prompted for first in firsts)


def body(answers: Sequence[Stretch], heard: Heard) -> int | None:
    """Where the reply's body begins: the first utterance with BODY seconds of sound, or with half as much as
    the longest, at any rate TAKEOVER; blips at its head left out. None: there is none.

    The acoustic stand-in for the first word that answers. A "hmm" before silence and a long answer is not it;
    a filler that runs into the answer without 300 ms of silence is, for sound alone cannot tell.
    """
    longest = max((one.loud for one in answers), default=0.0)
    need = max(TAKEOVER, min(BODY, longest / 2))
    found = next((one for one in answers if one.loud >= need), None)
    if found is None:
        return None
    words = [one.start for one in _opening(found, heard) if one.loud >= BLIP]
    return words[0] if words else found.start


def unasked(scene: Scene, pending: bool, back: int | None) -> int:
    """Replies to a sound that wanted none. What the agent was saying already does not count, nor does what it
    goes on with after a yield (``back``), nor the reply still ``pending`` to an earlier turn.
    """
    since = scene.turn.start if back is None else back + 1
    past = [one for one in scene.heard.spoken if one.start < since][-1:]
    new = [one for one in scene.heard.spoken if one.start >= since and _mine(scene, one)]
    begun = replies(past + new, scene.heard) - replies(past, scene.heard)
    return max(begun - (pending and bool(new)), 0)


def _mine(scene: Scene, one: Stretch) -> bool:
    return scene.following is None or one.start < scene.following


def _took_floor(scene: Scene, first: Stretch) -> bool:
    """Audible long enough between the user's end and the window's, or where the user speaks again."""
    until = scene.turn.end + round(WINDOW * scene.heard.rate)
    until = until if scene.floor is None else min(until, scene.floor)
    return scene.heard.seconds(max(first.start, scene.turn.end), until) >= TAKEOVER


def _opening(one: Stretch, heard: Heard) -> list[Stretch]:
    """An utterance parted where BLIP_GAP of silence lies in it."""
    inside = [part for part in heard.parts if one.start <= part.start < one.end]
    return joined(inside, BLIP_GAP * heard.rate)
