"""The engine of Step-Audio 2 and R1 weights: prompts in, greedy tokens out, nothing read twice.

A function of the prompt: what is warm, and who else is being answered, decides how fast an answer comes and
never which. Owned by one thread; it knows no clock, no loop and no turn.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import torch

from model.cost import Bill, Price, Work
from model.sampling import StopTexts
from pipeline.errors import BugError, ModelError
from pipeline.loops import LoopGuard
from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import OpenNote, Prompt, Reply

from .batch import Batch
from .config import StepConfig
from .hearing import Ears, Hearing, embeddings
from .layout import Layout, StepRenderer
from .options import StepOptions
from .paged import BLOCK, Line, NoRoom, Pages, Stats
from .pool import Pool
from .running import Choice, Language, Runner
from .tokens import StepTokenizer

HISTORY = 20
"""Earlier turns of a conversation that are shown."""
CLOSED = "</think>\n"


class Network(Ears, Language, Protocol):
    """What the engine plays."""


class StepEngine:
    """ports.Engine over loaded weights."""

    def __init__(
        self,
        network: Network,
        config: StepConfig,
        tokenizer: StepTokenizer,
        options: StepOptions | None = None,
        *,
        price: Price | None = None,
    ) -> None:
        """``price``: declared cost of its work, for ``cost``. Raises ModelError."""
        self._config, self._tokenizer = config, tokenizer
        self._options = options = options or StepOptions()
        weight = network.model.embed_tokens.weight
        blocks = options.positions // BLOCK
        pool = Pool(config.text, blocks, device=weight.device, dtype=weight.dtype)
        self._pages = Pages(blocks, pool.copy)
        self._runner: Runner | None = Runner(network, pool, chunk=options.chunk, replays=options.graphs)
        self._batch = Batch(self._runner, tokenizer)
        self._hearing = Hearing(network, options.heard)
        self._renderer = StepRenderer(tokenizer, config.thinks, self._calls, options.segment)
        self._most = min(config.text.context, blocks * BLOCK)
        self._ends = config.stops | tokenizer.stops | {tokenizer.tts_end}
        self._read = self._written = 0
        self._bill = Bill(price or Price())

    @property
    def _calls(self) -> bool:
        """R1's own template shows no result of a tool, and its makers say that it calls none."""
        big = (self._config.text.hidden, self._config.text.layers) == (5120, 64)
        return not big and "-r1" not in self._config.name.lower() and self._tokenizer.tool_call is not None

    def facts(self) -> BrainFacts:
        """From the folder's config.json and name."""
        thinks = self._config.thinks
        return BrainFacts(
            name=self._config.name,
            hears="audio",
            thinks_while_listening="notes" if thinks else "no",
            obeys_instructions=True,
            history_turns=HISTORY,
            note="" if self._calls else "It calls no tools.",
            confirms=True,
            thinks=thinks,
            continues=True,
            speaking="think-first" if thinks else "",
            tools="native" if self._calls else "no",
        )

    def stats(self) -> Stats:
        """What the prefix cache holds and how often it helped."""
        return self._pages.stats()

    def work(self) -> Work:
        """What it has done since it was made."""
        return Work(self._hearing.encoded, self._read, self._written)

    def cost(self, method: str, _result: Any) -> float:
        """Declared seconds of the work since it was last asked: ``InlineCompute(engine, engine.cost)``."""
        return self._bill.due(self.work(), request=method == "prefill")

    def prefill(self, prompt: Prompt, session: str = "") -> int:
        """Read the prompt, so that its continuation starts at once; returns positions newly computed.

        A prompt that ends with a human turn is still being heard: the turn's end and its last segment, which
        may grow, are left out. ``session`` keeps sessions on one engine from seeing each other's cached
        states. Raises ModelError.
        """
        self._alive()
        layout = self._layout(prompt)
        keys = layout.keys(session)
        line = self._pages.open(keys)
        try:
            known = len(line)
            if known < len(keys):
                with suppress(NoRoom):  # what is not read ahead is read when it is needed
                    self._catch_up(line, layout, keys)
            return len(line) - known
        finally:
            line.close()

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Iterator[Piece]:
        """Greedy tokens that continue a prompt which ends with an open Reply; the last piece says so.

        Ends at an end-of-turn token, a stop text, the token limit, a full context, or when the model goes
        round in circles. A brain that does not think closes an open thought at once. Raises ModelError before
        the first piece when the prompt is too long or its sound unusable.
        """
        self._alive()
        if not prompt.parts or not isinstance(prompt.parts[-1], Reply | OpenNote):
            raise BugError("generate needs a prompt that ends with an open Reply")
        opened = prompt.parts[-1]
        layout = self._layout(prompt)
        stops, count = StopTexts(limits.stop), 0
        if not self._config.thinks and isinstance(opened, Reply) and opened.thinking:
            for piece in self._closing(stops, limits.max_tokens):
                yield piece
                count += 1
                if piece.last:
                    return
        yield from self._written_on(layout, session, limits, stops, count)

    def _closing(self, stops: StopTexts, most: int) -> Iterator[Piece]:
        """The end of a thought that this brain does not have."""
        decoder = self._tokenizer.stream()
        for count, token in enumerate(self._tokenizer.encode(CLOSED)[:most], 1):
            text = decoder.push(token)
            yield Piece(token, text, 0.0, stops.feed(text) or count == most)

    def _written_on(
        self, layout: Layout, session: str, limits: Limits, stops: StopTexts, count: int
    ) -> Iterator[Piece]:
        keys = layout.keys(session)
        room = min(limits.max_tokens - count, self._most - len(layout))
        line = self._pages.open(keys[:-1])  # the last position is read anew: what follows it is wanted
        row = None
        try:
            choice = self._catch_up(line, layout, keys)
            row = self._batch.join(line, choice, room, limits.predicted, self._ends)
            decoder, guard, checked = self._tokenizer.stream(), LoopGuard(), 0
            for done, (token, logprob, confirmed) in enumerate(self._batch.tokens(row), 1):
                text = decoder.push(token)
                last = any((token in self._ends, guard.feed(token), stops.feed(text), done == room))
                self._written += not confirmed
                self._read, checked = self._read + row.read - checked, row.read
                yield Piece(token, text + decoder.finish() if last else text, logprob, last, confirmed)
                if last:
                    return
                self._alive()
        finally:
            if row is not None:
                self._batch.leave(row)
            line.close()

    def close(self) -> None:
        """Let go of the network and of its memory; later calls, and open generations, raise BugError."""
        if self._runner is not None:
            self._runner.release()
            self._hearing.release()
            self._runner = None

    def _alive(self) -> Runner:
        if self._runner is None:
            raise BugError("the engine is closed")
        return self._runner

    def _layout(self, prompt: Prompt) -> Layout:
        layout = self._renderer.layout(prompt)
        replying = bool(prompt.parts) and isinstance(prompt.parts[-1], Reply)
        if len(layout) + replying > self._most:
            bound = "this brain reads" if self._most == self._config.text.context else "its memory holds"
            raise ModelError(
                f"the prompt has {len(layout)} positions, and {bound} {self._most} with the reply; send less "
                "sound or fewer earlier turns (12.5 positions a second of sound), or give it more positions"
            )
        return layout

    def _catch_up(self, line: Line, layout: Layout, keys: list[Hashable]) -> Choice:
        """Read what the line does not know yet, which is not nothing -> the choice after it."""
        start = len(line)
        self._read += len(keys) - start
        runner = self._alive()
        return runner.read(line, embeddings(layout, start, runner, self._hearing), keys[start:])


def load_step(folder: str, options: StepOptions | None = None) -> StepEngine:
    """The Step-Audio weights in a folder. Raises CheckpointError, and ModelError where they do not fit."""
    from .loading import load_network

    options = options or StepOptions()
    network, config, tokenizer = load_network(Path(folder), options)
    if network.lm_head.weight.device.type == "cpu":
        torch.set_num_threads(options.threads)
    try:
        return StepEngine(network, config, tokenizer, options)
    except torch.OutOfMemoryError as error:
        raise ModelError(
            f"{config.name} is loaded, but no room is left for {options.positions} positions of context "
            f"({error}); stop what else uses the GPU, or choose fewer positions"
        ) from error
