"""One brain in process and behind each kind of server: the same prompts, the same stream, the same history.

The servers are stand-ins written from documentation; real ones are asked in test_real_servers.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from servers.desk import Desk
from servers.like_llamacpp import LikeLlamaCpp
from servers.like_ollama import LikeOllama
from servers.like_vllm import LikeVllm
from servers.wire import Handler, InMemory, place

from model.checkpoint import bundled, load
from model.engine import OnnxEngine
from model.http.brain import HttpBrain
from model.http.presets import parse_server
from model.scripted import Answer, ByText, ScriptedEngine
from pipeline.clock import simulate
from pipeline.compute import InlineCompute
from pipeline.errors import CheckpointError, VoiceError
from pipeline.ports import BrainFacts, Compute, Limits, Pcm
from pipeline.prompt import (
    Audio,
    Called,
    Heard,
    Human,
    Prompt,
    Reply,
    System,
    Text,
    ToolCall,
    ToolResult,
    ToolSpec,
)
from tts.flite_library import synthesiser

KINDS: dict[str, Callable[[Desk], Handler]] = {
    "vllm": LikeVllm,
    "vllm+parser": lambda desk: LikeVllm(desk, parser=True),
    "ollama": LikeOllama,
    "llama.cpp": LikeLlamaCpp,
}
THOUGHTS = "The user asks for a city.\nParis is the capital.\n"
SAID = "It is Paris, as far as I know, and it has been for long."
COUNT = (
    "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen."
)
"""What probing asks for."""
ANSWERS = {
    "Capital of France?": Answer(SAID, THOUGHTS),
    "And of Spain?": Answer("Madrid — “la Villa”, they say.", "Spain now.\n"),
    "Thanks!": Answer("You are welcome."),
}


def behind(
    kind: str, brain: Compute, *, thinks: bool = True, hears: bool = True
) -> tuple[HttpBrain, Handler]:
    """The brain behind a server of this kind, asked over its own dialect."""
    server = parse_server(kind.partition("+")[0])
    desk = Desk(brain, "m", thinks=thinks, hears=hears)
    handler = KINDS[kind](desk)
    return HttpBrain(server, transport=InMemory({place(server.urls[0]): handler})), handler


def _scripted() -> InlineCompute:
    engine = ScriptedEngine(ByText(ANSWERS, Answer(COUNT, "Counting.\n")), 0.02, 0.005)
    return InlineCompute(engine, engine.cost)


async def _text(brain: Compute, prompt: Prompt, limits: Limits) -> str:
    return "".join([piece.text async for piece in brain.stream("generate", prompt, limits)])


HISTORY = (
    System("Be brief."),
    Human((Text("And of Spain?"),)),
    Heard("Madrid"),
    Human((Text("Capital of France?"),)),
)
OPEN = (
    Reply(""),
    Reply("The user asks for a city.\n"),
    Reply("The user asks for a city.\nParis is"),
    Reply(THOUGHTS, thinking=False),
    Reply(THOUGHTS, thinking=False, said="It is Paris, as far"),
    Reply("", thinking=False),
    Reply("", thinking=False, said="It is"),
    Reply(None, thinking=False),
    Reply(None, thinking=False, said="It is Paris"),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reply", OPEN, ids=repr)
def test_every_way_to_open_a_reply_reads_the_same_as_in_process(kind: str, reply: Reply) -> None:
    prompt = Prompt((*HISTORY, reply))

    async def main() -> tuple[str, str]:
        over, _ = behind(kind, _scripted())
        return await _text(over, prompt, Limits(64)), await _text(_scripted(), prompt, Limits(64))

    over, inside = simulate(main)
    if kind == "ollama" and reply.thinking and (reply.thoughts or "").endswith("\n"):
        over = over.removeprefix("\n")  # it trims what it goes on from, so the line's end may come again
    assert over == inside


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", ["</think>", "Paris", " as far as", "\n"])
def test_a_stop_ends_the_answer_where_it_does_in_process(kind: str, stop: str) -> None:
    prompt, limits = Prompt((*HISTORY, Reply(""))), Limits(64, (stop,))

    async def main() -> tuple[str, str]:
        over, _ = behind(kind, _scripted())
        return await _text(over, prompt, limits), await _text(_scripted(), prompt, limits)

    over, inside = simulate(main)
    assert over == inside[: inside.index(stop) + len(stop)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_server_can_do_is_found_out(kind: str) -> None:
    async def main() -> BrainFacts:
        over, _ = behind(kind, _scripted())
        facts: BrainFacts = await over.call("facts")
        return facts

    facts = simulate(main)
    assert (facts.hears, facts.thinks, facts.continues, facts.paid) == ("audio", True, True, False)
    assert facts.rate == pytest.approx(200, rel=0.2)


@pytest.mark.parametrize("kind", ["vllm", "ollama", "llama.cpp"])
def test_a_brain_without_thoughts_and_ears_is_known_as_one(kind: str) -> None:
    engine = ScriptedEngine(ByText({"Hi.": Answer("Hello there.")}, Answer("One, two.")))

    async def main() -> tuple[BrainFacts, str]:
        over, _ = behind(kind, InlineCompute(engine), thinks=False, hears=False)
        facts: BrainFacts = await over.call("facts")
        return facts, await _text(over, Prompt((Human((Text("Hi."),)), Reply(""))), Limits(16))

    facts, said = simulate(main)
    assert (facts.hears, facts.thinks, facts.speaking) == ("text", False, "no-think")
    assert said == "</think>\nHello there."


@pytest.mark.parametrize("kind", KINDS)
def test_closing_an_answer_frees_the_server_s_slot_at_once(kind: str) -> None:
    async def main() -> tuple[int, int]:
        over, handler = behind(kind, _scripted())
        desk: Desk = handler.desk  # type: ignore[attr-defined]
        await over.call("facts")
        left = desk.left
        stream = over.stream("generate", Prompt((*HISTORY, Reply(""))), Limits(64))
        async for _ in stream:
            break
        assert desk.running == 1
        await stream.aclose()  # type: ignore[attr-defined]
        return desk.running, desk.left - left

    assert simulate(main) == (0, 1)


@pytest.mark.parametrize(("kind", "files"), [("vllm", 3), ("ollama", 1), ("llama.cpp", 1)])
def test_sound_is_cut_where_a_server_gains_by_it(kind: str, files: int) -> None:
    """vLLM need not read closed segments again; llama.cpp reads every file as if it had 30 s."""

    async def main() -> str:
        over, handler = behind(kind, _scripted())
        heard = Human((Audio(np.full(20 * 16_000, 0.1, np.float32)),))
        await _text(over, Prompt((heard, Reply(""))), Limits(4))
        bodies: list[object] = handler.bodies  # type: ignore[attr-defined]
        return str(bodies[-1])

    assert simulate(main).count("UklGR") == files  # base64 of RIFF


QUESTIONS = ("What is seven plus two?", "And now take away four.")


@pytest.fixture(scope="module")
def questions() -> tuple[Pcm, ...]:
    """Two questions as a synthetic voice asks them."""
    try:
        voice = synthesiser("rms")
    except VoiceError as error:
        pytest.skip(str(error))
    spoken = []
    for text in QUESTIONS:
        made: list[Pcm] = []

        def take(pcm: Pcm, _words: object, made: list[Pcm] = made) -> bool:
            made.append(pcm)
            return True

        voice.speak(text, take)
        pad = np.zeros(8000, np.float32)
        spoken.append(np.concatenate([pad[:4000], *made, pad]).astype(np.float32))
    return tuple(spoken)


def _bundled() -> InlineCompute:
    try:
        engine = OnnxEngine(load(bundled()))
    except CheckpointError as error:
        pytest.skip(str(error))
    return InlineCompute(engine)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bundled_brain_hears_thinks_and_says_the_same_behind_a_server(
    kind: str, questions: tuple[Pcm, ...]
) -> None:
    """The sound goes out as segments of WAV and comes back as one; the thought goes on where it was cut."""
    brain = _bundled()
    first = (System("Be brief."), Human((Audio(questions[0]),)))
    second = (*first, Heard("It is nine."), Human((Audio(questions[1]),)))

    async def main() -> list[tuple[str, str]]:
        over, _ = behind(kind, brain)
        pairs = []
        for turns in (first, second):
            inside = await _text(brain, Prompt((*turns, Reply(""))), Limits(120))
            pairs.append((await _text(over, Prompt((*turns, Reply(""))), Limits(120)), inside))
            thoughts, _, said = inside.partition("</think>\n")
            lines = thoughts.splitlines(keepends=True)
            for reply in (
                Reply("".join(lines[:1]).rstrip("\n")),
                Reply(thoughts, thinking=False),
                Reply(thoughts, thinking=False, said=said[: len(said) // 2].rstrip()),
            ):
                prompt = Prompt((*turns, reply))
                pairs.append(
                    (await _text(over, prompt, Limits(120)), await _text(brain, prompt, Limits(120)))
                )
        return pairs

    pairs = simulate(main)
    assert [over for over, _ in pairs] == [inside for _, inside in pairs]
    assert "heard:" in pairs[0][1]


CLOCK = ToolSpec("clock", "Tells the time.", '{"type": "object", "properties": {"zone": {"type": "string"}}}')
CALL = '<tool_call>function\nclock\n{"zone": "CET"}</tool_call>'


def _caller(prompt: Prompt) -> Answer:
    """Calls once, and then says what came of it; what probing asks for, it writes."""
    last = next((part for part in reversed(prompt.parts) if isinstance(part, Human)), None)
    if last is None or not any(isinstance(part, Text) and part.text == "Time?" for part in last.parts):
        return Answer(COUNT, "Counting.\n")
    told = [part.results[0].content for part in prompt if isinstance(part, Called)]
    told += [part.text for part in prompt.parts[2:] if isinstance(part, Human) for part in part.parts]
    return Answer(f"It is {told[-1]}." if len(told) else f"One moment.{CALL}", "The clock.\n")


@pytest.mark.parametrize(("kind", "native"), [("vllm", True), ("ollama", True), ("llama.cpp", False)])
def test_a_tool_call_comes_in_the_one_form_and_its_result_reaches_the_brain(kind: str, native: bool) -> None:
    asked = (System("Be brief.", (CLOCK,)), Human((Text("Time?"),)))
    call = ToolCall("call_0", "clock", '{"zone": "CET"}')
    step = Called((call,), (ToolResult("call_0", "clock", "noon"),), "One moment.")

    async def main() -> tuple[str, Prompt]:
        engine = ScriptedEngine(_caller)
        over, handler = behind(kind, InlineCompute(engine))
        assert (await over.call("facts")).tools == ("native" if native else "text")
        first = await _text(over, Prompt((*asked, Reply(""))), Limits(64))
        await _text(over, Prompt((*asked, step, Reply(""))), Limits(64))
        prompts: list[Prompt] = handler.desk.prompts  # type: ignore[attr-defined]
        return first, prompts[-1]

    said, seen = simulate(main)
    assert said == f"The clock.\n</think>\nOne moment.{CALL}"
    if native:
        assert seen.parts[0] == asked[0]
        (called,) = (part for part in seen if isinstance(part, Called))
        assert (called.said, called.calls[0].arguments) == ("One moment.", '{"zone": "CET"}')
        assert called.results[0].content == "noon"
    else:
        assert isinstance(seen.parts[0], System)
        assert "- clock: Tells the time." in seen.parts[0].text
        assert seen.parts[2:4] == (Heard(f"One moment.{CALL}"), Human((Text("clock gave: noon"),)))
