"""An engine over a model of transformers' that hears: prompts in, greedy tokens out.

The loop is ours, so that a generation can be stopped between any two tokens and begins where an earlier
prompt with the same beginning ended; what is warm decides how fast an answer comes and never which. These
models write no thoughts: an open thought is closed at once. Knows no clock and no turn.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from model.bytelevel import Decoding
from model.cost import Bill, Price, Work
from model.sampling import StopTexts
from pipeline.errors import BugError, ModelError
from pipeline.loops import LoopGuard
from pipeline.ports import BrainFacts, Limits, Piece
from pipeline.prompt import Audio, Prompt, Reply

from .chat import Chat, Key, Layout, Words
from .network import Network
from .states import States
from .tokens import FolderTokenizer

CLOSED = "</think>\n"
"""What an open thought is closed with; no token of these models stands for it."""
NO_TOKEN = -1
CHUNK = 1024
"""Most positions read in one run of the network."""
HEARD = 4096
"""Most positions of sound whose embeddings are kept: over two minutes."""


class ForeignEngine:
    """ports.Engine over one loaded network."""

    def __init__(
        self,
        name: str,
        network: Network,
        chat: Chat,
        stops: frozenset[int],
        *,
        tools: str = "no",
        positions: int = 8192,
        state_bytes: int = 2 << 30,
    ) -> None:
        """``stops``: ids that end a turn. ``positions``: the longest prompt with its reply; ``state_bytes``:
        what is kept of earlier prompts."""
        self._name, self._chat, self._stops, self._tools = name, chat, stops, tools
        self._network: Network | None = network
        self._positions = positions
        self._states = States(state_bytes)
        self._sounds: OrderedDict[bytes, Any] = OrderedDict()
        self._read = self._encoded = self._written = 0
        self._bill = Bill(Price())

    def facts(self) -> BrainFacts:
        """What it can do, as far as that is known without asking a person."""
        told = "Tools are described to it in words; how well it follows that was not measured."
        return BrainFacts(
            name=self._name,
            hears="audio",
            thinks_while_listening="no",
            obeys_instructions=True,
            history_turns=20,
            note="It writes no thoughts." + (f" {told}" if self._tools == "text" else ""),
            thinks=False,
            continues=True,
            speaking="no-think",
            tools=self._tools,
        )

    def work(self) -> Work:
        """What it has done since it was made; positions are 40 ms of sound, or a token."""
        return Work(self._encoded, self._read, self._written)

    def cost(self, method: str, _result: Any) -> float:
        """Declared seconds of the work since it was last asked: ``InlineCompute(engine, engine.cost)``."""
        return self._bill.due(self.work(), request=method == "prefill")

    def prefill(self, prompt: Prompt, session: str = "") -> int:
        """Read a prompt, so that what continues it starts sooner; returns positions newly computed.

        Sound of an open turn that may still grow is left out: it would be read anew. Raises ModelError.
        """
        layout = self._layout(prompt, room=0)
        keys = layout.keys(session)
        states, known = self._states.fork(keys)
        if known == len(keys):
            return 0
        self._catch_up(layout, states, known)
        self._states.keep(keys, states)
        return len(keys) - known

    def generate(self, prompt: Prompt, limits: Limits, session: str = "") -> Iterator[Piece]:
        """Greedy tokens that continue a prompt which ends with an open Reply; the last piece says so.

        Ends at a special token, a stop text, the token limit, a full context, or when the model goes round
        in circles. Raises ModelError before the first piece when the prompt is too long or its sound cannot
        be used.
        """
        if not prompt.parts or not isinstance(reply := prompt.parts[-1], Reply):
            raise BugError("generate needs a prompt that ends with an open Reply")
        layout = self._layout(prompt, room=1)
        stops, room = StopTexts(limits.stop), limits.max_tokens
        if reply.thinking:
            last = stops.feed(CLOSED) or room == 1
            yield Piece(NO_TOKEN, CLOSED, 0.0, last)
            if last:
                return
            room -= 1
        yield from self._write(layout, layout.keys(session), stops, room)

    def _write(self, layout: Layout, keys: list[Key], stops: StopTexts, room: int) -> Iterator[Piece]:
        network = self._alive()
        states, known = self._states.fork(keys[:-1])  # the last position is read anew: its logits are wanted
        logits = self._catch_up(layout, states, known)
        self._states.keep(keys, states)  # forks of this prompt need not wait for the end
        decoding, guard = Decoding(self._chat.tokenizer), LoopGuard()
        room = min(room, self._positions - len(keys))
        try:
            for count in range(1, room + 1):
                token, logprob = _likeliest(logits)
                ends = token in self._stops
                text = "" if ends else decoding.push(token)
                last = any((ends, guard.feed(token), stops.feed(text), count == room))
                self._written += 1
                yield Piece(token, text + decoding.finish() if last else text, logprob, last)
                if last:
                    return
                logits = network.read(network.embed([token]), states)
                keys.append(token)
        finally:
            self._states.keep(keys, states)

    def close(self) -> None:
        """Let go of the weights; later calls raise BugError."""
        self._network = None
        self._states.clear()
        self._sounds.clear()

    @property
    def tokenizer(self) -> FolderTokenizer:
        """The model's."""
        return self._chat.tokenizer

    def _alive(self) -> Network:
        if self._network is None:
            raise BugError("the engine is closed")
        return self._network

    def _layout(self, prompt: Prompt, *, room: int) -> Layout:
        layout = self._chat.layout(prompt)
        if len(layout) + room > self._positions:
            raise ModelError(
                f"the prompt has {len(layout)} positions, and this brain was given {self._positions} with "
                "its reply; send less sound or fewer earlier turns (a second of sound is 25 positions), or "
                "load it with more positions"
            )
        return layout

    def _catch_up(self, layout: Layout, states: Any, known: int) -> Any:
        """Read the positions after the first ``known`` -> logits after the last one."""
        import torch

        network, parts, at = self._alive(), [], 0
        for run in layout.runs:
            skip, at = max(0, known - at), at + len(run)
            if skip < len(run):
                whole = network.embed(run.ids) if isinstance(run, Words) else self._heard(run.audio)
                parts.append(whole[skip:])
        embeds, logits = torch.cat(parts), None
        for begin in range(0, len(embeds), CHUNK):
            logits = network.read(embeds[begin : begin + CHUNK], states)
        self._read += len(embeds)
        return logits

    def _heard(self, audio: Audio) -> Any:
        """Embeddings of a segment, encoded once while they are kept."""
        digest = audio.digests()[-1]
        found = self._sounds.pop(digest, None)
        if found is None:
            found = self._alive().hear(audio.pcm)
            self._encoded += len(found)
        self._sounds[digest] = found
        while sum(map(len, self._sounds.values())) > HEARD and len(self._sounds) > 1:
            self._sounds.popitem(last=False)
        return found


def _likeliest(logits: Any) -> tuple[int, float]:
    """The greedy token and its log-probability."""
    token = int(logits.argmax())
    return token, float(logits[token] - logits.logsumexp(-1))
