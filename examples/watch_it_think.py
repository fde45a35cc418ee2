"""Listen in on a short spoken conversation: thoughts, decisions and latencies, as the trace tells them.

python examples/watch_it_think.py
"""

from agent.demo import QUESTIONS, part, spoken
from audio_io.wav_edge import ScheduledEdge
from hocket import Agent, launch, run
from pipeline.events import CommitDraft, DropDraft, Fact, SpeechPaused, SpeechStarted
from pipeline.records import Measured, Said, Thought
from pipeline.trace import Entry


def tell(entry: Entry) -> None:
    match entry.item:
        case Thought(_, draft, text, int(confirmed)):
            print(f"\n[draft {draft}: {confirmed} tokens thought before still stand]\n{text}", end="")
        case Thought(_, draft, text):
            print(text.replace("\n", f"   [thought of draft {draft}]\n"), end="")
        case Measured(turn, name, seconds):
            print(f"{entry.at:7.2f}  turn {turn}: {name} {seconds * 1000:.0f} ms")
        case Said(turn, text, True):
            print(f"{entry.at:7.2f}  turn {turn}: {text}")
        case SpeechStarted() | SpeechPaused() | CommitDraft() | DropDraft() as item:
            print(f"{entry.at:7.2f}  {'fact ' if isinstance(item, Fact) else 'order'}  {item}")


async def main() -> None:
    asks = QUESTIONS[1:3]
    edge = ScheduledEdge(part(asks, await spoken(asks, "auto"), greeted=False))
    async with launch(Agent(), edge) as session:
        session.trace.subscribe(tell)
        print(await session.run())


if __name__ == "__main__":
    run(main)
