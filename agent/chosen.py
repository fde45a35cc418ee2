"""Which brain talks when none was named: looks for one on this machine, offers it, keeps the answer.

The look is at loopback alone and takes 0.3 s. What is kept is the name of a brain and what was offered, in
one file of the user's; nothing is asked where nobody sits at a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.brains import Folder, Hub, named
from agent.config import BUNDLED
from model.http.discovery import Found
from model.http.presets import PRESETS
from model.http.server import Server
from pipeline.errors import UserError

MOST = 9
"""Offers at one time."""
_EACH = 4
"""Models offered of one server."""


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


async def settle(
    memory: Memory,
    look: Callable[[], Awaitable[Sequence[Found]]],
    ask: Callable[[str], str] | None,
) -> Settled:
    """The brain that talks when nobody named one. ``ask`` None: nobody is there to answer."""
    last, offers = memory.recall(), offered(await look())
    if last is not None and last.model != BUNDLED:
        problem = _lost(last.model, offers)
        if problem is None:
            told = f"With {last.model}, as you chose once (--model bundled: the practice brain)."
            return Settled(last.model, (told,))
        return Settled(BUNDLED, (f"{problem} So the practice brain talks.",))
    new = [each for each in offers if last is None or each not in last.offered]
    if not new:
        return Settled(BUNDLED)
    if ask is None:
        return Settled(BUNDLED, (f"There is a brain on this machine: --model {new[0]}",))
    model = _asked(offers, ask)
    return Settled(model, (memory.keep(Choice(model, tuple(offers))),))


def offered(found: Sequence[Found]) -> list[str]:
    """Names of the brains that were found, as ``--model`` takes them."""
    names = [name(each.server, model) for each in found for model in each.models[:_EACH]]
    return names[:MOST]


def name(server: Server, model: str) -> str:
    """The shortest name that means this model at this server."""
    preset = PRESETS.get(server.dialect)
    if preset is not None and server.urls == (preset.url,):
        return f"{server.dialect}:{model}"
    return f"{server.dialect}+{','.join(server.urls)}#{model}"


def _lost(model: str, offers: Sequence[str]) -> str | None:
    """Why a brain that was chosen once cannot talk now; None: it can, or only trying would tell."""
    try:
        which = named(model)
    except UserError as error:
        return f"The brain that you chose is not known any more ({error})."
    if isinstance(which, Folder) and not which.path.is_dir():
        return f"The folder {which.path}, which you chose, is gone."
    local = isinstance(which, Server) and all(url.startswith("http://127.0.0.1:") for url in which.urls)
    if local and model not in offers:
        return f"{model}, which you chose, does not answer."
    return None


def _asked(offers: Sequence[str], ask: Callable[[str], str]) -> str:
    lines = [f"  {number}  {each}" for number, each in enumerate(offers, 1)]
    lines.append("  0  the practice brain that comes with Hocket")
    text = "Brains run on this machine:\n" + "\n".join(lines) + "\nWhich one? [1] "
    for _ in range(3):
        answer = ask(text).strip() or "1"
        if answer.isdigit() and int(answer) <= len(offers):
            return offers[int(answer) - 1] if int(answer) else BUNDLED
        text = f"A number from 0 to {len(offers)}, please: [1] "
    return BUNDLED


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
