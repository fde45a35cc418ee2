"""The bundled model's lossless tokenizer: greedy longest match over pieces, bytes as fallback.

Ordinary text never gives a special id.
"""

import codecs
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

SPECIALS = ("<|endoftext|>", "<|BOT|>", "<|EOT|>", "<audio_start>", "<audio_patch>", "<audio_end>")
PAD, BOT, EOT, AUDIO_START, AUDIO_PATCH, AUDIO_END = range(6)
FIRST_BYTE = len(SPECIALS)
FIRST_PIECE = FIRST_BYTE + 256


class Tokenizer:
    """Text to ids and back. `decode(encode(text)) == text` for every text that UTF-8 can hold."""

    def __init__(self, pieces: Sequence[str]) -> None:
        if len(set(pieces)) != len(pieces) or "" in pieces:
            raise ValueError("pieces must be distinct and not empty")
        self.pieces = tuple(pieces)
        self._ids = {piece: FIRST_PIECE + i for i, piece in enumerate(pieces)}
        self._bytes = [piece.encode() for piece in pieces]
        lengths: dict[str, set[int]] = {}
        for piece in pieces:
            lengths.setdefault(piece[0], set()).add(len(piece))
        self._lengths = {first: sorted(sizes, reverse=True) for first, sizes in lengths.items()}

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Reads tokenizer.json; ValueError when its special tokens are not those of this module."""
        content = json.loads(path.read_text(encoding="utf-8"))
        if tuple(content["specials"]) != SPECIALS:
            raise ValueError(f"{path}: unknown special tokens")
        return cls(content["pieces"])

    def save(self, path: Path) -> None:
        """Writes tokenizer.json."""
        content = {"kind": "greedy-pieces-bytes", "specials": list(SPECIALS), "pieces": list(self.pieces)}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    def __len__(self) -> int:
        return FIRST_PIECE + len(self.pieces)

    def piece(self, text: str) -> int:
        """The id of one piece; KeyError when there is none."""
        return self._ids[text]

    def encode(self, text: str) -> list[int]:
        """Ids of ordinary text, never below `FIRST_BYTE`.

        Lone surrogates become "?" (UTF-8 cannot hold them).
        """
        ids: list[int] = []
        at = 0
        while at < len(text):
            for size in self._lengths.get(text[at], ()):
                found = self._ids.get(text[at : at + size])
                if found is not None:
                    ids.append(found)
                    at += size
                    break
            else:
                ids.extend(FIRST_BYTE + byte for byte in text[at].encode("utf-8", "replace"))
                at += 1
        return ids

    def raw(self, token: int) -> bytes:
        """The bytes of one id; special tokens have none."""
        if token >= FIRST_PIECE:
            return self._bytes[token - FIRST_PIECE]
        return bytes([token - FIRST_BYTE]) if token >= FIRST_BYTE else b""

    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids`; special tokens are left out, broken UTF-8 becomes U+FFFD."""
        return b"".join(map(self.raw, ids)).decode("utf-8", "replace")


class StreamDecoder:
    """Decodes ids one by one and holds back an incomplete UTF-8 character until its last byte has come."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token: int) -> str:
        """The text that is complete after `token`."""
        return self._utf8.decode(self._tokenizer.raw(token))

    def finish(self) -> str:
        """What is left; an incomplete character becomes U+FFFD."""
        return self._utf8.decode(b"", final=True)
