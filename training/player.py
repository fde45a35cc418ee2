"""Answers with an exported bundle, one utterance at a time, on the product's own loader and onnxruntime leaf.

What evaluation measures. Deliberately plain: nothing is cached, drafted or interrupted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from model.checkpoint import load
from model.frontend import features as front_end
from model.frontend import silence
from model.joint import reader_of
from model.onnx_runtime import OnnxNetwork
from model.sampling import Chooser, Greedy
from model.tokenizer import AUDIO_END, AUDIO_PATCH, BOT, EOT

from .audio import POSITION, Floats, Pcm
from .language import Called, Language


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote after "<think>\\n"."""

    text: str
    heard_logprob: float
    "Mean log-probability of the tokens of all heard lines that it wrote, their newlines included."
    notes: tuple[str, ...] = ()
    "What was thought while it listened, its own notes and given ones, in order."

    @property
    def lines(self) -> list[str]:
        """Of the thought."""
        return self.text.split("</think>")[0].strip("\n").split("\n")

    @property
    def heard(self) -> str:
        """All words heard, notes first; none in what goes on after a call."""
        lines = [note.split("\n")[0] for note in self.notes] + self.lines[:1]
        told = [line.removeprefix("heard:").strip() for line in lines if line.startswith("heard:")]
        return " ".join(part for part in told if part)

    @property
    def steps(self) -> list[str]:
        """All other lines of notes and thought."""
        lines = [line for text in (*self.notes, "\n".join(self.lines)) for line in text.split("\n")]
        return [line for line in lines if line and not line.startswith("heard:")]

    @property
    def finished(self) -> bool:
        """The thought ended; a reply that is empty then is a choice."""
        return "</think>\n" in self.text

    @property
    def reply(self) -> str:
        """Empty if the thought never ended."""
        return self.text.split("</think>\n")[1] if "</think>\n" in self.text else ""


@dataclass(frozen=True, slots=True)
class Heard:
    """An encoded segment."""

    audio: Floats
    "[k, width]"
    vector: Floats
    "[width], for <audio_end>"
    cues: Floats
    "[2 k, 5]"


Before: TypeAlias = tuple[Heard, str] | tuple[Heard, str, Called | None]
"An earlier turn: what was heard, the reply, and the tool that was called before it."


class Player:
    """Answers of a bundle: greedy, and heard lines by its ear's judgement too."""

    def __init__(self, folder: Path) -> None:
        """Raises CheckpointError for a broken bundle."""
        bundle = load(folder)
        self.refusal = float(bundle.card.refusal.get("heard_logprob", -np.inf))
        self.tokenizer, self._language = bundle.tokenizer, Language(bundle.tokenizer)
        self.network = OnnxNetwork(bundle)
        self._reader = reader_of(bundle)

    def beginning(self, heard: Heard, count: int) -> Heard:
        """The first `count` positions, as if the segment had ended there."""
        cues = heard.cues[: 2 * count]
        return Heard(heard.audio[:count], self.network.feel(cues), cues)

    def hear(self, pcm: Pcm) -> Heard:
        """A whole segment (padded to whole positions)."""
        frames = features(pcm)
        audio, cues, _ = self.network.hear(frames, self.network.begin())
        return Heard(audio, self.network.feel(cues), cues)

    def _embed(self, ids: list[int], segments: list[Heard]) -> Floats:
        embeds: Floats = self.network.embed(ids).copy()
        if segments and AUDIO_PATCH in ids:
            embeds[np.array(ids) == AUDIO_PATCH] = np.concatenate([s.audio for s in segments])
        ends = [i for i, token in enumerate(ids) if token == AUDIO_END]
        for place, segment in zip(ends, segments, strict=True):
            embeds[place] += segment.vector
        return embeds

    def answer(
        self,
        now: Heard,
        history: Sequence[Before] | None = None,
        limit: int = 240,
        *,
        notes: Sequence[tuple[int, str | None]] = (),
        thought: str | None = None,
        tools: Sequence[str] = (),
        called: Called | None = None,
    ) -> Answer:
        """What it thinks and says.

        `tools`: names of those that are offered. `called`: a call that was made in this turn, and its result.
        `notes`: positions after which a note stands, and its text; None: the model writes it there and
        then. `thought`: the whole thought before the reply, which may be empty; None: the model thinks.
        """
        history, encode = history or [], self.tokenizer.encode
        ids = self._language.opening([(len(turn[0].audio), *turn[1:]) for turn in history], tools)
        run = _Run(self, self._embed(ids, [turn[0] for turn in history]))
        written, done = list[str](), 0
        for after, text in notes:
            run.take(now.audio[done:after])
            run.put(self._language.think)
            if text is None:
                text = run.write(limit, "</think>").removesuffix("</think>")
                run.put(encode("</think>")[run.left :])
            else:
                run.put(encode(text + "</think>"))
            written.append(text)
            done = after
        run.take(now.audio[done:])
        run.take(self._embed([AUDIO_END], [now]))
        made = self._language.called(called) if called else []
        run.put([EOT, *made, BOT, *encode("assistant\n"), *self._language.think])
        given = ""
        if thought is not None:
            given = thought + ("</think>\n" if thought.endswith("\n") else "\n</think>\n")
            run.put(encode(given))
        hears = thought is None and called is None
        chooser = self._reader.writer(now.audio, written) if hears and self._reader is not None else None
        said = run.write(limit, None, thinking=thought is None, chooser=chooser)
        return Answer(given + said, run.score(), tuple(written))


class _Run:
    """One sequence that grows by what is given and by what the model writes."""

    def __init__(self, player: Player, embeds: Floats) -> None:
        self._player, self._past = player, player.network.empty()
        self._last: Floats = embeds[-1]
        self._scores = list[float]()
        self.left = 0
        "How many ids of the end mark the model wrote itself."
        self.take(embeds)

    def take(self, embeds: Floats) -> None:
        """Reads positions that are embedded already."""
        if len(embeds):
            logits, self._past = self._player.network.read(embeds, self._past)
            self._last = logits[-1]

    def put(self, ids: list[int]) -> None:
        """Reads given ids."""
        self.take(self._player.network.embed(ids) if ids else np.zeros((0, 0), np.float32))

    def write(
        self, limit: int, stop: str | None, *, thinking: bool = True, chooser: Chooser | None = None
    ) -> str:
        """Up to the end of the turn or the ids of `stop`, which are read too; a first line is scored.

        `chooser`: of the tokens; None: greedily.
        """
        tokenizer, out = self._player.tokenizer, list[int]()
        chooser = chooser or Greedy()
        newline, mark = tokenizer.piece("\n"), tokenizer.encode(stop) if stop else []
        while len(out) < limit:
            token, logprob = chooser.choose(self._last)
            chooser.take(token)
            if thinking:
                self._scores.append(logprob)
                thinking = token != newline
            if token == EOT:
                break
            out.append(token)
            self.put([token])
            if mark and out[-len(mark) :] == mark:
                break
        self.left = len(mark) if mark and out[-len(mark) :] == mark else 0
        return tokenizer.decode(out)

    def score(self) -> float:
        """Mean log-probability over all scored lines; nothing scored is -9, as nothing heard."""
        return float(np.mean(self._scores)) if self._scores else -9.0


def features(pcm: Pcm) -> Floats:
    """[8 k, 128] of a segment, padded with zeros to k whole positions."""
    return front_end(np.pad(pcm, (0, -len(pcm) % POSITION)), silence())[0]
