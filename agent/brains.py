"""From the name of a brain to the brain: bundled, in a folder, on a hub, or behind somebody's server.

Naming is pure. Making one loads its weights in the background and asks no person anything: what has to be
asked, a download or a choice, is asked before (``agent.chosen``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from agent.config import BUNDLED, BrainConfig, Where
from model.extras import require
from model.http.config import HttpConfig
from model.http.presets import is_server, parse_server
from model.http.server import Server
from model.which import Family, family
from pipeline.compute import Factory, InlineCompute, ProcessCompute, ThreadCompute
from pipeline.errors import UserError
from pipeline.paced import PacedCompute
from pipeline.ports import Compute, Engine

_HUB = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


@dataclass(frozen=True, slots=True)
class Bundled:
    """The practice brain that comes with Hocket."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A model on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class Hub:
    """A model on a hub."""

    reference: str
    "``org/name``, perhaps with ``@revision``."


Named: TypeAlias = Bundled | Folder | Hub | Server


def named(model: str) -> Named:
    """What a brain's name means. Raises UserError; a folder need not be there yet."""
    text = model.strip()
    if text == BUNDLED:
        return Bundled()
    if is_server(text):
        return parse_server(text)
    path = _path(text)
    if path is None:
        raise UserError(f"{model[:80]!r} names no folder that there can be; give the folder's own path")
    if path.exists() or text.startswith((".", "~", "/", "\\")) or "\\" in text:
        return Folder(path)
    if _HUB.fullmatch(text):
        return Hub(text)
    raise UserError(
        f"there is no brain {model!r}: give {BUNDLED}, a folder, a hub's org/name[@revision], a server's "
        "http://host:port/v1[#MODEL], or a preset such as ollama:MODEL; `hocket models` tells what there is"
    )


def _path(text: str) -> Path | None:
    """None where it is no path: somebody's home whom nobody knows, or longer than any path."""
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError):
        return None
    return path


def practises(config: BrainConfig) -> bool:
    """Is it the practice brain, or one trained like it?"""
    which = named(config.model)
    if isinstance(which, Folder) and which.path.is_dir():
        return family(which.path) is Family.TINY
    return isinstance(which, Bundled)


def make_brain(config: BrainConfig, http: HttpConfig | None = None) -> Compute:
    """The brain where the settings want it, at their pace; it loads in the background, unless inline.

    Raises UserError for a name that means nothing, and for a hub's model that was not fetched.
    """
    brain = _unpaced(config, named(config.model), http or HttpConfig())
    return PacedCompute(brain, config.pace) if config.pace else brain


def _unpaced(config: BrainConfig, name: Named, http: HttpConfig) -> Compute:
    if isinstance(name, Server):
        from model.http.brain import HttpBrain

        return HttpBrain(name, http)
    factory = Factory("agent.brains:load", (_folder(name), config))
    if config.where is Where.PROCESS:
        return ProcessCompute(factory)
    if config.where is Where.INLINE:
        return InlineCompute(factory())
    return ThreadCompute(factory)


def _folder(name: Bundled | Folder | Hub) -> str | None:
    if isinstance(name, Bundled):
        return None
    if isinstance(name, Folder):
        return str(name.path)
    from model import hub

    path = hub.local(hub.parse(name.reference))
    if path is None:
        raise UserError(
            f"{name.reference} is not on this machine: `hocket models --get {name.reference}` tells what it "
            "takes, and fetches it when you say so"
        )
    return str(path)


def load(folder: str | None, config: BrainConfig) -> Engine:
    """The engine over a folder's model; None: the bundled one. Heavy: meant for a thread or a process.

    Raises CheckpointError, ModelError, and UserError where the torch extra is wanted and not there.
    """
    if folder is None:
        return _made("model.engine:load_bundled", _tiny(config))
    kind = family(Path(folder))
    require(*kind.packages)
    options = {Family.TINY: _tiny, Family.STEP: _step, Family.FOREIGN: _foreign}[kind](config)
    return _made(kind.loader, folder, options)


def _made(target: str, *arguments: Any) -> Engine:
    module, _, function = target.partition(":")
    engine: Engine = getattr(import_module(module), function)(*arguments)
    return engine


def _tiny(config: BrainConfig) -> Any:
    from model.engine import EngineConfig

    return EngineConfig(threads=config.threads)


def _step(config: BrainConfig) -> Any:
    from model.step.options import StepOptions

    return StepOptions(**_asked(config))


def _foreign(config: BrainConfig) -> Any:
    from model.foreign.load import ForeignOptions

    return ForeignOptions(**_asked(config))


def _asked(config: BrainConfig) -> dict[str, Any]:
    """What the settings say; what they leave open is the engine's own."""
    asked = {"device": config.device, "dtype": config.dtype, "threads": config.threads}
    bounds = {"positions": config.positions, "segment": config.segment}
    return asked | {name: value for name, value in bounds.items() if value}
