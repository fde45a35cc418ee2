from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.serve.message import Refused
from agent.serve.multipart import fields

KIND = "multipart/form-data; boundary=XyZ"
FORM = (
    b'--XyZ\r\nContent-Disposition: form-data; name="sdp"\r\nContent-Type: application/sdp\r\n\r\n'
    b'v=0\r\na=b\r\n\r\n--XyZ\r\ncontent-disposition: form-data; name=session; filename="blob"\r\n\r\n'
    b'{"type":"realtime"}\r\n--XyZ--\r\n'
)


def test_a_form_is_read_by_its_names_and_each_part_is_as_it_came() -> None:
    assert fields(FORM, KIND) == {"sdp": b"v=0\r\na=b\r\n", "session": b'{"type":"realtime"}'}
    assert fields(FORM, 'multipart/form-data; charset=x; boundary="XyZ"')["sdp"].startswith(b"v=0")


@pytest.mark.parametrize("length", range(0, len(FORM) - 6, 7))
def test_a_form_that_is_cut_off_is_refused(length: int) -> None:
    with pytest.raises(Refused) as refused:
        fields(FORM[:length], KIND)
    assert refused.value.status == 400


@given(st.binary(max_size=400), st.text(max_size=60))
def test_whatever_comes_is_read_or_refused(body: bytes, kind: str) -> None:
    for form, head in ((body, KIND), (b"--XyZ" + body + b"\r\n--XyZ--", KIND), (FORM, kind)):
        try:
            fields(form, head)
        except Refused as refused:
            assert refused.status == 400


def test_many_parts_are_refused() -> None:
    part = b'--XyZ\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
    with pytest.raises(Refused):
        fields(part * 1000 + b"--XyZ--", KIND)
