"""A byte-level BPE tokenizer read from a model folder's tokenizer.json, with its added tokens by name.

Ordinary text never gives an added token, whatever it spells: what encodes does not know them. Runs no code
of the folder.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import CheckpointError

from .folder import read_json

TOKENIZER = "tokenizer.json"
BESIDE = "tokenizer_config.json"


class FolderTokenizer:
    """Text to ids and back. ``decode(encode(text)) == text`` for text in NFC that UTF-8 can hold."""

    def __init__(
        self, content: Mapping[str, Any], source: str = TOKENIZER, more: Mapping[str, Any] | None = None
    ) -> None:
        """From parsed tokenizer.json. ``more``: ``added_tokens_decoder`` of tokenizer_config.json, which may
        know tokens that tokenizer.json does not, and rename some. Raises CheckpointError naming ``source``.
        """
        try:
            told = {str(one["id"]): one for one in content["added_tokens"]} | dict(more or {})
            added = [(str(one["content"]), int(at), bool(one["special"])) for at, one in told.items()]
            self._bpe = _pieces(content)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"{source} is not a byte-level BPE tokenizer ({error!r}); get the file again"
            ) from error
        self._source = source
        self.added = {name: at for name, at, _ in added}
        "Ids of the added tokens by name."
        self.specials = frozenset(at for _, at, special in added if special)
        "Ids that stand for no text."
        self._raw = {at: b"" if special else name.encode() for name, at, special in added}
        self._bytes = _letters()

    @classmethod
    def load(cls, folder: Path) -> FolderTokenizer:
        """Reads ``folder``'s tokenizer.json and what is told beside it. Raises CheckpointError."""
        path, beside = folder / TOKENIZER, folder / BESIDE
        more = read_json(beside).get("added_tokens_decoder") if beside.exists() else None
        return cls(read_json(path), str(path), more)

    def special(self, name: str) -> int:
        """The id of an added token. Raises CheckpointError where there is none of that name."""
        found = self.added.get(name)
        if found is None:
            raise CheckpointError(f"{self._source} has no token {name}; use the file beside the weights")
        return found

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text, never an added token's. Lone surrogates become "?" (UTF-8 has none)."""
        plain = text.encode("utf-8", "replace").decode("utf-8")
        ids: list[int] = self._bpe.encode(plain, add_special_tokens=False).ids
        return ids

    def raw(self, token: int) -> bytes:
        """The bytes of one id; special tokens and ids that the vocabulary does not use have none."""
        known = self._raw.get(token)
        if known is None:
            piece = self._bpe.id_to_token(token) or ""
            known = self._raw[token] = b"".join(self._bytes.get(letter, b"") for letter in piece)
        return known

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ``ids``; broken UTF-8 becomes U+FFFD."""
        return b"".join(map(self.raw, ids)).decode("utf-8", "replace")


class Decoding:
    """Decodes ids one by one and holds back an incomplete character until its last byte has come."""

    def __init__(self, tokenizer: FolderTokenizer) -> None:
        self._tokenizer = tokenizer
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that became certain with ``token``."""
        return self._utf8.decode(self._tokenizer.raw(token))

    def finish(self) -> str:
        """What is left; an incomplete character becomes U+FFFD."""
        return self._utf8.decode(b"", final=True)


def _pieces(content: Mapping[str, Any]) -> Any:
    """The library's tokenizer without the added tokens: what is not there cannot be injected."""
    from tokenizers import Tokenizer

    if content["model"]["type"] != "BPE":
        raise ValueError(f"its model is {content['model']['type']!r}, expected BPE")
    kept = {**content, "added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    try:
        return Tokenizer.from_str(json.dumps(kept))
    except Exception as error:  # the library raises nothing more exact
        raise ValueError(str(error)) from error


def _letters() -> dict[str, bytes]:
    """Which byte a letter of a piece stands for: itself where it prints, from U+0100 on for the others.

    Source: GPT-2's byte encoder.
    """
    printing = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(256) if byte not in printing)
    known = {chr(byte): bytes([byte]) for byte in printing}
    return known | {chr(0x100 + at): bytes([byte]) for at, byte in enumerate(others)}
