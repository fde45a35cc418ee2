"""Every agent that plays to the figures is caught by one of them, and an honest one is not."""

import numpy as np
import pytest

from bench.adversaries import ADVERSARIES, FLINCH, PROMPT, REACTION, REFUSAL, Trickster, refusing
from bench.hear import hear
from bench.nulls import NullAgent, beep, marked
from bench.score import WINDOW, score
from bench.script import Cue, Script
from bench.stimuli import Stimulus
from bench.summary import summarise
from bench.validate_adversaries import HONEST, adversary_table, against
from bench.validate_scene import (
    AFTERWARDS,
    BARGE_INS,
    BESIDES,
    OVERS,
    QUESTIONS,
    QUIET,
    held,
    scene,
)


@pytest.fixture(scope="module")
def faced():
    return {one.name: summarise([against(one)]) for one in (HONEST, *ADVERSARIES)}


def share(*rates):
    return sum(one.hits for one in rates) / sum(one.n for one in rates)


def ignored(one):
    return share(*(found.ignored for found in one.overlaps.kinds.values()))


def test_an_honest_agent_is_caught_by_none_of_these(faced):
    one = faced[HONEST.name]
    assert one.voice_to_voice.p50 == pytest.approx(PROMPT, abs=0.005)
    assert one.to_body.p50 == pytest.approx(PROMPT, abs=0.005) and one.to_body.censored == 0
    assert (one.missed.hits, one.cut_ins.hits, one.interruptions, one.unprompted) == (0, 0, 0, 0)
    assert (one.blips, one.doubles, one.took_floor.share) == (0, 0, 1.0)
    assert one.stop.p50 == pytest.approx(REACTION, abs=0.005) and one.resumed.hits == 0
    panel = one.overlaps
    assert panel.barge_ins.hits == panel.barge_ins.n == BARGE_INS
    assert panel.selectivity == 1.0 and set(panel.kinds) == {str(kind) for kind in QUIET}
    assert panel.penalty.seconds == pytest.approx(
        BARGE_INS * REACTION / (BARGE_INS + len(QUIET) * OVERS), abs=0.005
    )
    assert not one.unscored


def test_a_null_agent_is_caught_only_by_answering_what_wanted_nothing():
    one = summarise([score(*held(scene(), lambda script: NullAgent(script, 0.2, beep(0.8)), "null"))])
    assert one.voice_to_voice.p50 == pytest.approx(0.2, abs=0.005)
    assert (one.missed.hits, one.cut_ins.hits, one.unprompted) == (0, 0, 0)
    asked = [found.answered for found in one.overlaps.kinds.values()]
    assert share(*asked) == 1.0 and ignored(one) == 0.0


def test_who_always_talks_misses_every_reply_talks_over_all_and_never_stops(faced):
    one = faced["always talking"]
    assert one.missed.share == 1.0 and one.voice_to_voice.p50 == WINDOW and one.took_floor.share == 0.0
    assert one.stop.censored == one.stop.n == BARGE_INS and one.overlaps.barge_ins.share == 0.0
    assert one.overlap > QUESTIONS * 0.7 and one.unprompted == 1
    assert one.pauses_sounded[0.5].share == 1.0 and one.pauses[0.5].hits == 0
    # Ignoring all is no merit where nothing is yielded to: the penalty is worse than the honest agent's.
    assert ignored(one) == 1.0
    assert one.overlaps.penalty.seconds > 5 * faced[HONEST.name].overlaps.penalty.seconds


def test_who_talks_in_sentences_looks_quick_and_is_caught_cutting_in_and_breaking_off(faced):
    one = faced["talking in sentences"]
    assert one.cut_ins.share > 0.25 and one.overlap > 5.0 and one.interruption_rate > 0.25
    assert one.pauses_sounded[0.5].share > 0.5
    assert ignored(one) < 0.7 and share(*(found.held for found in one.overlaps.kinds.values())) == 1.0


def test_who_never_talks_misses_every_reply_and_is_no_fast_or_selective_agent(faced):
    one = faced["never talking"]
    assert one.missed.share == 1.0 and one.voice_to_voice.p50 == WINDOW and one.took_floor.share == 0.0
    assert one.overlaps.selectivity is None and one.overlaps.penalty is None
    assert any("nothing but zeros" in told for told in one.warnings)


def test_a_filler_buys_the_first_sound_and_not_the_reply(faced):
    one = faced["filler"]
    assert one.voice_to_voice.p50 == pytest.approx(0.05, abs=0.005)
    assert one.to_body.p50 == pytest.approx(2.5, abs=0.005)


def test_a_blip_buys_the_first_sound_and_neither_the_floor_nor_a_body(faced):
    one = faced["blip"]
    assert one.voice_to_voice.p50 == pytest.approx(0.05, abs=0.005) and one.missed.hits == 0
    assert one.took_floor.share == 0.0 and one.to_body.censored == one.to_body.n
    assert one.blips == one.voice_to_voice.n


def test_a_clamp_gamer_keeps_its_negative_sign_and_every_one_is_a_cut_in(faced):
    one = faced["clamp gaming"]
    assert one.voice_to_voice.p50 == pytest.approx(-0.15, abs=0.005)
    assert one.cut_ins.hits >= QUESTIONS + len(AFTERWARDS) and one.overlap > 0.1 * QUESTIONS
    assert one.interruption_rate > 0.8


def test_who_answers_everything_alike_answers_what_was_not_asked(faced):
    one = faced["always refusing"]
    asked = [found.answered for found in one.overlaps.kinds.values()]
    assert share(*asked) == 1.0 and sum(found.n for found in asked) == len(QUIET) * BESIDES
    assert one.doubles >= len(QUIET) * BESIDES


def test_who_flinches_at_every_sound_yields_well_and_is_caught_by_what_it_should_have_ignored(faced):
    one = faced["flinching"]
    panel = one.overlaps
    assert panel.barge_ins.share == 1.0 and one.stop.p50 == pytest.approx(REACTION, abs=0.005)
    for found in panel.kinds.values():
        assert found.yielded.hits == found.yielded.n == found.held.hits == OVERS
        assert found.resume.p50 == pytest.approx(FLINCH, abs=0.005) and found.never.hits == 0
    assert panel.kinds["backchannel"].ignored.share == 0.0
    assert panel.penalty.seconds > 5 * faced[HONEST.name].overlaps.penalty.seconds


def test_who_never_yields_ignores_well_and_is_caught_by_the_barge_ins(faced):
    one = faced["never yielding"]
    assert ignored(one) == 1.0
    assert one.overlaps.barge_ins.hits == 0 and one.stop.censored == BARGE_INS
    assert one.overlaps.penalty.missed == BARGE_INS


def test_the_table_names_every_one_of_them_on_lines_that_fit(faced):
    lines = adversary_table(faced)
    assert max(map(len, lines)) <= 110
    assert all(any(line.startswith(name) for line in lines) for name in faced)
    assert sum("caught by" in line for line in lines) == len(faced)


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
