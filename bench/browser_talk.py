"""Conversations in a browser, and the same ones in this process: what the way through the browser costs.

What is said is fixed before: questions at set times, whatever the agent does, so a slow answer moves nothing.
Both are scored from sound alone by the same scorer, each on its own recording's clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from agent.config import Config, PersonaConfig, VoiceConfig
from agent.launch import Parts, make_session, parts
from pipeline import clock as clocks
from pipeline.errors import UserError
from pipeline.ports import Voice

from . import labels as manifests
from . import recording as recordings
from .browser_page import Visit, chromium, visit
from .browser_serve import quiet, served
from .browser_spoken import Spoken, labelled, microphone
from .browser_ways import Way, talk_to
from .cast import steady_voice
from .edge import BenchEdge, Clock
from .labels import Kind, Labels
from .numbers import sums
from .recording import Recording
from .score import Score, score
from .script import Cue, Script, When
from .stimuli import spoken

LEAD = 4.0
"""Seconds before the first word: for the page to connect, and the browser to settle."""
EVERY = 6.5
"""Seconds from one question's begin to the next, some tenths of which are drawn."""
OVER = (0.9, 1.2, 1.5)
"""Seconds after a question's end at which it is interrupted: well inside its reply, so that no natural end of
one passes for giving way (the bundled brain's sums sound from some 0.3 s to 2.5 s after it)."""
BETWEEN = 9.0
"""Seconds from one interrupted question's begin to the next."""
EACH = 5
"""Questions per conversation."""
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is said in one conversation."""

    name: str
    said: tuple[Spoken, ...]
    seconds: float


async def questions(name: str, seed: int, count: int, voice: Voice) -> Plan:
    """Whole questions, one after another."""
    draw, at, said = random.Random(f"browser {seed}"), LEAD, []
    for one in islice(sums(seed), count):
        said.append(Spoken(at, await spoken(voice, one.text, expected=str(one.answer))))
        at += EVERY + draw.uniform(0.0, 0.5)
    return Plan(name, tuple(said), at + 1.0)


async def interruptions(name: str, seed: int, count: int, voice: Voice) -> Plan:
    """Questions, each of whose replies is interrupted by another."""
    draw, at, said, draws = random.Random(f"over {seed}"), LEAD, [], sums(seed)
    for place in range(count):
        first, second = next(draws), next(draws)
        asked = await spoken(voice, first.text, expected=str(first.answer))
        over = await spoken(voice, second.text, Kind.BARGE_IN, expected=str(second.answer))
        said.append(Spoken(at, asked))
        said.append(Spoken(at + asked.seconds + OVER[(place + seed) % len(OVER)], over))
        at += BETWEEN + draw.uniform(0.0, 0.5)
    return Plan(name, tuple(said), at + 1.0)


def plans(what: str, count: int, seed: int, user: str) -> list[Plan]:
    """As many conversations as ``count`` events need. ``what`` is "latency" or "barge-in"."""
    build = {"latency": questions, "barge-in": interruptions}[what]

    async def make() -> list[Plan]:
        voice = steady_voice(user)
        try:
            return [
                await build(f"{what}-{place:02d}", 1000 * seed + place, min(EACH, count - begun), voice)
                for place, begun in enumerate(range(0, count, EACH))
            ]
        finally:
            await voice.close()

    return clocks.run(make)


def in_browser(todo: Sequence[Plan], way: Way, agent: str, folder: Path, tell: Tell) -> list[Score]:
    """Hold each in a page of its own with one server. Raises UserError, PeerError."""
    found = []
    folder.mkdir(parents=True, exist_ok=True)
    with served(folder / "server.log", settings=quiet(agent)) as server:
        for plan in todo:
            sound = microphone(plan.said, plan.seconds, folder / f"{plan.name}.wav")
            with chromium(sound) as browser, visit(browser, before=way.before) as seen:
                talk_to(seen, server.url)
                _listen(seen, plan.seconds)
                recording = seen.recording(way.tap)
                _complain(seen)
            labels = labelled(recording, plan.said, plan.name, {"target": f"browser, {way.name}"})
            found.append(_kept(recording, labels, folder / plan.name))
            tell(f"{plan.name} over {way.name}: {told(found[-1])}")
    return found


def in_process(todo: Sequence[Plan], agent: str, folder: Path, tell: Tell) -> list[Score]:
    """Hold each with a session of this process, in real time, its sound handed over without any carrier."""
    config = replace(Config(), persona=PersonaConfig(greeting=""), voice=VoiceConfig(agent))

    async def hold(plan: Plan, built: Parts) -> Score:
        cues = [Cue(one.stimulus, When.AT, one.seconds) for one in plan.said]
        edge = BenchEdge(Script(cues, least=plan.seconds, limit=plan.seconds), clock=Clock.WALL)
        await make_session(config, built, edge).run()
        labels = edge.labels(plan.name, plan.name, {"target": "in process"})
        return _kept(edge.recording(), labels, folder / plan.name)

    async def run() -> list[Score]:
        found = []
        async with parts(config) as built:
            for plan in todo:
                found.append(await hold(plan, built))
                tell(f"{plan.name} in process: {told(found[-1])}")
        return found

    return clocks.run(run)


def waits(scores: Sequence[Score]) -> dict[str, list[float]]:
    """Voice to voice of every question that was answered, by conversation."""
    return {
        one.conversation: [
            turn.voice_to_voice for turn in one.turns
            if turn.kind is Kind.QUESTION and turn.voice_to_voice is not None and not turn.censored
        ]
        for one in scores
    }  # fmt: skip


def stops(scores: Sequence[Score]) -> dict[str, list[float]]:
    """Seconds from true onset to silence of every interruption of a voice, 2 s where it did not stop."""
    return {
        one.conversation: [turn.stop.latency for turn in one.turns if turn.stop is not None] for one in scores
    }


def told(one: Score) -> str:
    """One conversation in a few figures."""
    v2v = [f"{1000 * each:.0f}" for each in waits([one])[one.conversation]]
    cut = [f"{1000 * each:.0f}" for each in stops([one])[one.conversation]]
    return f"voice to voice {', '.join(v2v) or 'none'} ms" + (f"; stop {', '.join(cut)} ms" if cut else "")


def _listen(seen: Visit, seconds: float) -> None:
    for _ in range(int(seconds) + 1):
        seen.page.wait_for_timeout(1000)
        seen.drain()


def _complain(seen: Visit) -> None:
    faults = [*seen.crashes, *seen.policy()]
    if faults:
        raise UserError(f"the page failed: {'; '.join(faults[:3])}")


def _kept(recording: Recording, labels: Labels, folder: Path) -> Score:
    folder.mkdir(parents=True, exist_ok=True)
    recordings.save(recording, folder / "conversation.wav")
    manifests.save(labels, folder / "labels.json")
    return score(recording, labels)
