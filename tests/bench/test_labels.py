"""Manifests read back equal; impossible ones are refused with what is wrong."""

import json
from pathlib import Path

import pytest

from bench import labels
from bench.labels import During, Kind, Labels, LabelsError, Pause, UserTurn, check, from_json, to_json

WHOLE = Labels(
    "smooth 3", 24_000, 240_000,
    (
        UserTurn(1, Kind.QUESTION, 4800, 52_801, (Pause(9600, 16_800), Pause(24_000, 48_000)),
                 "what is four … plus two", "6", During.SILENT),
        UserTurn(2, Kind.BACKCHANNEL, 60_000, 66_000, during=During.SPEAKING, reply=False),
    ),
    "hesitation", True, {"voice": "espeak en-gb", "seed": "7"},
)  # fmt: skip


def manifest(**changes):
    found = json.loads(to_json(WHOLE))
    return found | changes


def with_turn(**changes):
    found = json.loads(to_json(WHOLE))
    found["turns"][0] |= changes
    return json.dumps(found)


def test_a_manifest_reads_back_equal(tmp_path):
    labels.save(WHOLE, tmp_path / "labels.json")
    assert labels.load(tmp_path / "labels.json") == WHOLE


def test_what_may_be_left_out_has_a_sensible_value():
    turns = [
        {"number": 1, "kind": "barge-in", "start": 0, "end": 9},
        {"number": 2, "kind": "noise", "start": 9, "end": 20},
    ]
    head = {"schema": 1, "conversation": "x", "rate": 16_000, "length": 20}
    found = from_json(json.dumps(head | {"turns": turns}))
    assert [turn.reply for turn in found.turns] == [True, False]
    assert found.turns[0].during is During.UNKNOWN and found.turns[0].expected is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "is not JSON"),
        ("[]", "is an object"),
        (json.dumps(manifest(schema=2)), "schema 2 is unknown; this version reads schema 1"),
        ('{"conversation": "x"}', 'does not say which schema it is in; add "schema": 1'),
        (with_turn(start=1.0), "start is 1.0, .* a whole number of samples; 1.0 s is 24000 at rate 24000"),
        (with_turn(pauses=[{"start": 0.5, "end": 1.0}]), "0.5 s is 12000 at rate 24000"),
        (json.dumps(manifest(length=10.5)), "length is 10.5, which is not a whole number$"),
        (json.dumps(manifest(rate="24k")), "rate is '24k', which is not int"),
        (json.dumps(manifest(rate=True)), "rate is True"),
        (json.dumps(manifest(rate=0)), "rate 0 is not a sample rate"),
        (json.dumps(manifest(speed=1)), "has the unknown speed"),
        (json.dumps({"schema": 1, "rate": 8000}), "lacks conversation, length"),
        (with_turn(kind="shout"), "kind is 'shout'; accepted are question, barge-in"),
        (with_turn(during="asleep"), "during is 'asleep'"),
        (with_turn(start=60_000), "turn 1 lies from sample 60000 to 52801"),
        (with_turn(number=2), "numbered from 1"),
        (with_turn(end=300_000), "end by 240000"),
        (with_turn(pauses=[{"start": 4800, "end": 6000}]), "speech before, between and after"),
        (with_turn(pauses=[{"start": 9600, "end": 9600}]), "pause from sample 9600 to 9600"),
        (with_turn(pauses=[{"start": 9600}]), "turn 1: a pause lacks end"),
        (with_turn(pauses=[7]), "a pause is an object"),
        (with_turn(end=61_000), "turn 2 lies from sample 60000 to 66000; it must begin at or after 61000"),
        (json.dumps(manifest(turns=[3])), "turn 1 is not an object"),
    ],
)
def test_an_impossible_manifest_is_refused_by_name(text, complaint):
    with pytest.raises(LabelsError, match=f"^my labels.*{complaint}"):
        from_json(text, "my labels")


def test_a_missing_file_and_one_that_is_not_text_are_named(tmp_path):
    with pytest.raises(LabelsError, match=r"there is no .*gone\.json"):
        labels.load(tmp_path / "gone.json")
    (tmp_path / "sound.json").write_bytes(b"RIFF\xff\xfe")
    with pytest.raises(LabelsError, match="cannot be read as text"):
        labels.load(tmp_path / "sound.json")


def test_labels_made_in_code_are_checked_too():
    with pytest.raises(LabelsError, match="length -1"):
        check(Labels("x", 16_000, -1))


def test_where_the_harness_asked_for_speech_is_read_from_the_labels():
    plain = Labels("x", 16_000, 100)
    assert plain.asked == ()
    assert Labels("x", 16_000, 100, about={"asked": "5, 70"}).asked == (5, 70)
    with pytest.raises(LabelsError, match="asked is 'soon'; accepted are samples between commas"):
        check(Labels("x", 16_000, 100, about={"asked": "soon"}))


def test_the_example_in_the_documentation_is_a_manifest():
    page = (Path(__file__).parents[2] / "docs" / "measuring.md").read_text(encoding="utf-8")
    block = next(part for part in page.split("```json\n") if part.startswith('{"schema"')).split("```")[0]
    found = from_json(block)
    assert [turn.kind for turn in found.turns] == [Kind.QUESTION, Kind.BACKCHANNEL]
    assert found.turns[0].pauses and not found.turns[1].reply
