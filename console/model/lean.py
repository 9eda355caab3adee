"""A `dataclass` for what is imported before the first picture: the same, without generating code.

`dataclasses` compiles five or six functions for each class, which for the seventy classes of the start takes
a tenth of it. Here all classes share the same few functions; making an object takes a microsecond longer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["dataclass", "replace"]

T = TypeVar("T", bound=type)

_put, _drop = object.__setattr__, object.__delattr__
_OF_THE_CLASS_ITSELF = ("__dict__", "__weakref__")

if TYPE_CHECKING:
    from dataclasses import dataclass, replace
else:

    def replace(one: object, **changes: object) -> object:
        """Return `one` with other values in some fields."""
        return type(one)(**{**vars(one), **changes})

    def dataclass(*, kw_only: bool = False, frozen: bool = False) -> Callable[[T], T]:
        """Make a class one of fields; it inherits none."""

        def make(cls: T) -> T:
            if any(dataclasses.is_dataclass(base) for base in cls.__mro__[1:]):
                raise TypeError(f"{cls.__name__} needs a dataclass of the standard library")
            written = {name: value for name, value in vars(cls).items() if name not in _OF_THE_CLASS_ITSELF}
            cls.__dataclass_fields__ = _Fields(cls, written, kw_only=kw_only, frozen=frozen)
            annotated = written.get("__annotations__", {})
            names = tuple(name for name, kind in annotated.items() if not str(kind).startswith("ClassVar"))
            cls.__match_args__ = () if kw_only else names
            _make_init(cls, names)
            _make_values(cls, names, frozen)
            if frozen:
                _freeze(cls, frozenset(names))
            return cls

        return make


class _Fields:
    """The fields as `dataclasses` knows them, for its functions; made when the first of them asks."""

    def __init__(self, cls: type, written: dict[str, Any], **options: bool) -> None:
        self._class, self._written, self._options = cls, written, options

    def __get__(self, _object: object, _owner: type) -> dict[str, dataclasses.Field[Any]]:
        cls = self._class
        same = type(cls.__name__, cls.__bases__, dict(self._written))
        made: type = dataclasses.dataclass(**self._options)(same)
        fields: dict[str, dataclasses.Field[Any]] = vars(made)["__dataclass_fields__"]
        cls.__dataclass_fields__ = fields  # type: ignore[attr-defined] # as dataclasses sets it
        return fields


def _make_init(cls: Any, names: tuple[str, ...]) -> None:
    defaults: dict[str, object] = {}
    factories: dict[str, Callable[[], object]] = {}
    for name in names:
        default = vars(cls).get(name, dataclasses.MISSING)
        if isinstance(default, dataclasses.Field):
            if default.default_factory is dataclasses.MISSING:
                raise TypeError(f"{cls.__name__}.{name} needs a dataclass of the standard library")
            factories[name] = default.default_factory
            delattr(cls, name)
        elif default is not dataclasses.MISSING:
            defaults[name] = default
    every = frozenset(names)
    by_place = cls.__match_args__
    after = getattr(cls, "__post_init__", None)

    def __init__(self: object, *placed: object, **given: object) -> None:  # noqa: N807 - becomes one
        if placed:
            if len(placed) > len(by_place) or given.keys() & by_place[: len(placed)]:
                raise TypeError(f"{cls.__name__}() is given too much")
            given |= zip(by_place, placed, strict=False)
        if given.keys() != every:
            made = {name: make() for name, make in factories.items() if name not in given}
            given = {**defaults, **made, **given}
            if wrong := given.keys() ^ every:
                raise TypeError(f"{cls.__name__}() is given too much or too little: {', '.join(wrong)}")
        for name in names:
            _put(self, name, given[name])
        if after is not None:
            after(self)

    cls.__init__ = __init__


def _make_values(cls: Any, names: tuple[str, ...], frozen: bool) -> None:
    def few(one: object) -> tuple[object, ...]:
        return tuple([getattr(one, name) for name in names])

    values: Callable[[object], object] = attrgetter(*names) if len(names) > 1 else few

    def __eq__(self: object, other: object) -> Any:  # noqa: N807 - becomes one
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __repr__(self: object) -> str:  # noqa: N807 - becomes one
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({told})"

    def __hash__(self: object) -> int:  # noqa: N807 - becomes one
        return hash(values(self))

    own = vars(cls)
    if "__eq__" not in own:
        cls.__eq__ = __eq__
        if "__hash__" not in own:
            cls.__hash__ = __hash__ if frozen else None
    if "__repr__" not in own:
        cls.__repr__ = __repr__


def _freeze(cls: Any, names: frozenset[str]) -> None:
    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807 - becomes one
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
        _put(self, name, value)

    def __delattr__(self: object, name: str) -> None:  # noqa: N807 - becomes one
        if type(self) is cls or name in names:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
        _drop(self, name)

    cls.__setattr__ = __setattr__
    cls.__delattr__ = __delattr__
