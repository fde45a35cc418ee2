"""The guided first run: what is proposed when, what of it is spoken, and when it leaves people alone."""

from __future__ import annotations

import asyncio
import io
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from session_scene import Loud, Room, inline, live
from talk_scene import CHAIN, DECLINED, ONE, SPAN, entries

import agent.talk as talk
from agent import guiding
from agent.cli import main
from agent.config import Config, PersonaConfig, parse
from agent.demo import LOW, Ask, spoken
from agent.guide import MOST, Came, End, Guide, Propose, ShowWaysOut, Step, Taken, Told, advance, begin, hush
from agent.guide_turns import Turns
from agent.guide_words import GREETING, SPOKEN, aloud, better_brain, shown, ways_out
from agent.guiding import Guiding, Known, greeted, guiding_for
from agent.launch import Parts
from agent.line import SessionConfig
from agent.session import Agent, AgentSession
from agent.turn import TurnConfig
from model.engine import load_bundled
from model.examples import EXAMPLES
from model.machine import GIB, Device, Machine
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.clock import now, run, simulate
from pipeline.decoder import DecoderConfig
from pipeline.errors import VoiceError
from pipeline.events import (
    CommitDraft,
    Draft,
    DropDraft,
    Hush,
    InterruptRequested,
    PhraseDrafted,
    PlaybackStarted,
    Remember,
    Sample,
    SpeechPaused,
    SpeechStarted,
    Think,
    Turn,
    Unduck,
)
from pipeline.ports import CAPTURE_RATE, Limits
from pipeline.prompt import Audio, Human, Prompt, Reply
from pipeline.records import Thought, Window
from pipeline.trace import Item, Trace
from tts.tone import ToneVoice

SUM = Taken("what is fourteen plus nine", Came.ANSWERED, rate=2.5)
PACE = Taken("am i speaking fast or slow", Came.ANSWERED, rate=3.0)
LONG = Taken("what is one plus two plus three plus four", Came.ANSWERED, rate=2.5)
CUT = replace(LONG, cut=True)
HELLO = Taken("hello", Came.ANSWERED, rate=2.0)
MISS = Taken("four teen plus", Came.REFUSED)
MUMBLE = Taken("", Came.REFUSED)
NOD = Taken("mhm", Came.NOTHING)


def _run(*turns: Taken, interruptible: bool = True) -> tuple[Guide, list[tuple[Told, ...]]]:
    """The guide after these turns, and what it told: at first, and after each."""
    guide, told = begin(interruptible=interruptible)
    every = [told]
    for turn in turns:
        guide, told = advance(guide, turn)
        every.append(told)
    return guide, every


# --- the state machine --------------------------------------------------------------------------------------


def test_the_four_steps_come_one_by_one_and_two_of_them_are_spoken() -> None:
    guide, told = _run(SUM, PACE, CUT, HELLO)
    assert told == [
        (Propose(Step.SUM),),
        (Propose(Step.PACE, aloud=True),),
        (Propose(Step.INTERRUPT, aloud=True),),
        (),  # they are talking: they interrupted
        (Propose(Step.FREE),),
    ]
    assert guide.free and dict(guide.ended) == dict.fromkeys(Step, End.DONE)


def test_who_does_something_else_is_told_once_more_and_then_left_alone() -> None:
    guide, told = _run(*[HELLO] * 9)
    proposals = [each for after in told for each in after if isinstance(each, Propose)]
    assert [(each.step, each.again) for each in proposals] == [
        (Step.SUM, False), (Step.SUM, True), (Step.PACE, False), (Step.PACE, True),
        (Step.INTERRUPT, False), (Step.INTERRUPT, True), (Step.FREE, False),
    ]  # fmt: skip
    assert sum(each.aloud for each in proposals) == 2 and not any(p.again and p.aloud for p in proposals)
    assert dict(guide.ended) == {Step.FREE: End.DONE} | dict.fromkeys(list(Step)[:3], End.SKIPPED)


