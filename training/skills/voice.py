"""How something was said, named as sound: eight families by what is measured, and words against the voice.

What is cited is measured in the very clip (`cited.cite`). Templates are few and all trained; a test meets
them in voices that were never trained. Must never: guess at a person.
"""

import random
from dataclasses import dataclass, replace

from training.cited import cite
from training.measure import LABELS, label

from .question import How, Measured, Past, Question, Skill

ASKED = {
    "pitch": ("is my voice high or low", "do i speak high or low", "is this a high or a low voice",
              "tell me if my voice is low or high", "how high is my voice",
              "what is the pitch of my voice"),
    "pace": ("am i speaking fast or slow", "do i speak fast or slow", "is my speech slow or fast",
             "tell me if i speak slow or fast", "how fast do i speak", "how fast am i speaking"),
    "loudness": ("am i speaking loud or soft", "is my voice loud or soft",
                 "tell me if i speak soft or loud", "do i speak loud or soft", "how loud am i speaking",
                 "how loud is my voice"),
    "ending": ("does my voice rise or fall", "does my voice go up or down",
               "is my voice rising or falling", "do i go up or down at the end"),
    "pauses": ("do i make pauses", "am i making pauses when i speak", "did you hear me pause",
               "do i speak with pauses"),
    "line": ("am i on the telephone or close", "does this sound like a telephone",
             "is this a telephone line", "do i sound close or like a telephone"),
    "background": ("is it noisy or quiet here", "is there noise behind me", "how noisy is it here",
                   "is it quiet here"),
    "voices": ("is this one voice or two", "how many voices do you hear", "are there one or two voices",
               "how many people are speaking"),
}  # fmt: skip
REPLY = {
    "pitch": {"low": "Your voice is low.", "high": "Your voice is high."},
    "pace": {"slow": "You speak slowly.", "fast": "You speak fast."},
    "loudness": {"soft": "You speak softly.", "loud": "You speak loudly."},
    "ending": {"falling": "Your voice falls at the end.", "rising": "Your voice rises at the end."},
    "pauses": {"steady": "You speak without pauses.", "pausing": "You make pauses."},
    "line": {"telephone": "You sound like a telephone.", "close": "You sound close."},
    "noise": {"noisy": "It is noisy behind you.", "quiet": "It is quiet behind you."},
    "voices": {"one": "I hear one voice.", "two": "I hear two voices."},
}
CLAIMS: dict[str, dict[str, tuple[str, ...]]] = {
    "pace": {"slow": ("i am speaking very slowly", "i speak slowly", "i am talking slowly now"),
             "fast": ("i am speaking very fast", "i speak fast", "i am talking fast now")},
    "pitch": {"low": ("my voice is low", "i speak with a low voice", "i have a low voice"),
              "high": ("my voice is high", "i speak with a high voice", "i have a high voice")},
    "loudness": {"soft": ("i am speaking softly", "i am whispering", "my voice is soft"),
                 "loud": ("i am speaking loudly", "i am shouting", "my voice is loud")},
    "ending": {"falling": ("my voice falls at the end", "my voice is falling"),
               "rising": ("my voice rises at the end", "my voice is rising")},
    "noise": {"noisy": ("it is noisy here",), "quiet": ("it is quiet here",)},
    "line": {"telephone": ("i am on the telephone",), "close": ("i am close to you",)},
}  # fmt: skip
"What somebody may say of the own voice, true or not."
TAILS = ("is that true", "am i right", "is that right", "right", "")
FAMILY = {"background": "noise"}
"Of a skill, where its name is not the family's: `noise` is what evaluation calls clips without speech."
_WISH = {"pitch": "pitch", "pace": "pace", "loudness": "loudness", "ending": "end", "line": "line",
         "noise": "noise"}  # fmt: skip
SPOKEN = (
    *(way for ways in ASKED.values() for way in ways),
    *(way for claims in CLAIMS.values() for ways in claims.values() for way in ways),
    *TAILS,
)
_TOLD = tuple(text for texts in REPLY.values() for text in texts.values())
REPLIES = (*_TOLD, *(f"{answer}, {text[0].lower()}{text[1:]}" for text in _TOLD for answer in ("Yes", "No")))
MARKS = (
    *("pitch ", " hz: ", "pace ", " syllables: ", "level ", " db: "),
    *("slope ", "pauses ", "band ", " khz: ", "snr ", "voices "),
    *(word for pair in LABELS.values() for word in pair),
    *("says ", "yes", "no"),
)


def wish(family: str, side: str, rng: random.Random) -> How:
    """What the generator must do so that the label is `side`."""
    if family in _WISH:
        return replace(How(), **{_WISH[family]: side})  # type: ignore[arg-type]
    if family == "pauses":
        return How(pauses=0 if side == "steady" else rng.choice((1, 1, 2)))
    return How(voices=1 if side == "one" else 2)


@dataclass(frozen=True, slots=True)
class Voice:
    """One family; both sides equally often. ValueError for a clip that is on neither side."""

    name: str

    @property
    def family(self) -> str:
        return FAMILY.get(self.name, self.name)

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        how = wish(self.family, rng.choice(LABELS[self.family]), rng)
        return Question(self.name, tuple(rng.choice(ASKED[self.name]).split()), how=how)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        return [cite(self.family, measured)]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        return REPLY[self.family][_label(self.family, measured)]

    def held(self, question: Question, past: Past) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Claim:
    """Words about the own voice, which may contradict it. `facts`: the family, the side that is claimed."""

    name: str = "claim"

    def draw(self, rng: random.Random, *, test: bool) -> Question:
        family = rng.choice(sorted(CLAIMS))
        side, true = rng.choice(sorted(CLAIMS[family])), rng.random() < 0.5
        other = next(word for word in LABELS[family] if word != side)
        tail = rng.choice(TAILS) if family != "ending" else ""
        words = (*rng.choice(CLAIMS[family][side]).split(), *tail.split())
        how = wish(family, side if true else other, rng)
        return Question(self.name, words, facts=(family, side), how=how)

    def lines(self, question: Question, measured: Measured, past: Past) -> list[str]:
        family, side = question.facts
        found = _label(family, measured)
        return [cite(family, measured), f"{found}, says {side}: {'yes' if found == side else 'no'}"]

    def reply(self, question: Question, measured: Measured, past: Past) -> str:
        family, side = question.facts
        found = _label(family, measured)
        text = REPLY[family][found]
        return f"{'Yes' if found == side else 'No'}, {text[0].lower()}{text[1:]}"

    def held(self, question: Question, past: Past) -> str:
        return ""


def _label(family: str, measured: Measured) -> str:
    found = label(family, measured)
    if found is None:
        raise ValueError(f"the {family} of {measured} is not known, or lies between its two sides")
    return found


VOICE: tuple[Skill, ...] = (*(Voice(name) for name in ASKED), Claim())
