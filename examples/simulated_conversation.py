"""Live through a conversation in virtual time, twice, with another rule about when a turn is over.

python examples/simulated_conversation.py [seed]
"""

import sys
from dataclasses import replace

from pipeline.events import CommitDraft, DropDraft
from sim.script import scenario
from sim.world import play


def show(seed: int, endpoint: float) -> None:
    drawn = scenario(seed)
    turn = replace(drawn.turn, endpoint_sure=endpoint, endpoint=endpoint, endpoint_unsure=endpoint)
    lived = play(replace(drawn, turn=turn, faults=(), moments=()))  # the same user, and nothing breaks
    kinds = [type(entry.item) for entry in lived.entries]
    print(f"endpoint {endpoint:g} s: {lived.ended:.0f} virtual seconds, {kinds.count(CommitDraft)} turns,")
    print(f"  {kinds.count(DropDraft)} drafts dropped because the user went on")
    for exchange in lived.exchanges:
        print(f"  turn {exchange.turn}: {exchange.reply!r}{'' if exchange.whole else ' (cut)'}")


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    for endpoint in (0.3, 1.0):
        show(seed, endpoint)