def test_what_was_shown_unasked_is_not_proposed_any_more() -> None:
    guide, told = _run(PACE, CUT, SUM)
    assert told[1:] == [(Propose(Step.SUM, again=True),), (), (Propose(Step.FREE),)]
    assert (Step.PACE, End.DONE) in guide.ended and (Step.INTERRUPT, End.DONE) in guide.ended


def test_a_sum_said_faster_is_the_second_step_and_one_said_alike_is_not() -> None:
    assert _run(SUM, replace(SUM, rate=3.1))[1][-1] == (Propose(Step.INTERRUPT, aloud=True),)
    assert _run(SUM, replace(SUM, rate=2.0))[1][-1] == (Propose(Step.INTERRUPT, aloud=True),)
    assert _run(SUM, replace(SUM, rate=2.7))[1][-1] == (Propose(Step.PACE, again=True),)
    assert _run(SUM, replace(SUM, rate=None))[1][-1] == (Propose(Step.PACE, again=True),)


def test_two_misses_in_a_row_show_what_was_heard_and_the_next_step_waits_to_be_understood() -> None:
    guide, told = _run(MISS, MUMBLE, MISS, SUM)
    assert told[1:] == [
        (Propose(Step.SUM, again=True),),
        (ShowWaysOut(("four teen plus", "")),),
        (),  # one miss of a step that was not proposed
        (Propose(Step.PACE, aloud=True),),
    ]
    assert (Step.SUM, End.MISSED) in guide.ended


def test_a_question_asked_over_an_answer_and_not_understood_holds_the_next_step_up_no_longer() -> None:
    guide, told = _run(SUM, PACE, CUT, MISS, SUM)
    assert told[3:] == [(), (Propose(Step.FREE),), ()] and guide.free
    assert _run(CUT, MISS)[1][1:] == [(), (Propose(Step.PACE),)], "beside a refusal nothing is spoken"


def test_an_answer_between_two_misses_begins_the_count_anew() -> None:
    _, told = _run(MISS, SUM, MISS, PACE, MISS)
    assert not any(isinstance(each, ShowWaysOut) for after in told for each in after)


def test_the_ways_out_are_shown_twice_at_most() -> None:
    _, told = _run(*[MISS] * 12)
    shown = [each for after in told for each in after if isinstance(each, ShowWaysOut)]
    assert len(shown) == MOST


def test_a_nod_or_a_cough_is_neither_done_nor_missed() -> None:
    assert _run(NOD, SUM, NOD)[0] == _run(SUM)[0]
    assert _run(MISS, NOD, MISS)[1][-1] == (ShowWaysOut(("four teen plus",) * 2),)


def test_after_somebody_talked_over_a_proposal_none_is_spoken() -> None:
    guide, _ = _run(SUM)
    assert advance(hush(guide), PACE)[1] == (Propose(Step.INTERRUPT),)


def test_where_the_agent_cannot_be_talked_over_that_is_left_out_and_nothing_is_spoken() -> None:
    guide, told = _run(SUM, PACE, interruptible=False)
    assert told[1:] == [(Propose(Step.PACE),), (Propose(Step.FREE),)]
    assert guide.free


def test_once_free_it_only_ever_tells_the_ways_out() -> None:
    guide, _ = _run(SUM, PACE, CUT, HELLO)
    for turn in (SUM, PACE, CUT, HELLO, MISS):
        guide, told = advance(guide, turn)
        assert told == ()
    assert advance(guide, MISS)[1] == (ShowWaysOut((MISS.heard,) * 2),)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_people_do_they_are_not_nagged(seed: int) -> None:
    rng = random.Random(seed)
    turns = rng.choices([SUM, PACE, LONG, CUT, HELLO, MISS, MUMBLE, NOD], k=60)
    guide, told = _run(*turns, interruptible=rng.random() < 0.8)
    proposals = [each for after in told for each in after if isinstance(each, Propose)]
    assert max(Counter(each.step for each in proposals).values()) <= MOST
    assert sum(each.aloud for each in proposals) <= MOST
    assert all(len(after) <= 1 for after in told)
    assert guide.free, "sixty turns are enough for anybody"
    assert Counter(step for step, _ in guide.ended).most_common(1)[0][1] == 1


