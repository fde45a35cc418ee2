"""Types of a tool's arguments: their JSON schema, and values read from a brain's JSON by it.

Plain types need nothing installed; any other (dataclasses, dates, pydantic's own models) is pydantic's to
read, where that is there. Nothing is guessed: what does not fit raises ValueError with what would.
"""

from __future__ import annotations

import importlib
import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pipeline.errors import UserError


@dataclass(frozen=True, slots=True)
class Kind:
    """One type."""

    schema: dict[str, Any]
    read: Callable[[Any, str], Any]
    "The value of a decoded JSON value; the text says where it stands. Raises ValueError."
    definitions: dict[str, Any] = field(default_factory=dict)
    "What the schema refers to under ``#/$defs``."


def kind_of(hint: Any, where: str) -> Kind:
    """The kind of an annotation; ``where`` names it. Raises UserError for a type that nothing here reads."""
    if typing.get_origin(hint) is typing.Annotated:
        inner, *notes = typing.get_args(hint)
        told = next((note for note in notes if isinstance(note, str)), "")
        if told and len(notes) == 1:
            kind = kind_of(inner, where)
            return Kind({**kind.schema, "description": told}, kind.read, kind.definitions)
        return _foreign(hint, where)
    return _plain(hint, where) or _foreign(hint, where)


def _plain(hint: Any, where: str) -> Kind | None:
    if hint in _SCALARS:
        return _SCALARS[hint]
    origin, given = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _one_of(given, {value: value for value in given})
    if inspect.isclass(hint) and issubclass(hint, Enum):
        members = {member.value: member for member in hint}
        return _one_of(tuple(members), members)
    if origin in (typing.Union, types.UnionType):
        return _any_of([kind_of(each, where) for each in given])
    if origin in (list, Sequence) or hint is list:
        return _list(kind_of(given[0], where) if given else _SCALARS[Any])
    if (origin in (dict, Mapping) and given[0] is str) or hint is dict:
        return _dict(kind_of(given[1], where) if given else _SCALARS[Any])
    return None


def _reader(name: str, fits: Callable[[Any], bool], take: Callable[[Any], Any]) -> Callable[[Any, str], Any]:
    def read(value: Any, where: str) -> Any:
        if not fits(value):
            raise ValueError(f"{where} must be {name}, not {value!r}")
        return take(value)

    return read


def _whole(value: Any) -> bool:
    integral = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return integral and not isinstance(value, bool)


def _number(value: Any) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with more digits than any float has
        return False


_SCALARS: dict[Any, Kind] = {
    str: Kind({"type": "string"}, _reader("a string", lambda v: isinstance(v, str), str)),
    int: Kind({"type": "integer"}, _reader("an integer", _whole, int)),
    float: Kind({"type": "number"}, _reader("a number", _number, float)),
    bool: Kind({"type": "boolean"}, _reader("true or false", lambda v: isinstance(v, bool), bool)),
    type(None): Kind({"type": "null"}, _reader("null", lambda v: v is None, lambda v: v)),
    None: Kind({"type": "null"}, _reader("null", lambda v: v is None, lambda v: v)),
    Any: Kind({}, lambda value, where: value),
}


def _one_of(values: Sequence[Any], meant: Mapping[Any, Any]) -> Kind:
    def fits(value: Any) -> bool:
        return any(type(value) is type(each) and value == each for each in values)

    name = "one of " + ", ".join(map(repr, values))
    return Kind({"enum": list(values)}, _reader(name, fits, lambda value: meant[value]))


def _any_of(kinds: list[Kind]) -> Kind:
    def read(value: Any, where: str) -> Any:
        problems = []
        for kind in kinds:
            try:
                return kind.read(value, where)
            except ValueError as problem:
                problems.append(str(problem))
        raise ValueError("; or ".join(problems))

    definitions = {name: each for kind in kinds for name, each in kind.definitions.items()}
    return Kind({"anyOf": [kind.schema for kind in kinds]}, read, definitions)


def _list(item: Kind) -> Kind:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"{where} must be a list, not {value!r}")
        return [item.read(each, f"{where}[{index}]") for index, each in enumerate(value)]

    return Kind({"type": "array", "items": item.schema}, read, item.definitions)


def _dict(item: Kind) -> Kind:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"{where} must be an object, not {value!r}")
        return {name: item.read(each, f"{where}.{name}") for name, each in value.items()}

    return Kind({"type": "object", "additionalProperties": item.schema}, read, item.definitions)


def _foreign(hint: Any, where: str) -> Kind:
    """A type that pydantic reads."""
    try:
        pydantic = importlib.import_module("pydantic")
    except ImportError:
        raise UserError(
            f"{where} has the type {hint!r}: without pydantic a tool takes str, int, float, bool, Literal,"
            " Enum, lists, dicts with text keys and unions of these; install hocket[tools] for other types"
        ) from None
    try:
        adapter = pydantic.TypeAdapter(hint)
        schema = adapter.json_schema()
    except pydantic.errors.PydanticUserError as error:
        first = str(error).partition("\n")[0]
        raise UserError(f"{where} has the type {hint!r}, which no JSON can give: {first}") from None
    definitions = schema.pop("$defs", {})

    def read(value: Any, where: str) -> Any:
        try:
            return adapter.validate_python(value)
        except pydantic.ValidationError as error:
            told = "; ".join(f"{'.'.join(map(str, (where, *e['loc'])))}: {e['msg']}" for e in error.errors())
            raise ValueError(told) from None

    return Kind(schema, read, definitions)
