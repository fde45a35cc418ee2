"""Which options of ``hocket bench run`` belong to which suite and target: none is ignored in silence."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import UserError

from .load_plan import SUITE as LOAD
from .suites import REPLAY, SUITES
from .think_suite import SUITE as THINK

INPROC = "inproc"
HELD = (*SUITES, REPLAY)
"""Suites that are conversations one after another."""
_Takes = tuple[Callable[[str, bool], bool], str]


def _suites(*names: str) -> _Takes:
    words = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return lambda suite, inproc: suite in names, f"the suite{'s' if len(names) > 1 else ''} {words}"


_SERVER: _Takes = (lambda suite, inproc: not inproc, "a server (--target ws://… and the like)")
_OURS: _Takes = (lambda suite, inproc: inproc and suite != THINK, "this runtime (--target inproc)")
TAKES: Mapping[str, _Takes] = {
    "scenario": _suites(*HELD), "hear": _suites(*HELD), "n": _suites(*HELD, THINK),
    "minutes": _suites("core", "overlap", LOAD), "people": _suites("turns", "overlap"),
    "stimuli": _suites(REPLAY, THINK),
    "endpoint": _OURS, "voice": _OURS,
    "brain": (lambda suite, inproc: inproc, "this runtime (--target inproc)"),
    "ear": (lambda suite, inproc: inproc and suite in HELD, "this runtime in conversations"),
    "user": _suites(*HELD, LOAD),
    "key_env": _SERVER, "model": _SERVER, "instructions": _SERVER, "server_voice": _SERVER,
    "turn_detection": _SERVER, "jitter": _SERVER,
    "sessions": _suites(LOAD), "all_levels": _suites(LOAD), "marked": _suites(LOAD),
    "server_pid": _suites(LOAD),
    "lanes": _suites(THINK), "full": _suites(THINK),
}  # fmt: skip
"""By option, who takes it, and that in words. What is not named here is everybody's."""


def check_options(given: argparse.Namespace, usual: Mapping[str, Any]) -> None:
    """Raises UserError for the first option that was given and that nothing would read.

    ``usual``: the values of options that were not given.
    """
    for name, (takes, who) in TAKES.items():
        said = getattr(given, name, None)
        if name in usual and said != usual[name] and not takes(given.suite, given.target == INPROC):
            option = "--" + name.replace("_", "-")
            raise UserError(
                f"{option} is for {who}; with --suite {given.suite} --target {given.target} "
                "nothing would read it: leave it out"
            )
