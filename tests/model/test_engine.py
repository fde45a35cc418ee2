"""model/engine.py: an engine is a function of its prompt; what is warm never changes an answer."""

from __future__ import annotations

import numpy as np
import pytest

from model.engine import EngineConfig, OnnxEngine
from model.frontend import features, silence
from model.onnx_runtime import OnnxNetwork
from model.tokenizer import AUDIO_END, AUDIO_PATCH, EOT, FIRST_BYTE
from pipeline.errors import BugError, ModelError
from pipeline.ports import Limits
from pipeline.prompt import BLOCK, Audio, Heard, Human, Prompt, Reply, System, Text

SYSTEM = System("practice")
OPEN = Reply()
LONG = Limits(100)
TOKENS = 12


class Spy:
    """A network that remembers the last logits it gave and counts positions; it can be told to break."""

    def __init__(self, network):
        self._network, self.logits, self.positions, self.broken = network, None, 0, False

    def __getattr__(self, name):
        return getattr(self._network, name)

    def read(self, embeds, past):
        logits, present = self._network.read(embeds, past)
        if self.broken:
            logits = np.full_like(logits, np.nan)
        self.logits, self.positions = logits[-1], self.positions + len(embeds)
        return logits, present


@pytest.fixture(scope="module")
def network(chance):
    return OnnxNetwork(chance)


@pytest.fixture
def engine(chance, network):
    return OnnxEngine(chance, network=Spy(network))


def fresh(chance, network, **bounds):
    return OnnxEngine(chance, EngineConfig(**bounds), network=Spy(network))


def answer(engine, prompt, tokens=TOKENS):
    """Per step: the piece and the logits it was taken from."""
    return [(piece, engine._network.logits) for piece in engine.generate(prompt, Limits(tokens))]


def assert_alike(one, other):
    """Equal greedy tokens wherever the top-two gap exceeds rounding; logits within 1e-4."""
    for (piece, logits), (expected, expected_logits) in zip(one, other, strict=True):
        np.testing.assert_allclose(logits, expected_logits, atol=1e-4)
        second, first = np.sort(expected_logits)[-2:]
        if piece.token != expected.token:
            assert first - second < 2e-4, "a different token although one was clearly ahead"
            return
        assert piece.text == expected.text and piece.logprob == pytest.approx(expected.logprob, abs=1e-4)


def asked(pcm, *before, reply=OPEN):
    return Prompt((SYSTEM, *before, Human((Audio(pcm),)), reply))


def random_prompt(rng, sounds):
    """One of all the kinds of prompts that a conversation makes, cut anywhere."""
    parts = [SYSTEM]
    for _ in range(rng.integers(0, 3)):
        pcm = sounds[rng.integers(len(sounds))]
        parts += [
            Human((Audio(pcm[: rng.integers(0, len(pcm) + 1)]),)),
            Heard(["", "Yes.", "Forty."][rng.integers(3)]),
        ]
    pcm = sounds[rng.integers(len(sounds))]
    user = [Audio(pcm[: [0, 1, BLOCK, rng.integers(0, len(pcm) + 1)][rng.integers(4)]])]
    if rng.random() < 0.3:
        user.insert(rng.integers(2), Text(["", "hi", "naïve <|EOT|> 日"][rng.integers(3)]))
    thoughts = "heard: what is forty seven plus\n4+7=11"
    thoughts = thoughts[: rng.integers(len(thoughts) + 1)]
    thinking = bool(rng.random() < 0.5)
    reply = Reply(thoughts, thinking, "" if thinking else "Forty"[: rng.integers(6)])
    return Prompt((*parts, Human(tuple(user)), reply))


@pytest.mark.parametrize(
    "bounds", [{}, {"prefix_bytes": 200_000, "ear_positions": 20, "ear_bytes": 60_000}, {"chunk": 5}]
)
def test_a_warm_engine_answers_random_programs_as_a_fresh_one(chance, network, sound, bounds):
    rng = np.random.default_rng(11)
    sounds = [sound(seed, 15 * BLOCK) for seed in range(3)]
    sounds.append(np.concatenate([sounds[0][: 8 * BLOCK], sounds[1][: 7 * BLOCK]]))
    warm = fresh(chance, network, **bounds)
    for _ in range(25):
        prompt = random_prompt(rng, sounds)
        if rng.random() < 0.3:
            warm.prefill(Prompt(prompt.parts[: rng.integers(len(prompt.parts) + 1)]))
        if rng.random() < 0.3:
            dropped = warm.generate(random_prompt(rng, sounds), Limits(8))
            next(dropped)
            dropped.close()
        assert_alike(answer(warm, prompt), answer(fresh(chance, network), prompt))
        assert warm.stats().leased == 0
        assert warm.stats().bytes <= bounds.get("prefix_bytes", 32 << 20)
    assert warm.stats().found > 0


