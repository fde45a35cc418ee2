"""What byte-level BPE tokenizers from tokenizer.json files share: pieces, letters for bytes, streamed text.

A file may come from anybody: what is read here is checked, and no added token can come out of ordinary text.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from typing import Any, Protocol

LARGEST = 1 << 24
"""Above any token id in use; a larger one is a broken file."""


class Raw(Protocol):
    """A tokenizer, as far as decoding goes."""

    def raw(self, token: int) -> bytes: ...


class Decoding:
    """Decodes ids one by one and holds back an incomplete character until its last byte has come."""

    def __init__(self, tokenizer: Raw) -> None:
        self._tokenizer = tokenizer
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that became certain with ``token``."""
        return self._utf8.decode(self._tokenizer.raw(token))

    def finish(self) -> str:
        """What is left; an incomplete character becomes U+FFFD."""
        return self._utf8.decode(b"", final=True)


def pieces(content: Mapping[str, Any]) -> Any:
    """The ``tokenizers`` library's tokenizer without the added tokens: what is not there cannot be injected.

    ``content``: parsed tokenizer.json. Raises KeyError, TypeError, ValueError for what is no byte-level BPE.
    """
    from tokenizers import Tokenizer

    model = content["model"]
    if model["type"] != "BPE":
        raise ValueError(f"its model is {model['type']!r}, expected BPE")
    for name in ("continuing_subword_prefix", "end_of_word_suffix"):  # the library panics on some
        if model.get(name):
            raise ValueError(f"model.{name} is {model[name]!r}, byte-level ones have none")
    kept = {**content, "added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    try:
        return Tokenizer.from_str(json.dumps(kept))
    except Exception as error:  # the library raises nothing more exact
        raise ValueError(str(error)) from error


def number(given: Any) -> int:
    """A token's id, as a file has it. Raises TypeError, ValueError."""
    found = int(given) if isinstance(given, str) else given
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < LARGEST:
        raise ValueError(f"{given!r} is no token id")
    return found


def letters() -> dict[str, bytes]:
    """Which byte a letter of a piece stands for: itself where it prints, from U+0100 on for the others.

    Source: GPT-2's byte encoder.
    """
    printing = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = (byte for byte in range(256) if byte not in printing)
    known = {chr(byte): bytes([byte]) for byte in printing}
    return known | {chr(0x100 + at): bytes([byte]) for at, byte in enumerate(others)}
