"""The Realtime protocol's small parts: addresses and the coding of sound."""

import pytest

from bench.nulls import marked
from bench.socket_wire import shown
from bench.targets.openai_realtime import address, decoded, encoded
from pipeline.errors import UserError


@pytest.mark.parametrize("url", ["http://host/x", "host:8000", "ws://", "ws://host:port/x"])
def test_an_address_that_is_none_is_refused_before_anything_is_held(url):
    with pytest.raises(UserError, match=r"is no address of a server|port that is no number"):
        address(url)


def test_an_address_gets_the_usual_path_and_the_model_and_is_shown_without_secrets():
    assert address("ws://host:8000", "tiny") == "ws://host:8000/v1/realtime?model=tiny"
    assert address("wss://host/own?a=1") == "wss://host/own?a=1"
    assert shown("wss://me:word@host/own?a=1&model=m") == "wss://host/own?model=m"


def test_sound_survives_its_coding_to_16_bits():
    sound = marked(0.1, 3)
    assert abs(decoded(encoded(sound)) - sound).max() < 1e-4
