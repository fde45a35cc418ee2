"""Probing: what a server can do is found by asking, within its time and tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from http_scene import (
    DONE,
    HANG,
    Answer,
    Asked,
    Network,
    Step,
    delta,
    finish,
    lived,
    on,
    pieces,
    prompt,
    text,
    usage,
    words,
)  # fmt: skip

from model.http.brain import HttpBrain
from model.http.config import HttpConfig
from model.http.dialect import Able
from model.http.facts import ladder
from model.http.server import Server
from pipeline.clock import now
from pipeline.errors import ModelError
from pipeline.ports import BrainFacts
from pipeline.prompt import Reply

COUNT = words(
    "One, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen."
)


@dataclass
class Machine:
    """A server of which each property can be set."""

    thought: Sequence[str] = ()
    marked: bool = False
    continues: bool = True
    calls_it_thought: bool = False
    hears: bool = True
    drops_sound: bool = False
    tools: bool = True
    drops_tools: bool = False
    logprobs: bool = True
    keeps: bool = False
    counts: bool = True
    rate: float = 50.0
    first: float = 0.05

    def __call__(self, asked: Asked) -> Answer:
        body = asked.body
        sound = any(isinstance(each["content"], list) for each in body["messages"])
        if sound and not self.hears:
            return Answer(status=400, json={"error": {"message": "At most 0 audio(s) may be provided"}})
        if body.get("tools") and not self.tools:
            return Answer(status=400, json={"error": {"message": '"auto" tool choice requires --enable-…'}})
        if body.get("logprobs") and not self.logprobs:
            return Answer(status=422, json={"detail": "Unexpected fields in the request: {'logprobs'}"})
        said = self._said(body)[: body["max_tokens"]]
        events: list[Step] = [self.first]
        for kind, each in said:
            chance = {"logprobs": {"content": [{"logprob": -0.1}]}} if body.get("logprobs") else {}
            event = delta(**{kind: each})  # type: ignore[arg-type]
            event["choices"][0] |= chance
            events += [event, 1 / self.rate]
        letters = len(str(body["messages"])) if not (sound and self.drops_sound) else 40
        if sound and self.drops_sound:
            letters = len("Say yes.") + 33
        read = letters + (0 if self.drops_tools else 100 * len(body.get("tools", ())))
        kept = read if self.keeps else 0
        return Answer([*events, finish(), *([usage(read, len(said), kept)] if self.counts else []), DONE])

    def _said(self, body: dict[str, Any]) -> list[tuple[str, str]]:
        last = body["messages"][-1]
        begun = last["content"] if last["role"] == "assistant" else ""
        if begun and self.continues:
            rest = COUNT[len(words(begun)) :]
            return [("thought" if self.calls_it_thought else "text", each) for each in rest]
        if begun:
            return [("text", each) for each in COUNT]
        if self.marked:
            return [("text", each) for each in ("<think>", *self.thought, "</think>", *COUNT)]
        return [*(("thought", each) for each in self.thought), *(("text", each) for each in COUNT)]


def probed(
    machine: Any, *, dialect: str = "vllm", model: str = "tiny", **settings: Any
) -> tuple[BrainFacts, Able, Network, float]:
    async def story() -> tuple[BrainFacts, Able, Network, float]:
        network = Network(a=on(machine, models=(model,)))
        brain = HttpBrain(
            Server(dialect, ("http://a/v1",)), HttpConfig(**settings), transport=network, environ={}
        )
        return await brain.call("facts"), brain.able, network, now()

    found: tuple[BrainFacts, Able, Network, float] = lived(story)
    return found


def test_a_server_that_can_do_everything_is_found_out_in_time_and_within_its_tokens() -> None:
    facts, able, network, spent = probed(Machine(thought=[" I", " count"], keeps=True))
    assert able == Able(
        hears=True, continues=True, thinks=True, tools="native", logprobs=True, caches=True, thoughts="apart"
    )
    assert (facts.hears, facts.thinks_while_listening, facts.speaking) == ("audio", "notes", "adaptive")
    assert facts.rate == pytest.approx(50.0, rel=0.05)
    assert facts.first == pytest.approx(0.05, abs=0.01)
    assert (facts.paid, facts.note, facts.tools) == (False, "", "native")
    assert spent < 6.0
    assert sum(asked.body.get("max_tokens", 0) for asked in network.asked) <= 80
    assert ladder(facts) == (
        "hears audio · continues a prefix: yes · thinks while listening: notes · "
        "50 tokens/s, first token 0.05 s"
    )


def test_a_plain_server_is_found_to_do_little() -> None:
    machine = Machine(continues=False, hears=False, tools=False, logprobs=False, counts=False)
    facts, able, _, _ = probed(machine, dialect="openai")
    assert able == Able(tools="text")
    assert (facts.thinks, facts.speaking, facts.hears, facts.continues) == (False, "no-think", "text", False)
    assert facts.rate == pytest.approx(50.0, rel=0.05), "events stand for tokens where nobody counts"


def test_a_server_that_takes_sound_or_tools_and_drops_them_is_found_out() -> None:
    facts, able, _, _ = probed(Machine(drops_sound=True, drops_tools=True))
    assert (able.hears, able.tools) == (False, "text")
    assert "drops it" in facts.note


def test_a_server_that_starts_over_does_not_continue_even_if_its_kind_can() -> None:
    assert probed(Machine(continues=False))[1].continues is False


def test_thoughts_between_markers_are_found_and_come_out_as_thoughts() -> None:
    async def story() -> tuple[Able, str]:
        machine = Machine(thought=["\nI", " count.\n"], marked=True, continues=False)
        brain = HttpBrain(Server("openai", ("http://a/v1",)), transport=Network(a=on(machine)), environ={})
        await brain.call("facts")
        return brain.able, text(await pieces(brain, prompt(reply=Reply())))

    able, said = lived(story)
    assert (able.thinks, able.thoughts) == (True, "marked")
    assert said == "I count.\n</think>\n" + "".join(COUNT)


def test_a_model_whose_template_opens_the_thought_is_known_by_its_name() -> None:
    _, able, _, _ = probed(Machine(), model="acme/Brainy-R1-32B")
    assert (able.thinks, able.thoughts) == (True, "open")


def test_a_server_that_calls_a_continued_answer_a_thought_is_known_and_understood() -> None:
    async def story() -> tuple[Able, str]:
        machine = Machine(thought=[" I"], calls_it_thought=True)
        brain = HttpBrain(Server("vllm", ("http://a/v1",)), transport=Network(a=on(machine)), environ={})
        await brain.call("facts")
        reply = Reply(None, thinking=False, said="One, two,")
        return brain.able, text(await pieces(brain, prompt(reply=reply)))

    able, said = lived(story)
    assert able.thoughts == "mixed"
    assert said.startswith(" three, four,")


def test_a_slow_server_does_not_think_while_it_listens() -> None:
    facts, _, _, _ = probed(Machine(thought=[" I"], rate=8.0))
    assert (facts.thinks, facts.thinks_while_listening, facts.speaking) == (True, "no", "think-fully")
    assert facts.rate == pytest.approx(8.0, rel=0.05)
    assert "8.0 tokens/s" in ladder(facts)


def test_what_could_not_be_found_out_in_time_is_believed_and_said() -> None:
    facts, able, _, spent = probed(Machine(rate=2.0))
    assert spent == pytest.approx(6.0, abs=0.1)
    assert able.continues, "as vLLM's documentation has it"
    assert facts.rate == pytest.approx(2.0, rel=0.1), "its first words told that much"
    assert "too slow to find out" in facts.note
    silent, able, _, spent = probed(lambda asked: Answer([HANG]))
    assert (able, silent.rate) == (Able(continues=True, tools="native", caches=True), None)
    assert "speed not measured" in ladder(silent)
    assert "may be loading its model" in silent.note
    assert spent == pytest.approx(6.0, abs=0.1)


def test_a_server_that_fails_at_everything_is_an_error() -> None:
    with pytest.raises(ModelError, match="a answered 500"):
        probed(lambda asked: Answer(status=500, json={"error": "CUDA"}))


def test_a_server_that_is_still_loading_is_asked_again_for_a_while() -> None:
    machine = Machine()

    def loading(asked: Asked) -> Answer:
        if now() < 2.0:
            return Answer(status=503, json={"error": {"message": "Loading model"}})
        return machine(asked)

    facts, able, _, spent = probed(loading)
    assert (able.continues, able.hears, facts.note) == (True, True, "")
    assert spent < 6.0
    with pytest.raises(ModelError, match="503: Loading model"):
        probed(lambda asked: Answer(status=503, json={"error": {"message": "Loading model"}}))


def test_what_the_user_says_counts_over_what_was_found() -> None:
    facts, able, _, _ = probed(Machine(), told={"thinks": True, "thoughts": "marked", "hears": False})
    assert (able.thinks, able.thoughts, facts.hears) == (True, "marked", "text")


def test_it_is_asked_once_however_many_want_to_know() -> None:
    async def story() -> int:
        import asyncio

        network = Network(a=on(Machine()))
        brain = HttpBrain(Server("vllm", ("http://a/v1",)), transport=network, environ={})
        one, two = await asyncio.gather(brain.call("facts"), brain.call("facts"))
        assert one is two
        return len(network.to("/models"))

    assert lived(story) == 2, "once for the model, once for its context"


def test_what_is_probed_is_an_address_that_answers() -> None:
    async def story() -> Able:
        network = Network(a=on(lambda asked: Answer(status=500, json={"error": "CUDA"})), b=on(Machine()))
        brain = HttpBrain(Server("vllm", ("http://a/v1", "http://b/v1")), transport=network, environ={})
        await brain.call("facts")
        return brain.able

    assert lived(story) == probed(Machine())[1]


def test_a_plain_address_is_known_for_what_stands_there() -> None:
    async def story(owner: str) -> tuple[Able, str]:
        def handle(asked: Asked) -> Answer:
            if asked.path.endswith("/models"):
                return Answer(json={"data": [{"id": "tiny", "owned_by": owner}]})
            if asked.body.get("continue_final_message") is None:
                return Machine(continues=False)(asked)
            return Machine()(asked)

        brain = HttpBrain(Server("openai", ("http://a/v1",)), transport=Network(a=handle), environ={})
        await brain.call("facts")
        return brain.able, text(await pieces(brain, prompt(reply=Reply(None, thinking=False))))

    able, said = lived(lambda: story("vllm"))
    assert (able.continues, able.caches) == (True, True)
    assert said == "".join(COUNT)
    assert lived(lambda: story("somebody"))[0].continues is False
