"""model/whisper.py: transformers' own words for a sound, bounded whatever the weights are."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tiny_folders
import torch

from model.foreign.steering import steering
from model.whisper import LONGEST, WhisperOptions, load_whisper, once, pieces
from pipeline.errors import BugError, CheckpointError, ModelError
from pipeline.prompt import Audio


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_folders.write_whisper(tmp_path_factory.mktemp("ear") / "tiny-whisper")


@pytest.fixture(scope="module")
def ear(folder):
    return load_whisper(str(folder))


def noise(seed, seconds):
    rng = np.random.default_rng(seed)
    return Audio((0.1 * rng.standard_normal(int(16_000 * seconds))).astype(np.float32))


def written_by(ear, audio):
    """Tokens and log-probabilities of one stretch."""
    mel = ear._extractor(audio.pcm, sampling_rate=16_000, return_tensors="pt")["input_features"]
    with torch.inference_mode():
        heard = ear._model.model.encoder(mel).last_hidden_state
        return ear._write(heard, audio.seconds)[1:]


def by_transformers(ear, audio, language):
    mel = ear._extractor(audio.pcm, sampling_rate=16_000, return_tensors="pt", return_attention_mask=True)
    written = ear._model.generate(
        mel["input_features"],
        attention_mask=mel["attention_mask"],
        language=language,
        task="transcribe",
        do_sample=False,
        max_new_tokens=40,
    )
    tokens = written[0].tolist()
    special = ear._tokenizer.specials
    return [token for token in tokens if token not in special]


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_writes_what_transformers_writes(folder, seed, language):
    ear = load_whisper(str(folder), WhisperOptions(language=language))
    written, _ = written_by(ear, noise(seed, 1.5))
    expected = by_transformers(ear, noise(seed, 1.5), language)
    assert len(written) > 3
    assert written == expected[: len(written)]


def test_a_language_is_heard_where_none_is_given(ear):
    heard = ear._language
    tokens = ear._tokens
    logits = np.zeros(400, np.float32)
    logits[tokens.languages["de"]] = 9
    assert heard(torch.from_numpy(logits)) == [tokens.languages["de"], tokens.task]


def test_a_model_of_one_language_is_asked_for_no_language(tmp_path):
    ear = load_whisper(str(tiny_folders.write_whisper(tmp_path / "en", languages=False)))
    assert ear._tokens.task is None
    assert ear.transcribe(noise(1, 1.0)).final
    with pytest.raises(ModelError, match="accepted are en"):
        load_whisper(str(tmp_path / "en"), WhisperOptions(language="de"))


def test_random_weights_never_write_more_than_speech_can_be_worth(folder):
    for seed in range(8):
        tiny = load_whisper(str(tiny_folders.write_whisper(folder.parent / f"s{seed}", seed=seed)))
        written, logprobs = written_by(tiny, noise(seed, 0.5))
        assert len(written) == len(logprobs) <= 16 + 6
        assert once(written) == written


def test_times_languages_and_tasks_are_never_words(ear):
    added = set(ear._tokenizer.added.values()) - {ear._tokens.end}
    assert added <= set(ear._tokens.suppressed) and ear._tokens.end not in ear._tokens.suppressed


def test_a_loop_is_said_once():
    assert once([1, 2, 3, 7, 8, 7, 8, 7, 8]) == [1, 2, 3, 7, 8]
    assert once([4] * 20) == [4]
    assert once([1, 2, 3]) == [1, 2, 3]
    assert once([]) == []


def test_the_same_sound_is_read_once_and_a_longer_one_anew(ear, monkeypatch):
    calls = []
    stretch = ear._stretch
    monkeypatch.setattr(ear, "_stretch", lambda *args: calls.append(1) or stretch(*args))
    audio = noise(4, 1.0)
    partial = ear.transcribe(audio, False)
    final = ear.transcribe(Audio(audio.pcm.copy()), True)
    assert (partial.final, final.final) == (False, True) and partial.text == final.text
    assert len(calls) == 1
    ear.transcribe(noise(4, 1.5))
    assert len(calls) == 2


def test_silence_is_no_words(ear):
    assert ear.transcribe(Audio(np.zeros(16_000, np.float32))).text == ""
    assert ear.transcribe(Audio(np.zeros(0, np.float32))).text == ""


def test_what_the_model_calls_no_speech_is_no_words(ear, monkeypatch):
    silence = ear._tokens.silence
    read = ear._read

    def certain(heard, ids, cache):
        logits, cache = read(heard, ids, cache)
        if ids == [ear._tokens.start]:
            logits[silence] = logits.max() + 20
        else:
            logits[:] = 0.0  # and it doubts every word
        return logits, cache

    monkeypatch.setattr(ear, "_read", certain)
    assert ear.transcribe(noise(31, 1.0)).text == ""


def test_long_sound_is_cut_where_it_is_quiet():
    pcm = noise(5, 60).pcm.copy()
    quiet = int(25.3 * 16_000)
    pcm[quiet - 800 : quiet + 800] = 0
    cut = pieces(pcm)
    assert np.array_equal(np.concatenate(cut), pcm)
    assert all(len(piece) <= LONGEST * 16_000 for piece in cut) and len(cut) == 3
    assert abs(len(cut[0]) - quiet) <= 800


def test_words_have_times_where_they_are_asked_for(folder):
    ear = load_whisper(str(folder), WhisperOptions(times=True, language="en"))
    transcript = ear.transcribe(noise(6, 2.0))
    assert transcript.text.split() == " ".join(word.text for word in transcript.words).split()
    assert all(0 <= word.begins <= word.ends <= 2.0 + 0.02 for word in transcript.words)
    begins = [word.begins for word in transcript.words]
    assert begins == sorted(begins) and all(0 < word.probability <= 1 for word in transcript.words)
    assert ear.transcribe(noise(6, 2.0), False).words == ()
    assert ear._model.config._attn_implementation != "eager"


def test_without_heads_that_align_there_are_no_times_and_it_says_so(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "ear")
    settings = json.loads((copy / "generation_config.json").read_text())
    del settings["alignment_heads"]
    (copy / "generation_config.json").write_text(json.dumps(settings))
    ear = load_whisper(str(copy), WhisperOptions(times=True))
    assert ear.transcribe(noise(6, 1.0)).words == ()
    assert "no heads" in ear.facts().note and not ear.facts().streams


def test_a_missing_generation_config_is_made_up_for(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "ear")
    (copy / "generation_config.json").unlink()
    assert load_whisper(str(copy)).transcribe(noise(7, 1.0)).final
    many = steering(load_whisper(str(folder))._tokenizer, {}, 51865)
    assert many.task is not None and sorted(many.languages) == ["de", "en"]


def test_other_models_languages_and_sounds_are_refused(folder, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "wav2vec2"}))
    with pytest.raises(CheckpointError, match="accepted is whisper"):
        load_whisper(str(tmp_path))
    with pytest.raises(ModelError, match="accepted are de, en"):
        load_whisper(str(folder), WhisperOptions(language="xx"))
    with pytest.raises(ModelError, match="not numbers"):
        load_whisper(str(folder)).transcribe(Audio(np.full(16_000, np.nan, np.float32)))


def test_a_closed_ear_says_so(folder):
    ear = load_whisper(str(folder), WhisperOptions(dtype="bfloat16"))
    assert ear.facts().name == "tiny-whisper"
    ear.close()
    with pytest.raises(BugError, match="closed"):
        ear.transcribe(noise(8, 1.0))


def test_int8_hears_too(folder):
    assert load_whisper(str(folder), WhisperOptions(dtype="int8")).transcribe(noise(9, 1.0)).final


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("generation_config.json", {"begin_suppress_tokens": ["x"]}, "begin_suppress_tokens is no list"),
        ("generation_config.json", {"suppress_tokens": 3}, "suppress_tokens is no list"),
        (
            "generation_config.json",
            {"alignment_heads": [[1, 2, 3]]},
            "files in .*tiny-whisper cannot be used",
        ),
        ("config.json", {"decoder_layers": 10**9}, "decoder_layers is 1000000000"),
        ("config.json", {"d_model": -1}, "files in .*tiny-whisper cannot be used"),
    ],
)
def test_a_folder_with_a_broken_file_is_one_clear_error(folder, tmp_path, file, changes, said):
    copy = shutil.copytree(folder, tmp_path / folder.name)
    (copy / file).write_text(json.dumps({**json.loads((copy / file).read_text()), **changes}))
    with pytest.raises(CheckpointError, match=said):
        load_whisper(str(copy))


def test_ids_and_heads_that_the_model_has_not_are_left_out(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / folder.name)
    settings = json.loads((copy / "generation_config.json").read_text())
    settings |= {"begin_suppress_tokens": [-1, 10**9], "alignment_heads": [[0, 1], [9, 9]]}
    (copy / "generation_config.json").write_text(json.dumps(settings))
    ear = load_whisper(str(copy), WhisperOptions(times=True))
    assert ear._tokens.suppressed_first == () and ear._heads == ((0, 1),)
    assert ear.transcribe(noise(1, 1.0)).final
