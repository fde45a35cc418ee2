"""A suite over a carrier: what a server does to one conversation costs that one alone."""

import asyncio
import json
from functools import partial

import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.item import Actor, Item
from bench.nulls import marked
from bench.score import score
from bench.script import Cue, Script
from bench.session_run import read_outcome
from bench.socket_null import serve
from bench.socket_run import Missing, SocketTarget, hold_one, missing, only_over_a_socket, run_over
from bench.socket_wire import connect
from bench.stimuli import Stimulus
from bench.targets.openai_realtime import Realtime, RealtimeConfig
from pipeline.clock import run
from pipeline.errors import PeerError, UserError
from tts.tone import ToneVoice


def item(number=0):
    async def script(voice):
        return Script([Cue(Stimulus(marked(0.3, 1)), patience=0.1)], tail=0.1)

    return Item("made", number, 1, Actor.BRAIN, script)


def target(dial):
    return SocketTarget(lambda: Realtime(dial, RealtimeConfig(patience=1.0)), ToneVoice, {"target": "made"})


async def refused():
    raise PeerError("no server answers at ws://nowhere")


def test_a_conversation_that_cannot_begin_is_missing_and_the_suite_goes_on_and_tries_again(tmp_path):
    told = []
    items = [item(number) for number in range(5)]
    assert run_over(items, tmp_path, target(refused), told.append)
    lacking = missing(tmp_path)
    assert [one.number for one in lacking] == [0, 1, 2, 3, 4]
    assert lacking[0].error == "no server answers at ws://nowhere" and "not tried" in lacking[4].error
    assert "5 conversations are missing" in told[-1]
    again = []
    run_over(items, tmp_path, target(refused), again.append)
    assert not any("done already" in line for line in again)


def test_a_fault_of_ours_stops_the_suite(tmp_path):
    async def keyless():
        raise UserError("there is no environment variable K")

    with pytest.raises(UserError, match="no environment variable K"):
        run_over([item()], tmp_path, target(keyless), lambda line: None)


def test_a_server_that_hangs_up_in_the_handshake_leaves_a_missing_conversation(tmp_path):
    from bench.socket_wire import pair

    near, far = pair()

    async def dial():
        await far.close()
        return near

    async def main():
        return await hold_one(item(), tmp_path, target(dial))

    found = run(main)
    assert isinstance(found, Missing) and "closed the connection" in found.error
    assert not list(tmp_path.rglob("conversation.wav"))


def test_scenarios_that_need_the_inside_of_a_session_are_left_out():
    assert only_over_a_socket(("smooth", "echo"), ("smooth",)) == ("smooth",)
    with pytest.raises(UserError, match="none of echo can be held over a socket; smooth can"):
        only_over_a_socket(("echo",), ("smooth",))


def test_a_conversation_over_a_real_socket_leaves_the_files_that_every_score_reads(tmp_path):
    async def main():
        ready = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            server = group.create_task(serve(0, ready))
            url = f"ws://127.0.0.1:{await ready}/v1/realtime?reply=0.3"
            found = await hold_one(item(), tmp_path, target(partial(connect, url)))
            server.cancel()
        return found

    outcome = run(main)
    folder = tmp_path / "made" / "000"
    assert outcome.error == "" and read_outcome(folder) == outcome and outcome.counts["Responses"] == 1
    labels = manifests.load(folder / "labels.json")
    assert labels.about["server model"] == "null" and labels.about["target"] == "made"
    turn = score(recordings.load(folder / "conversation.wav"), labels).turns[0]
    assert turn.voice_to_voice is not None and not turn.censored
    first = json.loads((folder / "events.jsonl").read_text().splitlines()[0])
    assert first["clk"] == "media" and isinstance(first["t"], int)
