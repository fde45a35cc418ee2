"""Whether an event is one of the protocol's, by OpenAI's own types: as strict as the strictest client.

``openai-agents`` validates every event so, and tells its user of an error where one is not as it should be.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Annotated, Any

import pytest

OWN = ("hocket.", "response.thinking.")
"""What is ours alone, and goes to clients that asked for it."""


@cache
def _adapter() -> Any:
    types = pytest.importorskip("openai.types.realtime", reason="the openai package is not installed")
    pydantic = pytest.importorskip("pydantic")
    return pydantic.TypeAdapter(
        Annotated[types.RealtimeServerEvent, pydantic.Field(discriminator="type")]
    )  # fmt: skip


def as_json(value: Any) -> Any:
    """The event as it is sent in a text frame: sound as base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: as_json(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_json(each) for each in value]
    return value


def valid(event: dict[str, Any], *, own: bool = False) -> Any:
    """The event as OpenAI's types see it. Raises pydantic's ValidationError where it is none of theirs.

    ``own``: events that are ours alone may stand beside them, and are not looked at.
    """
    if own and str(event["type"]).startswith(OWN):
        return event
    told = as_json(event)
    if told.get("previous_item_id", "") is None:
        told["previous_item_id"] = ""  # as openai-agents does: their own types forbid what their server sends
    return _adapter().validate_python(told)
