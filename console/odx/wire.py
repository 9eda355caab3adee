"""The form in which worker processes send plain values to the console: JSON, defaults left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import ImportedDescription

Json = Any
_T = TypeVar("_T")


def dumps(description: ImportedDescription) -> str:
    """Return `description` as one line of JSON."""
    return json.dumps(_encode(description), ensure_ascii=True, separators=(",", ":"))


def loads(document: Mapping[str, Json]) -> ImportedDescription:
    """Return the description that a JSON object spells. Raises ValueError when it is not one."""
    try:
        decoded = _decoder(ImportedDescription)(document)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(f"not a description: {type(error).__name__}") from None
    if not isinstance(decoded, ImportedDescription):
        raise ValueError("not a description")
    return decoded


def to_json(value: Any) -> Json:
    """Return a dataclass of plain values (or a tuple, or one value) in the form that JSON takes."""
    return _encode(value)


def from_json(kind: type[_T], document: Json) -> _T:
    """Return the `kind` that to_json() made `document` of. Raises ValueError when it is none."""
    try:
        plain: Any = kind
        decoded = _decoder(plain)(document)
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ValueError(f"not a {kind.__name__}: {type(error).__name__}") from None
    if not isinstance(decoded, kind):
        raise ValueError(f"not a {kind.__name__}")
    return decoded


@cache
def _plan(kind: Any) -> tuple[tuple[str, object], ...]:
    """Return name and default of each field; fields that have their default are not sent."""
    return tuple((f.name, f.default) for f in fields(kind))


def _encode(value: Any) -> Json:
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    return {
        name: _encode(content)
        for name, default in _plan(value.__class__)
        if (content := getattr(value, name)) != default or default is MISSING
    }


@cache
def _decoder(kind: Any) -> Callable[[Json], Any]:
    """Return the function that makes a value of the annotated type `kind` from JSON and checks its shape."""
    if get_origin(kind) is tuple:
        inner = [_decoder(argument) for argument in get_args(kind) if argument is not Ellipsis]
        return lambda value: tuple(inner[0](item) for item in _expect(value, list))
    if get_origin(kind) is UnionType or isinstance(kind, UnionType):
        options = [argument for argument in get_args(kind) if argument is not NoneType]
        if options == [DoipAddress, CanAddress]:
            return _address
        optional = _decoder(options[0])
        return lambda value: None if value is None else optional(value)
    if kind is bytes:
        return lambda value: bytes.fromhex(_expect(value, str))
    if kind is float:
        return lambda value: float(_expect(value, int | float))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_decoder(kind)
    return lambda value: _expect(value, kind)


def _dataclass_decoder(kind: type) -> Callable[[Json], Any]:
    hints = get_type_hints(kind)
    decoders = {name: _decoder(hints[name]) for name, _default in _plan(kind)}

    def decode(value: Json) -> Any:
        content = _expect(value, dict)
        return kind(**{name: decoders[name](part) for name, part in content.items()})

    return decode


def _address(value: Json) -> DoipAddress | CanAddress:
    kind = DoipAddress if "logical" in value else CanAddress
    address = _decoder(kind)(value)
    assert isinstance(address, (DoipAddress, CanAddress))  # noqa: S101  # for the type checker: kind is one of both
    return address


def _expect(value: Json, kind: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{kind} expected")
    return value
