"""Answers many cases at once in torch: the same answers as `player.Player` gives one by one, much sooner.

It takes part in training (rollouts) and in evaluation, where a sample is checked against the exported graphs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model.checkpoint import load
from model.joint import WordReader, reader_of
from model.networks import Talker
from model.sampling import Chooser
from model.tokenizer import AUDIO_END, AUDIO_PATCH, BOT, EOT, Tokenizer

from .audio import POSITION, Floats, Pcm
from .batch_decoder import Sequences
from .language import Called, Language
from .player import Answer, Before, Heard
from .spectrum import NO_WARP, BatchFeatures

END = "</think>"


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What `Player.answer` is asked."""

    now: Heard
    history: tuple[Before, ...] = ()
    notes: tuple[tuple[int, str | None], ...] = ()
    thought: str | None = None
    tools: tuple[str, ...] = ()
    called: Called | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """An answer, and the ids that the model wrote after the prompt, the end of the turn included."""

    answer: Answer
    ids: tuple[int, ...]
    thought_ids: int
    "How many ids were thought, notes and given text included."


class _Row:
    """One task on its way: what is still to be taken, and what was written."""

    def __init__(self, player: "BatchPlayer", task: Task) -> None:
        encode, self._player = player.tokenizer.encode, player
        ids = player.language.opening([(len(turn[0].audio), *turn[1:]) for turn in task.history], task.tools)
        self.waiting = [player.embed(ids, [turn[0] for turn in task.history])]
        self.steps: list[tuple[str, list[Tensor]]] = []
        "What to write, and what to take after it."
        self.notes: list[str] = []
        self.scores: list[float] = []
        self.ids: list[int] = []
        done = 0
        for after, text in task.notes:
            self._take(player.sound(task.now.audio[done:after]), player.table(player.language.think))
            if text is None:
                self.steps.append(("note", []))
            else:
                self.notes.append(text)
                self._take(player.table(encode(text + END)))
            done = after
        made = player.language.called(task.called) if task.called else []
        ask = [EOT, *made, BOT, *encode("assistant\n"), *player.language.think]
        self._take(player.sound(task.now.audio[done:]), player.embed([AUDIO_END], [task.now]))
        self._take(player.table(ask))
        self.chooser: Chooser | None = None
        "Of the thought's tokens, where the ear has a say in them."
        self._now = task.now if task.thought is None and task.called is None else None
        self.given = ""
        if task.thought is not None:
            self.given = task.thought + (END + "\n" if task.thought.endswith("\n") else f"\n{END}\n")
            self._take(player.table(encode(self.given)))
        self.steps.append(("reply" if task.thought is not None else "thought", []))

    def _take(self, *parts: Tensor) -> None:
        (self.steps[-1][1] if self.steps else self.waiting).extend(part for part in parts if len(part))

    def begin(self) -> None:
        """The step that is due is about to be written."""
        reader = self._player.reader
        if reader is not None and self._now is not None and self.steps[0][0] == "thought":
            self.chooser = reader.writer(self._now.audio, self.notes)

    def wrote(self, ids: list[int], scores: list[float]) -> None:
        """The step that was due is done; what follows it waits to be taken."""
        kind, after = self.steps.pop(0)
        encode, decode = self._player.tokenizer.encode, self._player.tokenizer.decode
        self.scores += scores
        self.waiting = after
        if kind != "note":
            self.ids = ids
            return
        mark = encode(END)
        ended = ids[-len(mark) :] == mark
        self.notes.append(decode(ids).removesuffix(END))
        if not ended:
            self.waiting = [self._player.table(mark), *after]

    def written(self) -> Written:
        decode, encode = self._player.tokenizer.decode, self._player.tokenizer.encode
        text = self.given + decode([i for i in self.ids if i != EOT])
        score = float(np.mean(self.scores)) if self.scores else -9.0
        answer = Answer(text, score, tuple(self.notes))
        thought = encode("".join(self.notes) + text.split(END)[0])
        return Written(answer, tuple(self.ids), len(thought))


