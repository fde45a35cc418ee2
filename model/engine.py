"""The engine of the bundled kind of model: prompts in, tokens out, nothing read twice.

A function of the prompt: what is warm decides how fast an answer comes and never which. Owned by one thread;
it knows no clock, no loop and no turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pipeline.errors import BugError, ModelError
from pipeline.loops import LoopGuard
from pipeline.ports import BrainFacts, Judgement, Limits, Piece
from pipeline.prompt import BLOCK, Audio, Human, OpenNote, Prompt, Reply
from pipeline.reading import HEARD
from pipeline.weighing import HeardLine

from .checkpoint import Bundle, bundled, load
from .cost import Bill, Price, Work
from .ear import Ear
from .graphs import Floats, Network
from .joint import reader_of
from .judge import BEFORE, REACH, SPAN, Heads, Track
from .line import Line
from .orthography import lines
from .prefix import PrefixCache, Stats
from .readings import Readings, known
from .render import SEGMENT, Key, Layout, Patches, Renderer, Words, split
from .sampling import Chooser, Greedy, StopTexts
from .tokenizer import AUDIO_END, FIRST_BYTE, StreamDecoder
from .writing import Writing


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """Bounds of one engine."""

    prefix_bytes: int = 32 << 20
    "Most bytes of language-model keys and values that are kept."
    ear_positions: int = 12288
    """Most audio positions whose features are kept (under 1 KB each). Of turns that the prefix cache still
    knows, too: heard lines are chosen with them."""
    ear_bytes: int = 16 << 20
    "Most bytes of streaming encoder states; an open segment of 25 s needs 4 MB."
    chunk: int = 256
    "Most positions read in one run of the network."
    threads: int = 1
    "Processor threads of one run."
    provider: str = "CPUExecutionProvider"
    "onnxruntime's name of the device."
    price: Price = field(default_factory=Price)
    "Declared cost of its work, for ``cost``."

    def __post_init__(self) -> None:
        if self.chunk < 1 or min(self.prefix_bytes, self.ear_positions, self.ear_bytes) < 0:
            raise ValueError(f"engine bounds cannot be negative: {self}")


class OnnxEngine:
    """ports.Engine over a loaded bundle."""

    def __init__(
        self, bundle: Bundle, config: EngineConfig | None = None, *, network: Network | None = None
    ) -> None:
        """``network``: plays the bundle in place of onnxruntime. Raises CheckpointError, ModelError."""
        self._card, self._config = bundle.card, config or EngineConfig()
        if network is None:
            from .onnx_runtime import OnnxNetwork

            network = OnnxNetwork(bundle, provider=self._config.provider, threads=self._config.threads)
        self._network: Network | None = network
        fixed = self._card.system_prompt if self._card.instructions == "ignored" else None
        self._renderer = Renderer(bundle.tokenizer, fixed, tuple(self._card.tools))
        self._tokenizer = bundle.tokenizer
        self._known = known(bundle.tokenizer)
        self._cache = PrefixCache(self._config.prefix_bytes)
        self._ear = Ear(network, positions=self._config.ear_positions, state_bytes=self._config.ear_bytes)
        self._heads = Heads(bundle.heads) if bundle.heads is not None else None
        self._reader = reader_of(bundle)
        self._read = self._written = 0
        self._bill = Bill(self._config.price)

    def facts(self) -> BrainFacts:
        """From the bundle's config.json."""
        ignores = self._card.instructions == "ignored"
        return BrainFacts(
            name=self._card.name,
            hears="audio" if "beep" in self._card.cues else "speech",
            thinks_while_listening="yes" if self._card.thinks_while_listening == "interleaved" else "no",
            obeys_instructions=not ignores,
            history_turns=self._card.history_turns,
            note=self._card.note or ("It ignores instructions." if ignores else ""),
            heard_logprob=self._card.refusal.get("heard_logprob"),
            judges=self._heads is not None,
            holds=self._card.holds,
            speaking=self._card.speaking,
            confirms=True,
            typed=1000,  # what its context holds beside a spoken turn and its history
            reads=False,
            tools="alone" if self._card.tools else "no",
        )

    def stats(self) -> Stats:
        """What the prefix cache holds and how often it helped."""
        return self._cache.stats()

    def work(self) -> Work:
        """What it has done since it was made."""
        return Work(self._ear.encoded, self._read, self._written)

    def cost(self, method: str, _result: Any) -> float:
        """Declared seconds of the work since it was last asked: ``InlineCompute(engine, engine.cost)``."""
        return self._bill.due(self.work(), request=method == "prefill")

    def prefill(self, prompt: Prompt, session: str = "") -> int:
        """Read the prompt, so that its continuation starts at once; returns positions newly computed.

        A prompt that ends with a human turn is still being heard: the turn's end, and a last position that
        is not yet full, are left out. ``session`` keeps sessions on one engine from seeing each other's
        cached states. Raises ModelError.
        """
        layout = self._layout(prompt)
        keys = layout.keys(session)
        line = Line(self._alive(), self._cache, keys)
        try:
            known = len(line)
            self._catch_up(line, layout, keys)
            return len(keys) - known
        finally:
            line.close()

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Iterator[Piece]:
        """Tokens that continue a prompt which ends with an open Reply or note, the likeliest, and those of a
        heard line by the ear's judgement too (see ``joint``); the last piece says so.

        Ends at any special token, a stop text, the token limit, a full context, or when the model goes
        round in circles. Raises ModelError before the first piece when the prompt is too long or its sound
        unusable.
        """
        layout = self._layout(prompt)
        if not prompt.parts or not isinstance(prompt.parts[-1], Reply | OpenNote):
            raise BugError("generate needs a prompt that ends with an open Reply or an OpenNote")
        room = min(limits.max_tokens, self._card.max_context - len(layout))
        keys = layout.keys(session)
        network = self._alive()
        line = Line(network, self._cache, keys[:-1])  # the last position is read anew: its logits are wanted
        try:
            logits = self._catch_up(line, layout, keys)
            line.keep()  # forks of this prompt need not read its last positions again
            decoder, stops, guard = StreamDecoder(self._tokenizer), StopTexts(limits.stop), LoopGuard()
            writing = Writing(
                line, logits, network.embed, self._tokenizer, limits.predicted, room, self._config.chunk,
                self._chooser(prompt),
            )  # fmt: skip
            checked = 0
            for count, (token, logprob, confirmed) in enumerate(writing.tokens(), 1):
                text = decoder.push(token)
                last = any((token < FIRST_BYTE, guard.feed(token), stops.feed(text), count == room))
                self._written += not confirmed
                self._read, checked = self._read + writing.read - checked, writing.read
                yield Piece(token, text + decoder.finish() if last else text, logprob, last, confirmed)
                if last:
                    return
        finally:
            line.close()

    def _chooser(self, prompt: Prompt) -> Chooser:
        """Of what is written: the ear has a say in the line that begins a thought about a turn of sound."""
        turn = prompt.parts[-2] if len(prompt.parts) > 1 and prompt.parts[-1] == Reply() else None
        if self._reader is None or not isinstance(turn, Human):
            return Greedy()
        sounds = [part for part in turn.parts if isinstance(part, Audio)]
        groups = [group for sound in sounds for group in split(sound)]
        if not groups or len(sounds) < len(turn.parts):
            return Greedy()
        audio = [self._ear.embeddings(group, 0, group.positions) for group in groups]
        return self._reader.writer(np.concatenate(audio), [note.text for note in turn.notes])

    def judge(self, prompt: Prompt, onset: int, session: str = "") -> Judgement:
        """Of the whole 80 ms positions of the last sound of the prompt's last human turn; see ports.Judge.

        ``onset``: sample of that sound. Encodes what the ear does not know yet, reads no word and changes no
        answer; ``session`` is of no account, as features are a function of the sound alone. Raises
        ModelError.
        """
        self._alive()
        if self._heads is None:
            raise ModelError("this brain has no heads to judge with (facts().judges is False); do not ask it")
        sound = _last_sound(prompt)
        if len(sound.pcm) < BLOCK:
            raise ModelError(f"judging needs a position of sound ({BLOCK} samples), got {len(sound.pcm)}")
        if not 0 <= onset <= len(sound.pcm):
            raise ModelError(f"the onset {onset} lies outside the sound of {len(sound.pcm)} samples")
        return self._heads.judge(*self._lately(sound, onset))

    def readings(self, prompt: Prompt, width: int, session: str = "") -> list[HeardLine]:
        """Up to ``width`` heard lines that may open the thought of a prompt that ends with a Reply without
        any, likeliest first; see ``pipeline.weighing.Readers``. Raises ModelError."""
        return self._readings(prompt, session).best(width)

    def compared(self, prompt: Prompt, transcript: str, session: str = "") -> list[HeardLine]:
        """How likely it is for this brain that a recogniser's words were said, in each way that it could
        have heard them; empty where they hold a word that it does not know. Raises ModelError."""
        if not (meant := lines(transcript, self._known)):
            return []
        readings = self._readings(prompt, session)
        return [readings.of(words) for words in meant]

    def _readings(self, prompt: Prompt, session: str) -> Readings:
        layout = self._layout(prompt)
        if not prompt.parts or prompt.parts[-1] != Reply():
            raise BugError("readings need a prompt that ends with an open Reply without a thought")
        keys = layout.keys(session)
        network = self._alive()
        line = Line(network, self._cache, keys[:-1])
        try:
            self._catch_up(line, layout, keys)
            line.keep()
            begun = self._tokenizer.encode(HEARD)

            def read(tokens: Sequence[int], past: Floats) -> tuple[Floats, Floats]:
                self._read += len(tokens)
                return network.read(network.embed(tokens), past)

            logits, past = read(begun, line.past)
            return Readings(read, self._tokenizer, logits[-1], past)
        finally:
            line.close()

    def _lately(self, sound: Audio, onset: int) -> tuple[Track, int]:
        """What is needed of a sound to judge it, and the position of the onset in that."""
        groups = split(sound)
        sizes = [group.positions for group in groups]
        sizes[-1] = len(groups[-1].pcm) // BLOCK  # the last one may still grow
        begins = sum(sizes[: onset // SEGMENT]) + onset % SEGMENT // BLOCK
        first = max(0, min(sum(sizes) - REACH - SPAN, begins - BEFORE))
        parts, at = [], 0
        for group, size in zip(groups, sizes, strict=True):
            if size and at + size > first:
                parts.append(self._ear.features(group, max(0, first - at), size))
            at += size
        embeddings, cues = zip(*parts, strict=True)
        return Track.of(np.concatenate(embeddings), np.concatenate(cues)), begins - first

    def close(self) -> None:
        """Let go of the network; later calls raise BugError."""
        self._network = None

    def _alive(self) -> Network:
        if self._network is None:
            raise BugError("the engine is closed")
        return self._network

    def _layout(self, prompt: Prompt) -> Layout:
        layout = self._renderer.layout(prompt)
        replying = bool(prompt.parts) and isinstance(prompt.parts[-1], Reply | OpenNote)
        if len(layout) + replying > self._card.max_context:
            raise ModelError(
                f"the prompt has {len(layout)} positions, and this brain reads {self._card.max_context} "
                "with its reply; send less sound or fewer earlier turns (a second of sound is 12.5 positions)"
            )
        return layout

    def _catch_up(self, line: Line, layout: Layout, keys: list[Key]) -> Floats:
        """Read what the line does not know yet -> logits after the last position; empty if it knew all."""
        logits = np.zeros(0, np.float32)
        embeds = self._embeddings(layout, len(line))
        for at in range(0, len(embeds), self._config.chunk):
            part = embeds[at : at + self._config.chunk]
            logits = line.read(part, keys[len(line) : len(line) + len(part)])
            self._read += len(part)
        return logits

    def _embeddings(self, layout: Layout, start: int) -> Floats:
        """What positions ``start`` and after look like to the language model, shape (n, width)."""
        network, parts, at = self._alive(), [], 0
        for run in layout.runs:
            skip, at = max(0, start - at), at + len(run)
            if skip >= len(run):
                continue
            if isinstance(run, Words):
                parts.append(network.embed(run.ids[skip:]))
            elif isinstance(run, Patches):
                parts.append(self._ear.embeddings(run.audio, run.start + skip, run.stop))
            else:
                parts.append(network.embed([AUDIO_END]) + self._ear.ending(run.audio))
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def _last_sound(prompt: Prompt) -> Audio:
    turns = [part for part in prompt if isinstance(part, Human)]
    sounds = [part for turn in turns[-1:] for part in turn.parts if isinstance(part, Audio)]
    if not sounds:
        raise ModelError("there is nothing to judge: the prompt's last human turn holds no sound")
    return sounds[-1]


def load_bundled(config: EngineConfig | None = None) -> OnnxEngine:
    """The practice brain that ships with the package. Raises CheckpointError where it is damaged."""
    return OnnxEngine(load(bundled()), config)


def load_engine(folder: str, config: EngineConfig | None = None) -> OnnxEngine:
    """The bundle in a folder. Raises CheckpointError."""
    from pathlib import Path

    return OnnxEngine(load(Path(folder)), config)
