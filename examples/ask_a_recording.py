"""Ask the practice brain with a recording and keep what it says.

python examples/ask_a_recording.py question.wav answer-folder
"""

import sys
from pathlib import Path

from hocket import Agent, WavEdge, launch, run


async def main(question: Path, folder: Path | None) -> None:
    async with launch(Agent(), WavEdge(question), record=folder) as session:
        receipt = await session.run()
        for exchange in session.conversation.exchanges:
            print(f"turn {exchange.turn}: {exchange.reply}")
    if receipt.median_latency is not None:
        print(f"answered {receipt.median_latency:.2f} s after the last word")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    run(lambda: main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else None))
