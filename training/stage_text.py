"""Stage 1: the decoder alone learns the language, all that can be worked out, and to read cues, from text."""

from pathlib import Path

from torch import Tensor, nn

from model.networks import Decoder, Talker

from .bundle import read_into
from .exam import text_accuracy
from .feed import RowFeed, moved
from .fresh import fresh_talker
from .language import Language
from .loop import Group, Loop, Plan, join
from .precision import precision
from .progress import say
from .skills.registry import FAMILIES
from .text import any_row, text_loss

PLAIN, PROMPTED = 24, 12
"Rows of a batch without and with pseudo-audio."
EVERY = 8
"Steps of which the last is with pseudo-audio: those rows are long."


def reading(talker: Talker) -> nn.ModuleDict:
    """What this stage and the drill train and keep: the decoder, and what tells it the cues."""
    return nn.ModuleDict({"decoder": talker.decoder, "cue_embedding": talker.cue_embedding})


def loudness(decoder: Decoder) -> Tensor:
    """Root mean square of the token embeddings, as all vectors beside them shall have it; no gradient."""
    return decoder.model.embed_tokens.weight.detach().square().mean().sqrt()


def run(plan: Plan, *, bundle: Path | None = None) -> bool:
    """Trains until the plan's budget is used, then tells held-out accuracy; False where it left before.

    `bundle`: whose weights it goes on from. Raises as `read_into`.
    """
    join(plan)
    language = Language()
    talker = fresh_talker(plan.size, len(language.tokenizer))
    if bundle is not None and not plan.checkpoint.exists():
        read_into(talker, bundle)
    module, decoder = reading(talker), talker.decoder
    plain = RowFeed(plan, "plain", lambda rng: any_row(language, rng, prompt=False), PLAIN)
    prompted = RowFeed(plan, "prompted", lambda rng: any_row(language, rng, prompt=True), PROMPTED)
    loop = Loop(plan, module, [Group(list(module.parameters()), 1.7e-3, 0.05)])

    def feel(cues: Tensor) -> Tensor:
        vectors: Tensor = talker.cue_embedding(cues, loudness(decoder))
        return vectors

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        rounds, place = divmod(step, EVERY)
        prompt = place == EVERY - 1
        batch = prompted(rounds) if prompt else plain(rounds * (EVERY - 1) + place)
        with precision(plan.device):
            value = text_loss(decoder, moved(batch, plan.device), feel)
        name, share = ("prompted", EVERY) if prompt else ("plain", EVERY / (EVERY - 1))
        return value, {name: share * value.item()}, len(batch.ids)

    whole = loop.run(loss)
    if whole and plan.rank == 0:
        decoder.cpu()
        found = {name: text_accuracy(decoder, language, name, 40) for name in FAMILIES}
        say("text: held out, n=40 each: " + ", ".join(f"{name} {share:.2f}" for name, share in found.items()))
    return whole
