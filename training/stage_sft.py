"""Stage 3: everything together.

Audio in, thought and reply out; hearing losses go on, and some text keeps arithmetic exact.
"""

import random
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from model.networks import Talker

from .batches import Item, Sampler, word_labels
from .batches import collate as collate_clips
from .bundle import read_into
from .conversations import Placed, place
from .corpus import Corpus
from .feed import Feed, RowFeed, moved
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .losses import cue_loss, mask_features, phoneme_loss, word_loss
from .pools import Segment, embed, positions_of, spoken_row
from .precision import precision
from .rows import Row, collate
from .skills import registry, tools
from .spectrum import BatchFeatures
from .stage_text import loudness, reading
from .text import any_row, text_loss, token_loss

BATCH, ECHO = 24, 2
"Clips of a batch, and how often each comes back: preparing one costs as much as half of learning from it."
SHARES = registry.SHARES | {
    "sum": 0.09, "hundreds": 0.045, "long": 0.07, "mixed": 0.035, "compare": 0.05, "extreme": 0.03,
    "sort": 0.08, "digits": 0.06, "backwards": 0.04, "spell": 0.085, "unspell": 0.04, "letters": 0.045,
    "lies": 0.045, "objects": 0.05, "talk": 0.05, "count": 0.065, "countsum": 0.08, "countmore": 0.06,
    "sound": 0.02, "pitch": 0.03, "ending": 0.03, "background": 0.02, "voices": 0.09, "addto": 0.045,
    "both": 0.035, "flip": 0.03, "next": 0.02, "earlier": 0.015, "said": 0.035, "timer": 0.03, "day": 0.025,
    "month": 0.016, "lasts": 0.03, "monthdays": 0.012,
}  # fmt: skip
"""Of the clips: where many words are told apart by sound alone, many are needed; sums are soon right. What is
said after other turns, events to count and values to cite are heard well and read badly: more of them."""
HISTORY_SHARE, TEXT_EVERY, TEXT_BATCH = 0.4, 2, 24
PROMPT_EVERY = 4
"Batches of text of which the first is with pseudo-audio."
WHOLE_SHARE = 0.5
"Share of batches whose thoughts go on after the heard line; the rest is known from text, hearing is hard."


def rows(
    items: Sequence[Item],
    conversations: Sequence[Placed],
    language: Language,
    rng: random.Random,
    *,
    whole: bool,
) -> list[Row]:
    """One sequence per clip. Loss only on the new turn.

    Not `whole`: all but the cue questions end with the first id after the heard line.
    """
    out = []
    for placed in conversations:
        row = spoken_row(items, placed, language, rng, {"think": 1.0}, notes=False)
        question = items[placed.owner].question
        if not whole and not registry.family_of(question) and tools.stage(question) != "result":
            first = next(i for i, weight in enumerate(row.weights) if weight)
            newline = row.ids.index(language.tokenizer.piece("\n"), first)
            row = Row(row.ids[: newline + 2], row.weights[: newline + 2])
        out.append(row)
    return out


def segments(
    audio: Tensor, vectors: Tensor, positions: Sequence[int], conversations: Sequence[Placed]
) -> list[Segment]:
    """In the order of the rows. History carries no gradient into hearing."""
    out = []
    for placed in conversations:
        out += [(audio[i, : positions[i]].detach(), vectors[i].detach()) for i in placed.before]
        out.append((audio[placed.owner, : positions[placed.owner]], vectors[placed.owner]))
    return out


def take_ear(talker: Talker, encoder: Path) -> None:
    """Of stage 2 all but the language that it knew. ValueError for another network."""
    reads = reading(talker).state_dict()
    hears = {name: value for name, value in load_checkpoint(encoder)["model"].items() if name not in reads}
    left = talker.load_state_dict(hears, strict=False)
    if left.unexpected_keys or set(left.missing_keys) - set(reads):
        raise ValueError(f"{encoder} holds another network: {left}")


def hearing(talker: Talker) -> list[nn.Parameter]:
    """All that turns sound into frames and cues."""
    heads = [] if talker.sound_heads is None else list(talker.sound_heads.parameters())
    return [
        *talker.encoder.parameters(), *talker.ctc.parameters(), *talker.cue_heads.parameters(), *heads,
    ]  # fmt: skip


def groups_of(talker: Talker) -> list[Group]:
    """Peak learning rates of the parts."""
    return [
        Group(hearing(talker), 8e-4),
        Group([*talker.adaptor.parameters(), talker.word_scale], 1.2e-3),
        Group(list(talker.decoder.parameters()), 6e-4),
        Group(list(talker.cue_embedding.parameters()), 2e-3),
    ]


def run(plan: Plan, corpus: Corpus, *, encoder: Path, text: Path, bundle: Path | None = None) -> bool:
    """Trains until the plan's budget is used; False where it left before.

    `bundle`: whose weights stand in for those of the two stages before where these were left out. Raises as
    `read_into`.
    """
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    if not plan.checkpoint.exists():
        if bundle is not None:
            read_into(talker, bundle)
        if bundle is None or encoder.exists():
            take_ear(talker, encoder)
        if bundle is None or text.exists():
            reading(talker).load_state_dict(load_checkpoint(text)["model"])
        talker.embedding_rms.fill_(loudness(talker.decoder).item())
    loop = Loop(plan, talker, groups_of(talker))
    features_of = BatchFeatures()
    feed = Feed(plan, lambda rng: Sampler(corpus, SHARES, rng), BATCH, collate_clips, echo=ECHO)
    plain = RowFeed(plan, "plain", lambda rng: any_row(language, rng, prompt=False), TEXT_BATCH)
    prompted = RowFeed(plan, "prompted", lambda rng: any_row(language, rng, prompt=True), TEXT_BATCH)

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        batch = moved(feed(step), plan.device)
        rng, order = loop.rng, loop.order
        features = mask_features(features_of(batch.pcm, batch.warps), batch.items, rng)
        positions = positions_of(batch.items)
        share = 1.0 if order.random() < HISTORY_SHARE else 0.0
        placed = [place(batch.items, i, rng, share) for i in range(len(batch.items))]
        whole = order.random() < WHOLE_SHARE
        tokens = moved(collate(rows(batch.items, placed, language, rng, whole=whole)), plan.device)
        with precision(plan.device):
            frames, raw, _ = talker.listen(features)
            on_sounds = phoneme_loss(talker, frames, batch)
            on_cues, figures = cue_loss(raw, batch)
            audio, vectors = talker.place(frames, raw, 2 * batch.positions)
            on_words = word_loss(talker, audio, batch, word_labels(batch.items, language))
            embeds = embed(talker, tokens.ids, segments(audio, vectors, positions, placed))
            hidden, _ = talker.decoder.hidden(embeds)
            on_answer = token_loss(talker.decoder, hidden, tokens.ids, tokens.weights)
            total = on_sounds + 0.6 * on_cues + 0.3 * on_words + 2 * on_answer
            figures = {"lm": on_answer.item(), "ctc": on_sounds.item(), "words": on_words.item()} | figures
            if step % TEXT_EVERY == 0:
                rounds, turn = divmod(step // TEXT_EVERY, PROMPT_EVERY)
                text = plain(rounds * (PROMPT_EVERY - 1) + turn - 1) if turn else prompted(rounds)
                on_text = text_loss(talker.decoder, moved(text, plan.device), talker.embed_cues)
                total = total + on_text
                figures["text"] = TEXT_EVERY * on_text.item()
        return total, figures, BATCH

    return loop.run(loss)
