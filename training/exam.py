"""How right the decoder alone is, family by family, on held-out questions in text."""

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from model.networks import Decoder
from model.tokenizer import EOT

from .batch_decoder import Sequences
from .drill import drawn_turn
from .language import Language
from .skills.registry import reply
from .turns import Turn, turn_row

LIMIT = 220
"Ids that an answer may have."


@dataclass(frozen=True, slots=True)
class Paper:
    """One question as the decoder gets it."""

    turn: Turn
    ids: list[int]
    wanted: str
    "The reply."


@dataclass(frozen=True, slots=True)
class Marked:
    """A paper with what was written."""

    paper: Paper
    written: str

    @property
    def reply(self) -> str:
        return self.written.split("</think>\n")[-1]

    @property
    def right(self) -> bool:
        return self.reply == self.paper.wanted


def papers(language: Language, name: str, count: int, seed: int, *, mode: str = "given") -> list[Paper]:
    """Held-out questions of a family.

    given: the right heard line, and a cited value, stand there. think: words are there as pseudo-audio
    without noise, and the whole thought is its own. direct: likewise, with an empty thought.
    """
    rng, found = random.Random(f"{name} {seed}"), list[Paper]()
    for _ in range(count):
        audio = mode != "given"
        turn = drawn_turn(language, rng, name, {"think": 1.0}, notes=False, audio=audio, test=True)
        row = turn_row(language, turn, rng, heard_weight=0.0)
        wanted = reply(turn.question, turn.measured, turn.past)
        given = next(i for i, weight in enumerate(row.weights) if weight)
        ids = _before_thought(language, row.ids) if audio else row.ids[:given]
        if mode == "direct":
            ids = [*ids, *language.tokenizer.encode("\n</think>\n")]
        found.append(Paper(turn, ids, wanted))
    return found


def _before_thought(language: Language, ids: list[int]) -> list[int]:
    """Up to the last "<think>\\n"."""
    size = len(language.think)
    starts = [i for i in range(len(ids) - size + 1) if ids[i : i + size] == language.think]
    return ids[: starts[-1] + size]


@torch.no_grad()
def mark(decoder: Decoder, language: Language, found: list[Paper], *, batch: int = 64) -> list[Marked]:
    """Greedy answers."""
    marked = list[Marked]()
    for first in range(0, len(found), batch):
        some = found[first : first + batch]
        counts = torch.tensor([len(paper.ids) for paper in some])
        ids = torch.zeros(len(some), int(counts.max()), dtype=torch.long)
        for row, paper in zip(ids, some, strict=True):
            row[: len(paper.ids)] = torch.tensor(paper.ids)
        written = _write(decoder, ids, counts)
        texts = [language.tokenizer.decode(row) for row in written]
        marked += [Marked(paper, text) for paper, text in zip(some, texts, strict=True)]
    return marked


def _write(decoder: Decoder, ids: Tensor, counts: Tensor) -> list[list[int]]:
    rows, embed = Sequences(decoder, len(ids)), decoder.model.embed_tokens
    rows.feed(embed(ids), counts)
    out: list[list[int]] = [[] for _ in ids]
    going = list(range(len(ids)))
    for _ in range(LIMIT):
        tokens = rows.logits().argmax(-1)
        kept = [i for i, token in enumerate(tokens.tolist()) if token != EOT]
        for i in kept:
            out[going[i]].append(int(tokens[i]))
        if not kept:
            break
        if len(kept) < len(going):
            rows.keep(torch.tensor(kept))
            tokens, going = tokens[kept], [going[i] for i in kept]
        rows.feed(embed(tokens)[:, None], torch.ones(len(going), dtype=torch.long))
    return out


def text_accuracy(
    decoder: Decoder, language: Language, skill: str, count: int, seed: int = 5, *, mode: str = "given"
) -> float:
    """Share of right replies of a family."""
    marked = mark(decoder, language, papers(language, skill, count, seed, mode=mode))
    return sum(one.right for one in marked) / len(marked)
