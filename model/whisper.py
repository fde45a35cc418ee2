"""A recogniser over models of Whisper's kind (distilled ones too), by transformers' classes, from a folder.

The loop is ours: greedy, bounded in length by the sound's, and never in circles, which is how these models
fail on sound without speech. Each call reads the whole stretch again (the encoder looks both ways); what was
recognised is remembered by the sound's digest. Knows no clock and no turn.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.alignment import STEP, starts, words
from model.bytelevel import Decoding
from model.foreign.folder import (
    load_weights,
    name_of,
    number_type,
    place,
    quantise,
    quietly,
    read_json,
    require_room,
    shallow,
    understood,
    weigh,
)
from model.foreign.steering import Steering, steering
from model.foreign.tokens import FolderTokenizer
from pipeline.errors import BugError, CheckpointError, ModelError
from pipeline.loops import LoopGuard
from pipeline.ports import CAPTURE_RATE, EarFacts, Pcm, SpokenWord, Transcript
from pipeline.prompt import Audio

LONGEST = 28.0
"""Seconds read at once; the encoder takes 30."""
SEEK = 5.0
"""Before its end the quietest place of so many seconds is looked for, to cut a longer sound there."""
PER_SECOND, LEAST = 12, 16
"""Tokens that speech can be worth: nobody says more, and a model that goes on does not stop by itself."""
SILENT, DOUBTED = 0.6, -1.0
"""Above this probability of no speech, with a mean log-probability below this, nothing was said (as in
openai/whisper, transcribe.py)."""
REMEMBERED = 64
MARGIN = 1 << 29
"""Bytes left for what is computed, and the driver. Chosen, not measured."""
SETTINGS = "generation_config.json"


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """How a recogniser is loaded."""

    device: str = "auto"
    "``auto`` (the first GPU, else the processor), ``cpu``, ``cuda`` or ``cuda:N``."
    dtype: str = "auto"
    "``auto`` (bfloat16 on a GPU, float32 on a processor), bfloat16, float16, float32 or int8."
    language: str = ""
    "``en``, ``de``, …; empty: heard from each stretch of sound."
    times: bool = False
    "Tell when each word of a final transcript was said; costs a second reading of the words."
    threads: int = 0
    "Processor threads; 0: torch's own choice."


class WhisperEar:
    """ports.Recogniser over one loaded model. Owned by one thread."""

    def __init__(
        self,
        name: str,
        model: Any,
        extractor: Any,
        tokenizer: FolderTokenizer,
        tokens: Steering,
        options: WhisperOptions,
        heads: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """``heads``: (layer, head) of the cross attention that aligns."""
        self._name, self._extractor, self._tokenizer = name, extractor, tokenizer
        self._model: Any = model.eval()
        self._tokens, self._options, self._heads = tokens, options, heads
        self._known: OrderedDict[tuple[bytes, bool], Transcript] = OrderedDict()
        self._longest = int(model.config.max_target_positions)

    def facts(self) -> EarFacts:
        """What it is."""
        note = "It reads the whole stretch again at each call."
        if self._options.times and not self._heads:
            note += " Its generation_config.json names no heads to align with, so words have no times."
        return EarFacts(self._name, streams=False, note=note)

    def transcribe(self, audio: Audio, final: bool = True) -> Transcript:
        """The words in a stretch of sound. Raises ModelError."""
        self._alive()
        if not np.isfinite(audio.pcm).all():
            raise ModelError("the sound holds samples that are not numbers; send finite float32 in [-1, 1]")
        if not audio.pcm.any():
            return Transcript("", final=final)
        timed = final and self._options.times and bool(self._heads)
        key = (audio.digests()[-1], timed)
        found = self._known.pop(key, None)
        if found is None:
            found = self._recognise(audio.pcm, timed)
        self._known[key] = found
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return Transcript(found.text, found.words, final)

    def close(self) -> None:
        """Let go of the weights; later calls raise BugError."""
        self._model = None
        self._known.clear()

    def _alive(self) -> Any:
        if self._model is None:
            raise BugError("the recogniser is closed")
        return self._model

    def _recognise(self, pcm: Pcm, timed: bool) -> Transcript:
        texts, said, at = list[str](), list[SpokenWord](), 0
        for piece in pieces(pcm):
            text, spoken = self._stretch(piece, at / CAPTURE_RATE, timed)
            texts.append(text)
            said += spoken
            at += len(piece)
        return Transcript(" ".join(filter(None, texts)), tuple(said))

    def _stretch(self, pcm: Pcm, offset: float, timed: bool) -> tuple[str, tuple[SpokenWord, ...]]:
        """Text and words of at most 30 s."""
        import torch

        mel = self._extractor(pcm, sampling_rate=CAPTURE_RATE, return_tensors="pt")["input_features"]
        with torch.inference_mode():
            weight = self._model.model.encoder.conv1.weight
            heard = self._model.model.encoder(mel.to(weight.device, weight.dtype)).last_hidden_state
            prefix, written, logprobs = self._write(heard, len(pcm) / CAPTURE_RATE)
            text = self._tokenizer.decode(written).strip()
            if not (timed and text):
                return text, ()
            looked = self._attention(heard, prefix, written, len(pcm))
        texts = _texts(self._tokenizer, written)
        return text, words(texts, starts(looked), logprobs, offset)

    def _write(self, heard: Any, seconds: float) -> tuple[list[int], list[int], list[float]]:
        """Prefix, tokens and their log-probabilities; no tokens where nothing was said."""
        tokens = self._tokens
        logits, cache = self._read(heard, [tokens.start], None)
        silence = float(logits.softmax(-1)[tokens.silence]) if tokens.silence is not None else 0.0
        rest = self._language(logits) + [tokens.plain]
        prefix = [tokens.start, *rest]
        room = min(self._longest - len(prefix) - 1, LEAST + int(PER_SECOND * seconds))
        written, logprobs, guard = list[int](), list[float](), LoopGuard(least=16)
        while True:
            logits, cache = self._read(heard, rest, cache)
            banned = tokens.suppressed + (() if written else tokens.suppressed_first)
            logits[list(banned)] = float("-inf")
            token = int(logits.argmax())
            if token == tokens.end:
                break
            written.append(token)
            logprobs.append(float(logits[token] - logits.logsumexp(-1)))
            rest = [token]
            if guard.feed(token) or len(written) == room:
                written = once(written)
                break
        logprobs = logprobs[: len(written)]
        if silence > SILENT and (not logprobs or float(np.mean(logprobs)) < DOUBTED):
            return prefix, [], []
        return prefix, written, logprobs

    def _read(self, heard: Any, ids: list[int], cache: Any) -> tuple[Any, Any]:
        """Read ids after those in the cache -> float32 logits after the last (vocabulary,), and the cache."""
        import torch

        asked = torch.tensor([ids], device=heard.device)
        read = self._model(
            encoder_outputs=(heard,), decoder_input_ids=asked, past_key_values=cache, use_cache=True
        )
        logits = read.logits[0, -1].float()
        if not bool(torch.isfinite(logits).all()):
            raise ModelError("the recogniser computed values that are not numbers; the stretch is given up")
        return logits, read.past_key_values

    def _language(self, logits: Any) -> list[int]:
        """The ids that say language and task; none for a model of one language."""
        tokens = self._tokens
        if tokens.task is None:
            return []
        chosen = tokens.languages.get(self._options.language)
        if chosen is None:
            known = list(tokens.languages.values())
            chosen = known[int(logits[known].argmax())]
        return [chosen, tokens.task]

    def _attention(self, heard: Any, prefix: list[int], written: list[int], samples: int) -> Any:
        """Where the aligning heads looked: (heads, tokens, positions of the sound)."""
        import torch

        model, before = self._model, self._model.config._attn_implementation
        model.set_attn_implementation("eager")  # the fast ways of attention do not tell where they looked
        try:
            ids = torch.tensor([[*prefix, *written]], device=heard.device)
            read = model(encoder_outputs=(heard,), decoder_input_ids=ids, output_attentions=True)
        finally:
            model.set_attn_implementation(before)
        positions = max(1, round(samples / CAPTURE_RATE / STEP))
        looked = [read.cross_attentions[layer][0, head] for layer, head in self._heads]
        # a token is written from the position before it
        tokens = torch.stack(looked)[:, len(prefix) - 1 : -1, :positions]
        return tokens.float().cpu().numpy()


def pieces(pcm: Pcm) -> list[Pcm]:
    """A sound in stretches of at most ``LONGEST`` seconds, each cut at the quietest 20 ms before that."""
    longest, seek, frame = int(LONGEST * CAPTURE_RATE), int(SEEK * CAPTURE_RATE), CAPTURE_RATE // 50
    found = []
    while len(pcm) > longest:
        window = pcm[longest - seek : longest]
        loud = np.square(window[: len(window) // frame * frame].reshape(-1, frame)).sum(axis=1)
        cut = longest - seek + int(loud.argmin()) * frame + frame // 2
        found.append(pcm[:cut])
        pcm = pcm[cut:]
    return [*found, pcm]


def once(tokens: list[int]) -> list[int]:
    """Tokens that end in a loop, with one round of it."""
    for size in range(1, len(tokens) // 2 + 1):
        rounds = 1
        while tokens[-(rounds + 1) * size :][:size] == tokens[-size:] and (rounds + 1) * size <= len(tokens):
            rounds += 1
        if rounds > 2:
            return tokens[: len(tokens) - (rounds - 1) * size]
    return tokens


def _texts(tokenizer: FolderTokenizer, tokens: list[int]) -> list[str]:
    """Each token's text; a character of several tokens is the last one's."""
    decoding = Decoding(tokenizer)
    return [decoding.push(token) for token in tokens]


def load_whisper(folder: str, options: WhisperOptions | None = None) -> WhisperEar:
    """The recogniser in a folder. Raises CheckpointError, ModelError."""
    path, wanted = Path(folder), options or WhisperOptions()
    described = read_json(path / "config.json")
    if described.get("model_type") != "whisper":
        raise CheckpointError(
            f"{path / 'config.json'} describes a model of the type {described.get('model_type')!r}; accepted "
            "is whisper (OpenAI's sizes and distil-whisper's)"
        )
    shallow(described, path / "config.json")
    with quietly(), understood(path):
        return _load(described, path, wanted)


def _load(described: dict[str, Any], path: Path, wanted: WhisperOptions) -> WhisperEar:
    import torch
    import transformers

    device = place(wanted.device)
    dtype = number_type(wanted.dtype, device)
    settings = read_json(path / SETTINGS) if (path / SETTINGS).exists() else {}
    tokenizer = FolderTokenizer.load(path)
    tokens = steering(tokenizer, settings, int(described.get("vocab_size", 0)))
    tokens.require(wanted.language)
    if wanted.threads:
        torch.set_num_threads(wanted.threads)
    config = transformers.WhisperConfig(**{k: v for k, v in described.items() if k != "auto_map"})
    cls, name = transformers.WhisperForConditionalGeneration, name_of(path)
    sizes = {f"weights in {dtype}": weigh(cls, config, dtype, lambda model: model.model)}
    require_room(name, sizes, device, "load it with dtype int8", margin=MARGIN)
    model = load_weights(cls, config, path, device, dtype)
    if dtype == "int8":
        model = quantise(model, model.model, device)
    extractor: Any = transformers.WhisperFeatureExtractor
    known = range(config.decoder_layers), range(config.decoder_attention_heads)
    given = ((int(layer), int(head)) for layer, head in settings.get("alignment_heads") or ())
    heads = tuple((layer, head) for layer, head in given if layer in known[0] and head in known[1])
    made = extractor(feature_size=config.num_mel_bins)
    return WhisperEar(name, model, made, tokenizer, tokens, wanted, heads)
