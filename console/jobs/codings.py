"""The codings of the vehicle's control units: jobs that read, write and restore, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event

if TYPE_CHECKING:
    from workshop_console.console.jobs.workplace import Workplace
    from workshop_console.console.model.coding import CodingPlan, CodingReading
    from workshop_console.console.model.kept import KeptCoding
    from workshop_console.console.ports import Codings

    # What a job needs is imported when the first one starts: the first screen is waited for.


class CodingJobs:
    """Reads and writes codings.

    Methods that return an iterator of events are jobs, as those of Workshop. `plan`, `plan_restore` and
    `compare` ask the description, which may take seconds the first time; the rest returns at once.
    """

    def __init__(self, workplace: Workplace, codings: Codings) -> None:
        self._workplace = workplace
        self._line = workplace.line
        self._coder = workplace.coder
        self._codings = codings

    # -- jobs --------------------------------------------------------------------------------------

    def read(
        self,
        names: Sequence[str] = (),
        *,
        cancellation: Cancellation | None = None,
        pdx: Sequence[Path] = (),
        scan: bool = False,
    ) -> Iterator[Event]:
        """Read all codings of the units called (or addressed) `names`: CodingRead for each record."""
        from workshop_console.console.procedures.coding import read_codings

        cancellation = cancellation or Cancellation()
        with self._line.working():
            link, units = yield from self._workplace.opened(names, cancellation, pdx=pdx, scan=scan)
            for unit in units:
                if cancellation.requested:
                    return
                yield from read_codings(
                    link,
                    unit,
                    self._coder,
                    cancellation,
                    clock=self._workplace.clock,
                    vin=self._line.vehicle.vin,
                )

    def write(self, plan: CodingPlan, *, cancellation: Cancellation | None = None) -> Iterator[Event]:
        """Write what `plan` says; the last event is CodingWritten. The caller has asked the mechanic.

        Raises ConsoleError as procedures.coding.write_coding(), and WC-334 when it is another vehicle now.
        """
        from workshop_console.console.procedures.coding import write_coding

        cancellation = cancellation or Cancellation()
        before = plan.before
        with self._line.working():
            link = yield from self._line.open_for_work()
            if self._line.vehicle.vin != before.vin:
                label = before.form.label or before.form.name
                raise ConsoleError("WC-334", unit=before.unit_name, coding=label)
            desk = self._workplace.desk(before.unit, before.address)
            yield from write_coding(link, plan, desk, self._codings, cancellation)

    # -- what is asked of the description ----------------------------------------------------------

    def plan(self, reading: CodingReading, changes: Mapping[str, str], *, draft: bool = False) -> CodingPlan:
        """Return what changing these options would write; a `draft` may break rules between options.

        Raises ConsoleError WC-304, WC-330, WC-412.
        """
        from workshop_console.console.procedures.coding_plan import plan_changes

        return plan_changes(self._coder, reading, changes, draft=draft)

    def plan_restore(self, reading: CodingReading, kept: KeptCoding) -> CodingPlan:
        """Return what putting a kept coding back would write. Raises ConsoleError WC-334."""
        from workshop_console.console.procedures.coding_plan import plan_restore

        return plan_restore(self._coder, reading, kept)

    def keys_left(self, reading: CodingReading) -> tuple[int, int]:
        """Return how many keys may be tried, and how many seconds the unit waits before the next one."""
        level = reading.form.write.security_level
        attempts = self._workplace.security.ring(reading.unit, reading.address).attempts
        return attempts.left(level), attempts.wait_s(level)

    # -- what is kept ------------------------------------------------------------------------------

    def kept(self, reading: CodingReading) -> Sequence[KeptCoding]:
        """Return the kept codings of this record of this unit of this vehicle, newest first."""
        found = self._codings.list(reading.vin, reading.unit.name)
        return [k for k in reversed(found) if (k.name, k.did) == (reading.form.name, reading.form.did)]

    def kept_of(self, vin: str, unit: str = "") -> Sequence[KeptCoding]:
        """Return the kept codings of a vehicle (and unit), newest first."""
        return list(reversed(self._codings.list(vin, unit)))
