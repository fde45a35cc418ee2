"""The ids of a turn are those that the runtime sends; loss lies on what the model is to write alone."""

import itertools
import random

import pytest

pytest.importorskip("torch")

from model.render import Patches, Renderer, Words
from model.tokenizer import AUDIO_PATCH, EOT, PAD
from pipeline.calls import CallFinder, Wanted
from pipeline.prompt import Audio, Called, Heard, Human, Note, Prompt, Reply, System, ToolCall, ToolResult
from training.drill import direct_row, drill_row, pseudo_audio, spread
from training.language import SYSTEM, Language
from training.notes import Noted, Script
from training.skills.question import How, Question
from training.skills.registry import NOTHING
from training.turns import Turn, draw_mode, turn_row

np = pytest.importorskip("numpy")

CHAIN = Question("long", ("two", "plus", "three", "minus", "one"), (2, 3, 1), ("+", "-"))
LINES = ("heard: minus one", "2+3: 2+3=5, 0+0=0, 5", "5-1: 5-1=4, 0-0=0, 4")
NOTES = (Noted(4, "heard: two\n", 11, closed=True), Noted(7, "heard: plus three\n", 18, closed=False))
SAID = ("Two plus three minus one,", " that is four.")


def _row(
    mode: str, notes: tuple[Noted, ...] = NOTES, lines: tuple[str, ...] = LINES
) -> tuple[list[int], list[int]]:
    """All ids and those with a loss."""
    turn = Turn(CHAIN, NOTHING, (AUDIO_PATCH,) * 12, Script(notes, lines), mode, ((3, "You are welcome."),))
    row = turn_row(Language(), turn, random.Random(1))
    return row.ids, [i for i, weight in zip(row.ids, row.weights, strict=True) if weight]


def _runtime(reply: Reply, notes: tuple[Noted, ...] = NOTES) -> list[int]:
    """The ids of the runtime's own prompt; the sound is any."""
    sound = tuple(Audio(np.full(1280 * count, 0.1, np.float32)) for count in (3, 12))
    human = Human((sound[1],), tuple(Note(note.text, note.after) for note in notes))
    prompt = Prompt((System("any"), Human((sound[0],)), Heard("You are welcome."), human, reply))
    ids: list[int] = []
    for run in Renderer(Language().tokenizer, SYSTEM).layout(prompt).runs:
        if isinstance(run, Words):
            ids += run.ids
        else:
            ids += [AUDIO_PATCH] * len(run) if isinstance(run, Patches) else [5]
    return ids


def test_a_whole_thought_after_notes_is_what_the_runtime_reads() -> None:
    ids, _ = _row("think")
    thoughts = "".join(line + "\n" for line in LINES)
    assert ids == [
        *_runtime(Reply(thoughts, thinking=False, said=SAID[0])),
        *Language().tokenizer.encode(SAID[1]),
        EOT,
    ]


def test_an_empty_thought_is_what_the_runtime_reads() -> None:
    ids, lossy = _row("direct")
    encode = Language().tokenizer.encode
    assert ids == [*_runtime(Reply("", thinking=False)), *encode(SAID[0]), *encode(SAID[1]), EOT]
    assert Language().tokenizer.decode(lossy).endswith("plus three\n" + "".join(SAID))


def test_a_part_of_a_thought_is_followed_by_what_is_sure_and_the_end() -> None:
    for _ in range(5):
        ids, lossy = _row("part")
        text = Language().tokenizer.decode(lossy)
        assert ids[-1] == EOT
        assert text.endswith(SAID[0])
        assert LINES[2] not in text
        assert "</think>\n" not in text


def test_loss_lies_on_notes_thought_and_reply_but_not_on_what_a_draft_left() -> None:
    _, lossy = _row("think")
    text = Language().tokenizer.decode(lossy)
    assert text == "heard: two\n</think>heard: plus three\n" + "\n".join(LINES) + "\n</think>\n" + "".join(
        SAID
    )


def test_a_thought_of_one_line_has_no_part() -> None:
    assert draw_mode(Script((), ("heard: hello",)), random.Random(1), {"part": 1.0}) == "think"


def test_drills_are_rows_with_some_loss() -> None:
    language, rng = Language(), random.Random(4)
    for _ in range(300):
        row = drill_row(language, rng)
        assert len(row.ids) == len(row.weights)
        assert any(row.weights)
        assert row.ids[-1] == EOT
        assert AUDIO_PATCH not in row.ids
    direct = language.tokenizer.decode(direct_row(language, rng).ids)
    assert "<think>\n\n</think>\n" in direct


def test_a_word_that_comes_twice_can_be_told_from_a_long_one() -> None:
    language, rng = Language(), random.Random(4)
    beep = language.tokenizer.piece(" beep")
    for _ in range(200):
        count = rng.randint(1, 6)
        heard = [word for word, _ in itertools.groupby(pseudo_audio([beep] * count, rng)) if word == beep]
        assert len(heard) == count
    question = Question("count", ("count", "beeps"), how=How(events=(("beep", 4),)))
    words = language.words(question, ("beep",) * 4 + question.words)
    for _ in range(200):
        path, _ = spread(language, question, rng, ("beep",) * 4 + question.words)
        assert [word for word, _ in itertools.groupby(path) if word != PAD] == words


def _sound(count: int) -> Human:
    return Human((Audio(np.full(1280 * count, 0.1, np.float32)),))


def _ids(*parts: object) -> list[int]:
    ids: list[int] = []
    renderer = Renderer(Language().tokenizer, f"{SYSTEM} clock timer")
    for run in renderer.layout(Prompt((System("any"), *parts))).runs:  # type: ignore[arg-type]
        if isinstance(run, Words):
            ids += run.ids
        else:
            ids += [AUDIO_PATCH] * len(run) if isinstance(run, Patches) else [5]
    return ids


def test_a_call_and_its_result_are_what_the_runtime_reads_now_and_as_history() -> None:
    question = Question("clock", ("what", "time", "is", "it"), facts=("16:05",))
    asked = Called((ToolCall("1", "clock", "{}"),), (ToolResult("1", "clock", "16:05"),))
    thought, said = "16:05: 16-12=4, afternoon\n", "It is four oh five in the afternoon."
    script = Script((), ("heard: what time is it", thought.rstrip("\n")))
    before = (3, said, ("<tool_call>function\nclock\n{}</tool_call>", "clock", "16:05"))
    turn = Turn(question, NOTHING, (AUDIO_PATCH,) * 4, script, "think", (before,), tools=("clock", "timer"))
    row = turn_row(Language(), turn, random.Random(1))
    past = (_sound(3), asked, Heard(said))
    assert row.ids == [*_ids(*past, _sound(4), asked, Reply(thought, thinking=False, said=said)), EOT]
    lossy = Language().tokenizer.decode(i for i, w in zip(row.ids, row.weights, strict=True) if w)
    assert lossy == thought + "</think>\n" + said


def test_a_call_is_written_as_the_runtime_finds_it() -> None:
    question = Question("timer", ("timer", "for", "two", "minutes"), facts=("call", "2", "minute"))
    script = Script((), ("heard: timer for two minutes", "2*6=12", "timer 120 seconds"))
    turn = Turn(question, NOTHING, (AUDIO_PATCH,) * 4, script, "think", tools=("clock", "timer"))
    row = turn_row(Language(), turn, random.Random(1))
    found = CallFinder().feed(Language().tokenizer.decode(row.ids).split("</think>\n")[1])
    assert found == [Wanted("timer", '{"seconds": 120}')]
