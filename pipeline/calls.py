"""Tool calls as text: the one form in which they cross the engine port, whatever a brain's own form is.

Step-Audio 2's: ``<tool_call>function\\n{name}\\n{json arguments}</tool_call>``. Pure; runs nothing.
"""

from __future__ import annotations

from .prompt import ToolCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"


def written(call: ToolCall) -> str:
    """The call as an engine writes it and reads it again."""
    return f"{OPEN}function\n{call.name}\n{call.arguments}{CLOSE}"
