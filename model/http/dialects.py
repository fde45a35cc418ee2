"""The dialects by name. Each is one small file; only the one that is asked for is imported."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from pipeline.errors import ConfigError

from .dialect import Dialect


def _ollama() -> Dialect:
    from .ollama import Ollama

    return Ollama()


def _llamacpp() -> Dialect:
    from .llamacpp import LlamaCpp

    return LlamaCpp()


def _completions() -> Dialect:
    from .openai_completions import OpenAICompletions

    return OpenAICompletions()


def _chat(flavour: str) -> Callable[[], Dialect]:
    def make() -> Dialect:
        from . import openai_chat

        made: Dialect = getattr(openai_chat, flavour)()
        return made

    return make


CHATS = ("openai", "vllm", "sglang", "transformers", "lmstudio", "mistral", "stepfun")
_KNOWN: dict[str, Callable[[], Dialect]] = {
    **{name: _chat(name) for name in CHATS},
    "completions": _completions,
    "llama.cpp": _llamacpp,
    "ollama": _ollama,
}
NAMES = tuple(_KNOWN)


def dialect_of(name: str) -> Dialect:
    """The dialect of this name. Raises ConfigError that names the nearest."""
    if name in _KNOWN:
        return _KNOWN[name]()
    near = difflib.get_close_matches(name, NAMES, 1)
    meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(NAMES)}"
    raise ConfigError(f"no server speaks {name!r}{meant}")
