"""A recorded user speaks to another agent: same samples, same labels, whatever the agent does."""

from functools import partial

import numpy as np
import pytest

from bench import labels as manifests
from bench import recording as recordings
from bench.edge import BenchEdge
from bench.labels import During, Kind, Labels, Pause, UserTurn
from bench.nulls import NullAgent, beep
from bench.recording import Recording
from bench.replay import MARGIN, Replay, replay_items
from bench.score import WINDOW, score
from pipeline import clock
from pipeline.errors import UserError
from pipeline.ports import CAPTURE_RATE, PLAYOUT_RATE
from pipeline.ring import AudioRing


def conversation(seconds=4.0, rate=PLAYOUT_RATE):
    """A turn from 0.5 to 1.5 s with a pause in it, and a hum too soft to hear around it."""
    user = 0.0005 * np.sin(2 * np.pi * 500 * np.arange(round(seconds * rate)) / rate).astype(np.float32)
    for start, end in ((0.5, 0.9), (1.2, 1.5)):
        user[round(start * rate) : round(end * rate)] *= 400
    turn = UserTurn(
        1, Kind.QUESTION, rate // 2, 3 * rate // 2, (Pause(9 * rate // 10, 12 * rate // 10),), "hello",
        expected="7",
    )  # fmt: skip
    labels = Labels("call", rate, len(user), (turn,), "theirs")
    return Recording(user, np.zeros_like(user), rate), labels


def write(folder, recording, labels):
    folder.mkdir(parents=True)
    recordings.save(recording, folder / "conversation.wav")
    manifests.save(labels, folder / "labels.json")


def play(script, delay):
    edge = BenchEdge(script, floor=-120.0)

    async def run():
        await edge.run(AudioRing(), NullAgent(script, delay, beep()), lambda fact: None)

    clock.simulate(run)
    return edge.recording(), edge.labels("again", "theirs")


def script_of(item):
    async def make():
        return await item.script(None)

    return clock.simulate(make)


def test_the_same_samples_are_sent_and_the_labels_stay_where_they_were(tmp_path):
    recording, labels = conversation()
    write(tmp_path / "a", recording, labels)
    (item,) = replay_items(tmp_path)
    sent, told = play(script_of(item), delay=0.2)
    apart = sent.user[: 3 * PLAYOUT_RATE] - recording.user[: 3 * PLAYOUT_RATE]
    assert np.sqrt(np.mean(apart**2)) < 0.02 * np.sqrt(np.mean(recording.user**2))
    turn, was = told.turns[0], labels.turns[0]
    assert (turn.kind, turn.text, turn.expected, turn.reply) == (was.kind, was.text, was.expected, was.reply)
    edges = (turn.start, turn.end, turn.pauses[0].start, turn.pauses[0].end)
    wanted = (was.start, was.end, was.pauses[0].start, was.pauses[0].end)
    assert max(abs(one - other) for one, other in zip(edges, wanted, strict=True)) <= 2
    assert abs(score(sent, told).turns[0].voice_to_voice - 0.2) < 0.005


def test_a_reply_to_the_last_turn_is_waited_for_though_the_recording_ends_before():
    _, labels = conversation(seconds=1.6)
    user = np.zeros(round(1.6 * CAPTURE_RATE), np.float32)
    script = Replay(user, labels)
    frames = 0
    while not script.finished:
        script.frame(False)
        frames += 1
    assert frames * 0.02 == pytest.approx(1.5 + WINDOW + MARGIN, abs=0.03)


def test_whether_the_agent_was_speaking_is_what_this_agent_did_not_the_recorded_one():
    _, labels = conversation()
    for heard, during in ((True, During.SPEAKING), (False, During.SILENT)):
        script = Replay(np.zeros(4 * CAPTURE_RATE, np.float32), labels)
        while not script.finished:
            script.frame(heard)
        assert [placed.during for placed in script.placed] == [during]


def test_conversations_keep_the_scenarios_of_their_labels_and_are_numbered_in_them(tmp_path):
    recording, labels = conversation()
    for name in ("a", "b"):
        write(tmp_path / name, recording, labels)
    assert [item.name for item in replay_items(tmp_path)] == ["theirs/000", "theirs/001"]


def test_a_folder_that_is_not_there_or_holds_nothing_is_told(tmp_path):
    for folder, complaint in ((tmp_path / "gone", "there is no folder"), (tmp_path, "holds no conversation")):
        with pytest.raises(UserError, match=complaint):
            partial(replay_items, folder)()


def test_a_labelled_turn_is_unasked_until_it_was_played_to_its_end():
    recording, labels = conversation(rate=CAPTURE_RATE)
    script, counts = Replay(recording.user, labels), []
    while not script.finished:
        counts.append(len(script.unasked))
        script.frame(False)
    assert counts[0] == 1 and counts.index(0) == round(1.5 / 0.02) and counts[-1] == 0
