"""Ask one long question aloud; draw what was heard, thought, written and decided beside each other.

python examples/one_utterance.py picture.png [brain-folder]
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.closeup import draw_life, life
from agent.config import BrainConfig, Config
from agent.demo import QUESTIONS, part, spoken
from agent.headline import summary
from agent.talk import Due
from agent.tap import tracks
from audio_io.wav_edge import ScheduledEdge
from hocket import Agent, launch, run
from pipeline.trace import read

PACE = 0.02  # seconds per token: a large model's rate, at which a person can follow


async def main(picture: Path, brain: Path | None = None) -> None:
    asks, due = [max(QUESTIONS, key=lambda ask: len(ask.text))], Due()
    cues = part(asks, await spoken(asks, "auto"), greeted=False)
    edge = ScheduledEdge(cues, tail=1.0, quiet=due.nothing)
    config = Config(brain=BrainConfig(str(brain or "bundled"), pace=PACE))
    with TemporaryDirectory() as folder:
        async with launch(Agent(), edge, config=config, record=Path(folder)) as session:
            session.trace.subscribe(due.see)
            receipt = await session.run()
        turn = life(read(Path(folder, "conversation.jsonl")), 1)
        both = tracks(Path(folder, "conversation.wav"))
    draw_life(picture, both, turn, title=f"“{asks[0].text}”, at {PACE * 1000:g} ms per token")
    print("\n".join([*turn.told(), summary(receipt, f"Drawn in {picture}.")]))


if __name__ == "__main__":
    run(lambda: main(*map(Path, sys.argv[1:])) if len(sys.argv) in (2, 3) else sys.exit(__doc__))
