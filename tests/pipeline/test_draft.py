"""pipeline/draft.py: a job that is given up waits for nothing."""

from __future__ import annotations

import asyncio

import pytest

from pipeline.clock import now, simulate
from pipeline.draft import Job
from pipeline.events import Draft, Sample, Span, StartDraft, Turn
from pipeline.prompt import Prompt


def job() -> Job:
    return Job(StartDraft(Turn(1), Draft(1), Span(Sample(0), Sample(0))), Prompt(()), None)


async def ends(job: Job) -> float:
    """When a wait for something that never comes ends."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(8.0) as job.wait:
            await asyncio.get_running_loop().create_future()
    return now()


def test_giving_up_ends_the_present_wait_and_is_news() -> None:
    async def main() -> None:
        wanted = job()
        asyncio.get_running_loop().call_later(1.0, wanted.give_up)
        assert await ends(wanted) == pytest.approx(1.0) and wanted.news.is_set() and wanted.dropped

    simulate(main)


def test_nobody_can_make_a_given_up_draft_wait_again() -> None:
    async def main() -> None:
        wanted = job()

        def both() -> None:
            wanted.give_up()
            wanted.await_until(None)
            wanted.await_until(100.0)

        asyncio.get_running_loop().call_later(1.0, both)
        assert await ends(wanted) == pytest.approx(1.0)

    simulate(main)


def test_a_deadline_moves_with_every_token() -> None:
    async def main() -> None:
        wanted = job()
        asyncio.get_running_loop().call_later(5.0, lambda: wanted.await_until(13.0))
        assert await ends(wanted) == pytest.approx(13.0)
        wanted.await_until(20.0)

    simulate(main)
