"""One of a thing is not several."""

from bench.counted import are, counted


def test_one_is_singular_and_all_else_is_plural():
    assert [counted(number, "turn") for number in (0, 1, 2)] == ["0 turns", "1 turn", "2 turns"]
    assert counted(1, "reply") == "1 reply" and counted(3, "reply") == "3 replies"
    assert (are(1), are(2)) == ("is", "are")
