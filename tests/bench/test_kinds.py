"""Who answered is read from the labels, and nothing is guessed."""

import pytest

from bench.kinds import KNOWN, REAL, SCRIPTED, SERVER, UNTOLD, kind_of, ordered


@pytest.mark.parametrize(
    ("about", "kind"),
    [
        ({}, UNTOLD),
        ({"actor": "scripted", "brain": "bundled"}, SCRIPTED),
        ({"actor": "null", "brain": "bundled"}, KNOWN),
        ({"actor": "brain", "brain": "bundled"}, REAL),
        ({"actor": "brain", "brain": "bundled", "pace": "20 ms"}, "real, paced to 20 ms per token"),
        ({"actor": "brain", "brain": "the server's", "protocol": "OpenAI Realtime"}, SERVER),
        ({"actor": "brain", "kind": "scripted"}, SCRIPTED),
        ({"actor": "brain", "kind": "paced", "pace": "20 ms"}, "paced"),
    ],
)
def test_the_kind_follows_from_actor_kind_and_pace(about, kind):
    assert kind_of(about) == kind


def test_real_ones_come_first_and_what_measures_the_harness_last():
    told = {SCRIPTED, "real, paced to 20 ms per token", SERVER, KNOWN, REAL}
    assert ordered(told) == [REAL, "real, paced to 20 ms per token", SERVER, KNOWN, SCRIPTED]
