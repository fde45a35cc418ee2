"""Stage 1: the decoder alone learns the language and all that can be worked out, from text."""

import torch
from torch import Tensor

from model.networks import Decoder

from .exam import text_accuracy
from .feed import moved
from .language import Language
from .loop import Group, Loop, Plan, join
from .progress import say
from .sizes import dims
from .skills.registry import FAMILIES
from .text import TextFeed, text_loss

PLAIN, PROMPTED = 24, 12
"Rows of a batch without and with pseudo-audio."
EVERY = 8
"Steps of which the last is with pseudo-audio: those rows are long."


def run(plan: Plan) -> bool:
    """Trains until the plan's budget is used, then tells held-out accuracy; False where it left before."""
    join(plan)
    language = Language()
    decoder = Decoder(dims(plan.size, len(language.tokenizer)))
    key = f"{plan.checkpoint.stem} {plan.seed} {plan.rank}"
    plain = TextFeed(language, key, PLAIN, prompt=False)
    prompted = TextFeed(language, key, PROMPTED, prompt=True)
    loop = Loop(plan, decoder, [Group(list(decoder.parameters()), 1.7e-3, 0.05)])

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        rounds, place = divmod(step, EVERY)
        prompt = place == EVERY - 1
        batch = prompted(rounds) if prompt else plain(rounds * (EVERY - 1) + place)
        with torch.autocast(plan.device, torch.bfloat16):
            value = text_loss(decoder, moved(batch, plan.device))
        name, share = ("prompted", EVERY) if prompt else ("plain", EVERY / (EVERY - 1))
        return value, {name: share * value.item()}, len(batch.ids)

    whole = loop.run(loss)
    if whole and plan.rank == 0:
        decoder.cpu()
        found = {name: text_accuracy(decoder, language, name, 40) for name in FAMILIES}
        say("text: held out, n=40 each: " + ", ".join(f"{name} {share:.2f}" for name, share in found.items()))
    return whole
