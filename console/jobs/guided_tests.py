"""Guided tests at the vehicle: which there are, which fit a fault, and the job that walks one."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    Event,
    GuidedEnded,
    GuidedStepTaken,
    MessageRaised,
)

if TYPE_CHECKING:
    from workshop_console.console.jobs.actuations import Actuations
    from workshop_console.console.jobs.workplace import Workplace
    from workshop_console.console.model.guided import GuidedTest, GuidedWalk, Reading, StepTaken
    from workshop_console.console.model.kept import Details
    from workshop_console.console.model.opened_unit import OpenedUnit
    from workshop_console.console.procedures.guided_test import Mechanic

    # What a job needs is imported when the first one starts: the first screen is waited for.

RESULT, REMEDY = "result", "remedy"
"""Names of the last details of an entry; the others are the steps, in English for `_`."""


class GuidedTests:
    """Walks guided tests. `run` is a job, as those of Workshop; the rest returns at once.

    Args:
        workplace: the vehicle at the VCI, and what work on its units takes.
        actuations: drives functions.
        load: reads the tests, and says which files cannot be used.
    """

    def __init__(
        self,
        workplace: Workplace,
        *,
        actuations: Actuations,
        load: Callable[[], tuple[Sequence[GuidedTest], Sequence[ConsoleError]]],
    ) -> None:
        self._workplace = workplace
        self._line = workplace.line
        self._actuations = actuations
        self._load = load
        self._tests: Sequence[GuidedTest] | None = None
        self.problems: tuple[RaisedMessage, ...] = ()
        """Files that could not be used when the tests were read last."""

    def tests(self) -> Sequence[GuidedTest]:
        """Return all tests, read when first asked for."""
        if self._tests is None:
            self.reload()
        return self._tests or ()

    def reload(self) -> None:
        """Read the tests anew: somebody may be writing one."""
        tests, errors = self._load()
        self._tests, self.problems = tuple(tests), tuple(map(raised_by, errors))

    def for_fault(self, unit: str, code: str) -> Sequence[GuidedTest]:
        """Return the tests for fault `code` of the unit with this SHORT-NAME."""
        return [test for test in self.tests() if test.fits(unit, code)]

    def run(
        self,
        test: GuidedTest,
        unit: str,
        mechanic: Mechanic,
        *,
        cancellation: Cancellation | None = None,
    ) -> Iterator[Event]:
        """Walk `test` for the unit called (or addressed) `unit`; the last event is GuidedEnded.

        `mechanic` is given the answers from another thread. The walk is kept as an entry of the order book,
        and each actuation besides, before it begins. Raises ConsoleError as open_units(), and WC-6xx when
        nothing can be written down.
        """
        from workshop_console.console.model.guided import GuidedWalk

        cancellation = cancellation or Cancellation()
        with self._line.working():
            _link, units = yield from self._workplace.opened([unit], cancellation)
            if not units:
                yield GuidedEnded(walk=GuidedWalk(test=test, steps=()))
                return
            yield from self._walked(test, unit, units[0], mechanic, cancellation)

    def _walked(
        self,
        test: GuidedTest,
        asked_as: str,
        unit: OpenedUnit,
        mechanic: Mechanic,
        cancellation: Cancellation,
    ) -> Iterator[Event]:
        from workshop_console.console.jobs.guided_vehicle import GuidedVehicle
        from workshop_console.console.procedures.guided_test import walk

        vehicle = GuidedVehicle(
            line=self._line,
            coder=self._workplace.coder,
            actuations=self._actuations,
            unit=unit,
            asked_as=asked_as,
        )
        taken: list[StepTaken] = []
        entry = self._begin(test, unit)
        ended = False
        try:
            gone = yield from _noted(walk(test, asked_as, vehicle, mechanic, cancellation), taken)
            ended = True
            try:
                self._complete(entry, taken, "done" if gone.result is not None else "stopped")
            except ConsoleError as error:
                # The test was done; that the book does not say so must be told.
                yield MessageRaised(message=raised_by(error))
        finally:
            if not ended:
                with suppress(ConsoleError):
                    self._complete(entry, taken, "stopped" if cancellation.requested else "failed")
        yield GuidedEnded(walk=gone)

    def _begin(self, test: GuidedTest, unit: OpenedUnit) -> int:
        from workshop_console.console.model.kept import EntryKind

        desk = self._workplace.desk(unit.summary, unit.address)
        return desk.begin(EntryKind.GUIDED_TEST, test.title, unit=unit.label, address=unit.address)

    def _complete(self, entry: int, taken: Sequence[StepTaken], outcome: str) -> None:
        self._workplace.orders.complete(entry, answer=b"", outcome=outcome, details=details_of(taken))


def _noted(
    walk: Generator[Event, None, GuidedWalk], taken: list[StepTaken]
) -> Generator[Event, None, GuidedWalk]:
    """Pass the events of a walk on and note its steps: one that is broken off returns none."""
    try:
        while True:
            event = next(walk)
            if isinstance(event, GuidedStepTaken):
                taken.append(event.taken)
            yield event
    except StopIteration as end:
        gone: GuidedWalk = end.value
        return gone
    finally:
        walk.close()


def details_of(taken: Sequence[StepTaken]) -> Details:
    """Return the steps as the order book keeps them: English texts, values, and `[codes]` of judgements."""
    from workshop_console.console.model.guided import ResultStep

    details: list[tuple[str, str]] = []
    for one in taken:
        if isinstance(one.step, ResultStep):
            details.append((RESULT, one.step.text))
            details += [(REMEDY, remedy) for remedy in one.step.remedy]
            continue
        details += [(reading.label, _value(reading)) for reading in one.shown if reading.readable]
        parts = [_value(one.reading)] if one.reading is not None and one.reading.readable else []
        parts += [one.answer] if one.answer else []
        if one.driven is not None and one.driven != "done":
            parts.append(f"[{one.driven.value}]")
        elif one.judgement is not None:
            parts.append(f"[{one.judgement.value}]")
        details.append((one.step.text, " ".join(parts)))
    return tuple(details)


def _value(reading: Reading) -> str:
    return f"{reading.text} {reading.unit}".rstrip()
