"""Model folders from a hub, by id: asked first, pinned to a commit, weights as safetensors only.

``org/name@revision``. What is whole on this machine is used without a word to the network; else the sizes
are asked for, shown, and nothing more is fetched before a person has agreed. Never fetches code or pickled
weights. Uses huggingface_hub, which keeps the files in its own cache and knows about tokens and mirrors.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import CheckpointError, HocketError, PeerError, UserError

GIB = 1 << 30
SPEED = 100e6 / 8
"""Bytes per second of the line that minutes are told for: 100 Mbit/s."""
PATIENCE = 10.0
"""Seconds that the hub may take to answer."""
SPARE = 1 << 30
"""Bytes of disk that are left free."""
MAIN = "main"
INDEX = "model.safetensors.index.json"
_REFERENCE = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BESIDE = ("merges.txt",)
"""Of a tokenizer, what is no JSON."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A model on a hub."""

    repo: str
    revision: str = MAIN

    @property
    def floating(self) -> bool:
        """Its revision is a name, which may mean other files tomorrow."""
        return _COMMIT.fullmatch(self.revision) is None


@dataclass(frozen=True, slots=True)
class File:
    """One file to fetch."""

    name: str
    size: int
    "Bytes."


@dataclass(frozen=True, slots=True)
class Offer:
    """What would be fetched: what a person is asked about."""

    reference: Reference
    commit: str
    files: tuple[File, ...]
    "All that are wanted."
    left: int
    "Bytes of them that are not here yet."
    folder: Path
    "Where they go."
    free: int
    "Bytes free there."
    licence: str = ""

    @property
    def minutes(self) -> float:
        """At ``SPEED``."""
        return self.left / SPEED / 60

    def text(self) -> str:
        """A few lines for the screen."""
        total = sum(file.size for file in self.files)
        lines = [
            f"{self.reference.repo} at commit {self.commit}",
            f"{len(self.files)} files, {total / GIB:.2f} GiB, {self.left / GIB:.2f} GiB of it not here yet: "
            f"about {max(1, round(self.minutes))} min at {SPEED * 8 / 1e6:.0f} Mbit/s",
            f"into {self.folder} ({self.free / GIB:.1f} GiB free there)",
        ]
        if self.licence:
            lines.append(f"licence, as the hub has it: {self.licence}")
        if self.reference.floating:
            lines.append(
                f"{self.reference.revision!r} is a name that may mean other files tomorrow; "
                f"{self.reference.repo}@{self.commit} always means these"
            )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is."""

    file: str
    done: int
    "Bytes, of all files that had to be fetched."
    left: int
    "Of how many."


def parse(reference: str) -> Reference:
    """``org/name`` or ``org/name@revision``. Raises UserError."""
    match = _REFERENCE.fullmatch(reference.strip())
    if match is None or ".." in reference:
        raise UserError(f"{reference!r} is no id of a hub; write org/name or org/name@commit")
    return Reference(match[1], match[2] or MAIN)


def fetch(
    reference: str,
    ask: Callable[[Offer], bool],
    tell: Callable[[Progress], None] = lambda progress: None,
    *,
    cache: Path | None = None,
    endpoint: str | None = None,
) -> Path:
    """The folder of a model, fetched where it is not whole here.

    ``ask`` is shown what would be fetched, a moving name told as such; nothing is before it says yes.
    ``cache``, ``endpoint``: huggingface_hub's own where None. Raises UserError, PeerError, CheckpointError.
    """
    wanted, where = parse(reference), cache or _cache()
    known = local(wanted, where)
    if known is not None:
        return known
    offer = _offer(wanted, where, endpoint)
    if offer.left > offer.free - SPARE:
        raise UserError(
            f"{wanted.repo} needs {offer.left / GIB:.2f} GiB more and {offer.folder} has "
            f"{offer.free / GIB:.2f} GiB free; make room, or set HF_HOME to a larger disk"
        )
    if not ask(offer):
        raise UserError(f"nothing of {wanted.repo} was downloaded; {_by_hand(wanted)}")
    _download(offer, where, endpoint, tell)
    if not whole(offer.folder):
        raise CheckpointError(f"{offer.folder} is not whole after its download; remove it and try again")
    _remember(offer, where)
    return offer.folder


def local(reference: Reference, cache: Path | None = None) -> Path | None:
    """The folder where the model is whole on this machine; None: it is not. Asks no network."""
    top = _top(reference, cache or _cache())
    commit = reference.revision
    if reference.floating:
        try:
            commit = (top / "refs" / reference.revision).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
    folder = top / "snapshots" / commit
    return folder if _COMMIT.fullmatch(commit) and whole(folder) else None


def whole(folder: Path) -> bool:
    """True where config, tokenizer and every shard of the weights are there."""
    if not (folder / "config.json").exists() or not (folder / "tokenizer.json").exists():
        return False
    if not (folder / INDEX).exists():
        return any(folder.glob("*.safetensors"))
    try:
        shards = set(_index(folder / INDEX))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False
    return all((folder / shard).exists() for shard in shards)


def chosen(files: list[File]) -> tuple[File, ...]:
    """Of a repository's files those that are wanted, weights last: no code, nothing pickled, no second copy
    of the weights, nothing from folders within."""
    top = [file for file in files if "/" not in file.name]
    beside = [file for file in top if file.name.endswith(".json") or file.name in _BESIDE]
    weights = [file for file in top if file.name.endswith(".safetensors")]
    single = [file for file in weights if file.name == "model.safetensors"]
    if single:
        beside = [file for file in beside if file.name != INDEX]  # of the second copy
    shards = [file for file in weights if re.fullmatch(r"model-\d+-of-\d+\.safetensors", file.name)]
    return (*sorted(beside, key=lambda file: file.name), *(single or shards or weights))


def _offer(wanted: Reference, cache: Path, endpoint: str | None) -> Offer:
    api = _library().HfApi(endpoint=endpoint)
    try:
        info = api.model_info(wanted.repo, revision=wanted.revision, files_metadata=True, timeout=PATIENCE)
        files = chosen([File(each.rfilename, int(each.size or 0)) for each in info.siblings or ()])
    except Exception as error:  # the library raises its client's errors as well as its own
        raise _explained(error, wanted) from error
    if not any(file.name.endswith(".safetensors") for file in files):
        raise UserError(
            f"{wanted.repo} holds no weights as safetensors, and no others are ever loaded; take a model "
            "that does (`hocket models`)"
        )
    folder = _top(wanted, cache) / "snapshots" / str(info.sha)
    left = sum(file.size for file in files if not (folder / file.name).exists())
    existing = next(path for path in (cache, *cache.parents) if path.exists())
    licence = str(getattr(info.card_data, "license", None) or "")
    return Offer(wanted, str(info.sha), files, left, folder, shutil.disk_usage(existing).free, licence)


def _download(offer: Offer, cache: Path, endpoint: str | None, tell: Callable[[Progress], None]) -> None:
    library, counter = _library(), _Counter(offer.left, tell)
    for file in offer.files:
        counter.file = file.name
        if (offer.folder / file.name).exists():
            continue
        try:
            library.hf_hub_download(
                offer.reference.repo,
                file.name,
                revision=offer.commit,
                cache_dir=cache,
                endpoint=endpoint,
                etag_timeout=PATIENCE,
                tqdm_class=_bar(counter),
            )
        except Exception as error:  # as above
            raise _explained(error, offer.reference) from error


class _Counter:
    def __init__(self, left: int, tell: Callable[[Progress], None]) -> None:
        self.file, self._done, self._left, self._tell = "", 0, left, tell

    def add(self, count: float) -> None:
        self._done += int(count)
        self._tell(Progress(self.file, self._done, self._left))


def _bar(counter: _Counter) -> Any:
    """What the library takes for a progress bar: draws nothing, and counts."""
    bar: Any = importlib.import_module("tqdm").tqdm

    def begin(self: Any, *args: Any, **options: Any) -> None:
        options.pop("name", None)
        bar.__init__(self, *args, **{**options, "disable": True})
        counter.add(options.get("initial") or 0)

    def update(self: Any, count: float | None = 1) -> None:
        counter.add(count or 0)

    return type("Bar", (bar,), {"__init__": begin, "update": update})


def _remember(offer: Offer, cache: Path) -> None:
    """What a moving name meant, where the library looks for it too."""
    if offer.reference.floating:
        path = _top(offer.reference, cache) / "refs" / offer.reference.revision
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(offer.commit, encoding="ascii")


def _explained(error: Exception, wanted: Reference) -> HocketError:
    """What a person can act on."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return UserError(
            f"{wanted.repo} is given only to people who accepted its conditions on the hub; do that there, "
            "then log in (`hf auth login`, or set HF_TOKEN) and try again"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return UserError(
            f"{wanted.repo} has no revision {wanted.revision!r}; name a commit, or none, to be told one"
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
        return UserError(
            f"the hub knows no model {wanted.repo!r} (or it is private: log in), and there is no such "
            "folder here; `hocket models` lists some"
        )
    why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return PeerError(
        f"the hub cannot be reached for {wanted.repo} ({why}), and there is no such folder here; "
        f"{_by_hand(wanted)}"
    )


def _by_hand(wanted: Reference) -> str:
    endpoint = _library().constants.ENDPOINT
    return (
        f"to do it by hand, download config.json, generation_config.json, preprocessor_config.json, "
        f"tokenizer.json, {INDEX} and every *.safetensors of {endpoint}/{wanted.repo} "
        "(as many of these as there are) into one folder, and give `--model FOLDER`"
    )


def _index(path: Path) -> list[str]:
    return list(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values())


def _top(reference: Reference, cache: Path) -> Path:
    return cache / f"models--{reference.repo.replace('/', '--')}"


def _cache() -> Path:
    return Path(_library().constants.HF_HUB_CACHE)


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.constants
    except ImportError:
        raise UserError(
            "a hub's models need the torch extra (pip install 'hocket[torch]'), which brings huggingface_hub"
        ) from None
    return huggingface_hub
