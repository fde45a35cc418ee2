"""``bench import fdb``: every item becomes a conversation folder, and the benchmark's figures stand by ours.

An item that cannot be used is told in one line and the rest goes on. The source is never written to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.errors import HocketError, UserError

from .counted import counted
from .fdb import CLEAN, WORDS, FdbItem, find, read_item
from .fdb_formulas import fdb_mean_latency, fdb_rate, fdb_scores
from .fdb_labels import clean_conversation, conversation
from .fdb_ours import Ours, ours, together
from .foreign_folder import keep
from .labels import Labels
from .recording import Recording
from .summary import Distribution, Rate

Tell = Callable[[str], None]


@dataclass(slots=True)
class Imported:
    """What came of a folder."""

    done: int = 0
    faults: list[str] = field(default_factory=list)
    wordless: list[str] = field(default_factory=list)
    "Names of items without the agent's words."
    theirs: defaultdict[str, list[tuple[int, float | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    "TO and latency by their formulas, of items with words."
    ours: defaultdict[str, dict[str, Ours]] = field(default_factory=lambda: defaultdict(dict))


def import_fdb(root: Path, out: Path, tell: Tell) -> Imported:
    """Turn every item under ``root`` into a folder under ``out``. Raises UserError when there is none."""
    found = Imported()
    for folder in find(root):
        try:
            _one(read_item(folder, root), out, found, tell)
        except HocketError as error:
            fault = str(error) if str(folder) in str(error) else f"{folder}: {error}"
            found.faults.append(fault)
            tell(f"left out: {fault}")
    if not found.done:
        raise UserError(
            f"none of the {len(found.faults)} items in {root} can be used; the lines above say why"
        )
    if found.wordless:
        tell(
            f"{counted(len(found.wordless), 'item')} without {WORDS} (the first: {found.wordless[0]}), so "
            "without the benchmark's own figures; ours need no words"
        )
    left = f", {counted(len(found.faults), 'fault')}" if found.faults else ""
    done = counted(found.done, "conversation")
    tell(f"{done} written to {out}{left}; hocket bench score {out} scores them")
    return found


def _one(item: FdbItem, out: Path, found: Imported, tell: Tell) -> None:
    recording, labels = conversation(item)
    keep(out / item.name, recording, labels, item.words)
    found.done += 1
    found.ours[item.kind][item.name] = ours(recording, labels)
    if item.words is None:
        found.wordless.append(item.name)
    elif item.version == "1":
        found.theirs[item.kind].append(fdb_scores(item))
    if (clean := _clean(item, found, tell)) is not None:
        keep(out / clean[1].conversation, *clean)
        found.done += 1


def _clean(item: FdbItem, found: Imported, tell: Tell) -> tuple[Recording, Labels] | None:
    """The half without the overlap; a fault in it costs nothing but itself."""
    try:
        return clean_conversation(item)
    except HocketError as error:
        found.faults.append(str(error))
        tell(f"left out: {item.name}, {' and '.join(CLEAN)}: {error}")
        return None


# --- for a reader ------------------------------------------------------------------------------------------


def side_by_side(found: Imported) -> Iterator[str]:
    """Their figures and ours of every kind of item, each with its n."""
    yield "FDB: its own formulas on recognised words, negative latency made 0. Ours: acoustic and signed."
    for kind in sorted(found.ours):
        many = together(found.ours[kind])
        yield kind
        if told := found.theirs.get(kind):
            latency = fdb_mean_latency([late for _, late in told])
            mean = "" if latency is None else f", mean latency {latency:.3f} s"
            yield f"  FDB   TOR {fdb_rate([taken for taken, _ in told]):.3f}{mean} (n {len(told)})"
        taken = _rate("takeover", many.taken) if many.taken.n else "takeover not measured here"
        yield f"  ours  {taken} · {_rate('early start', many.early)}"
        if many.offset is not None:
            yield f"        reply {_spread(many.offset)}"
        if many.body is not None:
            yield f"        body  {_spread(many.body)}"
        if many.stop is not None:
            yield f"        stop  {_spread(many.stop)} · {_rate('resumed', many.resumed)}"


def _rate(name: str, found: Rate) -> str:
    return f"{name} {found.hits} of {found.n} ({found.interval.low:.2f} to {found.interval.high:.2f})"


def _spread(found: Distribution) -> str:
    p99 = "" if found.p99 is None else f", p99 {found.p99:+.3f}"
    span = found.p50_interval
    interval = "" if span is None else f" [{span.low:+.3f}, {span.high:+.3f}]"
    return (
        f"p50 {found.p50:+.3f}{interval}, p90 {found.p90:+.3f}, p95 {found.p95:+.3f}{p99} s "
        f"(n {found.n}, {found.censored} censored)"
    )
