"""Says a question as it was wanted: pace, pitch, ending, breaks, one voice or two; and writes down what came.

Runs only in a spawned worker process, beside the engines.
"""

import itertools
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from . import measure, voices
from .accent import foreign, shift
from .audio import POSITION, RATE, Pcm, rms
from .corpus import Utterance
from .labels import syllables
from .skills.question import How, Question
from .skills.registry import LONG, borders, draw
from .skills.talk import NODS
from .speech import Engine, Espeak, Spoken, Style
from .speech_change import bend, pitched
from .speech_engines import voices_of
from .speech_pico import Pico

STORED_LEVEL = 10 ** (-26 / 20)
INVENTED_ACCENTS = {"espeak": 0.12, "invented": 0.25}
"Share of a group's training utterances with a made-up accent."
LONGEST, USUAL = 13.0, 6.5
"Seconds of speech at most: of families that may be long, and of all others."
TRIES = 8
"Ways of saying one question before it is given up: it must measure as it was wanted."
APART = 0.3
"Share of lists of digits that are said one by one."
_PACES = {"slow": (0.5, 0.82), "fast": (1.25, 1.9), "": (0.64, 1.55)}
_PITCHES = {"low": (0.0, 0.45), "high": (0.4, 1.0), "": (0.0, 1.0)}
LIFTED = 3
"Tries after which a voice that will not go so high or so low is helped."
_LIFTS = {"low": (0.6, 0.85), "high": (1.3, 2.1), "": (1.0, 1.0)}
_HUMS = {
    "espeak": ("[[@mh'@m]]", "[[Vh'V]]", "[[@mh'Vm]]", "[[Vh'Vm]]"),
    "flite": ("uh huh", "um hum", "hmm hmm", "uh hum"),
}
"How an engine is told to hum (mm-hmm), which it cannot read. Espeak dies of syllables without a vowel."
_MARKS = re.compile(r"[ˈˌː\s‍͡_\-|(){}̩]")


class Pronunciation:
    """IPA of single words, looked up once."""

    def __init__(self, espeak: Espeak) -> None:
        self._espeak = espeak
        self._known: dict[str, str] = {}

    def raw(self, word: str) -> str:
        """With stress."""
        if word not in self._known:
            self._known[word] = re.sub(r"\(.*?\)", "", self._espeak.phonemes(word))
        return self._known[word]

    def ipa(self, words: Sequence[str]) -> str:
        """Sounds alone."""
        return "".join(_MARKS.sub("", self.raw(word)) for word in words)


@dataclass(frozen=True, slots=True)
class Take:
    """Speech, where it began anew, and where a second voice speaks in it."""

    spoken: Spoken
    breaks: tuple[int, ...] = ()
    others: tuple[tuple[int, int], ...] = ()


def style_of(question: Question, rng: random.Random) -> Style:
    """Pace and pitch at random, on the side that is wanted."""
    low, high = _PACES[question.how.pace]
    if question.skill == "long" and not question.how.pace:
        low, high = 0.55, 1.15
    elif question.skill in LONG:
        low = 0.85
    return Style(rng.uniform(low, high), rng.uniform(*_PITCHES[question.how.pitch]), rng.uniform(0.1, 0.9))


def cuts_of(question: Question, rng: random.Random) -> list[int]:
    """Numbers of words after which the voice begins anew; often several in a long chain."""
    count, how = len(question.words), question.how
    if how.pauses is not None:
        return sorted(rng.sample(range(1, count), min(how.pauses, count - 1)))
    if question.skill == "nod" or count <= 2 or how.pace or how.pitch or how.end:
        return []
    natural = borders(question)
    if natural:
        apart = question.skill in ("digits", "backwards") and rng.random() < APART
        return [place for place in natural if apart or rng.random() < 0.35]
    if question.skill == "long":
        wanted = rng.choice((0, 0, 0, 1, 1, 2, 3))
    else:
        wanted = int(rng.random() < 0.12)
    return sorted(rng.sample(range(1, count), min(wanted, count - 1)))


