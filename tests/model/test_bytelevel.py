"""model/bytelevel.py: what every byte-level tokenizer file must be, and how its tokens become text."""

from __future__ import annotations

import pytest

from model.bytelevel import Decoding, letters, number


def test_every_byte_has_a_letter_of_its_own():
    known = letters()
    assert len(known) == 256 and sorted(known.values()) == [bytes([byte]) for byte in range(256)]
    assert known["A"] == b"A" and known["Ġ"] == b" "


@pytest.mark.parametrize("given", [-1, 1 << 24, 10**20, 1.0, float("inf"), True, None, "x", "-1", [1]])
def test_what_is_no_id_is_refused(given):
    with pytest.raises((TypeError, ValueError)):
        number(given)


def test_an_id_may_be_written_as_text():
    assert number("151643") == number(151643) == 151643


def test_an_incomplete_character_is_held_back_and_told_at_the_end():
    class Bytes:
        def raw(self, token: int) -> bytes:
            return bytes([token])

    decoding = Decoding(Bytes())
    assert [decoding.push(byte) for byte in "é€".encode()] == ["", "é", "", "", "€"]
    assert decoding.push(0xE2) == "" and decoding.finish() == "\ufffd"
