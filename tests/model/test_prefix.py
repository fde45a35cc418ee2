"""model/prefix.py: random programs against what must be true of every block."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from model.prefix import BLOCK, PrefixCache

SHAPE = (2, 2, 1, 0, 3)
EMPTY = np.zeros(SHAPE, np.float32)
POSITION = 2 * 2 * 1 * 3 * 4
"Bytes of one position."


def truth(keys):
    """Keys and values that depend on all positions before: the only right ones for this prefix."""
    out = np.zeros((*SHAPE[:3], len(keys), SHAPE[4]), np.float32)
    chain = hashlib.blake2b(digest_size=4)
    for at, key in enumerate(keys):
        chain.update(repr(key).encode() + b";")
        out[:, :, :, at] = int.from_bytes(chain.digest(), "little") % 9973
    return out


def read(cache, keys):
    """What an engine does: take what is known, compute the rest, store all."""
    lease = cache.lease(keys)
    known = cache.gather(lease, EMPTY)
    np.testing.assert_array_equal(known, truth(keys[: lease.length]))
    cache.store(lease, keys, truth(keys))
    return lease


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 48, 50])
def test_what_was_read_is_found_again(length):
    cache, keys = PrefixCache(1 << 20), list(range(length))
    cache.release(read(cache, keys))
    lease = cache.lease(keys)
    assert lease.length == length and cache.stats().leased == -(-length // BLOCK)
    np.testing.assert_array_equal(cache.gather(lease, EMPTY), truth(keys))


@pytest.mark.parametrize("shared", [0, 1, 15, 16, 20, 33])
def test_a_prompt_finds_exactly_what_it_shares(shared):
    cache = PrefixCache(1 << 20)
    cache.release(read(cache, list(range(40))))
    lease = cache.lease(list(range(shared)) + ["other"] * 9)
    assert lease.length == shared
    np.testing.assert_array_equal(cache.gather(lease, EMPTY), truth(list(range(shared))))


def test_a_dropped_fork_leaves_surviving_prefixes_and_leases_as_they_were():
    cache, trunk = PrefixCache(1 << 20), list(range(37))
    held = read(cache, trunk)
    before = cache.stats().leased
    fork = read(cache, trunk[:30] + ["fork"] * 50)
    assert cache.stats().leased > before
    cache.release(fork)
    cache.release(fork)
    assert cache.stats().leased == before
    np.testing.assert_array_equal(cache.gather(cache.lease(trunk), EMPTY), truth(trunk))
    cache.release(held)


def test_a_line_that_grows_token_by_token_leaves_no_stale_blocks():
    cache = PrefixCache(1 << 20)
    lease = cache.lease([])
    for length in range(1, 100):
        keys = list(range(length))
        cache.store(lease, keys, truth(keys))
        assert cache.stats().blocks == -(-length // BLOCK) == cache.stats().leased
    cache.release(lease)
    assert cache.stats().leased == 0 and cache.stats().bytes == 99 * POSITION


def test_leased_blocks_are_never_evicted_and_what_does_not_fit_is_not_kept():
    cache, keys = PrefixCache(3 * BLOCK * POSITION), list(range(3 * BLOCK))
    held = read(cache, keys)
    cache.release(read(cache, ["other"] * 40))
    assert cache.stats().evicted == 0 and cache.stats().blocks == 3
    np.testing.assert_array_equal(cache.gather(cache.lease(keys), EMPTY), truth(keys))
    cache.release(held)


def test_the_longest_unused_goes_first():
    cache = PrefixCache(2 * BLOCK * POSITION)
    for name in "ab":
        cache.release(read(cache, [name] * BLOCK))
    cache.release(cache.lease(["a"] * BLOCK))
    cache.release(read(cache, ["c"] * BLOCK))
    assert [cache.lease([name] * BLOCK).length for name in "abc"] == [BLOCK, 0, BLOCK]


@pytest.mark.parametrize("budget", [0, POSITION, 2 * BLOCK * POSITION, 7 * BLOCK * POSITION, 1 << 20])
@pytest.mark.parametrize("seed", range(4))
def test_random_programs_never_find_a_wrong_value_and_keep_the_budget(budget, seed):
    rng = np.random.default_rng(seed)
    cache, prompts, held = PrefixCache(budget), [[]], []
    for _ in range(300):
        trunk = prompts[rng.integers(len(prompts))]
        keys = trunk[: rng.integers(len(trunk) + 1)] + list(rng.integers(0, 3, rng.integers(0, 40)))
        prompts = [*prompts[-20:], keys]
        held.append(read(cache, keys))
        while held and rng.random() < 0.6:
            cache.release(held.pop(rng.integers(len(held))))
        stats = cache.stats()
        assert stats.bytes <= budget and stats.leased <= stats.blocks
    for lease in held:
        cache.release(lease)
    assert cache.stats().leased == 0


@pytest.mark.parametrize("seed", range(3))
def test_with_room_for_all_a_lookup_finds_the_longest_prefix_ever_read(seed):
    rng = np.random.default_rng(seed)
    cache, prompts = PrefixCache(1 << 30), [[]]
    for _ in range(150):
        trunk = prompts[rng.integers(len(prompts))]
        keys = trunk[: rng.integers(len(trunk) + 1)] + list(rng.integers(0, 3, rng.integers(0, 40)))
        lease = read(cache, keys)
        assert lease.length == max(_shared(keys, old) for old in prompts)
        prompts.append(keys)
        if rng.random() < 0.7:
            cache.release(lease)


def _shared(a, b):
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def test_blocks_cannot_be_written():
    cache, keys = PrefixCache(1 << 20), list(range(BLOCK))
    source = truth(keys)
    lease = cache.lease(keys)
    cache.store(lease, keys, source)
    source[:] = -1
    np.testing.assert_array_equal(cache.gather(cache.lease(keys), EMPTY), truth(keys))
