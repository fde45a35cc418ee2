"""Every agent that plays to the figures is caught by one of them, and an honest one is not."""

import numpy as np
import pytest

from bench.adversaries import ADVERSARIES, REFUSAL, Trickster, refusing
from bench.hear import hear
from bench.nulls import NullAgent, beep, marked
from bench.score import WINDOW, score
from bench.script import Cue, Script
from bench.stimuli import Stimulus
from bench.summary import summarise
from bench.validate import against
from bench.validate_scene import AFTERWARDS, QUESTIONS, held, scene


@pytest.fixture(scope="module")
def faced():
    return {one.name: summarise([against(one)]) for one in ADVERSARIES}


def test_an_honest_agent_is_caught_by_none_of_these():
    one = summarise([score(*held(scene(), lambda script: NullAgent(script, 0.2, beep(0.8)), "honest"))])
    assert one.voice_to_voice.p50 == pytest.approx(0.2, abs=0.005)
    assert one.to_body.p50 == pytest.approx(0.2, abs=0.005)
    assert (one.missed.hits, one.cut_ins.hits, one.overlap, one.unprompted) == (0, 0, 0, 0)


def test_who_always_talks_misses_every_reply_talks_over_all_and_never_stops(faced):
    one = faced["always talking"]
    assert one.missed.share == 1.0 and one.voice_to_voice.p50 == WINDOW
    assert one.stop.censored == one.stop.n == 2
    assert one.overlap > QUESTIONS * 0.7 and one.unprompted == 1


def test_who_talks_in_sentences_looks_quick_and_is_caught_cutting_in(faced):
    one = faced["talking in sentences"]
    assert one.cut_ins.share > 0.25 and one.overlap > 5.0


def test_who_never_talks_misses_every_reply_and_is_no_fast_agent(faced):
    one = faced["never talking"]
    assert one.missed.share == 1.0 and one.voice_to_voice.p50 == WINDOW


def test_a_filler_buys_the_first_sound_and_not_the_reply(faced):
    one = faced["filler"]
    assert one.voice_to_voice.p50 == pytest.approx(0.05, abs=0.005)
    assert one.to_body.p50 == pytest.approx(2.5, abs=0.005)


def test_a_clamp_gamer_keeps_its_negative_sign_and_every_one_is_a_cut_in(faced):
    one = faced["clamp gaming"]
    assert one.voice_to_voice.p50 == pytest.approx(-0.15, abs=0.005)
    assert one.cut_ins.hits >= QUESTIONS + len(AFTERWARDS) and one.overlap > 0.1 * QUESTIONS


def test_who_answers_everything_alike_answers_what_was_not_asked(faced):
    assert faced["always refusing"].doubles >= 2


def test_a_refusal_is_quick_and_never_a_right_answer():
    pytest.importorskip("pocketsphinx")
    from pipeline.clock import run
    from tts.choose import available_voices, best_voice

    names = [name for name in available_voices() if name.startswith("flite")]
    if not names:
        pytest.skip("no flite voice is installed")

    async def said():
        voice = best_voice(names[0])
        try:
            chunks = [chunk.pcm async for chunk in voice.speak(REFUSAL)]
        finally:
            await voice.close()
        from audio_io.resample import resample

        return resample(np.concatenate(chunks), voice.rate, 24_000)

    speech = run(said)
    cues = [Cue(Stimulus(marked(0.6, place), expected=str(40 + 7 * place))) for place in range(5)]
    recording, labels = held(Script(cues, tail=0.5), lambda script: Trickster(script, refusing(speech)), "no")
    assert max(turn.voice_to_voice for turn in score(recording, labels).turns) < 0.5
    heard = hear(recording, labels)
    assert len(heard) == 5 and not any(one.right for one in heard)
