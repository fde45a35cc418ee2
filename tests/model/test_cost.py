"""model/cost.py: work is charged once, and the real engine keeps to it under virtual time."""

from __future__ import annotations

import pytest

from model.cost import Bill, Price, Work
from model.engine import EngineConfig, OnnxEngine
from pipeline.clock import now, simulate
from pipeline.compute import InlineCompute
from pipeline.ports import Limits
from pipeline.prompt import BLOCK, Audio, Human, Prompt, Reply


def test_each_unit_is_charged_once():
    bill = Bill(Price(request=1.0, encoded=0.1, read=0.01, written=0.001))
    assert bill.due(Work(2, 3, 0), request=True) == pytest.approx(1.23)
    assert bill.due(Work(2, 3, 4), request=False) == pytest.approx(0.004)
    assert bill.due(Work(2, 3, 4), request=False) == 0.0


def test_prices_cannot_be_negative():
    with pytest.raises(ValueError, match="negative"):
        Price(read=-1)


def test_the_real_engine_under_virtual_time_takes_its_declared_cost_the_same_each_time(chance, sound):
    price = Price(request=0.0, encoded=0.01, read=0.001, written=0.1)
    pcm = sound(2, 10 * BLOCK)  # of it a brain of chance writes three whole characters

    async def main():
        engine = OnnxEngine(chance, EngineConfig(price=price))
        brain = InlineCompute(engine, engine.cost)
        heard = await brain.call("prefill", Prompt((Human((Audio(pcm),)),)))
        times = [now()]
        async for _ in brain.stream("generate", Prompt((Human((Audio(pcm),)), Reply())), Limits(3)):
            times.append(now())
        await brain.close()
        return heard, times

    heard, times = simulate(main)
    assert times[0] == pytest.approx(10 * 0.01 + heard * 0.001)
    assert [times[2] - times[1], times[3] - times[2]] == pytest.approx([0.1, 0.1])
    assert simulate(main) == (heard, times)
