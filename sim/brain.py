"""A brain for the simulated world: it hears stamped words exactly and answers them at a declared price.

It follows the port of a real engine. It must never know anything but its prompts, except that every
generation bears a number of its own, so that the world can tell the sound of one draft from any other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from pipeline.calls import written
from pipeline.errors import ModelError
from pipeline.ports import CAPTURE_RATE, BrainFacts, Judgement, Limits, Pcm, Piece
from pipeline.prompt import Audio, Called, Human, Prompt, Reply, ToolCall

from .words import (
    ACT,
    BACKCHANNEL,
    COUGH,
    ECHO_FLOOR,
    FALLING,
    FETCH,
    LONG,
    MUMBLE,
    NOTHING,
    SLOW,
    UNSURE,
    heard,
)

SECRET = "musing"
"""A word that stands in every thought and in no answer."""
SURE, UNCERTAIN = -0.05, -3.0
"""Log-probabilities of a clear and of a misheard sentence."""
PAUSED = 0.03
"""Seconds of silence after which the sound alone tells that somebody has finished."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Seconds that the simulated engine takes."""

    start: float = 0.02
    position: float = 0.002
    "Per audio position that is not warm."
    token: float = 0.006
    "Per token of a thought."
    write: float = 0.006
    "Per token of an answer."
    ponder: float = 0.1
    "Per token of a long thought."
    judge: float = 0.004
    "Per judgement."


class WordBrain:
    """ports.Engine over the language of ``sim.words``."""

    def __init__(
        self, prices: Prices | None = None, fails: Mapping[int, str] | None = None, *, heads: bool = True,
        calls: bool = False,
    ) -> None:
        """``fails`` maps the number of a generation to what goes wrong: ``start``, ``middle``, ``slow``.

        ``heads``: it can judge sound without writing a word. ``calls``: it calls tools when asked to.
        """
        self._calls = calls
        self._heads = heads
        self.price = 0.0
        "What the last step cost, in seconds."
        self.generations = 0
        self._prices = prices or Prices()
        self._fails = dict(fails or {})
        self._warm: dict[bytes, None] = {}

    def facts(self) -> BrainFacts:
        return BrainFacts(
            "simulated", "audio", "notes", obeys_instructions=False, history_turns=1, heard_logprob=-1.0,
            judges=self._heads, tools="native" if self._calls else "no",
        )  # fmt: skip

    def prefill(self, prompt: Prompt) -> int:
        """Take sound in; what is warm already costs nothing."""
        new = self._take_in(prompt)
        self.price = self._prices.position * new
        return new

    def generate(self, prompt: Prompt, limits: Limits) -> Iterator[Piece]:
        """A thought that says what was heard, then an answer. Raises ModelError when told to fail."""
        number, self.generations = self.generations, self.generations + 1
        failure = self._fails.get(number, "")
        words = _given(prompt)
        tokens = _tokens(number, words, _wish(prompt, words) if self._calls else "")
        self.price = self._prices.start + self._prices.position * self._take_in(prompt)
        slow = self._prices.ponder if SLOW in words or failure == "slow" else 0.0
        thought = True
        for index, (text, logprob) in enumerate(tokens[: limits.max_tokens]):
            if failure == "start" or (failure == "middle" and 3 * index >= 2 * len(tokens)):
                raise ModelError("the simulated brain broke")
            self.price += (self._prices.token if thought else self._prices.write) + slow
            thought = thought and text != ">"
            yield Piece(crc32(text.encode()) % 50_000, text, logprob, last=index == len(tokens) - 1)
            self.price = 0.0

    def judge(self, prompt: Prompt, onset: int) -> Judgement:
        """By the last word and the silence after it; and by what the newest burst is made of."""
        self.price = self._prices.judge
        pcm = next(sound.pcm for sound in reversed(_sounds(prompt)))
        return Judgement(_ending(pcm), *_kinds(heard(pcm[onset:])))

    def cost(self, method: str, _result: object) -> float:
        """What InlineCompute charges for the last step."""
        return self.price if method in ("prefill", "generate", "judge") else 0.0

    def close(self) -> None:
        """Nothing to give back."""

    def _take_in(self, prompt: Prompt) -> int:
        new = 0
        for part in prompt:
            for sound in part.parts if isinstance(part, Human) else ():
                for digest in sound.digests() if isinstance(sound, Audio) else ():
                    new += digest not in self._warm
                    self._warm[digest] = None
        while len(self._warm) > 4096:
            del self._warm[next(iter(self._warm))]
        return new


