"""Lines for the person who trains: time of day and text, through logging."""

import logging
import sys

_LOG = logging.getLogger("hocket.training")


def begin() -> None:
    """Sends the lines of this process to standard output. Every process of training calls it once."""
    logging.basicConfig(
        stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )


def say(line: str) -> None:
    """One line of progress."""
    _LOG.info(line)
