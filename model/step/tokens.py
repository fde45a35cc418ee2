"""Step-Audio's tokenizer: Qwen2's byte-level BPE from tokenizer.json, and the special tokens by their names.

Ordinary text never gives a special id, whatever it spells: the added tokens are taken out of what encodes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from model.bytelevel import Decoding, letters, number, pieces
from pipeline.errors import CheckpointError

TOKENIZER = "tokenizer.json"
TEXT_END = "<|endoftext|>"
EOT = "<|EOT|>"
AFTER_EOT = {
    "<|BOT|>": 1,
    "<audio_start>": 23,
    "<audio_end>": 24,
    "<audio_patch>": 25,
    "<tts_start>": 28,
    "<tts_end>": 29,
    "<audio_0>": 31,
}
"""Where the released vocabulary has its own tokens, counted from ``<|EOT|>`` (151665)."""
CALL, CALL_END = "<tool_call>", "</tool_call>"
"""Qwen2.5's; text that a reader sees, each one token where the vocabulary has it."""


class StepTokenizer:
    """Text to ids and back. ``decode(encode(text)) == text`` for text in NFC that UTF-8 can hold."""

    def __init__(self, content: Mapping[str, Any], source: str = TOKENIZER) -> None:
        """From parsed tokenizer.json. Raises CheckpointError naming ``source``."""
        try:
            self._added = {str(one["content"]): number(one["id"]) for one in content["added_tokens"]}
            shown = {number(one["id"]) for one in content["added_tokens"] if not one["special"]}
            self._bpe = pieces(content)
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"{source} is not a tokenizer of a Step-Audio model ({error!r}); get the file again"
            ) from error
        _check(self._added, source)
        self.eot = self._added[EOT]
        self.bot = self._added["<|BOT|>"]
        self.audio_start = self._added["<audio_start>"]
        self.audio_patch = self._added["<audio_patch>"]
        self.audio_end = self._added["<audio_end>"]
        self.tts_start = self._added["<tts_start>"]
        self.tts_end = self._added["<tts_end>"]
        self.tool_call, self.tool_call_end = self._added.get(CALL), self._added.get(CALL_END)
        ends = (EOT, TEXT_END, "<|im_end|>")
        self.stops = frozenset(self._added[name] for name in ends if name in self._added)
        "Ids that end a turn of text."
        self._raw = dict.fromkeys(self._added.values(), b"")
        self._raw |= {at: name.encode() for name, at in self._added.items() if at in shown and at < self.eot}
        self._bytes = letters()

    @classmethod
    def load(cls, folder: Path) -> StepTokenizer:
        """Reads ``folder``'s tokenizer.json, and no code. Raises CheckpointError."""
        path = folder / TOKENIZER
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CheckpointError(f"{path} is missing; it comes with the weights") from None
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read ({error.strerror}); check the file") from error
        except (ValueError, RecursionError) as error:
            raise CheckpointError(f"{path} is not valid JSON ({error}); get the file again") from error
        if not isinstance(content, dict):
            raise CheckpointError(f"{path} is not a JSON object; get the file again")
        return cls(content, str(path))

    def __len__(self) -> int:
        """One more than the largest id."""
        pieces: int = self._bpe.get_vocab_size()
        return max(pieces, 1 + max(self._added.values()))

    def special(self, name: str) -> int:
        """The id of an added token. Raises CheckpointError where the vocabulary has none of that name."""
        if name not in self._added:
            raise CheckpointError(f"this tokenizer has no token {name}; use the model's own {TOKENIZER}")
        return self._added[name]

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text: never an added token's. Lone surrogates become "?" (UTF-8 has none)."""
        plain = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._bpe.encode(plain, add_special_tokens=False).ids
        return ids

    def encode_calls(self, text: str) -> list[int]:
        """Like ``encode``, but ``<tool_call>`` and ``</tool_call>`` are the tokens that a model writes.

        For a brain's own words with calls in them only, never for a user's.
        """
        if self.tool_call is None or self.tool_call_end is None:
            return self.encode(text)
        ids: list[int] = []
        for count, part in enumerate(text.split(CALL)):
            ids += [self.tool_call] if count else []
            for again, piece in enumerate(part.split(CALL_END)):
                ids += [self.tool_call_end] if again else []
                ids += self.encode(piece) if piece else []
        return ids

    def raw(self, token: int) -> bytes:
        """The bytes of one id; special tokens, codes of sound and the vocabulary's padding have none."""
        known = self._raw.get(token)
        if known is None:
            piece = self._bpe.id_to_token(token) or ""
            known = self._raw[token] = b"".join(self._bytes.get(letter, b"") for letter in piece)
        return known

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ``ids``; broken UTF-8 becomes U+FFFD."""
        return b"".join(map(self.raw, ids)).decode("utf-8", "replace")

    def stream(self) -> Decoding:
        """A decoder for one generation."""
        return Decoding(self)


def _check(added: Mapping[str, int], source: str) -> None:
    """That the names which a prompt is built of are there, where the released vocabulary has them."""
    for name in (EOT, *AFTER_EOT):
        if name not in added:
            raise CheckpointError(
                f"{source} has no token {name}; it belongs to another model: use the one beside the weights"
            )
    for name, after in AFTER_EOT.items():
        if added[name] != added[EOT] + after:
            raise CheckpointError(
                f"{source} has {name} as {added[name]}, expected {added[EOT] + after} ({EOT} is "
                f"{added[EOT]}); its special tokens are not Step-Audio's: use the file beside the weights"
            )
