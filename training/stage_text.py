"""Stage 1: the decoder alone learns the language and column arithmetic from text."""

import random

import torch
from torch import Tensor

from model.networks import Decoder

from .language import Language
from .loop import Group, Loop, Plan, join
from .progress import say
from .sizes import practice
from .text import text_accuracy, text_batch, text_loss

PLAIN, PROMPTED = 80, 32
"Rows of a batch without and with pseudo-audio (every third one)."


def run(plan: Plan) -> None:
    """Trains until the plan's time is used; prints accuracy on held-out operands now and then."""
    join(plan)
    language = Language()
    decoder = Decoder(practice(len(language.tokenizer)))
    loop = Loop(plan, decoder, [Group(list(decoder.parameters()), 1.7e-3, 0.05)])
    rng = random.Random(plan.seed * 77 + loop.step)

    def loss(step: int, _done: float) -> tuple[Tensor, dict[str, float], int]:
        prompt = step % 3 == 2
        batch = text_batch(language, rng, PROMPTED if prompt else PLAIN, prompt=prompt)
        with torch.autocast("cpu", torch.bfloat16):
            value = text_loss(decoder, batch)
        return value, {"loss": value.item()}, len(batch.ids)

    def each() -> None:
        say(f"text: held-out sums {text_accuracy(decoder, language, 'sum', 60):.3f}")

    loop.run(loss, each)
    sums, chains = (text_accuracy(decoder, language, skill, 300) for skill in ("sum", "chain"))
    say(f"text: finished, held-out sums {sums:.3f}, chains {chains:.3f} (n=300 each)")
