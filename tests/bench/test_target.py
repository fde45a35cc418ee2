"""The user never speaks in the agent's voice."""

import pytest

from bench import target
from bench.session_run import Target
from pipeline.errors import UserError


@pytest.fixture
def voices(monkeypatch):
    def have(*names):
        monkeypatch.setattr(target, "available_voices", lambda: [*names, "tone"])

    return have


def test_the_user_gets_the_best_voice_of_another_engine(voices):
    voices("flite:rms", "flite:slt", "espeak:en-us", "espeak:en-gb")
    assert target.choose_voices() == ("flite:rms", "espeak:en-us")
    assert target.choose_voices("espeak:en-us") == ("espeak:en-us", "flite:rms")
    assert target.choose_voices("flite:slt", "flite:rms") == ("flite:slt", "flite:rms")


def test_one_engine_is_enough_when_it_has_two_voices(voices):
    voices("espeak:en-us", "espeak:en-gb")
    assert target.choose_voices() == ("espeak:en-us", "espeak:en-gb")


def test_one_voice_for_both_is_refused(voices):
    voices("flite:rms", "espeak:en-us")
    with pytest.raises(UserError, match="agent and user both speak in flite:rms"):
        target.choose_voices("flite:rms", "flite:rms")
    voices("espeak:en-us")
    with pytest.raises(UserError, match="needs two voices"):
        target.choose_voices()


@pytest.mark.parametrize("make", [target.declared_target, target.real_target])
def test_a_voice_that_is_not_there_is_refused_whatever_the_clock(make):
    pytest.importorskip("espeakng_loader")
    with pytest.raises(UserError, match="there is no voice 'nosuch'"):
        make("nosuch", "espeak:en-us")
    with pytest.raises(UserError, match="espeak-ng has no voice 'nosuch'"):
        make("espeak:nosuch", "espeak:en-us")
    with pytest.raises(UserError, match="there is no voice 'nobody'"):
        make("espeak:en-us", "nobody")


def test_a_run_has_several_users_unless_one_was_named(voices):
    voices("flite:rms", "flite:slt", "espeak:en-us")
    several = target.users("flite:rms", "espeak:en-us")
    assert several[0] == "espeak:en-us" and len(several) > 3 and "flite:rms" not in several
    assert target.users("flite:rms", "flite:slt", "flite:slt") == ("flite:slt",)


def test_other_weights_under_the_same_name_are_another_target(monkeypatch):
    bare = Target(*[None] * 5, names={"brain": "b"})
    for told in ("one", "two"):
        monkeypatch.setattr(target, "fingerprint", lambda brain, told=told: told)
        assert target.with_weights(bare, None).names == {"brain": "b", "weights": told}


def test_a_second_ear_is_told_by_name_and_one_that_cannot_weigh_or_is_not_there_is_refused(tmp_path) -> None:
    try:
        assert "second ear" not in target.real_target().names
    except UserError as error:
        pytest.skip(str(error))
    named = f"moonshine:{tmp_path}"
    assert target.real_target(ear=named).names["second ear"] == named
    for name in ("pocketsphinx", "moonshine:", "loud"):
        with pytest.raises(UserError, match=f"no second ear '{name}'"):
            target.real_target(ear=name)
    with pytest.raises(UserError, match="no folder"):
        target.real_target(ear=f"{named}/none")