def test_a_prompt_with_a_history_reads_as_the_network_reads_it_at_once(chance, network, sound):
    language = pytest.importorskip("training.language", reason="torch is not installed (extra: training)")
    earlier, now = sound(1, 9 * BLOCK), sound(2, 7 * BLOCK)
    ids = language.Language(chance.tokenizer).prompt([AUDIO_PATCH] * 7, [(9, "You are welcome.")])
    embeds, at = network.embed(ids).copy(), np.array(ids)
    heard = [network.hear(features(pcm, silence())[0], network.begin()) for pcm in (earlier, now)]
    embeds[at == AUDIO_PATCH] = np.concatenate([audio for audio, _, _ in heard])
    embeds[at == AUDIO_END] += np.stack([network.feel(cues) for _, cues, _ in heard])
    expected, _ = network.read(embeds, network.empty())
    prompt = asked(now, Human((Audio(earlier),)), Heard("You are welcome."))
    (_, logits), *_ = answer(fresh(chance, network), prompt)
    np.testing.assert_allclose(logits, expected[-1], atol=1e-4)


def test_the_real_brain_answers_as_the_plain_player_that_was_evaluated(real, folder, sound):
    player = pytest.importorskip("training.player", reason="torch is not installed (extra: training)")
    plain, engine = player.Player(folder), OnnxEngine(real)
    for seed in range(4):
        pcm = sound(seed, 20 * BLOCK + 300)
        engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: 10 * BLOCK]),)))))
        pieces = list(engine.generate(asked(pcm), Limits(40)))
        expected = plain.answer(plain.hear(pcm), limit=len(pieces) - (pieces[-1].token == EOT))
        assert "".join(p.text for p in pieces) == expected.text


def test_two_recordings_of_equal_length_get_their_own_answers(chance, network, sound):
    warm = fresh(chance, network)
    one, other = (asked(sound(seed, 10 * BLOCK)) for seed in (1, 2))
    first, second = answer(warm, one), answer(warm, other)
    assert np.abs(first[0][1] - second[0][1]).max() > 1e-3
    assert_alike(second, answer(fresh(chance, network), other))


def test_a_repeated_prompt_reads_one_position_anew(engine, sound):
    prompt = asked(sound(1, 10 * BLOCK))
    answer(engine, prompt, tokens=1)
    before = engine._network.positions
    answer(engine, prompt, tokens=1)
    assert engine._network.positions == before + 1


def test_a_growing_turn_is_prefilled_position_by_position_and_the_draft_reads_the_rest(engine, sound):
    pcm = sound(1, 20 * BLOCK)
    opening = engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: 5 * BLOCK]),)))))
    again = engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: 5 * BLOCK].copy()),)))))
    more = engine.prefill(Prompt((SYSTEM, Human((Audio(pcm[: 12 * BLOCK + 700]),)))))
    assert opening > 5 and (again, more) == (0, 7)
    before = engine._network.positions
    answer(engine, asked(pcm[: 12 * BLOCK + 700]), tokens=1)
    closing = (
        "<audio_end>, <|EOT|>, <|BOT|>, assistant, newline, <, think, >, newline and the padded position"
    )
    assert engine._network.positions - before == len(closing.replace(" and", ",").split(","))


def test_interleaved_generations_do_not_disturb_each_other(chance, network, sound):
    warm = fresh(chance, network)
    pcm = sound(1, 10 * BLOCK)
    prompts = [asked(pcm), asked(pcm, reply=Reply("heard: two\n", False)), asked(sound(2, 10 * BLOCK))]
    lines = [warm.generate(prompt, Limits(TOKENS)) for prompt in prompts]
    got = [[] for _ in prompts]
    for _ in range(TOKENS):
        for line, pieces in zip(lines, got, strict=True):
            if (piece := next(line, None)) is not None:
                pieces.append((piece, warm._network.logits))
    for prompt, pieces in zip(prompts, got, strict=True):
        assert_alike(pieces, answer(fresh(chance, network), prompt))


def test_a_dropped_fork_gives_back_what_it_leased_and_spares_the_line_it_left(engine, sound):
    pcm = sound(1, 30 * BLOCK)
    line = engine.generate(asked(pcm), Limits(64))
    next(line)
    held = engine.stats().leased
    forks = [engine.generate(asked(pcm, reply=Reply("x" * n, False)), Limits(64)) for n in range(1, 5)]
    for fork in forks:
        next(fork)
    assert engine.stats().leased > held
    for fork in forks:
        fork.close()
    assert engine.stats().leased == held > 0
    line.close()
    assert engine.stats().leased == 0


def test_sessions_do_not_share_what_they_said(engine, sound):
    prompt = asked(sound(1, 20 * BLOCK))
    alone = engine.prefill(prompt, "a")
    assert engine.prefill(prompt, "a") == 0
    system = engine.prefill(Prompt((SYSTEM,)))
    assert system == 0 and alone - len_of_system(engine) <= engine.prefill(prompt, "b") < alone + 1


def len_of_system(engine):
    return len(engine._renderer.layout(Prompt((SYSTEM,))))


# --- how a generation ends --------------------------------------------------------------------------------


class Chorus:
    """A network that writes a fixed list of tokens, whatever it reads: for endings."""

    def __init__(self, network, tokens):
        self._network, self._tokens, self._at = network, tokens, -1

    def __getattr__(self, name):
        return getattr(self._network, name)

    def read(self, embeds, past):
        logits, present = self._network.read(embeds, past)
        logits = np.zeros_like(logits)
        self._at += 1
        logits[-1, self._tokens[min(self._at, len(self._tokens) - 1)]] = 50
        return logits, present


