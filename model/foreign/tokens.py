"""A byte-level BPE tokenizer read from a model folder's tokenizer.json, with its added tokens by name.

Ordinary text never gives an added token, whatever it spells: what encodes does not know them. Runs no code
of the folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from model.bytelevel import letters, number, pieces
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
            added = [(str(one["content"]), number(at), bool(one["special"])) for at, one in told.items()]
            self._bpe = pieces(content)
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
        self._bytes = letters()

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
