"""A cast is the first user's voice wherever a voice is wanted, and knows the others."""

import numpy as np
import pytest

from bench.cast import USERS, Cast, cast_names, everybody, other, steady_voice, user
from bench.stimuli import synthesise
from pipeline.clock import run, simulate
from pipeline.errors import VoiceError
from tts.choose import best_voice
from tts.tone import ToneVoice


class Named(ToneVoice):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.closed = False

    async def close(self):
        self.closed = True


def cast(count, made=None):
    made = [] if made is None else made

    def make(name):
        made.append(Named(name))
        return made[-1]

    return Cast([f"v{place}" for place in range(count)], make)


def test_it_speaks_as_the_first_and_makes_nobody_who_does_not_speak():
    made = []
    people = cast(4, made)
    chunks = simulate(lambda: _all(people.speak("a word")))
    assert people.name == "v0" and len(chunks) and [voice.name for voice in made] == ["v0"]
    people.user(2)
    simulate(people.close)
    assert [(voice.name, voice.closed) for voice in made] == [("v0", True), ("v2", True)]


async def _all(stream):
    return [chunk async for chunk in stream]


def test_conversations_take_turns_among_the_users_and_the_rest_only_speaks_beside_them():
    people = cast(USERS + 2)
    assert [people.user(number).name for number in range(USERS + 1)] == [
        *(f"v{place}" for place in range(USERS)), "v0",
    ]  # fmt: skip
    for number in range(12):
        beside = {people.other(number, apart).name for apart in range(12)}
        assert people.user(number).name not in beside and len(beside) == USERS + 1


def test_a_single_voice_is_everybody():
    alone = ToneVoice()
    assert user(alone, 3) is alone and other(alone, 3) is alone and everybody(alone) == [alone]
    one = cast(1)
    assert other(one, 5).name == "v0"
    assert [voice.name for voice in everybody(cast(3))] == ["v0", "v1", "v2"]


def test_the_agents_voice_is_never_in_the_cast_and_voices_nobody_trained_on_come_early():
    names = cast_names(
        "flite:rms", "espeak:en-us", ["flite:rms", "flite:slt", "espeak:en-us", "espeak:en-gb", "tone"]
    )
    assert names[0] == "espeak:en-us" and names[-1] == "flite:slt"
    assert "flite:rms" not in names and "tone" not in names and "espeak:en-gb" not in names
    assert len(names) == len(set(names)) == 6
    assert cast_names("flite:rms", "flite:slt", ["flite:rms", "flite:slt", "tone"]) == ("flite:slt",)


def test_a_voice_of_flite_says_a_text_alike_whatever_it_said_before():
    try:
        best_voice("flite:slt")
    except VoiceError as error:
        pytest.skip(str(error))

    async def main():
        voice = steady_voice("flite:slt")
        try:
            first, _, again = [await synthesise(voice, text) for text in ("a word", "others", "a word")]
        finally:
            await voice.close()
        return np.array_equal(first, again)

    assert run(main)
