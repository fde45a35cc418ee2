"""Every labelled silence is judged from the user's sound alone, up to each moment and never beyond it."""

import numpy as np
import pytest

from bench.labels import Kind, Labels, Pause, UserTurn, save
from bench.operating_scores import HORIZON, PRE_ROLL, Turn, of_folder, of_recordings, of_stimulus, scored
from bench.recording import Recording
from bench.recording import save as save_sound
from bench.stimuli import Stimulus
from pipeline.ports import CAPTURE_RATE, Judgement
from pipeline.prompt import BLOCK


class Listener:
    """Takes down the sound that it was asked about; says how many blocks there were, in hundredths."""

    def __init__(self):
        self.heard = []

    def judge(self, prompt, onset):
        (human,) = prompt.parts
        (sound,) = human.parts
        self.heard.append(sound.pcm)
        return Judgement(len(sound.pcm) / BLOCK / 100, 1.0, 0.0, 0.0)


def noise(seconds, seed=1):
    return np.random.default_rng(seed).normal(0.0, 0.1, round(seconds * CAPTURE_RATE)).astype(np.float32)


def stimulus(pause=0.6):
    pcm = noise(3.0)
    start = CAPTURE_RATE
    end = start + round(pause * CAPTURE_RATE)
    pcm[start:end] = 0
    return Stimulus(pcm, pauses=(Pause(start, end),), voice="a")


def test_a_pause_and_an_end_are_judged_at_every_80_ms_and_no_sound_of_the_future_is_heard():
    ear, turn = Listener(), of_stimulus("one", stimulus())
    pause, end = scored([turn], ear)
    assert pause.seconds == pytest.approx(0.6) and end.seconds is None
    assert all(0 <= at <= 0.6 for at, _ in pause.curve) and 7 <= len(pause.curve) <= 8
    assert end.curve[-1][0] == pytest.approx(HORIZON, abs=0.08)
    steps = np.diff([at for at, _ in (*pause.curve,)])
    assert np.allclose(steps, BLOCK / CAPTURE_RATE)
    first = turn.start - round(PRE_ROLL * CAPTURE_RATE)
    for (at, likely), heard in zip((*pause.curve, *end.curve), ear.heard, strict=True):
        assert np.array_equal(heard, turn.pcm[first : first + len(heard)])
        assert likely == pytest.approx(len(heard) / BLOCK / 100)
        stop = turn.pauses[0][0] if len(heard) <= turn.pauses[0][1] - first else turn.end
        assert at == pytest.approx((first + len(heard) - stop) / CAPTURE_RATE)


def test_a_turn_longer_than_a_brain_takes_is_heard_from_its_last_part_on():
    ear = Listener()
    turn = Turn("long", np.concatenate([noise(40.0), np.zeros(2 * CAPTURE_RATE, np.float32)]), 0,
                40 * CAPTURE_RATE, (), "a")  # fmt: skip
    list(scored([turn], ear))
    assert max(map(len, ear.heard)) <= 26.1 * CAPTURE_RATE


def test_a_folder_of_conversations_gives_its_questions_and_no_sound_of_the_next_turn(tmp_path):
    rate, length = 24_000, 24_000 * 10
    user = np.zeros(length, np.float32)
    spans = ((1.0, 3.0, Kind.QUESTION), (5.0, 6.0, Kind.BACKCHANNEL), (7.0, 8.5, Kind.QUESTION))
    turns = []
    for number, (start, end, kind) in enumerate(spans, 1):
        low, high = round(start * rate), round(end * rate)
        user[low:high] = np.random.default_rng(number).normal(0.0, 0.1, high - low)
        pauses = (Pause(low + rate // 2, low + rate),) if number == 1 else ()
        turns.append(UserTurn(number, kind, low, high, pauses, reply=kind is Kind.QUESTION))
    place = tmp_path / "hesitation" / "000"
    place.mkdir(parents=True)
    save(Labels("made", rate, length, tuple(turns), "hesitation"), place / "labels.json")
    save_sound(Recording(user, np.zeros(length, np.float32), rate), place / "conversation.wav")
    first, last = of_folder(tmp_path)
    lead = round(PRE_ROLL * CAPTURE_RATE)  # of what is before it nothing is heard
    assert (first.start, first.end) == (lead, lead + 2 * CAPTURE_RATE)
    assert first.pauses == ((lead + CAPTURE_RATE // 2, lead + CAPTURE_RATE),)
    assert len(first.pcm) == lead + 4 * CAPTURE_RATE and len(last.pcm) == lead + 3 * CAPTURE_RATE
    assert first.conversation == last.conversation == "hesitation/000"
    end = list(scored([first, last], Listener()))[-1]
    assert end.curve[-1][0] == pytest.approx(1.5, abs=0.08)  # the recording ends before the horizon


def test_each_of_peoples_recordings_is_a_conversation_of_its_own():
    found = list(of_recordings([stimulus(), stimulus(0.3)]))
    assert len({turn.conversation for turn in found}) == 2


def test_the_bundled_head_hears_an_end_in_a_question_that_is_over():
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("onnxruntime")
    import asyncio

    from bench.operating_scores import judging
    from bench.stimuli import spoken
    from tts.espeak import EspeakVoice

    async def ask():
        voice = EspeakVoice("en-us")
        try:
            return await spoken(voice, "what is twelve plus seven")
        finally:
            await voice.close()

    (end,) = scored([of_stimulus("one", asyncio.run(ask()))], judging(None))
    assert max(likely for _, likely in end.curve) > 0.8


def put(folder, name, questions, scenario="hesitation", **about):
    """Questions by the seed of their sound, 1.5 s each, in a noise of the conversation's own."""
    rate, length = 24_000, 24_000 * (1 + 4 * len(questions))
    user = np.random.default_rng(len(name) + 99).normal(0.0, 0.0003, length).astype(np.float32)
    turns = []
    for number, seed in enumerate(questions, 1):
        low, high = round((4 * number - 3) * rate), round((4 * number - 1.5) * rate)
        user[low:high] += np.random.default_rng(seed).normal(0.0, 0.1, high - low).astype(np.float32)
        turns.append(UserTurn(number, Kind.QUESTION, low, high))
    place = folder / name
    place.mkdir(parents=True)
    save(Labels(name, rate, length, tuple(turns), scenario, about=about), place / "labels.json")
    save_sound(Recording(user, np.zeros(length, np.float32), rate), place / "conversation.wav")


def test_a_sound_that_stands_in_several_conversations_is_one_question_and_drawn_by_itself(tmp_path):
    put(tmp_path, "a", (1, 2))
    put(tmp_path, "bb", (1, 3, 1))
    put(tmp_path, "ccc", (3, 4, 4))
    found = list(of_folder(tmp_path))
    assert len(found) == 4
    assert sorted(turn.conversation for turn in found) == ["a", "ccc", "stimulus 1", "stimulus 3"]


def test_known_delays_scripted_brains_and_echoes_are_no_evidence_of_a_detector(tmp_path):
    put(tmp_path, "a", (1,), actor="brain", brain="ours")
    put(tmp_path, "bb", (2,), "smooth", actor="null")
    put(tmp_path, "ccc", (3,), "smooth", actor="scripted")
    put(tmp_path, "dddd", (4,), "null-0.20s")
    put(tmp_path, "eeeee", (5,), "echo+0dB", actor="brain", brain="ours")
    assert [turn.conversation for turn in of_folder(tmp_path)] == ["a"]
