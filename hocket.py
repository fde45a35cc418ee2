"""The public names of Hocket, and nothing else: ``from hocket import Agent, AgentSession``.

Its packages lie side by side with plain names (``agent``, ``model``, …). A file of the same name beside a
user's own script would be imported in their place, so that is looked for first and told in one sentence.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

_PACKAGES = ("pipeline", "audio_io", "tts", "model", "agent", "sim", "bench", "training")


def _refuse_hidden_packages() -> None:
    """Raise ImportError, naming the file, where something else than ours would be imported."""
    home = Path(__file__).resolve().parent
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        found = spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))
        if not found:
            raise ImportError(
                f"hocket is installed incompletely: its package {name!r} is missing; reinstall it"
            )
        path = Path(found).resolve()
        ours = home / name
        if path != ours and ours not in path.parents:
            raise ImportError(f"{path} hides hocket's own package {name!r}: rename that file and run again")


_refuse_hidden_packages()

from agent.config import Config  # noqa: E402  # only after the check above
from agent.launch import launch  # noqa: E402
from agent.mcp_tools import McpServer, mcp_tools  # noqa: E402
from agent.notices import (  # noqa: E402
    AgentFalseInterruptionEvent,
    AgentStateChangedEvent,
    CloseEvent,
    ConversationItemAddedEvent,
    ErrorEvent,
    FunctionToolsExecutedEvent,
    MetricsCollectedEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from agent.serve.server import Server  # noqa: E402
from agent.session import Agent, AgentSession  # noqa: E402
from agent.speech import SpeechHandle  # noqa: E402
from agent.tools import FunctionTool, function_tool  # noqa: E402
from audio_io.wav_edge import WavEdge  # noqa: E402
from pipeline.calling import ToolError  # noqa: E402
from pipeline.clock import run  # noqa: E402
from pipeline.errors import DeviceError, HocketError, ModelError, UserError  # noqa: E402

__all__ = [
    "Agent",
    "AgentFalseInterruptionEvent",
    "AgentSession",
    "AgentStateChangedEvent",
    "CloseEvent",
    "Config",
    "ConversationItemAddedEvent",
    "DeviceError",
    "ErrorEvent",
    "FunctionTool",
    "FunctionToolsExecutedEvent",
    "HocketError",
    "McpServer",
    "MetricsCollectedEvent",
    "ModelError",
    "Server",
    "SpeechCreatedEvent",
    "SpeechHandle",
    "ToolError",
    "UserError",
    "UserInputTranscribedEvent",
    "UserStateChangedEvent",
    "WavEdge",
    "function_tool",
    "launch",
    "mcp_tools",
    "run",
]
