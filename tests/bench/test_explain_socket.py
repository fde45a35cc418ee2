"""Over a socket only what messages tell is told, and it sums all the same."""

import json
from dataclasses import replace

import pytest

from bench.explain_socket import (
    Message,
    by_hand,
    read_messages,
    socket_answers,
    socket_parts,
    socket_stops,
)
from bench.labels import Kind
from bench.score import score
from pipeline.errors import UserError

STOPPED, CREATED = "input_audio_buffer.speech_stopped", "response.created"
STARTED = "input_audio_buffer.speech_started"
SOUND = "response.output_audio.delta"
TEXT = "response.output_audio_transcript.done"


@pytest.fixture
def asked(stage):
    scene = stage(seconds=10.0)
    end = scene.says(1.0, 1.0) / 24_000
    scene.turns[-1] = replace(scene.turns[-1], expected="5")
    scene.answers(end + 0.9, 2.0)
    return score(scene.recording, scene.labels), scene.labels, end


def test_the_terms_of_a_servers_reply_sum(asked):
    one, labels, end = asked
    told = [Message(end + 0.5, STOPPED, {}), Message(end + 0.6, CREATED, {}), Message(end + 0.8, SOUND, {}),
            Message(end + 0.85, SOUND, {})]  # fmt: skip
    late = Message(end - 0.3, SOUND, {})  # of an earlier response that the user broke off
    (found,) = socket_parts([late, *told], one, labels)
    assert found.terms == pytest.approx({"ended": 0.5, "decided": 0.1, "made": 0.2, "played": 0.1}, abs=0.002)
    assert sum(found.terms.values()) == pytest.approx(one.turns[0].voice_to_voice, abs=1e-9)


def test_a_message_that_never_came_has_no_term_and_the_sum_stands(asked):
    one, labels, end = asked
    (found,) = socket_parts([Message(end + 0.6, CREATED, {}), Message(end + 0.8, SOUND, {})], one, labels)
    assert found.terms == pytest.approx({"decided": 0.6, "made": 0.2, "played": 0.1}, abs=0.002)
    assert socket_parts([Message(end + 0.8, SOUND, {})], one, labels) == []


def test_a_turn_that_the_harness_ended_says_that_no_endpointing_was_measured(asked):
    from bench.explain import Explained
    from bench.explain_figures import figures_of

    one, labels, end = asked
    told = [Message(end + 0.02, "bench.turn_ended", {}), Message(end + 0.6, CREATED, {})]
    (found,) = socket_parts(told, one, labels)
    assert found.terms["ended"] == pytest.approx(0.02, abs=0.002) and by_hand(told)
    figures = figures_of([Explained(source="events", by_hand=True), Explained(source="events")], 0)
    assert any("1 of 2 conversations the harness ended the turns by hand" in one for one in figures.unknown)


def test_answers_are_judged_by_the_servers_own_words(asked):
    one, labels, end = asked
    told = [Message(end + 1.0, TEXT, {"transcript": "It is five."})]
    (found,) = socket_answers(told, one, labels)
    assert found.right and found.content is None, "no alignment, so no time of a word"
    (wrong,) = socket_answers([Message(end + 1.0, TEXT, {"transcript": "It is six."})], one, labels)
    assert not wrong.right


def test_a_servers_stop_is_parted_at_its_message(stage):
    scene = stage(seconds=12.0)
    scene.says(1.0, 1.5)
    scene.answers(3.0, 1.9)
    scene.says(4.5, 1.0, Kind.BARGE_IN)
    one, labels = score(scene.recording, scene.labels), scene.labels
    (found,) = socket_stops([Message(1.1, STARTED, {}), Message(4.7, STARTED, {})], one, labels)
    assert found.turn == 2 and found.terms == pytest.approx({"heard": 0.2, "silence": 0.2}, abs=0.005)
    assert sum(found.terms.values()) == pytest.approx(one.turns[1].stop.latency, abs=1e-9)
    assert socket_stops([Message(1.1, STARTED, {})], one, labels) == []


def test_text_that_comes_in_pieces_is_put_together(asked):
    one, labels, end = asked
    told = [Message(end + 1.0 + 0.1 * place, "text", {"text": piece})
            for place, piece in enumerate((" It", " is", " fi", "ve", "."))]  # fmt: skip
    (found,) = socket_answers(told, one, labels)
    assert found.said == "It is five." and found.right


def test_a_server_without_transcripts_is_not_wrong_but_unknown(asked):
    one, labels, end = asked
    assert socket_answers([Message(end + 1.0, SOUND, {})], one, labels) == []


def test_events_are_read_in_seconds_and_a_line_that_was_cut_off_is_passed_over(tmp_path):
    file = tmp_path / "events.jsonl"
    line = json.dumps({"t": 48_000, "clk": "media", "ev": CREATED, "response_id": "r1"})
    file.write_text(line + "\n" + line[:20], encoding="utf-8")
    (found,) = read_messages(file, 24_000)
    assert (found.at, found.event, found.facts["response_id"]) == (2.0, CREATED, "r1")


@pytest.mark.parametrize("garbage", ["[]", "{}", "nonsense", '{"t": "x", "ev": "y"}'])
def test_a_file_that_is_none_of_ours_is_one_clear_error(tmp_path, garbage):
    file = tmp_path / "events.jsonl"
    file.write_text(f"{garbage}\n{garbage}\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"events\.jsonl, line 1 is no event; one is an object with t and ev"):
        read_messages(file, 24_000)
