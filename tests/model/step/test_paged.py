"""model/step/paged.py: what is shared, copied, leased and evicted; nothing written ever changes."""

from __future__ import annotations

import random

import pytest

from model.step.paged import BLOCK, Line, Pages, Stats
from pipeline.errors import BugError, ModelError


class Memory:
    """Blocks of a pool as lists: writes what lines write, so that a wrong block is seen."""

    def __init__(self, blocks: int) -> None:
        self.cells: dict[int, list[object]] = {}
        self.copies = 0
        self.pages = Pages(blocks, self._copy)

    def _copy(self, source: int, target: int, count: int) -> None:
        self.copies += 1
        self.cells[target] = self.cells[source][:count] + [None] * (BLOCK - count)

    def write(self, line: Line, keys: list[object]) -> None:
        line.reserve(len(keys))
        for at, key in enumerate(keys, len(line)):
            self.cells.setdefault(line.table[at // BLOCK], [None] * BLOCK)[at % BLOCK] = key
        line.wrote(keys)

    def held(self, line: Line) -> list[object]:
        cells = [cell for block in line.table for cell in self.cells.get(block, [None] * BLOCK)]
        return cells[: len(line)]

    def read(self, keys: list[object]) -> Line:
        """A line of these positions, of which it writes what is not known."""
        line = self.pages.open(keys)
        self.write(line, keys[len(line) :])
        return line


def numbered(count: int, mark: str = "a") -> list[object]:
    return [f"{mark}{number}" for number in range(count)]


def test_a_line_finds_what_another_wrote_and_shares_its_full_blocks() -> None:
    memory = Memory(10)
    one = memory.read(numbered(40))
    other = memory.pages.open(numbered(40))
    assert len(other) == 40
    assert other.table[:2] == one.table[:2] and other.table[2] != one.table[2]
    assert memory.held(other) == numbered(40)
    assert memory.pages.stats().found == 40 and memory.pages.stats().missed == 40


def test_lines_that_part_inside_a_block_do_not_see_each_others_words() -> None:
    memory = Memory(10)
    one = memory.read([*numbered(20), *numbered(5, "x")])
    other = memory.read([*numbered(20), *numbered(9, "y")])
    memory.write(one, numbered(3, "z"))
    assert memory.held(one) == [*numbered(20), *numbered(5, "x"), *numbered(3, "z")]
    assert memory.held(other) == [*numbered(20), *numbered(9, "y")]


def test_a_closed_line_is_gone_on_with_in_place() -> None:
    memory = Memory(10)
    memory.read(numbered(20)).close()
    line = memory.read(numbered(30))
    assert memory.copies == 0 and memory.held(line) == numbered(30)
    line.close()
    assert memory.pages.stats() == Stats(blocks=2, leased=0, free=8, found=20, missed=30, evicted=0)


def test_two_lines_that_write_the_same_keep_one_block_of_it() -> None:
    memory = Memory(10)
    one, other = memory.pages.open(numbered(0)), memory.pages.open(numbered(0))
    for line in (one, other):
        memory.write(line, numbered(BLOCK))
    assert one.table == other.table and memory.pages.stats().free == 9
    memory.write(one, ["x"])
    memory.write(other, ["y"])
    assert memory.held(one) == [*numbered(BLOCK), "x"] and memory.held(other) == [*numbered(BLOCK), "y"]


def test_a_dropped_fork_gives_back_its_lease_and_touches_no_block_of_the_line_it_left() -> None:
    memory = Memory(10)
    line = memory.read(numbered(40))
    before = {block: list(memory.cells[block]) for block in line.table}
    leased = memory.pages.stats().leased
    fork = memory.read([*numbered(36), *numbered(20, "x")])
    assert memory.pages.stats().leased > leased
    fork.close()
    fork.close()
    assert memory.pages.stats().leased == leased
    assert {block: memory.cells[block] for block in line.table} == before


def test_a_shorter_copy_of_a_tail_is_not_kept_beside_a_longer_one() -> None:
    memory = Memory(10)
    one, other = memory.read(numbered(8)), memory.read(numbered(5))
    other.close()
    assert memory.pages.stats().blocks == 1
    one.close()
    memory.read(numbered(12)).close()
    assert memory.pages.stats().blocks == 1


def test_the_longest_unused_goes_first_and_leased_blocks_never() -> None:
    memory = Memory(4)
    kept = memory.read(numbered(BLOCK, "kept"))
    for mark in ("old", "new"):
        memory.read(numbered(BLOCK, mark)).close()
    memory.read(numbered(2 * BLOCK, "more")).close()
    assert memory.pages.stats().evicted == 1
    assert len(memory.pages.open(numbered(BLOCK, "old"))) == 0
    assert len(memory.pages.open(numbered(BLOCK, "new"))) == BLOCK
    assert memory.held(kept) == numbered(BLOCK, "kept")


def test_children_go_before_their_parents() -> None:
    memory = Memory(4)
    memory.read(numbered(3 * BLOCK)).close()
    memory.read(numbered(2 * BLOCK, "x")).close()
    assert len(memory.pages.open(numbered(3 * BLOCK))) == 2 * BLOCK


def test_a_full_memory_is_told_with_its_numbers_and_heals() -> None:
    memory = Memory(2)
    one = memory.read(numbered(BLOCK + 1))
    other = memory.pages.open(["other"])
    with pytest.raises(ModelError, match=r"32 positions, of which open generations hold 32, .* needs 1;"):
        other.reserve(1)
    one.close()
    memory.write(other, ["other"])
    assert memory.held(other) == ["other"]


def test_without_room_for_a_copy_a_line_begins_at_the_last_full_block() -> None:
    memory = Memory(2)
    one = memory.read(numbered(20))
    other = memory.pages.open(numbered(20))
    assert len(other) == BLOCK and memory.held(other) == numbered(BLOCK)
    assert memory.held(one) == numbered(20)


def test_writing_without_room_or_after_the_end_is_a_bug_of_ours() -> None:
    memory = Memory(2)
    line = memory.pages.open([])
    with pytest.raises(BugError, match="without room"):
        line.wrote(["x"])
    memory.write(line, ["x"])
    line.close()
    with pytest.raises(BugError):
        line.wrote(["y"])


def test_random_lines_hold_what_they_wrote_whatever_happens_around_them() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        memory, live = Memory(12), list[tuple[Line, list[object]]]()
        for _ in range(200):
            act = chance.random()
            if live and act < 0.3:
                line, keys = live.pop(chance.randrange(len(live)))
                line.close()
                continue
            try:
                if live and act < 0.7:
                    line, keys = live[chance.randrange(len(live))]
                    more: list[object] = [chance.choice("pq") for _ in range(chance.randrange(1, 20))]
                    memory.write(line, more)
                    keys += more
                else:
                    keys = [chance.choice("pq") for _ in range(chance.randrange(0, 50))]
                    line = memory.pages.open(keys)
                    live.append((line, keys))
                    wanted, keys[:] = list(keys), keys[: len(line)]
                    memory.write(line, wanted[len(line) :])
                    keys[:] = wanted
            except ModelError:
                pass  # full: what is there must still hold
            for line, keys in live:
                assert memory.held(line) == keys
        for line, _ in live:
            line.close()
        stats = memory.pages.stats()
        assert stats.leased == 0 and stats.blocks + stats.free == 12
