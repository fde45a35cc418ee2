"""agent/chosen.py: what is offered when no brain was named, and what is kept of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.brains import named
from agent.chosen import Choice, Memory, Settled, name, offered, settle
from model.http.discovery import Found
from model.http.server import Server

OLLAMA = Server("ollama", ("http://127.0.0.1:11434",), preset="ollama")
HERE = Found(OLLAMA, ("qwen3:4b", "gemma3"))
ELSEWHERE = Found(Server("vllm", ("http://127.0.0.1:9000/v1",), preset="vllm"), ("org/big",))


class Person:
    """Answers in turn, and remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.asked = list(answers), list[str]()

    def __call__(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)


def settled(memory: Memory, found: Sequence[Found], person: Person | None) -> Settled:
    return settle(memory, found, person)


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "settings" / "brain.json")


def test_where_nothing_runs_nothing_is_asked_and_nothing_is_kept(memory: Memory) -> None:
    assert settled(memory, (), Person()) == Settled("bundled")
    assert not memory.path.exists()


def test_a_brain_that_runs_here_is_offered_and_the_answer_is_kept(memory: Memory) -> None:
    person = Person("2")
    first = settled(memory, [HERE], person)
    assert first.model == "ollama:gemma3" and str(memory.path) in first.told[0]
    assert "1  ollama:qwen3:4b" in person.asked[0] and "0  the practice brain" in person.asked[0]
    again = settled(memory, [HERE], Person())
    assert again.model == "ollama:gemma3" and "as you chose once" in again.told[0]


def test_enter_takes_the_first_and_nonsense_is_asked_again(memory: Memory) -> None:
    assert settled(memory, [HERE], Person("")).model == "ollama:qwen3:4b"
    memory.path.unlink()
    person = Person("seven", "9", "1")
    assert settled(memory, [HERE], person).model == "ollama:qwen3:4b"
    assert "from 0 to 2" in person.asked[1]
    memory.path.unlink()
    assert settled(memory, [HERE], Person("a", "\u00b2", "9" * 5000)).model == "bundled"
    assert not memory.path.exists()  # that was no choice


def test_who_wants_the_practice_brain_is_asked_again_only_when_another_one_appears(memory: Memory) -> None:
    assert settled(memory, [HERE], Person("0")).model == "bundled"
    assert settled(memory, [HERE], Person()).model == "bundled"
    assert settled(memory, [HERE, ELSEWHERE], Person("3")).model == "vllm+http://127.0.0.1:9000/v1#org/big"


def test_without_a_terminal_the_practice_brain_talks_and_the_way_to_the_other_is_told(memory: Memory) -> None:
    found = settled(memory, [HERE], None)
    assert found == Settled("bundled", ("There is a brain on this machine: --model ollama:qwen3:4b",))
    assert not memory.path.exists()


def test_a_chosen_brain_that_is_not_there_is_told_and_not_forgotten(memory: Memory) -> None:
    memory.keep(Choice("ollama:qwen3:4b", ("ollama:qwen3:4b",)))
    gone = settled(memory, (), Person())
    assert gone.model == "bundled" and "does not answer" in gone.told[0]
    assert settled(memory, [HERE], Person()).model == "ollama:qwen3:4b"


def test_a_chosen_brain_that_stands_too_far_down_to_be_offered_talks_all_the_same(memory: Memory) -> None:
    memory.keep(Choice("ollama:m6", ("ollama:m6",)))
    several = Found(OLLAMA, tuple(f"m{number}" for number in range(8)))
    assert settled(memory, [several], Person()).model == "ollama:m6"
    memory.path.unlink()
    person = Person("1")
    settled(memory, [several], person)
    assert "4  ollama:m3\n     and 4 more, by --model\n" in person.asked[0]


def test_where_the_chosen_brain_is_gone_and_another_runs_the_other_is_offered(memory: Memory) -> None:
    memory.keep(Choice("ollama:qwen3:4b", ("ollama:qwen3:4b",)))
    person = Person("1")
    assert settled(memory, [ELSEWHERE], person).model == "vllm+http://127.0.0.1:9000/v1#org/big"
    assert person.asked[0].startswith("ollama:qwen3:4b, which you chose, does not answer.\nBrains run")
    memory.keep(Choice("ollama:qwen3:4b", ("ollama:qwen3:4b",)))
    alone = settled(memory, [ELSEWHERE], None)
    assert alone.model == "bundled" and "does not answer. There is a brain on this machine" in alone.told[0]


def test_a_name_that_would_steer_the_terminal_is_not_offered(memory: Memory) -> None:
    person = Person("1")
    several = Found(OLLAMA, ("\x1b[2Jevil", "", "m" * 999, "good"))
    assert settled(memory, [several], person).model == "ollama:good"
    assert "\x1b" not in person.asked[0] and "more" not in person.asked[0]


def test_a_chosen_folder_that_is_gone_is_told(memory: Memory, tmp_path: Path) -> None:
    memory.keep(Choice(str(tmp_path / "absent")))
    assert "is gone" in settled(memory, (), Person()).told[0]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": 1}', '{"model": "x", "offered": 3}'])
def test_a_damaged_memory_is_no_memory(memory: Memory, text: str) -> None:
    memory.path.parent.mkdir()
    memory.path.write_text(text)
    assert memory.recall() is None
    assert settled(memory, [HERE], Person("0")).model == "bundled"


def test_a_memory_that_cannot_be_written_is_told_and_talking_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = settled(Memory(tmp_path / "file" / "brain.json"), [HERE], Person("1"))
    assert found.model == "ollama:qwen3:4b" and "could not be kept" in found.told[0]


@pytest.mark.parametrize("found", [HERE, ELSEWHERE])
def test_what_is_offered_means_the_server_that_was_found(found: Found) -> None:
    for offer, model in zip(offered([found]), found.models, strict=True):
        server = named(offer)
        assert isinstance(server, Server)
        assert (server.dialect, server.urls, server.model) == (found.server.dialect, found.server.urls, model)


def test_a_server_at_its_usual_place_has_a_short_name() -> None:
    assert name(OLLAMA, "qwen3:4b") == "ollama:qwen3:4b"
