"""model/foreign/tokens.py: text to ids and back, and added tokens wherever a folder tells of them."""

from __future__ import annotations

import json
import shutil

import pytest

from model.bytelevel import Decoding
from model.foreign.tokens import FolderTokenizer
from pipeline.errors import CheckpointError


@pytest.fixture(scope="module")
def tokenizer(folders):
    return FolderTokenizer.load(folders["qwen2_audio"])


TEXTS = ["what is the time", "naïve café, 東京 🙂", "tabs\tand\n\nlines ", " ", "", "\x00 ÿ", "<|im_end|>"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_as_it_was(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert not set(ids) & set(tokenizer.added.values())
    decoding = Decoding(tokenizer)
    assert "".join(map(decoding.push, ids)) + decoding.finish() == text


def test_half_a_character_is_held_back(tokenizer):
    ids = tokenizer.encode("é")
    assert len(ids) == 2
    decoding = Decoding(tokenizer)
    assert decoding.push(ids[0]) == "" and decoding.push(ids[1]) == "é"
    assert decoding.push(ids[0]) == "" and decoding.finish() == "\ufffd"


def test_special_tokens_are_no_text_and_plain_added_ones_are(tokenizer):
    assert tokenizer.raw(tokenizer.special("<|im_end|>")) == b""
    assert tokenizer.raw(tokenizer.special("<tool_call>")) == b"<tool_call>"
    assert tokenizer.raw(10**6) == b""


def test_tokens_that_only_the_configuration_tells_of_are_known(folders, tmp_path):
    """As in Qwen2-Audio's folder; and it renames what tokenizer.json has, as in Qwen2.5-Omni's."""
    copy = shutil.copytree(folders["qwen2_audio"], tmp_path / "x")
    content = json.loads((copy / "tokenizer.json").read_text())
    added = {one["content"]: one for one in content["added_tokens"]}
    told = {str(one["id"]): {"content": name, "special": one["special"]} for name, one in added.items()}
    content["added_tokens"] = [
        added["<|endoftext|>"],
        {**added["<|AUDIO|>"], "content": "<|object_ref_start|>"},
    ]
    (copy / "tokenizer.json").write_text(json.dumps(content))
    (copy / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": told}))
    found, whole = FolderTokenizer.load(copy), FolderTokenizer.load(folders["qwen2_audio"])
    assert (found.added, found.specials) == (whole.added, whole.specials)
    assert found.encode("what <|AUDIO|>") == whole.encode("what <|AUDIO|>")


def test_a_token_that_is_missing_is_named(tokenizer):
    with pytest.raises(CheckpointError, match=r"no token <\|BOT\|>"):
        tokenizer.special("<|BOT|>")


@pytest.mark.parametrize("change", [{"model": {"type": "WordPiece"}}, {"added_tokens": [{}]}, {"model": 3}])
def test_what_is_no_byte_level_bpe_is_refused(folders, tmp_path, change):
    content = json.loads((folders["qwen2_audio"] / "tokenizer.json").read_text())
    (tmp_path / "tokenizer.json").write_text(json.dumps({**content, **change}))
    with pytest.raises(CheckpointError, match="not a byte-level BPE"):
        FolderTokenizer.load(tmp_path)
