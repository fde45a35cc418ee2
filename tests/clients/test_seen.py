"""What other people's clients send, as it was taken down from each: our server understands all of it.

Also of clients that no test drives: livekit-plugins-openai, pipecat, the AI SDK. Ids and sound are shortened.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("msgspec")

from agent.wire.requests import understood

SEEN = [
    json.loads(line)
    for line in Path(__file__).with_name("seen.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("client", sorted({row["client"] for row in SEEN}))
def test_every_event_that_a_client_sends_is_understood(client: str) -> None:
    for row in SEEN:
        if row["client"] == client:
            understood(row["event"])  # a WireError says what was not


def test_the_seven_clients_and_all_kinds_of_event_were_taken_down() -> None:
    assert len({row["client"] for row in SEEN}) == 7
    assert len({row["event"]["type"] for row in SEEN}) == 11, "the protocol has eleven"
