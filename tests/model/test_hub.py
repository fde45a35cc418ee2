"""model/hub.py: asked first, pinned, whole, and never a word to the network for what is here.

A hub of our own answers on the loopback interface; nothing leaves the machine.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from model.hub import File, Progress, Reference, chosen, fetch, local, parse, whole
from pipeline.errors import PeerError, UserError

pytest.importorskip("huggingface_hub")

COMMIT = "0123456789abcdef0123456789abcdef01234567"
INDEX = json.dumps(
    {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
)
FILES = {
    "config.json": b"{}",
    "tokenizer.json": b'{"a": 1}',
    "merges.txt": b"a b",
    "model.safetensors.index.json": INDEX.encode(),
    "model-00001-of-00002.safetensors": b"x" * 300_000,
    "model-00002-of-00002.safetensors": b"y" * 1000,
    "pytorch_model.bin": b"pickled",
    "modeling_evil.py": b"raise SystemExit",
    "README.md": b"hello",
    "token2wav/flow.safetensors": b"no",
}


class Hub(BaseHTTPRequestHandler):
    """As much of a hub as a download needs."""

    asked: list[str]
    files = FILES
    broken = ""

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, *, body):
        self.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/org/name/revision/"):
            revision = path.rpartition("/")[2]
            if revision not in ("main", COMMIT):
                return self.reply(404, b"", {"X-Error-Code": "RevisionNotFound"}, body)
            names = [{"rfilename": name, "size": len(data)} for name, data in self.files.items()]
            card = {"license": "apache-2.0"}
            info = {"id": "org/name", "sha": COMMIT, "siblings": names, "cardData": card}
            return self.reply(200, json.dumps(info).encode(), {"Content-Type": "application/json"}, body)
        if path.startswith("/api/models/org/gated"):
            return self.reply(403, b"", {"X-Error-Code": "GatedRepo"}, body)
        name = path.removeprefix(f"/org/name/resolve/{COMMIT}/")
        if name in self.files and name != self.broken:
            data = self.files[name]
            etag = hashlib.sha1(data).hexdigest()
            return self.reply(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}, body)
        return self.reply(404, b"", {"X-Error-Code": "RepoNotFound"}, body)

    def reply(self, status, data, headers, body):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(data)


@pytest.fixture
def hub():
    """(url, what was asked of it, the handler's class)"""
    handler = type("Ours", (Hub,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler.asked, handler
    server.shutdown()
    thread.join()
    server.server_close()


WANTED = sorted(name for name in FILES if name.endswith((".json", ".txt")) or name.startswith("model-"))


def test_what_is_agreed_to_is_fetched_and_nothing_else(hub, tmp_path):
    url, asked, _ = hub
    offers, told = [], []
    folder = fetch(
        "org/name", lambda offer: offers.append(offer) or True, told.append, cache=tmp_path, endpoint=url
    )
    assert sorted(path.name for path in folder.iterdir()) == WANTED
    assert (folder / "model-00001-of-00002.safetensors").read_bytes() == FILES[
        "model-00001-of-00002.safetensors"
    ]
    assert folder.name == COMMIT
    assert not any(".bin" in each or ".py" in each or "token2wav" in each for each in asked)
    assert [offer.commit for offer in offers] == [COMMIT]
    size = sum(len(FILES[name]) for name in WANTED)
    assert told[-1] == Progress("model-00002-of-00002.safetensors", size, size)
    assert [each.done for each in told] == sorted(each.done for each in told)


def test_the_offer_says_size_minutes_place_and_that_the_name_may_move(hub, tmp_path):
    offers = []
    with pytest.raises(UserError, match=r"nothing of org/name was downloaded; .*--model FOLDER"):
        fetch("org/name", lambda offer: offers.append(offer) or False, cache=tmp_path, endpoint=hub[0])
    text = offers[0].text()
    for part in (COMMIT, "GiB", "1 min at 100 Mbit/s", str(tmp_path), "apache-2.0", "'main' is a name"):
        assert part in text
    assert not any("resolve" in each for each in hub[1])
    assert not list(tmp_path.rglob("*.safetensors"))


def test_a_pinned_commit_is_offered_without_that_warning(hub, tmp_path):
    offers = []
    fetch(f"org/name@{COMMIT}", lambda offer: offers.append(offer) or True, cache=tmp_path, endpoint=hub[0])
    assert not offers[0].reference.floating and "is a name" not in offers[0].text()


@pytest.mark.parametrize("again", ["org/name", f"org/name@{COMMIT}"])
def test_what_is_whole_here_is_used_without_the_network(hub, tmp_path, again):
    url, asked, _ = hub
    folder = fetch("org/name", lambda offer: True, cache=tmp_path, endpoint=url)
    asked.clear()
    assert fetch(again, lambda offer: pytest.fail("asked"), cache=tmp_path, endpoint=url) == folder
    assert asked == []
    assert local(parse(again), tmp_path) == folder


def test_an_interrupted_download_goes_on_with_what_is_missing(hub, tmp_path):
    url, asked, handler = hub
    handler.broken = "model-00002-of-00002.safetensors"
    with pytest.raises((UserError, PeerError)):
        fetch("org/name", lambda offer: True, cache=tmp_path, endpoint=url)
    assert local(Reference("org/name"), tmp_path) is None
    handler.broken = ""
    asked.clear()
    left = []
    folder = fetch("org/name", lambda offer: left.append(offer.left) or True, cache=tmp_path, endpoint=url)
    assert left == [1000] and whole(folder)
    assert not any("model-00001" in each for each in asked)


def test_a_hub_that_cannot_be_reached_is_one_sentence_with_what_to_do(tmp_path):
    with pytest.raises(PeerError) as refused:
        fetch("org/name", lambda offer: True, cache=tmp_path, endpoint="http://127.0.0.1:9")
    text = str(refused.value)
    assert "cannot be reached" in text and "--model FOLDER" in text and "*.safetensors" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("reference", "match"),
    [
        ("org/name@no-such", "no revision 'no-such'"),
        ("org/other", "knows no model 'org/other'.*no such folder here"),
        ("org/gated", "accepted its conditions"),
    ],
)
def test_what_the_hub_does_not_give_is_said_plainly(hub, tmp_path, reference, match):
    with pytest.raises(UserError, match=match):
        fetch(reference, lambda offer: True, cache=tmp_path, endpoint=hub[0])


def test_a_repository_of_pickled_weights_is_refused_before_anybody_is_asked(hub, tmp_path):
    hub[2].files = {"config.json": b"{}", "pytorch_model.bin": b"x"}
    with pytest.raises(UserError, match="no weights as safetensors"):
        fetch("org/name", lambda offer: pytest.fail("asked"), cache=tmp_path, endpoint=hub[0])


def test_too_small_a_disk_is_refused_before_anybody_is_asked(hub, tmp_path, monkeypatch):
    class Full:
        free = 1000

    monkeypatch.setattr("model.hub.shutil.disk_usage", lambda path: Full)
    with pytest.raises(UserError, match="make room"):
        fetch("org/name", lambda offer: pytest.fail("asked"), cache=tmp_path, endpoint=hub[0])


@pytest.mark.parametrize("text", ["name", "a/b/c", "org/name@", "../x", "org/../name", "org/na me", ""])
def test_what_is_no_id_is_refused(text):
    with pytest.raises(UserError, match="org/name@commit"):
        parse(text)


def test_of_two_copies_of_the_weights_one_is_fetched():
    names = ["config.json", "model.safetensors", "model.fp32-00001-of-00002.safetensors"]
    files = [File(name, 1) for name in [*names, "model-00001-of-00002.safetensors"]]
    assert [file.name for file in chosen(files)] == names[:2]


def test_weights_in_one_file_come_without_the_index_of_their_second_copy(hub, tmp_path):
    hub[2].files = {**FILES, "model.safetensors": b"w"}
    folder = fetch("org/name", lambda offer: True, cache=tmp_path, endpoint=hub[0])
    assert whole(folder) and not (folder / "model.safetensors.index.json").exists()
    assert [path.name for path in folder.glob("*.safetensors")] == ["model.safetensors"]


def test_a_folder_with_a_shard_missing_is_not_whole(tmp_path):
    for name in WANTED:
        (tmp_path / name).write_bytes(FILES[name])
    assert whole(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    assert not whole(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("[]")
    assert not whole(tmp_path)
