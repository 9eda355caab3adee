"""Turns the model's values into what JSON can hold and back, without loss."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar, Union

from workshop_console.console.model.address import CanAddress, DoipAddress

T = TypeVar("T")

Plain = Any
"""None, bool, int, float, str, list or dict of these."""


def to_plain(value: object) -> Plain:
    """Return `value` (a model dataclass, or what one holds) as JSON can hold it.

    bytes become hexadecimal, times ISO 8601, enumerations their value, addresses `{"doip": n}` or
    `{"can": [request, response, extended]}`, dataclasses a dict without the fields that have their default.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, (bytes, bytearray)):
        return value.hex().upper()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, DoipAddress):
        return {"doip": value.logical}
    if isinstance(value, CanAddress):
        return {"can": [value.request, value.response, value.extended]}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: to_plain(item)
            for field in dataclasses.fields(value)
            if (item := getattr(value, field.name)) != field.default or field.default is dataclasses.MISSING
        }
    raise TypeError(f"{type(value).__name__} is no value of the model")


@functools.cache
def _fields(kind: type) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {name: hint for name, hint in hints.items() if typing.get_origin(hint) is not typing.ClassVar}


def from_plain(kind: type[T], plain: Plain) -> T:
    """Return the value of type `kind` that `to_plain` made `plain` from.

    Names that `kind` does not have are ignored, missing ones take their default.
    Raises ValueError when `plain` is not of that form.
    """
    try:
        return typing.cast(T, _read(kind, plain))
    except (TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        raise ValueError(f"not a kept {getattr(kind, '__name__', kind)}: {error}") from None


def _expect(plain: Plain, kind: type) -> Plain:
    if not isinstance(plain, kind) or (isinstance(plain, bool) and kind is int):
        raise ValueError(f"{kind.__name__} expected, not {type(plain).__name__}")
    return plain


def _read(kind: Any, plain: Plain) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, Union):
        return _read_union(typing.get_args(kind), plain)
    if origin is tuple:
        parts = typing.get_args(kind)
        _expect(plain, list)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_read(parts[0], item) for item in plain)
        if len(parts) != len(plain):
            raise ValueError(f"{len(parts)} parts expected, not {len(plain)}")
        return tuple(_read(part, item) for part, item in zip(parts, plain, strict=True))
    if kind is DoipAddress:
        return DoipAddress(_expect(plain["doip"], int))
    if kind is CanAddress:
        request, response, extended = plain["can"]
        return CanAddress(_expect(request, int), _expect(response, int), _expect(extended, bool))
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        known = _fields(kind)
        return kind(
            **{name: _read(known[name], item) for name, item in _expect(plain, dict).items() if name in known}
        )
    if kind is bytes:
        return bytes.fromhex(_expect(plain, str))
    if kind is datetime:
        return datetime.fromisoformat(_expect(plain, str))
    if kind is float:
        return float(_expect(plain, int) if not isinstance(plain, float) else plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    return _expect(plain, kind)


def _read_union(kinds: tuple[Any, ...], plain: Plain) -> Any:
    if plain is None and types.NoneType in kinds:
        return None
    if DoipAddress in kinds and isinstance(plain, dict):
        return _read(DoipAddress if "doip" in plain else CanAddress, plain)
    others = [kind for kind in kinds if kind is not types.NoneType]
    if len(others) == 1:
        return _read(others[0], plain)
    for kind in others:
        if type(plain) is kind:
            return plain
    raise ValueError(f"{type(plain).__name__} is none of the kinds that may stand here")
