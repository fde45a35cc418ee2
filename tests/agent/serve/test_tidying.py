from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from agent.serve.tidying import SOON, Tidying
from pipeline.clock import simulate


class Part:
    """Knows itself, as the parts of a call know each other."""

    def __init__(self) -> None:
        self.itself = self


def test_what_a_call_was_made_of_goes_soon_after_its_end_by_one_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[int] = []
    search = gc.collect

    def counted(generation: int = 2) -> int:
        searched.append(generation)
        return search(generation)

    async def main() -> None:
        monkeypatch.setattr(gc, "collect", counted)
        tidying, gone = Tidying(), weakref.ref(Part())
        for _ in range(3):
            tidying.soon()
        assert gone() is not None
        await asyncio.sleep(SOON + 0.1)
        assert gone() is None and searched == [1]
        tidying.soon()
        tidying.stop()
        await asyncio.sleep(SOON + 0.1)
        assert searched == [1]

    simulate(main)
