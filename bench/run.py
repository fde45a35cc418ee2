"""Runs a suite into a folder, one conversation after another, and goes on where it was stopped.

Open work and finished work are told apart by the folder alone. A folder belongs to one set of settings;
another set is refused, because figures of both would be mixed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from agent.turn import TurnConfig
from pipeline import clock as clocks
from pipeline.errors import UserError
from pipeline.ports import Compute, Voice

from .claim import claim_file, note_host, of_conversations, of_people
from .edge import Clock
from .item import Item
from .progress import Lines, Progress
from .replay import replay_suite
from .script import Script
from .session_run import Outcome, Target, hold, keep, opened, read_outcome
from .studio import record
from .suites import REPLAY, SUITES, Suite, suite

RUN = "run.json"
PLANNED = "planned.json"
"""Names of all conversations that were asked for, held or not."""
Tell = Callable[[str], None]
"""Takes one line for the person who waits."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run is asked to do."""

    out: Path
    clock: Clock = Clock.WALL
    endpoint: float | None = None
    "Seconds of silence that end a turn, whatever the model says; None: the session's shipped default."
    seed: int = 1
    count: int = 40
    "Events per scenario, and per length of pause."
    scenarios: tuple[str, ...] = ()
    "Of the suite; empty: all of them."
    minutes: float = 5.0
    "Of each echo recording."
    suite: str = "core"
    people: Path | None = None
    "Folder of people's recordings, for suites that take them."

    stimuli: Path | None = None
    "Folder of conversations whose user is played again, for the suite ``replay``."

    def __post_init__(self) -> None:
        if (self.suite == REPLAY) is not (self.stimuli is not None):
            raise UserError(
                "the suite replay plays the user of a folder of conversations: "
                "hocket bench run --suite replay --stimuli DIR; no other suite takes one"
            )
        known = self.plan.scenarios
        if unknown := [name for name in self.scenarios if name not in known]:
            raise UserError(
                f"the suite {self.suite} has no scenario {unknown[0]!r}; it has {', '.join(known)}"
            )
        if self.people is not None and not self.plan.people:
            able = ", ".join(name for name, one in SUITES.items() if one.people)
            raise UserError(f"the suite {self.suite} takes no people's recordings; {able} do")
        if self.count < 1:
            raise UserError(f"n must be at least 1, not {self.count}")
        if not 0.05 <= self.minutes <= 60:
            raise UserError(f"minutes must be 0.05 to 60, not {self.minutes:g}")
        if self.endpoint is not None and not 0.05 <= self.endpoint <= 5:
            raise UserError(f"an endpoint must be 0.05 to 5 s, not {self.endpoint:g}")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The scenarios to be held."""
        return self.scenarios or self.plan.scenarios

    @property
    def plan(self) -> Suite:
        """The suite itself."""
        return suite(self.suite) if self.stimuli is None else replay_suite(self.stimuli)

    @property
    def turn(self) -> TurnConfig:
        """The turn policy's settings."""
        return TurnConfig() if self.endpoint is None else TurnConfig.fixed(self.endpoint)


def run_suite(settings: Settings, target: Target, tell: Tell, progress: Progress | None = None) -> bool:
    """Hold every conversation that the folder lacks. False when Ctrl-C stopped it: what is done is kept.

    ``progress`` None: a line per conversation through ``tell``. Raises UserError when the folder holds a run
    with other settings.
    """
    claim(settings, target.names)
    wanted = items_of(settings)
    note_planned(settings.out, wanted)
    todo = [item for item in wanted if read_outcome(settings.out / item.name) is None]
    if todo:
        note_host(settings.out / RUN)
    bar = progress or Lines(tell)
    try:
        with bar:
            bar.begin(len(wanted), len(wanted) - len(todo))
            if settings.clock is Clock.WALL:
                clocks.run(lambda: _in_real_time(todo, settings, target, bar))
            else:
                _in_virtual_time(todo, settings, target, bar)
    except KeyboardInterrupt:
        return False
    return True