def written(words: Sequence[str], rng: random.Random) -> tuple[str, ...]:
    """Half of the time with a capital I: espeak then runs "I am" together as people do, and says two words
    apart where it reads "i am"."""
    capital = rng.random() < 0.5
    return tuple("I" if word == "i" and capital else word for word in words)


class Teller:
    """Speaks for one group of voices."""

    def __init__(self, group: str, engine: Engine, espeak: Espeak, *, test: bool, unseen: bool) -> None:
        self._group, self._engine, self._espeak, self._test = group, engine, espeak, test
        self._pronunciation = Pronunciation(espeak)
        self._voices = voices_of(group, espeak, unseen=unseen)
        unseen = test and (unseen or voices.GROUPS[group].test)
        self._second = voices_of("espeak", espeak, unseen=unseen)

    def _words(self, words: Sequence[str], voice: str, engine: Engine) -> str:
        """As the engine reads them: a foreign voice gets sounds."""
        if engine is self._engine and voice in Pico.FOREIGN:
            return " ".join(f"[[{foreign(self._pronunciation.raw(word), voice)}]]" for word in words)
        return " ".join(words)

    def _part(self, text: str, count: int, voice: str, style: Style, lift: float) -> Spoken:
        """`lift`: a factor of pitch beyond what the engine does itself."""
        if lift == 1:
            return self._engine.timed(text, count, voice, style)
        found = self._engine.timed(text, count, voice, replace(style, pace=style.pace / lift))
        pcm = pitched(found.pcm, lift)
        ends = tuple(min(len(pcm), round(end / lift)) for end in found.ends)
        return Spoken(pcm, (*ends[:-1], len(pcm)) if ends else ())

    def _say(self, question: Question, voice: str, rng: random.Random, lift: float) -> Take:
        """One voice. Cut sums often end with a rising comma."""
        style, cuts, how = style_of(question, rng), cuts_of(question, rng), question.how
        end = {"rising": "?", "falling": "."}.get(how.end, rng.choice(("", "", "", ".", "?")))
        if question.skill == "incomplete":
            end = rng.choice((",", ",", ""))
        words = written(question.words, rng)
        accented = not cuts and not self._test and rng.random() < INVENTED_ACCENTS.get(self._group, 0.0)
        if accented:
            text = f"[[{shift(self._espeak.phonemes(' '.join(words), ipa=False), rng)}]]{end}"
            return Take(self._part(text, len(words), voice, style, lift))
        parts = []
        for first, last in itertools.pairwise([0, *cuts, len(words)]):
            mark = rng.choice((",", ",", "")) if last < len(words) else end
            text = self._words(words[first:last], voice, self._engine) + mark
            parts.append(self._part(text, last - first, voice, style, lift))
        return _glued(parts)

    def _two(self, question: Question, voice: str, rng: random.Random) -> Take:
        """The last words, two at least, are another's (espeak's); both are about as loud."""
        count = len(question.words)
        border = rng.randint(min(2, count - 1), max(count - 2, 1))
        other = rng.choice([name for name in self._second if name != voice])
        parts = []
        for words, who, engine in (
            (question.words[:border], voice, self._engine),
            (question.words[border:], other, self._espeak),
        ):
            text, style = self._words(words, who, engine), style_of(question, rng)
            found = engine.timed(text, len(words), who, style)
            scale = np.float32(STORED_LEVEL * 10 ** (rng.uniform(-3, 3) / 20) / rms(found.pcm))
            parts.append(replace(found, pcm=found.pcm * scale))
        take = _glued(parts)
        return replace(take, others=((take.breaks[0], len(take.spoken.pcm)),))

    def _nod(self, question: Question, voice: str, rng: random.Random) -> tuple[Take, str]:
        """A listener's word or hum, and its IPA."""
        heard = " ".join(question.words)
        said, style = rng.choice(NODS[heard]), style_of(question, rng)
        if heard == "mhm":
            text = rng.choice(_HUMS["espeak" if self._engine is self._espeak else "flite"])
            if voice in Pico.FOREIGN:
                text = "[[hmhm]]"
            return Take(self._engine.timed(text, 0, voice, style)), "mhm"
        words = said.split()
        found = self._engine.timed(self._words(words, voice, self._engine), len(words), voice, style)
        return Take(found), self._pronunciation.ipa(words)

    def utterance(self, skill: str, start: int, rng: random.Random) -> tuple[Utterance, Pcm] | None:
        """One utterance; None if no way of saying it came out as wanted, or of a fair length."""
        question = draw(skill, rng, test=self._test)
        for attempt in range(TRIES):
            lift = rng.uniform(*_LIFTS[question.how.pitch]) if attempt >= LIFTED else 1.0
            found = self._try(question, start, rng, lift)
            if found is not None:
                return found
        return None

    def _try(
        self, question: Question, start: int, rng: random.Random, lift: float
    ) -> tuple[Utterance, Pcm] | None:
        voice, how = rng.choice(self._voices), question.how
        if question.skill == "nod":
            take, ipa = self._nod(question, voice, rng)
        else:
            two = how.voices == 2
            take = self._two(question, voice, rng) if two else self._say(question, voice, rng, lift)
            ipa = self._pronunciation.ipa(question.words)
        if how.end and len(take.spoken.pcm):
            take = _bent(take, how.end, rng)
        pcm, ends = take.spoken.pcm, take.spoken.ends
        longest = LONGEST if question.skill in LONG or how.pauses else USUAL
        if not 0.15 * RATE < len(pcm) < longest * RATE:
            return None
        pcm = pcm * np.float32(STORED_LEVEL / rms(pcm))
        if not _as_wanted(how, pcm, ipa):
            return None
        if len(ends) != len(question.words):
            ends = (len(pcm),) if len(question.words) == 1 else ()
        named = voice if self._engine is self._espeak else f"{self._group}:{voice}"
        return (
            Utterance(
                question, ipa, named, self._group, start, len(pcm), 0.0, take.breaks, ends, take.others
            ),
            pcm,
        )