class BatchPlayer:
    """Answers of a talker, in batches of like length: greedy, and heard lines by its ear's judgement too; or
    sampled."""

    def __init__(
        self,
        talker: Talker,
        tokenizer: Tokenizer | None = None,
        *,
        batch: int = 64,
        reader: WordReader | None = None,
    ) -> None:
        """`tokenizer`: of a bundle; None: the recipe's own. `reader`: what the ear alone tells
        of the words; None: the decoder hears by itself."""
        self.language, self.talker = Language(tokenizer), talker.eval()
        self.tokenizer = self.language.tokenizer
        self.reader = reader
        self._features, self._batch = BatchFeatures(), batch
        self._device = talker.decoder.model.embed_tokens.weight.device
        self._table = talker.decoder.model.embed_tokens.weight.detach().float()

    def table(self, ids: Sequence[int]) -> Tensor:
        """Embeddings [n, width]."""
        return self._table[torch.tensor(ids, dtype=torch.long, device=self._device)]

    def sound(self, audio: Floats) -> Tensor:
        """Encoded positions as the decoder takes them."""
        return torch.from_numpy(audio).to(self._device)

    def embed(self, ids: list[int], segments: list[Heard]) -> Tensor:
        """As `Player` does: audio at <audio_patch>, the cue vector added at <audio_end>."""
        embeds, places = self.table(ids).clone(), torch.tensor(ids)
        if segments and AUDIO_PATCH in ids:
            audio = torch.cat([self.sound(s.audio) for s in segments])
            embeds[(places == AUDIO_PATCH).to(self._device)] = audio
        for place, segment in zip((places == AUDIO_END).nonzero()[:, 0].tolist(), segments, strict=True):
            embeds[place] += torch.from_numpy(segment.vector).to(self._device)
        return embeds

    @torch.no_grad()
    def hear(self, clips: Sequence[Pcm]) -> list[Heard]:
        """Whole segments (padded to whole positions), in the order given."""
        found: dict[int, Heard] = {}
        order = sorted(range(len(clips)), key=lambda i: len(clips[i]))
        for first in range(0, len(order), self._batch):
            some = order[first : first + self._batch]
            counts = [-(-len(clips[i]) // POSITION) for i in some]
            pcm = np.zeros((len(some), max(counts) * POSITION), np.float32)
            for row, i in zip(pcm, some, strict=True):
                row[: len(clips[i])] = clips[i]
            features = self._features(torch.from_numpy(pcm), torch.full((len(some),), NO_WARP)).to(
                self._device
            )
            audio, cues, _ = self.talker.hear(features)
            vectors = self.talker.feel(cues, 2 * torch.tensor(counts, device=self._device))
            for row_at, (i, count) in enumerate(zip(some, counts, strict=True)):
                found[i] = Heard(
                    audio[row_at, :count].float().cpu().numpy(),
                    vectors[row_at].float().cpu().numpy(),
                    cues[row_at, : 2 * count].float().cpu().numpy(),
                )
        return [found[i] for i in range(len(clips))]

    @torch.no_grad()
    def beginning(self, heard: Heard, count: int) -> Heard:
        """The first `count` positions, as if the segment had ended there."""
        cues = heard.cues[: 2 * count]
        frames = torch.tensor([len(cues)], device=self._device)
        vector = self.talker.feel(self.sound(cues)[None], frames)[0]
        return Heard(heard.audio[:count], vector.float().cpu().numpy(), cues)

    def answer(self, tasks: Sequence[Task], limit: int = 240) -> list[Answer]:
        """Greedy answers, in the order given."""
        return [written.answer for written in self.write(tasks, limit)]

    def write(
        self, tasks: Sequence[Task], limit: int = 240, *, temperature: float = 0.0, seed: int = 0
    ) -> list[Written]:
        """Answers with their ids; sampled where `temperature` is above 0."""
        found: dict[int, Written] = {}
        draws = torch.Generator(self._device).manual_seed(seed)
        order = sorted(range(len(tasks)), key=lambda i: (len(tasks[i].notes), len(tasks[i].now.audio)))
        for first in range(0, len(order), self._batch):
            some = order[first : first + self._batch]
            rows = [_Row(self, tasks[i]) for i in some]
            self._run(rows, limit, temperature, draws)
            found |= {i: row.written() for i, row in zip(some, rows, strict=True)}
        return [found[i] for i in range(len(tasks))]

    @torch.no_grad()
    def _run(self, rows: list[_Row], limit: int, temperature: float, draws: torch.Generator) -> None:
        sequences = Sequences(self.talker.decoder, len(rows))
        while any(row.steps for row in rows):
            counts = torch.tensor([sum(map(len, row.waiting)) for row in rows], device=self._device)
            embeds = torch.zeros(
                len(rows), max(1, int(counts.max())), self._table.shape[1], device=self._device
            )
            for i, row in enumerate(rows):
                if row.waiting:
                    embeds[i, : counts[i]] = torch.cat(row.waiting)
                    row.waiting = []
            sequences.feed(embeds, counts)
            self._step(rows, sequences, limit, temperature, draws)

    def _chosen(self, rows: list[_Row], writer: "_Writer", owners: list[int], scores: Tensor) -> Tensor:
        """[B, 1]: the likeliest, and in heard lines what the ear says, too."""
        token = scores.argmax(-1, keepdim=True)
        hearing = [(at, rows[owner].chooser) for at, owner in enumerate(owners) if writer.hearing(owner)]
        table = scores.cpu().numpy() if any(chooser for _, chooser in hearing) else None
        for at, chooser in hearing:
            if chooser is not None and table is not None:
                token[at] = chooser.choose(table[at])[0]
                chooser.take(int(token[at]))
        return token

    def _step(
        self, rows: list[_Row], sequences: Sequences, limit: int, temperature: float, draws: torch.Generator
    ) -> None:
        """Every row that has something to write writes it."""
        kinds = [row.steps[0][0] if row.steps else "" for row in rows]
        writer = _Writer(self.tokenizer, kinds, limit)
        last = all(len(row.steps) < 2 for row in rows)
        for row in (row for row in rows if row.steps and temperature == 0):
            row.begin()
        owners = torch.arange(len(rows))
        while writer.open:
            scores = sequences.logits().float().log_softmax(-1)
            if temperature > 0:
                token = torch.multinomial((scores / temperature).softmax(-1), 1, generator=draws)
            else:
                token = self._chosen(rows, writer, owners.tolist(), scores)
            chosen = scores.gather(1, token)
            going = writer.take(owners.tolist(), token[:, 0].tolist(), chosen[:, 0].tolist())
            counts = torch.tensor(going, device=self._device)
            sequences.feed(self._table[token[:, 0]][:, None], counts)
            if last and 3 * sum(going) < 2 * len(going):
                kept = counts.nonzero()[:, 0]
                sequences.keep(kept)
                owners = owners[kept.cpu()]
        for i, row in enumerate(rows):
            if kinds[i]:
                row.wrote(writer.ids[i], writer.scores[i])


class _Writer:
    """What every row has written in one step, and which rows go on."""

    def __init__(self, tokenizer: Tokenizer, kinds: list[str], limit: int) -> None:
        self._kinds, self._limit = kinds, limit
        self._newline, self._mark = tokenizer.piece("\n"), tokenizer.encode(END)
        self.ids: list[list[int]] = [[] for _ in kinds]
        self.scores: list[list[float]] = [[] for _ in kinds]
        self._thinking = [kind in ("note", "thought") for kind in kinds]
        self._going = [bool(kind) for kind in kinds]

    @property
    def open(self) -> bool:
        return any(self._going)

    def hearing(self, row: int) -> bool:
        """Whether it still writes the first line of its thought."""
        return self._going[row] and self._thinking[row]

    def take(self, owners: list[int], tokens: list[int], scores: list[float]) -> list[int]:
        """One token per row; 1 for each that reads its token (all but the end of a turn), else 0."""
        reads = []
        for row, token, score in zip(owners, tokens, scores, strict=True):
            if not self._going[row]:
                reads.append(0)
                continue
            if self._thinking[row]:
                self.scores[row].append(score)
                self._thinking[row] = token != self._newline
            if token == EOT:
                self._going[row] = False
                if self._kinds[row] != "note":
                    self.ids[row].append(token)
                reads.append(0)
                continue
            out = self.ids[row]
            out.append(token)
            note_ended = self._kinds[row] == "note" and out[-len(self._mark) :] == self._mark
            self._going[row] = not note_ended and len(out) < self._limit
            reads.append(1)
        return reads


def player_of(folder: Path, *, batch: int = 64) -> BatchPlayer:
    """The player of a bundle. Raises CheckpointError for a broken one."""
    bundle = load(folder, heads=False)
    talker = Talker(bundle.card.dims, 1, bundle.card.cues)
    named = {
        (f"decoder.{name}" if name.startswith("model.") else name): torch.from_numpy(np.array(value))
        for name, value in bundle.weights.items()
    }
    missing, unexpected = talker.load_state_dict(named, strict=False)
    left = [name for name in missing if not name.startswith(("ctc.", "word_scale"))]
    if left or unexpected:
        raise ValueError(f"{folder}: weights do not fit the network ({left or unexpected})")
    return BatchPlayer(talker, bundle.tokenizer, batch=batch, reader=reader_of(bundle))
