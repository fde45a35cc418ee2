"""Which server is asked, as a value: where it is, how it is spoken to, and whose key it gets.

It holds no key: only the name of the environment variable that holds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Server:
    """One brain behind HTTP, perhaps at several addresses."""

    dialect: str
    """``openai`` (hosted and plain), ``vllm``, ``sglang``, ``transformers``, ``lmstudio``, ``completions``
    (text completions), ``llama.cpp`` or ``ollama``."""
    urls: tuple[str, ...]
    """Base URLs without a slash at the end, the best first; a dialect's paths are joined to them as they are:
    ``http://127.0.0.1:8000/v1`` + ``/chat/completions``, ``http://127.0.0.1:11434`` + ``/api/chat``."""
    model: str = ""
    "Empty: the first that the server lists."
    key_env: str = ""
    "Environment variable with the key for these hosts; empty: none is sent."
    hosted: bool = False
    "Tokens cost money, and what is said leaves this machine."
    preset: str = ""
    "The name a person typed, for messages."

    def __post_init__(self) -> None:
        if not self.urls or any(url.endswith("/") for url in self.urls):
            raise ValueError(f"a server has base URLs without a slash at the end, got {self.urls}")

    @property
    def title(self) -> str:
        """What messages call it: the name a person typed, else the first URL's host and port, and how many
        more there are."""
        first = urlsplit(self.urls[0]).netloc.rpartition("@")[2]
        more = f" and {len(self.urls) - 1} more" if len(self.urls) > 1 else ""
        return self.preset or first + more
