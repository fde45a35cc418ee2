"""What is said to a client whose event cannot be carried out: one error, with where it lies. Pure."""

from __future__ import annotations

from pipeline.errors import PeerError

from .told import Problem

__all__ = ["WireError", "invalid", "missing"]


class WireError(PeerError):
    """A client event, or a session object, that is refused. ``problem`` is what the client is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def invalid(param: str | None, message: str, code: str = "invalid_value") -> WireError:
    """An error to raise: what was wrong, what is accepted."""
    return WireError(Problem(code, message, param))


def missing(param: str) -> WireError:
    """An error to raise for a field that has to be there."""
    return WireError(Problem("missing_required_parameter", f"{param} is missing.", param))
