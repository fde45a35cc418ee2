from __future__ import annotations

from pathlib import Path

import pytest

from agent.serve.message import Request
from agent.serve.page import Page, policy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "in" / "a.js").write_text("export {};")
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "link.js").symlink_to(Path(__file__))
    return tmp_path


def test_only_files_of_known_kinds_inside_the_folder_are_there(folder: Path) -> None:
    page = Page(folder)
    assert "/" in page and "/in/a.js" in page
    for path in (
        "/package.json",
        "/.hidden",
        "/link.js",
        "/in",
        "/in/",
        "/../x",
        "/in/../index.html",
        "in/a.js",
    ):
        assert path not in page, path


def test_a_file_comes_with_its_type_and_once(folder: Path) -> None:
    page = Page(folder)
    reply = page.reply(Request("GET", "/in/a.js", headers={"host": "localhost"}))
    assert reply.type.startswith("text/javascript") and reply.body == b"export {};"
    again = page.reply(Request("GET", "/in/a.js", headers={"if-none-match": reply.headers["ETag"]}))
    assert again.status == 304 and not again.body


def test_a_folder_that_is_not_there_has_no_page(tmp_path: Path) -> None:
    assert "/" not in Page(tmp_path / "none")


def test_the_policy_names_this_servers_sockets_and_cannot_be_added_to() -> None:
    assert "connect-src 'self' ws://a.example:80 wss://a.example:80;" in policy("a.example:80")
    for host in ("", "a; script-src *", "a b", "*"):
        assert "connect-src 'self';" in policy(host)
