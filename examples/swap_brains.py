"""Change the brain in mid-conversation: the new one goes on with all that was said and heard so far.

python examples/swap_brains.py
"""

from dataclasses import replace

from agent.demo import QUESTIONS, part, spoken
from audio_io.wav_edge import ScheduledEdge
from hocket import Agent, SpeechHandle, launch, run
from model.scripted import FACTS, Answer, ScriptedEngine
from pipeline.channel import Channel
from pipeline.compute import InlineCompute
from pipeline.prompt import Heard, Prompt


def reader(prompt: Prompt) -> Answer:
    """Another brain, played by a script: it says what it finds in its prompt."""
    return Answer(f"I have read: {' '.join(part.text for part in prompt if isinstance(part, Heard))}")


async def main() -> None:
    ask = QUESTIONS[1:2]
    edge = ScheduledEdge(part(ask, await spoken(ask, "auto"), greeted=False), tail=60.0)
    facts, speeches = replace(FACTS, name="reader", history_turns=9), Channel[SpeechHandle](8)
    async with launch(Agent(), edge) as session, session:
        session.on("speech_created", lambda created: speeches.put_now(created.speech_handle))
        heard = await speeches.get()  # what is asked aloud is answered by the brain that is there
        print(f"{session.brain.name}: {(await heard).text}")
        await session.use_brain(InlineCompute(ScriptedEngine(reader, facts=facts)))
        typed = session.generate_reply(user_input="what did you say")
        print(f"{session.brain.name}: {(await typed).text}")


if __name__ == "__main__":
    run(main)