def written(chance, network, tokens, limits=LONG):
    engine = OnnxEngine(chance, network=Chorus(network, tokens))
    return list(engine.generate(Prompt((SYSTEM, Human((Text("hi"),)), Reply())), limits))


def test_a_generation_ends_at_the_end_of_turn(chance, network):
    ids = chance.tokenizer.encode("Hello <|EOT|> é")
    pieces = written(chance, network, [*ids, EOT, *ids])
    assert "".join(p.text for p in pieces) == "Hello <|EOT|> é" and [p.last for p in pieces] == [False] * len(
        ids
    ) + [True]
    assert pieces[-1].token == EOT and pieces[-1].text == ""


def test_a_character_cut_by_the_end_is_shown_as_broken(chance, network):
    pieces = written(chance, network, [FIRST_BYTE + 0xE6, FIRST_BYTE + 0x97, EOT])
    assert [p.text for p in pieces] == ["", "", "\ufffd"]


def test_a_stop_text_ends_it_across_token_borders_and_is_in_the_last_piece(chance, network):
    pieces = written(
        chance, network, chance.tokenizer.encode("one\n</think>\ntwo"), Limits(100, ("</think>\n",))
    )
    assert "".join(p.text for p in pieces) == "one\n</think>\n" and pieces[-1].last


def test_the_token_limit_ends_it(chance, network):
    ids = chance.tokenizer.encode("0123456789")
    assert [p.last for p in written(chance, network, ids, Limits(3))] == [False, False, True]
    assert written(chance, network, ids, Limits(0)) == []


def test_going_round_in_circles_ends_it(chance, network):
    pieces = written(chance, network, chance.tokenizer.encode("7 8 " * 60), Limits(200))
    assert 30 < len(pieces) < 60 and pieces[-1].last


def test_a_full_context_ends_it(chance, network, sound):
    engine = fresh(chance, network)
    room = chance.card.max_context
    used = len(engine._renderer.layout(Prompt((SYSTEM, Human((Text(""),)), Reply()))))
    prompt = Prompt((SYSTEM, Human((Text("é" * ((room - used) // 2 - 2)),)), Reply()))
    left = room - len(engine._renderer.layout(prompt))
    pieces = list(engine.generate(prompt, Limits(100)))
    assert 0 < left < 6 and len(pieces) <= left and pieces[-1].last


# --- bad input --------------------------------------------------------------------------------------------


def test_ten_minutes_of_sound_are_refused_before_anything_runs(engine):
    with pytest.raises(ModelError, match="positions"):
        next(engine.generate(asked(np.zeros(600 * 16_000, np.float32)), Limits(4)))
    assert engine._network.positions == 0 and engine.stats().leased == 0


def test_sound_over_25_seconds_is_read_in_groups(engine):
    assert engine.prefill(asked(np.zeros(26 * 16_000, np.float32))) > 13 + 313


def test_samples_that_are_not_numbers_fail_their_own_request(chance, network, engine, sound):
    good, broken = sound(1, 10 * BLOCK), sound(1, 10 * BLOCK)
    broken[-1] = np.nan
    with pytest.raises(ModelError, match="not numbers"):
        next(engine.generate(asked(broken), Limits(4)))
    assert engine.stats().leased == 0
    assert_alike(answer(engine, asked(good)), answer(fresh(chance, network), asked(good)))


def test_a_network_that_computes_nonsense_fails_the_request_and_spoils_no_cache(
    chance, network, engine, sound
):
    prompt = asked(sound(1, 40 * BLOCK))
    line = engine.generate(prompt, Limits(9))
    next(line)
    engine._network.broken = True
    with pytest.raises(ModelError, match="not numbers"):
        next(line)
    with pytest.raises(ModelError, match="not numbers"):
        engine.prefill(asked(sound(2, 40 * BLOCK)))
    engine._network.broken = False
    assert engine.stats().leased == 0
    assert_alike(answer(engine, prompt), answer(fresh(chance, network), prompt))


def test_a_prompt_without_an_open_reply_cannot_be_continued(engine):
    for parts in ((), (SYSTEM,), (SYSTEM, Human(()))):
        with pytest.raises(BugError, match="Reply"):
            next(engine.generate(Prompt(parts), Limits(4)))


def test_a_closed_engine_says_so(engine):
    engine.close()
    engine.close()
    with pytest.raises(BugError, match="closed"):
        engine.prefill(Prompt((SYSTEM,)))


def test_bounds_below_zero_are_refused():
    for change in ({"prefix_bytes": -1}, {"chunk": 0}, {"ear_bytes": -1}):
        with pytest.raises(ValueError):
            EngineConfig(**change)


def test_what_it_says_about_itself_is_what_its_card_says(real):
    facts = OnnxEngine(real).facts()
    assert facts.hears == "audio" and not facts.obeys_instructions and facts.history_turns == 3
    assert facts.heard_logprob is None or facts.heard_logprob < 0