def _as_wanted(how: How, pcm: Pcm, ipa: str) -> bool:
    """Pace, pitch and ending are the generator's to get right; `augment` sees to all else."""
    wanted = How(pace=how.pace, pitch=how.pitch, end=how.end)
    if wanted == How():
        return True
    around = np.pad(pcm, (POSITION, POSITION + -len(pcm) % POSITION))
    return measure.fits(wanted, measure.measure(around, syllables=syllables(ipa)))


def _bent(take: Take, end: str, rng: random.Random) -> Take:
    """The ending glides further the way it should go."""
    amount = rng.uniform(4, 11) * (1 if end == "rising" else -1)
    seconds = rng.uniform(0.3, 0.6)
    pcm = bend(take.spoken.pcm, amount, seconds)
    first = max(0, len(take.spoken.pcm) - int(RATE * seconds))
    ratio = (len(pcm) - first) / max(1, len(take.spoken.pcm) - first)

    def moved(place: int) -> int:
        return place if place <= first else min(len(pcm), round(first + (place - first) * ratio))

    return Take(
        Spoken(pcm, tuple(map(moved, take.spoken.ends))),
        tuple(map(moved, take.breaks)),
        tuple((moved(a), moved(b)) for a, b in take.others),
    )


def _glued(parts: list[Spoken]) -> Take:
    """Parts one after the other, and where all but the first begin; no word ends if a part has none."""
    offsets = [0, *itertools.accumulate(len(part.pcm) for part in parts)]
    known = all(part.ends for part in parts)
    ends = [at + end for at, part in zip(offsets, parts, strict=False) for end in part.ends] if known else []
    return Take(Spoken(np.concatenate([part.pcm for part in parts]), tuple(ends)), tuple(offsets[1:-1]))
