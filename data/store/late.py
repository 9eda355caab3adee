"""Makes a part of the store when it is first used, so that the first screen does not wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Late:
    """Stands for an object until somebody asks it something; typed by a cast where it is made."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make
        self._made: object | None = None

    def __getattr__(self, name: str) -> Any:
        if self._made is None:
            self._made = self._make()
        return getattr(self._made, name)