def _sounds(prompt: Prompt) -> list[Audio]:
    """The sound of the last turn."""
    humans = [part for part in prompt if isinstance(part, Human)]
    return [part for part in humans[-1].parts if isinstance(part, Audio)]


def _ending(pcm: Pcm) -> float:
    """How likely it is that the user has finished."""
    words = heard(pcm)
    if not words:
        return 0.5
    silence = len(pcm) - 1 - int(np.flatnonzero(np.abs(pcm) > ECHO_FLOOR)[-1])
    paused = silence > PAUSED * CAPTURE_RATE
    return 0.05 if words[-1] == UNSURE else 0.96 if paused or words[-1] in FALLING else 0.2


def _kinds(words: tuple[str, ...]) -> tuple[float, float, float]:
    """Words, backchannel, noise: probabilities that sum to one."""
    if not words:
        return 0.4, 0.3, 0.3
    if set(words) == {COUGH}:
        return 0.05, 0.05, 0.9
    return (0.05, 0.9, 0.05) if set(words) == {BACKCHANNEL} else (0.9, 0.05, 0.05)


def _given(prompt: Prompt) -> tuple[str, ...]:
    """The words of the open turn."""
    humans = [part for part in prompt if isinstance(part, Human)]
    assert humans and isinstance(prompt.parts[-1], Reply), f"no open turn in {prompt}"
    words: list[str] = []
    for part in humans[-1].parts:
        # What stands in brackets after the sound is not the user's: own notes, and what is asked about it.
        words += heard(part.pcm) if isinstance(part, Audio) else part.text.partition("\n(")[0].split()
    return tuple(words)


def _wish(prompt: Prompt, words: tuple[str, ...]) -> str:
    """The tool that is to be called next; "" where all were."""
    last = max(index for index, part in enumerate(prompt) if isinstance(part, Human))
    done = sum(isinstance(part, Called) for part in prompt.parts[last:])
    return next(iter([word for word in (FETCH, ACT) if word in words][done:]), "")


def _call(number: int, tool: str) -> list[str]:
    """No words before it, a few, or so many that it comes while they sound; and the call, cut anywhere."""
    call = written(ToolCall("", tool, f'{{"number": {number}}}'))
    more = "".join(f"Part {part} of {number} comes first. " for part in range(1, 4 if number % 3 else 1))
    said = f"Going {number} to {tool}. {more}" if number % 2 else ""
    return [(said + call)[at : at + 5] for at in range(0, len(said + call), 5)]


def _tokens(number: int, words: tuple[str, ...], tool: str = "") -> list[tuple[str, float]]:
    """Thought and answer, or a call, as tokens with log-probabilities."""
    logprob = UNCERTAIN if MUMBLE in words else SURE
    meant = [word for word in words if word not in (BACKCHANNEL, COUGH, NOTHING, UNSURE)]
    lines = ["heard:", *(f" {word}" for word in words), "\n"]
    if words and words[-1] == UNSURE:
        lines += ["incomplete", "\n"]
    lines += [f"{SECRET}", f" {number}", "\n"] + [" on"] * (12 if SLOW in words else 0)
    thought = [(text, logprob) for text in [*lines, "\n", "</", "think", ">"]]
    answer = ["\n", *(_call(number, tool) if tool else _answer(number, meant))] if meant else []
    return thought + [(text, SURE) for text in [*answer, ""]]


def _answer(number: int, words: list[str]) -> list[str]:
    sentences = [f"Reply {number} to {words[-1]}."]
    sentences += [f"Part {part} of {number} goes on." for part in range(1, 5 if LONG in words else 1)]
    texts = " ".join(sentences).split(" ")
    return [texts[0], *(f" {text}" for text in texts[1:])]
