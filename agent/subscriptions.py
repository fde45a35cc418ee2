"""Who wants to be told of which events: an application's callbacks, kept apart from the session.

A callback is called at once, in the order of events, and must not block. One that raises is told of and hurts
nobody. Coroutine functions are refused: who would await them, and when, is the application's to say.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, TypeAlias

from agent.notices import NAMES, ErrorEvent, Event
from pipeline.errors import UserError

Callback: TypeAlias = Callable[[Any], object]
Kind: TypeAlias = type[Event] | str
"""A kind of event, by its type or by the name in ``NAMES``."""


class Subscriptions:
    """The callbacks of one session, by kind of event."""

    def __init__(self, failed: Callable[[str], None]) -> None:
        """``failed`` is told, in a sentence, of a callback that raised."""
        self._failed = failed
        self._callbacks: dict[type[Event], list[Callback]] = {}

    def on(self, kind: Kind, callback: Callback) -> None:
        """Call this with every event of the kind. Raises UserError for an unknown kind or a coroutine."""
        if inspect.iscoroutinefunction(callback):
            raise UserError(
                f"{_name(callback)} is a coroutine function, and a callback is called, not awaited: give a"
                " plain function that starts your task"
            )
        self._callbacks.setdefault(_kind(kind), []).append(callback)

    def off(self, kind: Kind, callback: Callback) -> None:
        """Call it no more. Raises UserError when it was not subscribed."""
        callbacks = self._callbacks.get(_kind(kind), [])
        if callback not in callbacks:
            raise UserError(f"{_name(callback)} was not subscribed to these events")
        callbacks.remove(callback)

    def tell(self, event: Event) -> None:
        """Call whoever wants this event. A callback for errors that itself raises is called no more."""
        callbacks = self._callbacks.get(type(event), [])
        for callback in tuple(callbacks):
            self.call(callback, event)

    def call(self, callback: Callback, value: object) -> None:
        """Call it with this, whatever it does."""
        try:
            result = callback(value)
            if inspect.iscoroutine(result):
                result.close()
                raise TypeError("it gave back a coroutine, which nobody awaits: let it start a task")
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001
            # An application's fault must not end its conversation; nor what it reads of a task it cancelled.
            callbacks = self._callbacks.get(ErrorEvent, [])
            if isinstance(value, ErrorEvent) and callback in callbacks:
                callbacks.remove(callback)  # or it would be told of its own failure, for ever
            self._failed(f"the callback {_name(callback)} raised {type(error).__name__}: {error}")


def _kind(kind: Kind) -> type[Event]:
    if isinstance(kind, str) and kind in NAMES:
        return NAMES[kind]
    if isinstance(kind, type) and kind in NAMES.values():
        return kind
    raise UserError(f"there is no event {kind!r}; known are {', '.join(NAMES)}, or their types")


def _name(callback: Callable[..., Any]) -> str:
    return getattr(callback, "__qualname__", repr(callback))
