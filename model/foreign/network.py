"""The two model families that transformers hears with, behind one small surface: embed, hear, read.

Each family's own feature extractor and encoder are used, and its language model's own cache; what differs is
told in one place. Knows no prompts and no text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.ports import CAPTURE_RATE, Pcm
from pipeline.prompt import BLOCK

from .chat import LONGEST, PER_POSITION, Form

SILENCE = 640
"""Samples after a sound, so that its last frames see silence behind it as they do within 30 s."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A family: how it is loaded, written to and heard with."""

    type: str
    "``model_type`` in config.json."
    model: str
    "transformers' class."
    config: str
    form: Form
    tools: str
    "As in BrainFacts."
    whole: bool
    "Its encoder always takes 30 s, whatever there is of sound; False: as much as there is."
    hear: Callable[[Any, Any, int], Any]
    "(model, mel (1, bands, frames and padding), frames) -> embeddings (positions, width)."


def _hear_qwen2_audio(model: Any, mel: Any, frames: int) -> Any:
    """Qwen2-Audio's encoder always takes 30 s; what is beyond the sound is masked, and cut off after."""
    import torch

    body = model.model
    conv, positions = body.audio_tower._get_feat_extract_output_lengths(torch.tensor(frames))
    weight = body.audio_tower.conv1.weight
    mask = torch.zeros(1, 1, 1, mel.shape[-1] // 2, dtype=weight.dtype, device=weight.device)
    mask[..., int(conv) :] = torch.finfo(weight.dtype).min
    hidden = body.audio_tower(mel, attention_mask=mask).last_hidden_state
    return body.multi_modal_projector(hidden)[0, : int(positions)]


def _hear_qwen2_5_omni(model: Any, mel: Any, frames: int) -> Any:
    """Qwen2.5-Omni's encoder takes the frames that there are, attending within blocks of 2 s."""
    import torch

    mask = (torch.arange(mel.shape[-1], device=mel.device) < frames)[None].long()
    return model.get_audio_features(mel, feature_attention_mask=mask).last_hidden_state


KINDS = (
    Kind(
        "qwen2_audio",
        "Qwen2AudioForConditionalGeneration",
        "Qwen2AudioConfig",
        Form("Audio {number}: ", "\n"),
        "no",
        True,
        _hear_qwen2_audio,
    ),
    Kind(
        "qwen2_5_omni_thinker",
        "Qwen2_5OmniThinkerForConditionalGeneration",
        "Qwen2_5OmniThinkerConfig",
        Form(),
        "text",
        False,
        _hear_qwen2_5_omni,
    ),
)


class Network:
    """One loaded model. Owned by one thread."""

    def __init__(self, kind: Kind, model: Any, extractor: Any) -> None:
        """``extractor``: the folder's WhisperFeatureExtractor."""
        self._kind, self._model, self._extractor = kind, model.eval(), extractor
        self._text = model.model.language_model
        self._device = self._text.embed_tokens.weight.device

    def embed(self, ids: Sequence[int]) -> Any:
        """Embeddings (n, width) of token ids."""
        import torch

        with torch.inference_mode():
            return self._text.embed_tokens(torch.tensor(ids, device=self._device))

    def hear(self, pcm: Pcm) -> Any:
        """Embeddings of a segment, padded with silence to whole 80 ms positions. Raises ModelError."""
        import torch

        if not np.isfinite(pcm).all():
            raise ModelError("the sound holds samples that are not numbers; send finite float32 in [-1, 1]")
        blocks = -(-len(pcm) // BLOCK)
        padded = np.zeros(blocks * BLOCK, np.float32)
        padded[: len(pcm)] = pcm
        room = int(LONGEST * CAPTURE_RATE) if self._kind.whole else len(padded) + SILENCE
        mel = self._extractor(
            padded, sampling_rate=CAPTURE_RATE, return_tensors="pt", padding="max_length", max_length=room
        )
        frames = len(padded) // self._extractor.hop_length
        with torch.inference_mode():
            heard = self._kind.hear(self._model, mel["input_features"].to(self._device), frames)
        if len(heard) != blocks * PER_POSITION:
            raise ModelError(
                f"the encoder made {len(heard)} positions of {blocks * 0.08:.2f} s of sound, expected "
                f"{blocks * PER_POSITION}; its preprocessor_config.json does not belong to its weights"
            )
        return heard.to(self._text.embed_tokens.weight.dtype)

    def read(self, embeds: Any, states: Any) -> Any:
        """Read positions (n, width) after those in ``states``, which grow -> float32 logits (vocabulary,).

        Raises ModelError when it computes values that are not numbers.
        """
        import torch

        with torch.inference_mode():
            read = self._text(inputs_embeds=embeds[None], past_key_values=states, use_cache=True)
            logits = self._model.lm_head(read.last_hidden_state[0, -1]).float()
            if not bool(torch.isfinite(logits).all()):
                raise ModelError(
                    "the model computed values that are not numbers for this request; it is given up"
                )
            return logits
