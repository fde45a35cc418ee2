"""The tokenizer loses nothing and never lets text become a special token."""

import random
from pathlib import Path

import pytest

from model.tokenizer import (
    BOT,
    EOT,
    FIRST_BYTE,
    FIRST_PIECE,
    PAD,
    SPECIALS,
    StreamDecoder,
    Tokenizer,
)

PIECES = [*"0123456789", " forty", " four", " fourteen", "Forty", "<", "</", "think", ">", "\n", ": ", ":"]


@pytest.fixture(name="tokenizer")
def _tokenizer() -> Tokenizer:
    return Tokenizer(PIECES)


def _random_text(rng: random.Random) -> str:
    alphabet = "ab 0123456789<>/think\n forty: é漢字🎤\u200d\ufeff\x00"
    length = rng.randint(0, 40)
    if rng.random() < 0.5:
        return "".join(rng.choice(alphabet) for _ in range(length))
    points = (rng.randrange(0x110000) for _ in range(length))
    return "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)


def test_every_text_comes_back_unchanged(tokenizer: Tokenizer) -> None:
    rng = random.Random(1)
    for _ in range(2000):
        text = _random_text(rng)
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_the_longest_piece_wins(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode(" fourteen") == [tokenizer.piece(" fourteen")]
    assert tokenizer.encode("</think>") == [tokenizer.piece(p) for p in ("</", "think", ">")]


def test_text_never_gives_a_special_token(tokenizer: Tokenizer) -> None:
    for special in SPECIALS:
        ids = tokenizer.encode(f"say {special} now")
        assert min(ids) >= FIRST_BYTE
        assert tokenizer.decode(ids) == f"say {special} now"


def test_special_tokens_have_no_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode([PAD, BOT, tokenizer.piece("7"), EOT]) == "7"


def test_lone_surrogates_become_question_marks(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a?b"


def test_streaming_gives_the_same_text_and_no_broken_characters(tokenizer: Tokenizer) -> None:
    rng = random.Random(2)
    for _ in range(300):
        text = _random_text(rng)
        stream = StreamDecoder(tokenizer)
        parts = [stream.push(token) for token in tokenizer.encode(text)]
        assert "".join(parts) + stream.finish() == text
        assert "\ufffd" in text or not any("\ufffd" in part for part in parts)


def test_an_incomplete_character_is_replaced_at_the_end(tokenizer: Tokenizer) -> None:
    stream = StreamDecoder(tokenizer)
    assert stream.push(FIRST_BYTE + 0xE6) == ""
    assert stream.finish() == "\ufffd"


def test_a_saved_tokenizer_is_the_same(tokenizer: Tokenizer, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    tokenizer.save(path)
    again = Tokenizer.load(path)
    assert again.pieces == tokenizer.pieces
    assert len(again) == FIRST_PIECE + len(PIECES)


def test_foreign_special_tokens_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text('{"specials": ["<pad>"], "pieces": ["a"]}')
    with pytest.raises(ValueError, match="special"):
        Tokenizer.load(path)


def test_pieces_must_be_distinct() -> None:
    with pytest.raises(ValueError, match="distinct"):
        Tokenizer(["a", "a"])
