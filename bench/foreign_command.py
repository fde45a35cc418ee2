"""``hocket bench import`` and ``hocket bench export``: other benchmarks' data in, our recordings out."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import UserError

from .claim import writable
from .eva_export import export_eva
from .fdb_export import export_fdb
from .fdb_import import import_fdb, side_by_side
from .run import RUN
from .tau_export import export_tau
from .tau_import import import_tau

Tell = Callable[[str], None]
_FDB = """Full-Duplex-Bench's folders, v1 and v1.5: input.wav and output.wav (mono, sample-aligned) with
pause.json, turn_taking.json, interrupt.json or metadata.json. Each item becomes a conversation that hocket
bench score scores; with output.json its own TOR and latency are printed beside ours. v1.5's subset is read
from the name of a folder. Not covered: v1's backchannel task (no annotation of this kind), the judge's
scores, v1.5's behaviours and speech features, v2, v3."""
_TAU = """A run of tau2's voice mode: results.json and simulations/*.json with ticks. The panel (L_R, L_Y,
R_R, R_Y, I_A, S_BC, S_VT, S_ND) is computed from the ticks. Calls with an artifacts/…/both.wav become
conversations too, labelled to one tick (200 ms). Not covered: the tasks and their pass rates, what tools did,
its judges, synthesis of its audio; muffling and bursts of noise are not labelled."""
_EXPORT = """fdb: items of v1 (pause_handling, smooth_turn_taking, user_interruption); output.json only where
a recording tells word times. tau: interaction_metrics.json and events.json. eva: the turn-taking metric of
every conversation. All by their definitions on other stimuli: such figures stand in no table with theirs."""


def import_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``fdb`` and ``tau`` to a parser for ``hocket bench import``."""
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, about in (("fdb", _FDB), ("tau", _TAU)):
        kind = kinds.add_parser(name, help=about.split(":")[0].replace("\n", " "), description=about)
        kind.add_argument("folder", type=Path, metavar="DIR", help="the benchmark's data; only read")
        kind.add_argument("--out", type=Path, required=True, help="folder for conversations")


def import_command(given: argparse.Namespace, tell: Tell) -> int:
    """Import. 0 when everything could be used, 1 when something was left out. Raises HocketError."""
    writable(given.out)
    if given.kind == "tau":
        return 1 if import_tau(given.folder, given.out, tell) else 0
    found = import_fdb(given.folder, given.out, tell)
    for line in side_by_side(found):
        tell(line)
    return 1 if found.faults else 0


def export_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hocket bench export``."""
    parser.description = _EXPORT
    parser.add_argument("--format", choices=tuple(_EXPORTS), required=True)
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="a folder with conversations of ours; only read"
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="folder for the other benchmark's files")


def export_command(given: argparse.Namespace, tell: Tell) -> int:
    """Export. Returns 0; raises HocketError."""
    if not given.run.is_dir():
        raise UserError(f"there is no folder {given.run}; name one that hocket bench run made")
    if (given.out / RUN).exists():
        raise UserError(
            f"{given.out} holds a run of ours ({RUN}), and another benchmark's files would lie among its "
            "conversations; name an empty or a new folder"
        )
    writable(given.out)
    _EXPORTS[given.format](given.run, given.out, tell)
    return 0


_EXPORTS: dict[str, Callable[[Path, Path, Tell], int]] = {
    "fdb": export_fdb,
    "tau": export_tau,
    "eva": export_eva,
}
