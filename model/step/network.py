"""A Step-Audio network: ears, language model and output matrix, under exactly the checkpoint's names."""

from __future__ import annotations

from torch import nn

from .config import StepConfig
from .decoder import Decoder
from .encoder import Adapter, Encoder


class StepNetwork(nn.Module):
    """The parts; it has no ``forward``, the engine runs each where it is needed."""

    def __init__(self, config: StepConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config.audio)
        self.adapter = Adapter(config.audio)
        self.model = Decoder(config.text)
        self.lm_head = nn.Linear(config.text.hidden, config.text.vocabulary, bias=False)
