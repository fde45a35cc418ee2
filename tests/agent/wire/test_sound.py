"""Sound in a client's formats: telephone tables against another implementation, streams against wholes."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from agent.wire import g711
from agent.wire.refusal import WireError
from agent.wire.schema import ALaw, MuLaw, Pcm, SoundFormat
from agent.wire.sound import Incoming, Outgoing, bytes_of, heard, seconds_of


@pytest.mark.parametrize(("codec", "table"), [("pcm_mulaw", g711.MU), ("pcm_alaw", g711.A)])
def test_the_telephones_tables_are_those_of_another_implementation(codec: str, table: np.ndarray) -> None:
    av = pytest.importorskip("av")
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    theirs = decoder.decode(av.Packet(bytes(range(256))))[0].to_ndarray()[0]
    assert (theirs == table).all()


@pytest.mark.parametrize("table", [g711.MU, g711.A])
def test_each_sample_is_written_as_the_byte_whose_value_is_nearest(table: np.ndarray) -> None:
    samples = np.arange(-32768, 32768, 7)
    written = g711.compress((samples / 32767).astype(np.float32), table)
    error = np.abs(table[np.frombuffer(written, np.uint8)].astype(int) - samples)
    best = np.abs(table.astype(int)[None, :] - samples[:, None]).min(axis=1)
    assert (error <= best + 1).all()


@pytest.mark.parametrize("form", [Pcm(), MuLaw(), ALaw()])
def test_sound_that_goes_out_and_comes_back_is_the_same_in_pieces_of_any_size(form: SoundFormat) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(24000) / 24000).astype(np.float32)
    outgoing, incoming = Outgoing(form), Incoming(form)
    line = b"".join(outgoing.turn(piece) for piece in np.array_split(tone, 37)) + outgoing.end()
    assert seconds_of(line, form) == pytest.approx(1.0, abs=0.002)
    even = [line[start : start + 222] for start in range(0, len(line), 222)]
    pcm = np.concatenate([incoming.turn(each) for each in even] + [incoming.end()])
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(16000) / 16000)
    assert len(pcm) == 16000
    assert np.abs(pcm[200:-200] - expected[200:-200]).max() < (0.002 if isinstance(form, Pcm) else 0.03)
    assert np.allclose(heard(line, form, "audio"), pcm, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "said"),
    [(None, "missing"), (7, "int"), ("@@@", "base64"), ("AAA", "base64"), ("AA A", "base64")],
)
def test_what_is_no_sound_is_refused(given: object, said: str) -> None:
    with pytest.raises(WireError) as refused:
        bytes_of(given, "audio")
    assert said in refused.value.problem.message and refused.value.problem.param == "audio"


def test_half_a_sample_is_refused_and_bytes_are_taken_as_they_are() -> None:
    assert bytes_of(b"abc", "audio") == bytes_of(base64.b64encode(b"abc").decode(), "audio") == b"abc"
    with pytest.raises(WireError):
        Incoming(Pcm()).turn(b"abc")
    assert len(Incoming(MuLaw()).turn(b"abc" * 100)) > 500


def test_more_sound_at_once_than_is_legal_is_refused() -> None:
    with pytest.raises(WireError) as refused:
        bytes_of(bytes(15 * 2**20 + 2), "audio")
    assert str(15 * 2**20) in refused.value.problem.message
