"""Text-only samples: thought and reply for a transcript, or for pseudo-audio (noisy word embeddings)."""

import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model.networks import Decoder
from model.tokenizer import EOT, PAD

from .language import Language
from .targets import CUE_BANDS, reply
from .tasks import CUE_SKILLS, Question, draw

MIX = {
    "sum": 0.5,
    "chain": 0.25,
    "times": 0.06,
    "talk": 0.04,
    "incomplete": 0.04,
    "unclear": 0.03,
    "pitch": 0.03,
    "pace": 0.03,
    "loudness": 0.02,
}
ROUND = 16
_CUE_RANGE = {"pitch": (70.0, 380.0), "pace": (1.8, 8.5), "loudness": (-44.0, -10.0)}


@dataclass(frozen=True, slots=True)
class Row:
    """One sequence; `weights[i]` is the weight of the loss of predicting `ids[i]` from all before it."""

    ids: list[int]
    weights: list[float]
    noisy: tuple[int, int] = (0, 0)
    "Places [from, to) of pseudo-audio."


@dataclass(frozen=True, slots=True)
class Batch:
    """Right-padded rows."""

    ids: Tensor
    weights: Tensor
    noisy: Tensor


def collate(rows: list[Row]) -> Batch:
    """Tensors [B, L]; L is rounded up, because oneDNN compiles new kernels for every new shape."""
    length = max(len(row.ids) for row in rows)
    length += -length % ROUND
    ids = torch.full((len(rows), length), PAD)
    weights, noisy = torch.zeros(len(rows), length), torch.zeros(len(rows), length, dtype=torch.bool)
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        weights[i, : len(row.ids)] = torch.tensor(row.weights)
        noisy[i, row.noisy[0] : row.noisy[1]] = True
    return Batch(ids, weights, noisy)


def draw_cue(skill: str, rng: random.Random) -> float | None:
    """A made-up measured value outside the ambiguous band, both labels equally often;

    None for other skills.
    """
    if skill not in CUE_SKILLS:
        return None
    low, high = CUE_BANDS[skill]
    least, most = _CUE_RANGE[skill]
    return rng.uniform(least, low - 0.01) if rng.random() < 0.5 else rng.uniform(high + 0.01, most)


def pseudo_audio(words: list[int], rng: random.Random) -> list[int]:
    """Each word once or twice with blanks between, as a CTC path of the adaptor would look."""
    path = [PAD] * rng.randint(0, 3)
    for word in words:
        path += [word] * rng.choice((1, 1, 2)) + [PAD] * rng.choice((0, 1, 1, 2, 3))
    return path


def text_row(language: Language, question: Question, rng: random.Random, *, prompt: bool) -> Row:
    """Without pseudo-audio the heard line cannot be known: no loss there.

    Made-up cue values never carry a loss.
    """
    cue = draw_cue(question.skill, rng)
    target, heard = language.target(question, cue)
    audio: list[int] = []
    if prompt:
        words = (
            language.words(question)
            if question.skill != "unclear"
            else rng.choices(range(262, len(language.tokenizer)), k=rng.randint(1, 8))
        )
        audio = pseudo_audio(words, rng)
    ids = language.prompt(audio)
    first = language.audio_offset
    weights = [0.0] * len(ids) + [1.0 if prompt else 0.0] * heard + [1.0] * (len(target) - heard)
    if cue is not None:
        for i in range(len(ids) + heard, len(ids) + heard + language.cue_value_length(target[heard:])):
            weights[i] = 0.0
    return Row(ids + target, weights, (first, first + len(audio)))


def text_batch(
    language: Language, rng: random.Random, size: int, *, prompt: bool, cues: bool = True
) -> Batch:
    """Questions of `MIX` (`cues`: with the cue skills)."""
    skills = [skill for skill in MIX if cues or skill not in CUE_SKILLS]
    drawn = rng.choices(skills, [MIX[skill] for skill in skills], k=size)
    return collate([text_row(language, draw(skill, rng), rng, prompt=prompt) for skill in drawn])


def token_loss(decoder: Decoder, hidden: Tensor, ids: Tensor, weights: Tensor) -> Tensor:
    """Sum of weighted cross entropies of next tokens over the number of tokens that have a weight."""
    places = (weights[:, 1:] > 0).flatten().nonzero()[:, 0]
    count = len(places)
    places = F.pad(places, (0, -count % (16 * ROUND)))
    before = hidden[:, :-1].reshape(-1, hidden.shape[-1])[places]
    each = F.cross_entropy(decoder.logits(before).float(), ids[:, 1:].flatten()[places], reduction="none")
    return (each * weights[:, 1:].flatten()[places])[:count].sum() / count


def text_loss(decoder: Decoder, batch: Batch) -> Tensor:
    """Loss of a text-only batch, with noise of 0.4 root mean squares on pseudo-audio."""
    embeds = decoder.model.embed_tokens(batch.ids)
    scale = 0.4 * embeds.detach().square().mean().sqrt()
    embeds = embeds + torch.randn_like(embeds) * scale * batch.noisy[..., None]
    hidden, _ = decoder.hidden(embeds)
    return token_loss(decoder, hidden, batch.ids, batch.weights)


@torch.no_grad()
def text_accuracy(decoder: Decoder, language: Language, skill: str, count: int, seed: int = 5) -> float:
    """Share of right replies on held-out operands, the right heard line given. Batched over equal lengths."""
    rng = random.Random(seed)
    groups: dict[int, list[tuple[list[int], str]]] = {}
    for _ in range(count):
        question = draw(skill, rng, test=True)
        target, heard = language.target(question)
        ids = language.prompt([]) + target[:heard]
        groups.setdefault(len(ids), []).append((ids, reply(question)))
    right = 0
    for group in groups.values():
        hidden, layers = decoder.hidden(decoder.model.embed_tokens(torch.tensor([ids for ids, _ in group])))
        out: list[list[int]] = [[] for _ in group]
        for _ in range(200):
            token = decoder.logits(hidden[:, -1]).argmax(-1)
            for row, value in zip(out, token.tolist(), strict=True):
                row.append(value)
            if all(EOT in row for row in out):
                break
            hidden, layers = decoder.hidden(decoder.model.embed_tokens(token)[:, None], layers)
        for row, (_, wanted) in zip(out, group, strict=True):
            said = language.tokenizer.decode(row[: row.index(EOT)] if EOT in row else row)
            right += said.split("</think>\n")[-1] == wanted
    return right / count
