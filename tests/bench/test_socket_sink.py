"""A loudspeaker made of numbers: what arrives is heard at once, in order, and what is flushed never."""

import numpy as np

from bench.socket_sink import Cut, Sink


def ones(count, level=0.5):
    return np.full(count, level, np.float32)


def test_sound_is_heard_at_the_sample_at_which_it_came():
    sink = Sink()
    sink.arrive("a", ones(100), 130)
    out = sink.pull(480)
    assert not out[:130].any() and out[130:230].all() and not out[230:].any()


def test_sound_that_comes_early_waits_for_what_is_playing():
    sink = Sink()
    sink.arrive("a", ones(600, 0.5), 0)
    sink.arrive("a", ones(100, 0.25), 10)
    out = np.concatenate([sink.pull(480), sink.pull(480)])
    assert (out[:600] == 0.5).all() and (out[600:700] == 0.25).all() and not out[700:].any()
    assert sink.gaps == 0


def test_a_gap_inside_an_utterance_is_counted_and_one_between_two_is_not():
    sink = Sink()
    sink.arrive("a", ones(100), 0)
    sink.arrive("a", ones(100), 150)
    sink.ended("a")
    sink.arrive("b", ones(100), 400)
    assert (sink.gaps, sink.gap_samples) == (1, 50)


def test_a_jitter_buffer_delays_the_first_sound_and_fills_the_gap():
    sink = Sink(jitter=0.01)
    sink.arrive("a", ones(100), 0)
    sink.arrive("a", ones(100), 150)
    out = sink.pull(960)
    assert not out[:240].any() and out[240:440].all() and not out[440:].any()
    assert sink.gaps == 0


def test_a_flush_keeps_what_was_heard_to_the_sample_and_says_how_much():
    sink = Sink()
    sink.arrive("a", ones(1000), 100)
    assert sink.flush(400) == [Cut("a", 300, 700)]
    out = sink.pull(1440)
    assert out[100:400].all() and not out[400:].any()


def test_what_comes_for_a_stopped_utterance_is_never_played_and_counted():
    sink = Sink()
    sink.arrive("a", ones(1000), 0)
    sink.flush(200)
    sink.arrive("a", ones(500), 300)
    sink.arrive("b", ones(50), 600)
    out = sink.pull(960)
    assert sink.late == 500 and out[:200].all() and not out[200:600].any() and out[600:650].all()


def test_an_utterance_that_was_heard_to_its_end_is_not_cut():
    sink = Sink()
    sink.arrive("a", ones(100), 0)
    sink.ended("a")
    assert sink.flush(500) == []


def test_an_utterance_still_being_made_is_cut_at_all_that_was_heard_of_it():
    sink = Sink()
    sink.arrive("a", ones(100), 0)
    assert sink.flush(500) == [Cut("a", 100, 0)]


def test_utterances_waiting_behind_the_first_were_not_heard_at_all():
    sink = Sink()
    sink.arrive("a", ones(100), 0)
    sink.ended("a")
    sink.arrive("b", ones(100), 10)
    assert sink.flush(50) == [Cut("a", 50, 50), Cut("b", 0, 100)]