# --- what it says -------------------------------------------------------------------------------------------


def _proposals() -> Iterable[Propose]:
    yield from (
        Propose(step, again) for step in Step for again in (False, True) if (step, again) != ("free", True)
    )


def test_everything_that_is_proposed_to_be_said_stands_in_the_list_of_what_the_brain_can_do() -> None:
    known = {example.say for example in EXAMPLES.values()}
    for proposal in _proposals():
        quoted = [part.partition("”")[0].rstrip("?").lower() for part in shown(proposal).split("“")[1:]]
        assert set(quoted) <= known, proposal
        assert quoted or proposal.again
    assert shown(Propose(Step.FREE)).count("“") == 3


def test_what_is_spoken_is_one_sentence_and_never_a_repetition() -> None:
    for step, text in SPOKEN.items():
        assert sum(text.count(end) for end in ".?!") == 1 and text[-1] in ".?!"
        assert aloud(Propose(step, aloud=True)) == text
        assert aloud(Propose(step)) == aloud(Propose(step, again=True, aloud=True)) == ""
    assert EXAMPLES["pace"].say in SPOKEN[Step.PACE].lower()
    assert EXAMPLES["sum"].say.removeprefix("what is ") in GREETING


def test_the_ways_out_quote_what_was_heard_and_offer_typing_only_to_a_brain_that_reads() -> None:
    deaf = replace(FACTS, reads=False)
    lines = ways_out(ShowWaysOut(("for teen", "for teen")), deaf, "the better one")
    assert lines[0] == "What I heard: “for teen”."
    assert lines[-1] == "· the better one" and any("hocket talk --demo" in line for line in lines)
    assert not any("type" in line for line in lines)
    assert any("type" in line for line in ways_out(ShowWaysOut(("", "")), FACTS, ""))
    assert "could make out no words" in ways_out(ShowWaysOut(("", "")), deaf, "")[0]


def test_the_better_brain_is_one_that_runs_here_or_fits_the_gpu_or_comes_with_ollama() -> None:
    core = Device("cpu", "8 processor cores", 16 * GIB, 12 * GIB)

    def gpu(size: int) -> Machine:
        return Machine(core, (Device("cuda:0", "a GPU", size * GIB, size * GIB),))

    assert "ollama pull" in better_brain(Machine(core)) and "ollama pull" in better_brain(gpu(4))
    assert better_brain(gpu(24)).endswith("hocket talk --model stepfun-ai/Step-Audio-2-mini-Think")
    assert "about 15 GiB" in better_brain(gpu(80)), "the smaller first, though a larger one fits"
    assert better_brain(gpu(80), ("ollama:gemma3",)).endswith("hocket talk --model ollama:gemma3")


