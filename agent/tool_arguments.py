"""A Python function as a brain sees it: what it is for, and what its arguments are.

Read from the signature, the type hints and the docstring (Google's and Sphinx's style). Calls nothing.
"""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import UserError

from .tool_types import Kind, kind_of

_SPHINX = re.compile(r"^:param\s+(?:[^:]*\s)?(\w+):\s*(.*)$")
_ARGUMENTS = re.compile(r"^(args|arguments|parameters)\s*:\s*$", re.IGNORECASE)
_GOOGLE = re.compile(r"^(\w+)(?:\s*\([^)]*\))?\s*:\s*(.*)$")
_SECTION = re.compile(r"^[A-Z]\w+(\s\w+)?:\s*$")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a function takes."""

    kinds: Mapping[str, Kind]
    required: frozenset[str]
    schema: str
    "JSON schema of an object, as canonical JSON text."

    @classmethod
    def of(cls, function: Callable[..., Any], name: str) -> Arguments:
        """Raises UserError where a brain could not fill an argument in."""
        told = documented(function)[1]
        kinds, required = dict[str, Kind](), list[str]()
        properties, definitions = dict[str, Any](), dict[str, Any]()
        for each, hint in _hints(function, name).items():
            parameter = inspect.signature(function).parameters[each]
            kind = kinds[each] = kind_of(hint, f"the argument {each!r} of the tool {name!r}")
            schema = dict(kind.schema)
            if each in told:
                schema.setdefault("description", told[each])
            if parameter.default is inspect.Parameter.empty:
                required.append(each)
            elif isinstance(parameter.default, str | int | float | bool):
                schema.setdefault("default", parameter.default)
            properties[each] = schema
            definitions |= kind.definitions
        whole: dict[str, Any] = {
            "type": "object", "properties": properties, "required": required, "additionalProperties": False
        }  # fmt: skip
        if definitions:
            whole["$defs"] = definitions
        return cls(kinds, frozenset(required), canonical(whole))

    def read(self, text: str) -> dict[str, Any]:
        """The values in a brain's JSON. Raises ValueError, in words for the brain."""
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"they are no JSON ({error})") from None
        if not isinstance(given, dict):
            raise ValueError(f"they must be one JSON object, not {text[:80]}")
        unknown = sorted(given.keys() - self.kinds.keys())
        missing = sorted(self.required - given.keys())
        if unknown or missing:
            parts = [f"{', '.join(unknown)} unknown"] * bool(unknown)
            parts += [f"{', '.join(missing)} missing"] * bool(missing)
            raise ValueError(f"{' and '.join(parts)}; there are: {', '.join(self.kinds) or 'none'}")
        return {each: self.kinds[each].read(value, each) for each, value in given.items()}


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    """The annotation of each argument."""
    try:
        hints = typing.get_type_hints(_inner(function), include_extras=True)
        parameters = inspect.signature(function).parameters
    except (NameError, TypeError, ValueError) as error:
        raise UserError(f"the types of the tool {name!r} cannot be read: {error}") from None
    for each, parameter in parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise UserError(
                f"the tool {name!r} takes {parameter}: a brain gives arguments by name, one by one"
            )
        if each not in hints:
            more = "; make a tool of the bound method instead" if each == "self" else ""
            raise UserError(f"the argument {each!r} of the tool {name!r} has no type: annotate it{more}")
    return {each: hints[each] for each in parameters}


def _inner(function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isroutine(function):
        return function
    inner = getattr(function, "func", None) or type(function).__call__  # a partial, or an object with a call
    return typing.cast("Callable[..., Any]", inner)


def documented(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The summary of a docstring, and what it says of each argument."""
    paragraphs, told = list[str](), dict[str, str]()
    inside, current, indent = False, "", 0
    for line in (inspect.getdoc(getattr(function, "func", function)) or "").splitlines():
        text, depth = line.strip(), len(line) - len(line.lstrip())
        if sphinx := _SPHINX.match(text):
            inside, current = True, sphinx[1]
            told[current], indent = sphinx[2], -1
        elif _ARGUMENTS.match(text):
            inside, current, indent = True, "", 0
        elif text.startswith(":") or _SECTION.match(text):
            inside, current, told = True, "", told
            indent = 1 << 30  # of this section nothing is about arguments
        elif inside:
            found = _GOOGLE.match(text)
            if found and indent >= 0 and (not indent or depth <= indent) and depth:
                current, indent = found[1], depth
                told[current] = found[2]
            elif current and text:
                told[current] = f"{told[current]} {text}".strip()
        else:
            paragraphs.append(text)
    return "\n".join(paragraphs).strip().partition("\n\n")[0].replace("\n", " "), told


def canonical(value: Any) -> str:
    """JSON that is equal for equal values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
