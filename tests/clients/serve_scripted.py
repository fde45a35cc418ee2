"""A server whose brain says what a script says: `python tests/clients/serve_scripted.py [--origin URL]`.

The first line that it prints is its address. It ends when its standard input does, so that no test that dies
leaves it behind. It is the product's own server; only the brain and the voice are declared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import replace

from agent.config import Config, PersonaConfig
from agent.launch import Parts
from agent.serve.config import ServeConfig
from agent.serve.listening import listening
from agent.serve.server import Server
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.calls import written
from pipeline.clock import run
from pipeline.compute import InlineCompute
from pipeline.prompt import Called, Human, Prompt, System, Text, ToolCall
from tts.tone import ToneVoice

HEARD = "what is the weather like"
"""What it says that it heard, whatever was said."""
SHORT = "Fine."
LONG = (
    "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen, and "
    "so it goes on and on for as long as nobody says a word to stop it."
)
COUNT = "count"
"""Typed, or in the instructions: the answer is LONG."""
LOOK = "weather"
"""The tool that it calls, where there is one of this name."""


def script(prompt: Prompt) -> Answer:
    """A call where there is a tool and no result yet, else the result, else LONG or SHORT."""
    last = max((index for index, part in enumerate(prompt) if isinstance(part, Human)), default=0)
    system = "".join(part.text for part in prompt if isinstance(part, System))
    tools = {tool.name for part in prompt if isinstance(part, System) for tool in part.tools}
    human = prompt.parts[last]
    parts = human.parts if isinstance(human, Human) else ()
    typed = " ".join(part.text for part in parts if isinstance(part, Text))
    results = [part.results[-1].content for part in prompt.parts[last:] if isinstance(part, Called)]
    thoughts = f"heard: {HEARD}\n" if not typed else "a typed question\n"
    if results:
        return Answer(f"It is {_plain(results[-1])}.", thoughts)
    if LOOK in tools and COUNT not in typed:
        return Answer(written(ToolCall("", LOOK, json.dumps({"city": "Oslo"}))), thoughts)
    return Answer(LONG if COUNT in typed or COUNT in system else SHORT, thoughts)


def _plain(content: str) -> str:
    """A result as words: agents-py writes a string as it is, others as JSON."""
    try:
        return str(json.loads(content))
    except ValueError:
        return content


async def main(origins: tuple[str, ...]) -> None:
    facts = replace(FACTS, tools="native", history_turns=5, obeys_instructions=True)
    engine = ScriptedEngine(script, first=0.01, per_token=0.001, facts=facts)
    built = Parts(InlineCompute(engine, engine.cost), facts, ToneVoice())
    serve = ServeConfig(port=0, origins=origins, page=False)
    config = Config(persona=PersonaConfig(greeting=""), serve=serve)
    async with listening(Server(config=config, built=built), host="127.0.0.1", port=0) as where:
        sys.stdout.write(f"{where.url}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origin", action="append", default=[])
    origins = tuple(parser.parse_args().origin)
    run(lambda: main(origins))
