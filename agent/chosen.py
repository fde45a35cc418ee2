"""Which brain talks when none was named: looks for one on this machine, offers it, keeps the answer.

The look is at loopback alone and takes 0.3 s. What is kept is the name of a brain and what was offered, in
one file of the user's; nothing is asked where nobody sits at a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agent.brains import Folder, Hub, named, practises
from agent.config import BUNDLED, Config
from model.ears import fetch as ears
from model.ears.choose import MOONSHINE
from model.http.discovery import Found
from model.http.presets import PRESETS
from model.http.server import Server
from pipeline.errors import UserError

MOST = 9
"""Offers at one time."""
BUSY = 2.0
"""Seconds in which a brain that was chosen once must answer: it may be loading another model."""
_EACH = 4
"""Models offered of one server."""
_LONGEST = 200
"""Characters of a model's name."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose, and among what."""

    model: str
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """The brain that talks, and sentences about how that came."""

    model: str
    told: tuple[str, ...] = ()


class Memory:
    """The file that holds the last choice."""

    def __init__(self, path: Path | None = None) -> None:
        """``path`` None: the user's own folder for settings."""
        if path is None:
            from platformdirs import user_config_path

            path = user_config_path("hocket", appauthor=False) / "brain.json"
        self.path = path

    def recall(self) -> Choice | None:
        """None where there is none, or none that can be read."""
        try:
            kept = json.loads(self.path.read_bytes())
            return Choice(str(kept["model"]), tuple(map(str, kept["offered"])))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def keep(self, choice: Choice) -> str:
        """A sentence that says where; or why not, as talking goes on all the same."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps({"model": choice.model, "offered": choice.offered}, indent=1))
        except OSError as error:
            return f"(This choice could not be kept: {error.strerror or error}.)"
        return f"(Kept in {self.path}; --model names another at any time.)"


def settle(memory: Memory, found: Sequence[Found], ask: Callable[[str], str] | None) -> Settled:
    """The brain that talks when nobody named one. ``ask`` None: nobody is there to answer.

    It waits for a person: never call it on a loop, which would not see their Ctrl-C.
    """
    last, offers, told = memory.recall(), offered(found), lost(memory, found)
    if last is not None and last.model != BUNDLED:
        if not told:
            kept = f"With {last.model}, as you chose once (--model bundled: the practice brain)."
            return Settled(last.model, (kept,))
    elif last is not None:
        offers = offers if any(each not in last.offered for each in offers) else []
    if not offers:
        again = "So the practice brain talks; start it again, or name another with --model."
        return Settled(BUNDLED, (f"{told} {again}",) if told else ())
    if ask is None:
        other = f"There is a brain on this machine: --model {offers[0]}"
        return Settled(BUNDLED, (f"{told} {other}".strip(),))
    model = _asked(told, offers, more(found), ask)
    if model is None:
        return Settled(BUNDLED, ("So the practice brain talks; --model names another.",))
    return Settled(model, (memory.keep(Choice(model, tuple(offers))),))


def offered(found: Sequence[Found]) -> list[str]:
    """Names of the brains that were found, as ``--model`` takes them."""
    return [name(each.server, model) for each in found for model in _shown(each)[:_EACH]][:MOST]


def more(found: Sequence[Found]) -> int:
    """How many models run here beside those that are offered."""
    return sum(len(_shown(each)) for each in found) - len(offered(found))


def _shown(found: Found) -> list[str]:
    """Its models, less those whose names could not be shown on a terminal or typed."""
    return [model for model in found.models if model.isprintable() and 0 < len(model) <= _LONGEST]


def name(server: Server, model: str) -> str:
    """The shortest name that means this model at this server."""
    preset = PRESETS.get(server.dialect)
    if preset is not None and server.urls == (preset.url,):
        return f"{server.dialect}:{model}"
    return f"{server.dialect}+{','.join(server.urls)}#{model}"


def lost(memory: Memory, found: Sequence[Found]) -> str:
    """Why the brain that was chosen once cannot talk now; empty: it can, or only trying would tell."""
    last = memory.recall()
    return "" if last is None else _lost(last.model, found)


def _lost(model: str, found: Sequence[Found]) -> str:
    try:
        which = named(model)
    except UserError as error:
        return f"The brain that you chose is not known any more ({error})."
    if isinstance(which, Folder) and not which.path.is_dir():
        return f"The folder {which.path}, which you chose, is gone."
    local = isinstance(which, Server) and all(url.startswith("http://127.0.0.1:") for url in which.urls)
    if local and not any(model == name(each.server, other) for each in found for other in each.models):
        return f"{model}, which you chose, does not answer."
    return ""


def _asked(told: str, offers: Sequence[str], others: int, ask: Callable[[str], str]) -> str | None:
    """The answer; None where three were none."""
    lines = [told] if told else []
    lines.append("Brains run on this machine:")
    lines += [f"  {number}  {each}" for number, each in enumerate(offers, 1)]
    if others:
        lines.append(f"     and {others} more, by --model")
    lines.append("  0  the practice brain that comes with Hocket")
    text = "\n".join(lines) + "\nWhich one? [1] "
    for _ in range(3):
        answer = ask(text).strip() or "1"
        if answer.isdecimal() and len(answer) < 4 and int(answer) <= len(offers):
            return offers[int(answer) - 1] if int(answer) else BUNDLED
        text = f"A number from 0 to {len(offers)}, please: [1] "
    return None


def with_ear(config: Config, tell: Callable[[str], None]) -> Config:
    """The settings for a microphone where nobody chose an ear: with the one that was fetched, if any; else
    the practice brain's user is told of it."""
    if ears.fetched() is not None:
        return replace(config, ear=replace(config.ear, name=MOONSHINE))
    if practises(config.brain):
        tell(f"It mishears people far less with a second ear (measured on digits): {ears.HOW}.")
    return config


def get(model: str, ask: Callable[[str], str] | None, tell: Callable[[str], None]) -> str:
    """Fetch a hub's model, or the moonshine ear; where it is then.

    Raises UserError for what is on no hub or cannot be fetched, PeerError where the hub does not answer.
    """
    if model == MOONSHINE:
        return str(ears.fetched() or ears.fetch())
    if not isinstance(named(model), Hub):
        raise UserError(
            f"{model!r} is on no hub: --get takes org/name or org/name@revision, or {MOONSHINE} (an ear)"
        )
    return fetched(model, ask, tell)


def fetched(model: str, ask: Callable[[str], str] | None, tell: Callable[[str], None]) -> str:
    """The name with a hub's model replaced by its folder, fetched if the person says so.

    Raises UserError where it is refused or nobody is there to ask, PeerError where the hub does not answer.
    """
    which = named(model)
    if not isinstance(which, Hub):
        return model
    from model import hub

    def agreed(offer: hub.Offer) -> bool:
        for line in offer.text().splitlines():
            tell(line)
        return ask is not None and ask("Fetch it? [y/N] ").strip().lower() in ("y", "yes")

    told = 0

    def progress(now: hub.Progress) -> None:
        nonlocal told
        tenth = 10 * now.done // max(now.left, 1)
        if tenth > told:
            told = tenth
            tell(f"{10 * tenth} % of {now.left / hub.GIB:.2f} GiB ({now.file})")

    return str(hub.fetch(which.reference, agreed, progress))
