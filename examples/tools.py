"""Give an agent a tool, ask by keyboard, and hear and read the answer. Without a model a script plays one.

python examples/tools.py [ollama:qwen3:4b]
"""

import sys
from dataclasses import replace

from agent.config import BrainConfig
from audio_io.wav_edge import ScheduledEdge
from hocket import Agent, Config, function_tool, launch, run
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.compute import InlineCompute
from pipeline.prompt import Called, Prompt


@function_tool(effects=False)  # it only reads: it may be called before the turn is known to be over
def tide(harbour: str) -> str:
    """Tell when the tide is high today in this harbour."""
    return f"In {harbour} the tide is high at ten past four."


def script(prompt: Prompt) -> Answer:
    found = [part.results[0].content for part in prompt if isinstance(part, Called)]
    return Answer(found[-1] if found else '<tool_call>function\ntide\n{"harbour": "Ostend"}</tool_call>')


async def main(config: Config) -> None:
    edge = ScheduledEdge([], tail=60.0)  # a silent minute in the place of a microphone
    facts = replace(FACTS, name="a script", thinks=False, tools="native")
    async with launch(Agent(tools=[tide]), edge, config=config) as session, session:
        if not sys.argv[1:]:
            await session.use_brain(InlineCompute(ScriptedEngine(script, facts=facts)))
        session.on("function_tools_executed", lambda ran: print(f"{ran.name}{ran.arguments}: {ran.output}"))
        print(*session.notes(), (await session.generate_reply(user_input="High tide in Ostend?")).text)


if __name__ == "__main__":
    run(lambda: main(Config(brain=BrainConfig(model=sys.argv[1])) if sys.argv[1:] else Config()))
