"""``python -m bench.browser``: figures and pictures from a real browser. Figures come as JSON on stdout.

What is measured is what a person at the page would hear. Chromium, playwright and two voices must be here;
nothing is downloaded. The only file of the browser's that prints.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.errors import HocketError, UserError

from .machine import about_host
from .rates import distribution
from .stats import percentile

WHAT = ("echo", "latency", "barge-in", "pictures")
ECHO_BOUND, OVER_BOUND, STOP_BOUND = 0.100, 0.150, 0.450
"""Seconds: echo p50; voice to voice p50 beyond that in process; silence after a barge-in's onset, p95."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print one JSON object; the exit status is 1 where a bound was not kept."""
    given = _parser().parse_args(arguments)
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(TemporaryDirectory(prefix="hocket-browser-")))
        folder.mkdir(parents=True, exist_ok=True)
        if given.what == "pictures":
            from .browser_pictures import pictures

            found: dict[str, Any] = {"pictures": [str(one) for one in pictures(given.out, folder, _tell)]}
            kept = True
        else:
            measure = {"echo": _echo, "latency": _latency, "barge-in": _barge_in}[given.what]
            found, kept = measure(given, folder)
    sys.stdout.write(json.dumps({"about": about_host() | {"n": given.n}, given.what: found}, indent=1) + "\n")
    return 0 if kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.browser", description=__doc__)
    parser.add_argument("--what", choices=WHAT, required=True)
    parser.add_argument("--n", type=int, default=20, help="chirps, questions or interruptions")
    parser.add_argument("--carrier", choices=("webrtc", "ws"), default="webrtc")
    parser.add_argument("--seed", type=int, default=1, help="of what is said")
    parser.add_argument("--keep", type=Path, help="keep recordings and logs in this folder")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder for pictures")
    return parser


def _echo(given: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], bool]:
    from .browser_echo import compared

    every = compared(given.n, folder)
    names = ("ours", "stock aiortc", "harness alone", "browser alone, one hop")
    found: dict[str, Any] = {
        name: _figures({str(place): call for place, call in enumerate(one.calls)}) | {"asked": one.asked}
        for name, one in zip(names, every, strict=True)
    }
    return found | {"bound p50": ECHO_BOUND}, percentile(every[0].delays, 0.5) <= ECHO_BOUND


def _latency(given: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], bool]:
    from .browser_talk import in_browser, in_process, plans, waits
    from .browser_ways import WAYS
    from .target import choose_voices

    agent, user = choose_voices()
    todo, way = plans("latency", given.n, given.seed, user), WAYS[given.carrier]
    far = waits(in_browser(todo, way, agent, folder / "browser", _tell))
    near = waits(in_process(todo, agent, folder / "process", _tell))
    browser, process = _flat(far), _flat(near)
    if not browser or not process:
        raise UserError(f"nothing to compare: {len(browser)} answers in browser, {len(process)} in process")
    beyond = percentile(browser, 0.5) - percentile(process, 0.5)
    found = {
        "carrier": given.carrier, "browser": _figures(far), "in process": _figures(near), "asked": given.n,
        "p50 beyond in process": beyond, "bound": OVER_BOUND,
    }  # fmt: skip
    return found, beyond <= OVER_BOUND and len(browser) == given.n


def _barge_in(given: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], bool]:
    from .browser_talk import in_browser, plans, stops
    from .browser_ways import WAYS
    from .target import choose_voices

    agent, user = choose_voices()
    todo, way = plans("barge-in", given.n, given.seed, user), WAYS[given.carrier]
    scores = in_browser(todo, way, agent, folder / "browser", _tell)
    took, unscored = stops(scores), sum(len(one.unscored) for one in scores)
    back = sum(turn.stop is not None and turn.stop.resumed for one in scores for turn in one.turns)
    values = _flat(took)
    if not values:
        raise UserError("no interruption fell into a reply, so there is no figure")
    found = {
        "carrier": given.carrier, "onset to silence": _figures(took), "asked": given.n,
        "not over a voice": unscored, "came back": back, "bound p95": STOP_BOUND,
    }  # fmt: skip
    return found, percentile(values, 0.95) <= STOP_BOUND


def _flat(groups: Mapping[str, Sequence[float]]) -> list[float]:
    return [value for group in groups.values() for value in group]


def _figures(groups: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Percentiles in seconds, with every value."""
    found = distribution(groups)
    return {} if found is None else asdict(found) | {"values": [round(one, 4) for one in _flat(groups)]}


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _run() -> int:
    try:
        return main()
    except HocketError as error:
        _tell(f"python -m bench.browser: {error}")
        return 2 if isinstance(error, UserError) else 1
    except KeyboardInterrupt:
        _tell("python -m bench.browser: stopped")
        return 130


if __name__ == "__main__":
    sys.exit(_run())
