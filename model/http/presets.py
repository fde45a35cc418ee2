"""Names that people type for servers, and what they type instead of a name. Pure: it asks nobody.

Addresses of hosted services are those of their own documentation or of clients that document them. Ports are
the defaults of the servers' own command lines.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from urllib.parse import SplitResult, urlsplit

from pipeline.errors import ConfigError

from .keys import LOCAL
from .server import Server

DIALECTS = (
    "openai", "completions", "vllm", "sglang", "transformers", "lmstudio", "mistral", "stepfun", "llama.cpp",
    "ollama",
)  # fmt: skip
"""What a server is spoken to in."""

NATIVE = frozenset({"llama.cpp", "ollama"})
"""Dialects whose base URL has no ``/v1``."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of server, or a service."""

    dialect: str
    url: str
    key_env: str = ""
    "Environment variable with the key, where one is wanted."
    hosted: bool = False
    "A service on the internet, paid by the token."


PRESETS: dict[str, Preset] = {
    "ollama": Preset("ollama", "http://127.0.0.1:11434"),
    "llama.cpp": Preset("llama.cpp", "http://127.0.0.1:8080"),
    "lmstudio": Preset("lmstudio", "http://127.0.0.1:1234/v1"),
    "vllm": Preset("vllm", "http://127.0.0.1:8000/v1"),
    "sglang": Preset("sglang", "http://127.0.0.1:30000/v1"),
    "transformers": Preset("transformers", "http://127.0.0.1:8000/v1"),
    "openai": Preset("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", True),
    "openrouter": Preset("openai", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", True),
    "groq": Preset("openai", "https://api.groq.com/openai/v1", "GROQ_API_KEY", True),
    "gemini": Preset(
        "openai", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", True
    ),
    "mistral": Preset("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", True),
    "together": Preset("openai", "https://api.together.xyz/v1", "TOGETHER_API_KEY", True),
    "fireworks": Preset("openai", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", True),
    "deepseek": Preset("openai", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", True),
}
"""By name. A service that is not here is given by its URL, with ``key_env`` in the settings."""

ALIASES = {
    "llamacpp": "llama.cpp",
    "llama-cpp": "llama.cpp",
    "llama-server": "llama.cpp",
    "lm-studio": "lmstudio",
}

_URL = re.compile(r"(?:([a-z][a-z0-9.-]*)\+)?(https?)://", re.IGNORECASE)


def is_server(text: str) -> bool:
    """Does this name a server at all, rather than a folder or a model of a hub?

    True for anything with a URL in it, and for ``PRESET`` and ``PRESET:MODEL`` of a preset that there is.
    """
    return _URL.match(text.strip()) is not None or _preset_name(text.partition(":")[0]) in PRESETS


def parse_server(text: str) -> Server:
    """A server from ``PRESET[:MODEL]`` or ``[DIALECT+]http(s)://host[:port][/path][#MODEL]``.

    Several URLs with a comma between them are one brain at several addresses: the same dialect, model and
    key. Raises ConfigError that says what is accepted, with the nearest name.
    """
    text = text.strip()
    if not text:
        raise ConfigError(f"a server has a name or a URL; {_accepted()}")
    if "://" in text:
        return _of_urls(text)
    name, _, model = text.partition(":")
    preset = PRESETS.get(_preset_name(name))
    if preset is None:
        raise ConfigError(f"there is no server called {name!r}{_nearest(name, PRESETS)}; {_accepted()}")
    urls = (preset.url,)
    return Server(preset.dialect, urls, model.strip(), preset.key_env, preset.hosted, _preset_name(name))


def _of_urls(text: str) -> Server:
    listed, _, model = text.partition("#")
    first, *others = [url.strip() for url in listed.split(",")]
    named = _URL.match(first)
    spoken = named.group(1) if named is not None else None
    servers = [_of_url(first), *(_of_url(url, spoken or "") for url in others)]
    best = servers[0]
    for each in servers[1:]:
        if each.dialect != best.dialect:
            raise ConfigError(
                f"one brain at several addresses speaks one dialect; got {best.dialect} and {each.dialect}"
            )
        if each.hosted != best.hosted:
            raise ConfigError("addresses of one brain are all on this network or all services, not mixed")
    urls = tuple(dict.fromkeys(url for each in servers for url in each.urls))
    keys = {each.key_env for each in servers}
    if len(keys) > 1:
        raise ConfigError("addresses of different services need different keys; name one service at a time")
    return replace(best, urls=urls, model=model.strip())


def _of_url(text: str, spoken: str = "") -> Server:
    """``spoken``: the dialect, where the URL names none."""
    found = _URL.match(text)
    if found is None:
        raise ConfigError(f"{text!r} is no URL; {_accepted()}")
    dialect = _preset_name(found.group(1) or spoken)
    if dialect and dialect not in DIALECTS:
        known = dict.fromkeys(DIALECTS)
        raise ConfigError(f"there is no dialect {dialect!r}{_nearest(dialect, known)}: {', '.join(DIALECTS)}")
    parts = _parts(text[found.start(2) :])
    service = _service(parts)
    preset = PRESETS[service] if service else None
    dialect = dialect or (preset.dialect if preset else _by_port(parts))
    hosted = preset.hosted if preset else False
    return Server(dialect, (_base(parts, dialect),), "", preset.key_env if preset else "", hosted, service)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port != 0
    except ValueError:  # half of an IPv6 address, or a port that is none
        good = False
    if not good:
        raise ConfigError(f"{url!r} has no host, or a port that is none; {_accepted()}")
    if parts.username or parts.password:
        raise ConfigError(
            "a URL with a name or password in it is kept in histories and logs; put the key into an"
            " environment variable and name that in the settings (key_env)"
        )
    if parts.query:
        raise ConfigError(f"a base URL has no '?{parts.query}'; put such fields into the settings (extra)")
    return parts


def _base(parts: SplitResult, dialect: str) -> str:
    """The base URL of a dialect: OpenAI's kind has a path, ``/v1`` unless another is given."""
    path = parts.path.rstrip("/")
    for ending in ("/chat/completions", "/completions", "/models", "/completion"):
        path = path.removesuffix(ending)
    if dialect in NATIVE:
        for ending in ("/chat", "/api", "/v1"):
            path = path.removesuffix(ending)
    elif not path:
        path = "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def _service(parts: SplitResult) -> str:
    """The preset whose host this is; empty: none, or one of this machine, of which nothing is known."""
    if parts.hostname in LOCAL:
        return ""
    return next((n for n, p in PRESETS.items() if urlsplit(p.url).hostname == parts.hostname), "")


def _by_port(parts: SplitResult) -> str:
    """What a server without a dialect is taken for: Ollama and llama.cpp at their own ports, else OpenAI's
    kind, which both of them speak too. Asking it tells more (``discovery.look``)."""
    native = {urlsplit(PRESETS[name].url).port: name for name in NATIVE}
    return native.get(parts.port, "openai") if "/v1" not in parts.path else "openai"


def _preset_name(name: str) -> str:
    lower = name.strip().lower()
    return ALIASES.get(lower, lower)


def _nearest(name: str, known: dict[str, Preset] | dict[str, None]) -> str:
    near = difflib.get_close_matches(name.lower(), [*known, *ALIASES], n=1)
    return f" (did you mean {_preset_name(near[0])!r}?)" if near else ""


def _accepted() -> str:
    return (
        f"accepted are {', '.join(PRESETS)}, each also with :MODEL, and [DIALECT+]http(s)://host:port[/v1]"
        "[#MODEL], several with a comma"
    )
