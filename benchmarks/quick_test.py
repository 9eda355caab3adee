"""The quick test of a described vehicle: all units at once, beside each unit alone and the bus itself."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator, Set
from dataclasses import dataclass
from statistics import median

from benchmarks.figures import Figure, spread
from benchmarks.vehicle import RunningVehicle, vehicle
from workshop_console.console.jobs.workshop import Workshop
from workshop_console.console.model.report import QuickTestReport, UnitState
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import ReportFinished
from workshop_console.console.procedures.quick_test import quick_test
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop

_RUNS = 5


@dataclass
class Bench:
    """A workshop on a vehicle whose description is in the store already."""

    workshop: Workshop

    def run(self, only: Set[str] | None = None) -> tuple[float, QuickTestReport]:
        """Run the quick test, of all units or of those at the addresses `only`; return seconds and report."""
        choice = self.workshop.line.choice
        assert choice is not None
        began = time.perf_counter()
        events = list(
            quick_test(
                self.workshop.line.link(),
                choice.units,
                self.workshop.catalogue,
                Cancellation(),
                clock=self.workshop.clock,
                stopwatch=time.monotonic,
                only=only,
            )
        )
        seconds = time.perf_counter() - began
        finished = events[-1]
        assert isinstance(finished, ReportFinished)
        return seconds, finished.report

    def slowest_alone(self, report: QuickTestReport) -> tuple[float, str]:
        """Return seconds and name of the unit whose quick test alone takes longest."""
        alone = [(self.run({str(unit.address)})[0], unit.name) for unit in report.units]
        return max(alone)


@contextlib.contextmanager
def bench(running: RunningVehicle) -> Iterator[Bench]:
    """Give a workshop on `running`, after a first quick test that reads the description in."""
    with tempfile.TemporaryDirectory() as home:
        folders = Folders.of_user({"WORKSHOP_CONSOLE_HOME": home})
        settings = Settings(vci=running.uri, access_server="off")
        workshop = build_workshop(settings, folders, lang="en")
        try:
            report = [event for event in workshop.quick_test() if isinstance(event, ReportFinished)][
                -1
            ].report
            wrong = [unit.name for unit in report.units if unit.state in (UnitState.SILENT, UnitState.ERROR)]
            if wrong or not report.complete:
                raise RuntimeError(f"the vehicle is not well: {wrong}")
            yield Bench(workshop)
        finally:
            workshop.close()


def _over_slowest(name: str, running: RunningVehicle, units: int) -> Figure:
    with bench(running) as ready:
        runs = [ready.run() for _ in range(_RUNS)]
        assert all(len(report.units) == units for _, report in runs)
        slowest, slowest_name = ready.slowest_alone(runs[-1][1])
    total = [seconds for seconds, _ in runs]
    return Figure(
        name=name,
        measured=spread(total),
        compared=f"slowest unit alone, {slowest_name}, {slowest * 1e3:.0f} ms",
        value=median(total) / slowest,
        goal=1.5,
        runs=_RUNS,
    )


def _over_bus_time() -> Figure:
    """Bus time is that of the very frames of a run: the difference between a vehicle asked n and m times."""
    totals: list[float] = []
    bus_s: list[float] = []
    for extra in (0, _RUNS):
        with (
            vehicle("van", line="socketcand", answer_after_ms=0, pace=500_000) as running,
            bench(running) as ready,
        ):
            totals += [ready.run()[0] for _ in range(extra)]
        bus_s.append(running.statistics["bus_ms"] / 1e3)
    each = (bus_s[1] - bus_s[0]) / _RUNS
    return Figure(
        name="quick test, 20-unit van, CAN at 500 kbit/s, units answer at once",
        measured=spread(totals),
        compared=f"bus time of the frames exchanged, {each * 1e3:.0f} ms",
        value=median(totals) / each,
        goal=1.3,
        runs=_RUNS,
    )


def measure() -> Iterator[Figure]:
    """Yield the three figures."""
    with vehicle("car", line="doip", answer_after_ms=30) as running:
        yield _over_slowest("quick test, 45-unit car, DoIP, 30 ms a request", running, 45)
    yield _over_bus_time()
    with vehicle("van", line="socketcand", answer_after_ms=30, pace=500_000) as running:
        yield _over_slowest("quick test, 20-unit van, CAN at 500 kbit/s, 30 ms a request", running, 20)
