"""A person at a terminal sees a bar, a file gets lines, and failures are told to both."""

import io

from bench.progress import Bar, Lines, progress_for


class Terminal(io.StringIO):
    def isatty(self):
        return True


def through(progress):
    with progress:
        progress.begin(4, 1)
        for place in range(3):
            progress.hold(f"smooth/{place:03d}")
            progress.held(
                f"smooth/{place:03d}: 7 s" + (", failed: [x] broke" if place == 1 else ""), failed=place == 1
            )


def test_lines_are_numbered_among_those_of_this_run():
    told = []
    through(progress_for(io.StringIO(), told.append))
    assert told == [
        "1 of 4 conversations are done already", "[1/3] smooth/000: 7 s",
        "[2/3] smooth/001: 7 s, failed: [x] broke", "[3/3] smooth/002: 7 s",
    ]  # fmt: skip


def test_nothing_is_said_of_earlier_runs_where_there_were_none():
    told = []
    with Lines(told.append) as lines:
        lines.begin(2, 0)
    assert told == []


def test_a_bar_counts_what_was_done_before_and_leaves_only_failures_as_lines(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen, told = Terminal(), []
    progress = progress_for(screen, told.append)
    assert isinstance(progress, Bar)
    through(progress)
    shown = screen.getvalue()
    assert "4/4" in shown and "smooth/002" in shown and not told
    assert "smooth/001: 7 s, failed: [x] broke\n" in shown and "smooth/000: 7 s" not in shown


def test_an_interrupted_bar_leaves_the_terminal_as_it_was(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    try:
        with Bar(screen) as bar:
            bar.begin(3, 0)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert screen.getvalue().rstrip("\n").endswith("\x1b[?25h")  # the cursor is shown again
