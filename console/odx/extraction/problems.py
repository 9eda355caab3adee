"""Keeps what could not be used, in the order it was met, each thing once and not without end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import ImportProblem
from workshop_console.console.odx.reasons import Reason

_MOST_PROBLEMS = 1_000
_LONGEST_DETAIL = 160


class Problems:
    """The list of problems of one import."""

    def __init__(self) -> None:
        self._kept: dict[ImportProblem, None] = {}
        self._left_out = 0

    def add(self, where: str, reason: Reason, detail: object = "") -> None:
        """Note that `where` (layer and short name) was not used because of `reason`."""
        problem = ImportProblem(
            where=clean(where, longest=_LONGEST_DETAIL),
            reason=reason.value,
            detail=clean(detail, longest=_LONGEST_DETAIL),
        )
        if problem in self._kept:
            return
        if len(self._kept) >= _MOST_PROBLEMS:
            self._left_out += 1
            return
        self._kept[problem] = None

    @contextmanager
    def guard(self, where: str, reason: Reason) -> Iterator[None]:
        """Note anything that goes wrong inside, and go on after it.

        odxtools raises whatever its own code runs into (KeyError, AttributeError, AssertionError …) where a
        file does not keep to the standard, so nothing narrower would do. MemoryError ends the import.
        """
        try:
            yield
        except MemoryError:
            raise
        except Exception as error:
            self.add(where, reason, f"{type(error).__name__}: {error}")

    def all(self) -> tuple[ImportProblem, ...]:
        """Return all problems; the last one says how many more there were."""
        if not self._left_out:
            return tuple(self._kept)
        more = ImportProblem(where="", reason=Reason.MORE.value, detail=str(self._left_out))
        return (*self._kept, more)
