"""The one place of training that prints and reads a clock: training is offline, nothing in it is
simulated."""

import time  # noqa: TID251 - offline: no turn depends on it


def say(line: str) -> None:
    """One line for the person who trains, with the time of day."""
    print(time.strftime("%H:%M:%S"), line, flush=True)  # noqa: T201 - a command-line tool's output


def tell(line: str) -> None:
    """One line of a result, as it is."""
    print(line, flush=True)  # noqa: T201 - a command-line tool's output


def seconds() -> float:
    """A clock for schedules."""
    return time.monotonic()
