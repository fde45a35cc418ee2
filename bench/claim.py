"""A folder belongs to one set of settings: the file that says which, and on what machines it was held.

Figures of other settings would be mixed with those already there, so they are refused. Where and by which
commit something was held is no setting: a run may go on elsewhere, and the report says so.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import UserError

from .machine import about_host
from .people import SOUNDS

HELD_ON = "held_on"
"""In the file: what ``about_host`` said whenever something was held."""
LATER = frozenset({"target weights", "target instructions", "contents people", "contents stimuli"})
"""What folders of older versions do not tell: taken as it is now, and kept to from then on."""
_SAME = ("tool", "version", "commit", "host", "platform", "cpu", "cores", "python")
_HEAD = 1 << 20
"""Bytes of a file that go into a digest, with its name and size."""


def claim_file(file: Path, told: Mapping[str, Any], what: str) -> None:
    """Write the settings, or check that they are those already there.

    ``what`` is what the folder would hold of others. Raises UserError that names everything that differs.
    """
    now: dict[str, Any] = json.loads(json.dumps(dict(told), default=str))
    there = _read(file)
    if there is None:
        writable(file.parent)
        _write(file, now)
        return
    held = there.pop(HELD_ON, [])
    mine, theirs = _flat(now), _flat(there)
    names = [name for name in theirs.keys() | mine.keys() if name in theirs or name not in LATER]
    apart = sorted(name for name in names if mine.get(name) != theirs.get(name))
    if apart:
        said = "; ".join(
            f"{name} is {_shown(theirs, name)} there and {_shown(mine, name)} now" for name in apart
        )
        raise UserError(
            f"{file.parent} holds {what} ({file.name}: {said}); "
            "name another folder with --out, or repeat those settings to go on with it"
        )
    if mine != theirs:
        _write(file, now | {HELD_ON: held})


def note_host(file: Path) -> None:
    """Say that something is being held here and now. Nothing where nobody has claimed the folder."""
    there = _read(file)
    if there is None:
        return
    here, held = about_host(), there.setdefault(HELD_ON, [])
    if all(_same(one) != _same(here) for one in held):
        held.append(here)
        _write(file, there)


def held_on(told: Mapping[str, Any]) -> list[str]:
    """Every commit and machine that a claim tells of, in words."""
    return [host_words(one) for one in told.get(HELD_ON, [])]


def host_words(host: Mapping[str, Any]) -> str:
    """A machine and the code on it, as ``about_host`` has them."""
    version = host.get("version", "not told")
    named = "not installed as a package" if version == "uninstalled" else f"hocket {version}"
    commit = f"commit {host['commit']}" if host.get("commit") else "as installed (no checkout)"
    return (
        f"{named}, {commit}, on {host.get('host') or 'a machine without a name'} "
        f"({host.get('cpu', 'processor not told')}, {host.get('cores')} cores, "
        f"{host.get('platform', 'system not told')}, Python {host.get('python')})"
    )


def digest(folder: Path, files: Iterable[Path]) -> str:
    """16 digits for names, sizes and what is in the first megabyte of each file."""
    found = hashlib.blake2b(digest_size=8)
    for file in sorted(files):
        found.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as sound:
            found.update(sound.read(_HEAD))
    return found.hexdigest()


def of_people(folder: Path) -> str:
    """Digest of a folder of people's recordings."""
    there = folder.iterdir() if folder.is_dir() else ()
    return digest(folder, [file for file in there if file.suffix.lower() in (*SOUNDS, ".json")])


def of_conversations(folder: Path) -> str:
    """Digest of the conversations whose user is played again; what a report left beside them is no part."""
    return digest(folder, [*folder.rglob("labels.json"), *folder.rglob("conversation.wav")])


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({error}); name another folder with --out") from error
    if not isinstance(found, dict):
        raise UserError(f"{file} holds no settings; name another folder with --out")
    return found


def _write(file: Path, told: Mapping[str, Any]) -> None:
    """At once, so that a kill leaves the old one."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    partial.replace(file)


def _flat(told: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            found |= {f"{name} {inner}": each for inner, each in value.items()}
        else:
            found[name] = value
    return found


def _shown(told: Mapping[str, Any], name: str) -> str:
    return json.dumps(told[name], ensure_ascii=False) if name in told else "not told"


def _same(host: Mapping[str, Any]) -> list[Any]:
    return [host.get(name) for name in _SAME]


def writable(folder: Path) -> None:
    """Make the folder where it is not there. Raises UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UserError(f"{folder} cannot be written to ({why}); name a folder of yours") from error
