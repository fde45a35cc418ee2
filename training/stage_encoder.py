"""Stage 2: the encoder and the adaptor learn phonemes and words (CTC) and measured cues from speech.

Words are told in the space of the decoder's token embeddings, as stage 1 left them; the decoder itself does
not run, so a clip costs a third of what it costs in stage 3.
"""

from pathlib import Path

from torch import Tensor

from .batches import Sampler, collate, word_labels
from .bundle import read_ear, read_into
from .corpus import Corpus
from .feed import Feed, moved
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join, load_checkpoint
from .losses import cue_loss, mask_features, phoneme_loss, word_loss
from .precision import precision
from .spectrum import BatchFeatures
from .stage_sft import SHARES, hearing
from .stage_text import loudness, reading

BATCH, ECHO = 24, 2
"Clips of a batch, and how often each comes back: preparing one costs as much as half of learning from it."


def run(
    plan: Plan, corpus: Corpus, *, text: Path, bundle: Path | None = None, ear: Path | None = None
) -> bool:
    """Trains until the plan's budget is used; False where it left before.

    `text`: stage 1's checkpoint. `bundle`: whose weights it goes on from, with its language where stage 1 was
    left out; `ear`: the same with its hearing alone. Raises as `read_into` and `read_ear`.
    """
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    if bundle is not None:
        read_into(talker, bundle)
    if bundle is None or text.exists():
        reading(talker).load_state_dict(load_checkpoint(text)["model"])
    talker.decoder.requires_grad_(False)
    talker.embedding_rms.fill_(loudness(talker.decoder).item())
    if ear is not None and not plan.checkpoint.exists():
        read_ear(talker, ear)
    words = [*talker.adaptor.parameters(), talker.word_scale]
    loop = Loop(plan, talker, [Group(hearing(talker), 1.1e-3), Group(words, 1.2e-3)])
    features_of = BatchFeatures()
    feed = Feed(plan, lambda rng: Sampler(corpus, SHARES, rng), BATCH, collate, echo=ECHO)

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        batch = moved(feed(step), plan.device)
        features = mask_features(features_of(batch.pcm, batch.warps), batch.items, loop.rng)
        with precision(plan.device):
            frames, raw, _ = talker.listen(features)
            on_sounds = phoneme_loss(talker, frames, batch)
            on_cues, figures = cue_loss(raw, batch)
            audio, _ = talker.place(frames, raw, 2 * batch.positions)
            on_words = word_loss(talker, audio, batch, word_labels(batch.items, language))
        figures = {"ctc": on_sounds.item(), "words": on_words.item()} | figures
        return on_sounds + on_cues + on_words, figures, BATCH

    return loop.run(loss)
