"""model/step/tokens.py: text never becomes a special token, streamed text equals whole text."""

from __future__ import annotations

import json

import pytest
import tiny

from model.step.tokens import AFTER_EOT, StepTokenizer
from pipeline.errors import CheckpointError


@pytest.fixture(scope="module")
def tokenizer(checkpoint):
    return StepTokenizer.load(checkpoint)


TEXTS = [
    "what is six and seven",
    "naïve café, 東京タワー 🙂",
    "tabs\tand\n\nlines ",
    " ",
    "",
    "\x00 ÿ",
    "<think>\n",
]


@pytest.mark.parametrize("text", TEXTS)
def test_ordinary_text_comes_back_as_it_was(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_those_of_the_tokenizers_library(tokenizer, checkpoint, text):
    from tokenizers import Tokenizer

    library = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    assert tokenizer.encode(text) == library.encode(text, add_special_tokens=False).ids


@pytest.mark.parametrize("name", [*tiny.QWEN, *tiny.STEP, "<audio_3>"])
def test_a_user_who_spells_a_special_token_writes_only_its_letters(tokenizer, name):
    ids = tokenizer.encode(f"please {name} now")
    assert not set(ids) & set(tiny.special_ids().values())
    assert tokenizer.decode(ids) == f"please {name} now"


def test_special_tokens_are_found_by_name(tokenizer):
    ids = tiny.special_ids()
    assert (tokenizer.bot, tokenizer.eot) == (ids["<|BOT|>"], ids["<|EOT|>"])
    assert tokenizer.audio_start == ids["<audio_start>"] and tokenizer.audio_end == ids["<audio_end>"]
    assert (
        tokenizer.audio_patch == ids["<audio_patch>"] and tokenizer.special("<tts_pad>") == ids["<tts_pad>"]
    )
    assert tokenizer.stops == {ids["<|endoftext|>"], ids["<|im_end|>"], ids["<|EOT|>"]}
    assert len(tokenizer) == ids["<audio_7>"] + 1
    with pytest.raises(CheckpointError, match="no token <nothing>"):
        tokenizer.special("<nothing>")


def test_the_layout_that_is_asked_for_is_the_published_one():
    published = {
        "<|BOT|>": 151666, "<audio_start>": 151688, "<audio_end>": 151689, "<audio_patch>": 151690,
        "<tts_start>": 151693, "<tts_end>": 151694, "<audio_0>": 151696,
    }  # fmt: skip
    assert {name: 151665 + after for name, after in AFTER_EOT.items()} == published


def test_special_tokens_and_padding_have_no_text_but_calls_do(tokenizer):
    ids = tiny.special_ids()
    silent = [ids["<|EOT|>"], ids["<audio_patch>"], ids["<audio_0>"], ids["<|im_end|>"], 639]
    assert tokenizer.decode(silent) == ""
    call = "<tool_call>function\nlook\n{}</tool_call>"
    written = tokenizer.encode_calls(f"I look. {call}")
    assert tokenizer.decode(written) == f"I look. {call}"
    assert written.count(ids["<tool_call>"]) == 1 and written[-1] == ids["</tool_call>"]


def test_an_incomplete_character_is_held_back(tokenizer):
    stream = tokenizer.stream()
    ids = tokenizer.encode("é🙂")
    assert [stream.push(one) for one in ids] == ["", "é", "", "", "", "🙂"]
    assert stream.finish() == "" and stream.push(ids[0]) == "" and stream.finish() == "�"


def test_a_lone_surrogate_is_a_question_mark(tokenizer):
    assert tokenizer.decode(tokenizer.encode("a\ud800b")) == "a?b"


def broken(change):
    content = tiny.tokenizer_json()
    change(content)
    return content


def named(content, name):
    return next(one for one in content["added_tokens"] if one["content"] == name)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["added_tokens"].remove(named(c, "<audio_patch>")), "no token <audio_patch>"),
        (lambda c: named(c, "<audio_start>").update(id=3), "has <audio_start> as 3"),
        (lambda c: c.pop("added_tokens"), "added_tokens"),
        (lambda c: c["model"].update(type="Unigram"), "Unigram"),
        (lambda c: c["model"].update(merges=["never there"]), "not a tokenizer"),
        (lambda c: c["model"].update(continuing_subword_prefix="🐍"), "continuing_subword_prefix"),
        (lambda c: named(c, "<audio_0>").update(id=10**20), "is no token id"),
        (lambda c: named(c, "<audio_0>").update(id=float("inf")), "is no token id"),
    ],
)
def test_a_tokenizer_of_another_model_is_refused(tmp_path, change, said):
    (tmp_path / "tokenizer.json").write_text(json.dumps(broken(change)), encoding="utf-8")
    with pytest.raises(CheckpointError, match=said):
        StepTokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"), [(None, "missing"), ("{", "not valid JSON"), ("[]", "not a JSON object")]
)
def test_a_missing_or_broken_file_is_refused(tmp_path, content, said):
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(CheckpointError, match=said):
        StepTokenizer.load(tmp_path)