def test_every_example_is_answered_rightly_in_a_voice_that_was_not_trained() -> None:
    asks = [Ask(example.say, "", voice=LOW) for example in EXAMPLES.values()]
    try:
        sounds = run(lambda: spoken(asks, "flite:rms"))
    except VoiceError as error:
        pytest.skip(str(error))
    engine = load_bundled()
    for example, sound in zip(EXAMPLES.values(), sounds, strict=True):
        whole = np.concatenate([sound, np.zeros(CAPTURE_RATE // 4, np.float32)])
        prompt = Prompt((Human((Audio(whole),)), Reply()))
        thought, _, reply = "".join(p.text for p in engine.generate(prompt, Limits(200))).partition(
            "</think>"
        )
        assert reply.strip() in example.replies, f"{example.say}: {thought}"


# --- turns as a trace tells them ----------------------------------------------------------------------------


def _taken(*items: Item, config: DecoderConfig | None = None) -> list[Taken]:
    turns = Turns(config)
    found = [turns.see(entry) for entry in entries(*((0.1 * at, item) for at, item in enumerate(items)))]
    return [each for each in found if each is not None]


def _turn(thought: str, said: str = "Three.", *, sounds: bool = True, heard: int | None = None) -> list[Item]:
    """One turn, two seconds of speech long; ``heard`` as in ``Remember``."""
    first = Draft(1)
    spoke: list[Item] = [SpeechStarted(Sample(0)), SpeechPaused(Sample(32_000)), Thought(1, 1, thought)]
    said_: list[Item] = [PhraseDrafted(ONE, first, 0, said)] if said else []
    sounded: list[Item] = [PlaybackStarted(ONE)] if sounds else []
    return [*spoke, *said_, CommitDraft(ONE, first), *sounded, Remember(ONE, heard)]


def test_an_answered_turn_is_told_with_its_words_and_their_pace() -> None:
    assert _taken(*_turn("heard: what is one plus\n1+2=3\n")) == [
        Taken("what is one plus", Came.ANSWERED, rate=2.0)
    ]
    turns = Turns()
    assert [each.heard for entry in CHAIN if (each := turns.see(entry))] == ["one plus two plus four"]


REFUSED = [
    ("heard: unclear\n", "Sorry, I did not catch that. Please ask me again.", ""),
    ("heard: one plus\nincomplete\n", "I heard only a part of that. Please ask me again.", "one plus"),
    ("heard: fourteen plus\n", DecoderConfig().ask_again, "fourteen plus"),
    ("heard: fourteen plus\n", DecoderConfig().show_heard.format(heard="fourteen plus"), "fourteen plus"),
    ("heard: nine\n", DecoderConfig().heard_nothing, "nine"),
    ("", "Sorry, I did not catch that.", ""),
]


@pytest.mark.parametrize(("thought", "said", "heard"), REFUSED)
def test_every_way_to_say_that_nothing_was_understood_is_a_refusal(
    thought: str, said: str, heard: str
) -> None:
    (taken,) = _taken(*_turn(thought, said))
    assert (taken.came, taken.heard) == (Came.REFUSED, heard)


def test_words_that_get_no_reply_are_a_refusal_and_a_nod_is_nothing() -> None:
    (silent,) = _taken(*_turn("heard: what is one\n", "", sounds=False, heard=0))
    assert silent.came is Came.REFUSED
    (nod,) = _taken(*_turn("heard: i see\n", "", sounds=False, heard=0))
    assert nod.came is Came.NOTHING
    assert [_taken(*(entry.item for entry in DECLINED))[0].came] == [Came.NOTHING]


def test_an_answer_is_cut_by_the_user_only_where_the_user_takes_the_floor() -> None:
    turn, speech = _turn("heard: one plus two\n", heard=4000), SpeechStarted(Sample(60_000))
    by_user = _taken(*turn[:-1], speech, Hush(ONE), turn[-1], Think(Turn(2), SPAN))
    assert [(each.came, each.cut) for each in by_user] == [(Came.ANSWERED, True)]
    by_program = _taken(
        *turn[:-1], InterruptRequested(ONE), Hush(ONE), turn[-1], speech, Think(Turn(2), SPAN)
    )
    assert [(each.came, each.cut) for each in by_program] == [(Came.ANSWERED, False)]
    refusal = _turn("heard: unclear\n", heard=4000)
    (refused,) = _taken(*refusal[:-1], Hush(ONE), refusal[-1], Think(Turn(2), SPAN))
    assert (refused.came, refused.cut) == (Came.REFUSED, False)


def test_a_commit_that_is_taken_back_is_no_turn_and_its_speech_belongs_to_the_one_that_goes_on() -> None:
    (taken,) = _taken(
        SpeechStarted(Sample(0)), SpeechPaused(Sample(16_000)), CommitDraft(ONE, Draft(1)),
        DropDraft(ONE, Draft(1)), SpeechStarted(Sample(20_000)), SpeechPaused(Sample(36_000)),
        Thought(1, 2, "heard: one plus two plus\n"), CommitDraft(ONE, Draft(2)), PlaybackStarted(ONE),
        Remember(ONE, None),
    )  # fmt: skip
    assert taken.rate == 2.0


def test_what_was_said_over_the_voice_and_was_no_turn_counts_for_no_pace() -> None:
    over = [SpeechStarted(Sample(0)), SpeechPaused(Sample(64_000)), Unduck(ONE)]
    assert [each.rate for each in _taken(*over, *_turn("heard: what is one plus\n"))] == [2.0]


# --- in a live session --------------------------------------------------------------------------------------


class Nowhere(Known):
    """Keeps it in memory alone."""

    def __init__(self) -> None:
        self.kept = False

    def __bool__(self) -> bool:
        return self.kept

    def keep(self) -> None:
        self.kept = True


class Guided:
    """A guided conversation in virtual time: what the user asks when, what is answered, what is told."""

    def __init__(
        self, *asks: tuple[float, float, Answer], seconds: float, greeting: str | None = None
    ) -> None:
        self.told: list[tuple[float, str]] = []
        self.spoken: list[str] = []
        asked = [(start, answer) for start, _, answer in asks]

        def script(prompt: Prompt) -> Answer:
            return [answer for start, answer in asked if start <= now()][-1]

        self.room = Room(tuple((start, end) for start, end, _ in asks), seconds=seconds)
        self.guiding = Guiding(Nowhere(), "a better one")
        facts = replace(FACTS, reads=False)
        self._engine = ScriptedEngine(script, first=0.01, per_token=0.001, facts=facts)
        self._greeting = greeting
        simulate(self._hold)

    async def _hold(self) -> None:
        trace = Trace(None)
        trace.subscribe(self.guiding.see)
        session = AgentSession(
            Agent(greeting=self._greeting), edge=self.room, brain=inline(self._engine), voice=ToneVoice(),
            detector=Loud(), trace=trace, observe=self.guiding.hear,
            config=SessionConfig(turn=TurnConfig.fixed(0.25)),
        )  # fmt: skip
        began = now()
        await session.start()
        self.guiding.join(
            session, lambda text, style: self.told.append((now() - began, text)), interruptible=True
        )
        await session.wait()
        self.guiding.finish()
        self.replies = [(each.user is not None, each.reply) for each in session.conversation.exchanges]

    def unasked(self) -> list[str]:
        """What the agent said without a question."""
        return [reply for asked, reply in self.replies if not asked]


def _says(heard: str, said: str) -> Answer:
    return Answer(said, f"heard: {heard}\n")


A_SUM = _says("what is fourteen plus nine", "Twenty three.")
A_PACE = _says("am i speaking fast or slow", "You speak fast.")
A_LONG = _says(
    "what is one plus two plus three", "One plus two plus three, and so on and so on, that is six."
)
AGAIN = _says("unclear", DecoderConfig().ask_again)


def test_a_proposal_is_spoken_after_the_answer_when_nobody_has_talked_for_a_while() -> None:
    talk = Guided((1.0, 2.0, A_SUM), (9.0, 10.0, A_PACE), seconds=18.0)
    assert talk.unasked() == [SPOKEN[Step.PACE], SPOKEN[Step.INTERRUPT]]
    assert [text for _, text in talk.told] == [
        shown(Propose(step)) for step in (Step.SUM, Step.PACE, Step.INTERRUPT)
    ]
    heard = talk.room.heard_at()
    answered, proposed = talk.told[1][0], next(at for at in heard if at > talk.told[1][0] + 0.5)
    assert 1.0 <= proposed - answered <= 1.3


def test_who_goes_on_talking_is_not_talked_over() -> None:
    talk = Guided((1.0, 2.0, A_SUM), (3.9, 4.9, A_PACE), seconds=7.0)
    assert 0.9 < 3.9 - talk.told[1][0] < 1.1, "it was about to speak"
    assert talk.unasked() == [], "neither in their turn nor after it: it was told on the screen"


def test_whoever_made_a_sound_is_not_told_aloud_after_it() -> None:
    talk = Guided((1.0, 2.0, A_SUM), (3.4, 3.8, _says("mhm", "")), seconds=8.0)
    assert len(talk.told) == 2 and talk.unasked() == []


def _window(at: float, probability: float = 0.0) -> Window:
    return Window(Sample(round(at * CAPTURE_RATE)), probability, -60.0)


def test_a_second_of_silence_is_counted_from_the_last_window_that_may_hold_speech() -> None:
    async def scene(session: AgentSession) -> None:
        one = Guiding(Nowhere())
        one.join(session, lambda text, style: None, interruptible=True)
        one._due = "Now this."
        for at, probability in ((5.0, 0.0), (5.5, 0.6), (6.2, 0.0), (7.1, 0.0)):
            one.hear(_window(at, probability))
            assert session.current_speech is None and one._handle is None
        one.hear(_window(7.3))
        one.hear(_window(9.3))
        assert one._handle is not None and (await one._handle).text == "Now this."

    live(scene, inline(ScriptedEngine(lambda prompt: A_SUM)))


def test_a_proposal_that_comes_too_late_for_the_floor_is_taken_back() -> None:
    async def scene(session: AgentSession) -> None:
        one = Guiding(Nowhere())
        session.trace.subscribe(one.see)
        one.join(session, lambda text, style: None, interruptible=True)
        one._due = "Now this."
        one.hear(_window(5.0))
        session._emit(SpeechStarted(Sample(session._running.ring.end)))  # nobody has looked at it yet
        one.hear(_window(6.1))
        assert one._handle is not None and not one._handle.done()
        await asyncio.sleep(0.5)
        assert one._handle.done() and one._handle.turn is None
        session._emit(SpeechPaused(Sample(session._running.ring.end)))
        await asyncio.sleep(5.0)
        assert [each.reply for each in session.conversation.exchanges] == [A_SUM.said]

    live(scene, inline(ScriptedEngine(lambda prompt: A_SUM)))


def test_who_talks_over_a_proposal_hears_no_other() -> None:
    talk = Guided((1.0, 2.0, A_SUM), (5.2, 7.0, A_PACE), seconds=16.0)
    (cut,) = talk.unasked()
    assert cut and SPOKEN[Step.PACE].startswith(cut.rstrip(".?")) and cut != SPOKEN[Step.PACE]
    assert talk.told[-1][1] == shown(Propose(Step.INTERRUPT)), "on the screen it goes on"


def test_who_talks_over_the_greeting_hears_no_proposal() -> None:
    talk = Guided((1.0, 3.0, A_SUM), seconds=9.0, greeting=GREETING)
    assert len(talk.unasked()) == 1 and talk.told[-1][1] == shown(Propose(Step.PACE))


def test_an_interruption_is_seen_and_the_last_step_comes_when_its_question_was_answered() -> None:
    talk = Guided((1.0, 2.0, A_LONG), (3.5, 5.0, A_PACE), (9.0, 10.0, A_SUM), seconds=14.0)
    assert dict(talk.guiding.guide.ended) == dict.fromkeys(Step, End.DONE)
    assert [text for _, text in talk.told][1:] == [shown(Propose(Step.FREE)), guiding.AFTERWARDS]
    assert talk.unasked() == [] and talk.replies[0][1] != A_LONG.said


def test_two_refusals_in_a_row_offer_the_ways_out_and_no_typing() -> None:
    talk = Guided((1.0, 2.0, AGAIN), (7.0, 8.0, AGAIN), seconds=16.0)
    told = [text for _, text in talk.told]
    assert told[1] == shown(Propose(Step.SUM, again=True))
    assert "could make out no words" in told[2] and told[-1] == "· a better one"
    assert not any("type" in text for text in told) and talk.unasked() == []


# --- when there is one --------------------------------------------------------------------------------------


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Known:
    kept = Known(tmp_path / "settings" / "guided")
    monkeypatch.setattr(guiding, "Known", lambda: kept)
    monkeypatch.setattr("agent.chosen.Memory.recall", lambda self: None)
    return kept


OTHER = parse({"brain": {"model": "ollama:gemma3"}})
NEVER = parse({"persona": {"guide": False}})


@pytest.mark.parametrize(
    ("config", "asked", "terminal", "before", "guided"),
    [
        (Config(), None, True, False, True),
        (Config(), None, True, True, False),
        (Config(), True, True, True, True),
        (Config(), False, True, False, False),
        (Config(), True, False, False, False),
        (NEVER, None, True, False, False),
        (NEVER, True, True, False, True),
        (OTHER, True, True, False, False),
    ],
)
def test_the_bundled_brains_first_talk_at_a_terminal_is_guided(
    known: Known, config: Config, asked: bool | None, terminal: bool, before: bool, guided: bool
) -> None:
    if before:
        known.keep()
    assert (guiding_for(config, asked, terminal=terminal) is not None) == guided


def test_who_was_understood_once_is_not_guided_again_and_who_never_was_is(known: Known) -> None:
    for turns, again in (((MISS, MISS, MISS), True), ((), True), ((SUM,), False)):
        one = Guiding(known)
        one.guide = _run(*turns)[0]
        one.finish()
        assert (guiding_for(Config(), None, terminal=True) is not None) == again


def test_a_place_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Known(tmp_path / "file" / "guided")
    kept.keep()
    assert not kept


def test_a_greeting_of_ones_own_stays() -> None:
    assert greeted(Config()).persona.greeting == GREETING
    mine = Config(persona=PersonaConfig(greeting="Hello."))
    assert greeted(mine) == mine


@pytest.mark.parametrize(("words", "asked"), [([], None), (["--guide"], True), (["--no-guide"], False)])
def test_the_command_line_says_whether(
    monkeypatch: pytest.MonkeyPatch, words: list[str], asked: bool | None
) -> None:
    found: list[object] = []

    async def talked(config: Config, console: Console, edge: object, one: object) -> None:
        found.append(one)

    monkeypatch.setattr(talk, "talk_live", talked)
    monkeypatch.setattr("audio_io.devices.probe", lambda: None)
    monkeypatch.setattr("audio_io.devices.open_edge", lambda wishes: None)
    monkeypatch.setattr(guiding, "guiding_for", lambda config, given, terminal: (given, terminal))
    assert main(["talk", "--model", "bundled", *words]) == 0
    assert found == [(asked, False)]


def test_a_live_talk_shows_the_proposals_below_the_turns(
    monkeypatch: pytest.MonkeyPatch, known: Known
) -> None:
    @asynccontextmanager
    async def parts(config: Config) -> AsyncIterator[Parts]:
        assert config.persona.greeting == GREETING
        brain = inline(ScriptedEngine(lambda prompt: A_SUM))
        yield Parts(brain, FACTS, ToneVoice())

    monkeypatch.setattr(talk, "parts", parts)
    monkeypatch.setattr(talk, "_interruptible", lambda session: nullcontext())
    monkeypatch.setattr("audio_io.detectors.make_detector", lambda name: Loud())
    out = io.StringIO()
    console, room = Console(file=out, width=200), Room(((5.0, 6.0),), seconds=9.0)
    simulate(lambda: talk.talk_live(Config(), console, room, guiding_for(Config(), True, terminal=True)))
    lines = out.getvalue().splitlines()
    at = [next(i for i, line in enumerate(lines) if text in line) for text in (
        "Ctrl-C ends", "Try it: “what is fourteen plus nine?”", "hocket I'm a practice brain.",
        "hocket Twenty three.", "Now quickly:",
    )]  # fmt: skip
    assert at == sorted(at)
    assert known, "it is kept when the talk ends"