def items_of(settings: Settings, scenarios: Sequence[str] | None = None) -> list[Item]:
    """The conversations that these settings ask for; ``scenarios`` None: those of the settings."""
    given: dict[str, Any] = {"minutes": settings.minutes}
    if settings.plan.people:
        given["folder"] = settings.people
    return [
        item
        for name in (settings.chosen if scenarios is None else scenarios)
        for item in settings.plan.items(name, settings.count, settings.seed, **given)
    ]


def claim(settings: Settings, names: Mapping[str, str]) -> None:
    """Write the settings into the folder, or check that they are those already there. Raises UserError.

    A folder of recordings counts by what is in it: its items are named by their place in it.
    """
    contents = {"people": of_people(settings.people)} if settings.people is not None else {}
    if settings.stimuli is not None:
        contents["stimuli"] = of_conversations(settings.stimuli)
    told = asdict(replace(settings, out=Path(), scenarios=())) | {"contents": contents, "target": dict(names)}
    claim_file(settings.out / RUN, told, "a run with other settings")


def note_planned(out: Path, items: Sequence[Item]) -> None:
    """Write down which conversations the folder is to hold, beside those asked for before: a report of a run
    that was stopped tells from it what is still to come.
    """
    file = out / PLANNED
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    names = sorted({*before, *(item.name for item in items)})
    file.write_text(json.dumps(names, indent=0) + "\n", encoding="utf-8")


async def _in_real_time(todo: Sequence[Item], settings: Settings, target: Target, bar: Progress) -> None:
    if not todo:
        return
    brain, voice = target.brain(), target.voice()
    try:
        for item in todo:
            bar.hold(item.name)
            script = await _prepare(item, target)
            _tell(bar, await _hold(item, script, settings, target, brain, voice))
    finally:
        await voice.close()
        await brain.close()


def _in_virtual_time(todo: Sequence[Item], settings: Settings, target: Target, bar: Progress) -> None:
    """Stimuli are made in real time, since voices may need processes; conversations are simulated."""
    for item in todo:
        bar.hold(item.name)
        script, recorded = clocks.run(partial(_prepare_all, item, target))
        _tell(bar, clocks.simulate(partial(_held, item, script, recorded, settings, target), seed=item.seed))


async def _held(
    item: Item, script: Script, recorded: Voice | None, settings: Settings, target: Target
) -> Outcome:
    brain, voice = target.brain(), recorded or target.voice()
    try:
        return await _hold(item, script, settings, target, brain, voice)
    finally:
        await voice.close()
        await brain.close()


async def _prepare_all(item: Item, target: Target) -> tuple[Script, Voice | None]:
    """The user's part, and what the agent says unasked into its own ears: there in its real voice, if any."""
    script = await _prepare(item, target)
    if target.studio is None or item.echo is None or not item.monologue:
        return script, None
    voice = target.studio()
    try:
        return script, await record(voice, [item.monologue], rest=target.voice)
    finally:
        await voice.close()


async def _prepare(item: Item, target: Target) -> Script:
    voice = target.user()
    try:
        return await item.script(voice)
    finally:
        await voice.close()


async def _hold(
    item: Item, script: Script, settings: Settings, target: Target, brain: Compute, voice: Voice
) -> Outcome:
    folder = settings.out / item.name
    held = await hold(
        item, script, target, brain, voice, clock=settings.clock, turn=settings.turn, trace=opened(folder)
    )
    return keep(held, folder, target, settings.clock)


def _tell(bar: Progress, outcome: Outcome) -> None:
    said = f"{outcome.scenario}/{outcome.number:03d}: {outcome.seconds:.0f} s"
    late = outcome.punctuality
    if outcome.error:
        said += f", failed: {outcome.error}"
    elif late.late:
        said += f", worst tick {1000 * late.worst:.0f} ms late"
    bar.held(said, failed=bool(outcome.error))
