"""Actual values a second, as a share of what the line and the answer time of the units allow."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.figures import Figure
from benchmarks.vehicle import RunningVehicle, vehicle
from workshop_console.console.jobs.actual_values import Watch
from workshop_console.console.procedures.actual_values import TURN_S
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import ValuesOffered, ValuesRead
from workshop_console.console.settings import Folders, Settings
from workshop_console.console.wiring import build_workshop

_ANSWER_MS = 30
_PART_S = 8.0
_WARM_UP_S = 2.0
_DOIP_UNITS = ("0x1001", "0x1002", "0x1010", "0x1011", "0x1013", "0x1020", "0x1024", "0x1030")
_CAN_UNITS = (
    "CDI_EngineControl",
    "VGS_TransmissionControl",
    "SCR_ExhaustTreatment",
    "ESP_StabilityControl",
    "EPS_PowerSteering",
    "EIS_IgnitionSwitch",
)
_GOAL_PERCENT = 90.0
_LIMIT = f" (no value is asked for more often than every {TURN_S * 1000:.0f} ms)"


@dataclass
class _Polled:
    """What came in while values were watched."""

    values: int
    requests: int
    seconds: float


def _poll(running: RunningVehicle, units: tuple[str, ...], *, part_s: float) -> _Polled:
    """Watch all values of `units`, and count answers and requests after the warm-up."""
    with tempfile.TemporaryDirectory() as home:
        folders = Folders.of_user({"WORKSHOP_CONSOLE_HOME": home})
        workshop = build_workshop(Settings(vci=running.uri, access_server="off"), folders, lang="en")
        try:
            link = workshop.line.link()
            sent = 0
            submit = link.submit

            def counting(*arguments: object) -> int:
                nonlocal sent
                sent += 1
                return submit(*arguments)  # type: ignore[arg-type]  # as they came

            link.submit = counting  # type: ignore[method-assign, assignment]  # counts, and does the same
            cancellation, watch = Cancellation(), Watch()
            began: float | None = None
            before = (0, 0)
            seen = (0, 0)
            at = 0.0
            for event in workshop.values.watch(units, watch, cancellation=cancellation):
                if isinstance(event, ValuesOffered):
                    watch.show(row.name for row in event.values)
                    threading.Timer(_WARM_UP_S + part_s, cancellation.request).start()
                if isinstance(event, ValuesRead):
                    if cancellation.requested:
                        break
                    samples = sum(row.samples for row in event.values)
                    now = time.monotonic()
                    if began is None:
                        if samples:
                            began, before = now, (samples, sent)
                    else:
                        seen, at = (samples, sent), now
            assert began is not None
            return _Polled(values=seen[0] - before[0], requests=seen[1] - before[1], seconds=at - began)
        finally:
            workshop.close()


def _over_doip() -> Figure:
    with vehicle("car", line="doip", answer_after_ms=_ANSWER_MS) as running:
        polled = _poll(running, _DOIP_UNITS, part_s=_PART_S)
    most = len(_DOIP_UNITS) * polled.seconds * 1000 / _ANSWER_MS
    rate, ceiling = polled.values / polled.seconds, polled.values / polled.seconds * most / polled.requests
    return Figure(
        name=f"actual values a second, {len(_DOIP_UNITS)} units of the car, DoIP, {_ANSWER_MS} ms a request",
        measured=f"{rate:,.0f} values/s in {polled.requests / polled.seconds:,.0f} requests/s",
        compared=f"{ceiling:,.0f} values/s: every unit asked again the moment it has answered{_LIMIT}",
        value=100 * polled.requests / most,
        goal=_GOAL_PERCENT,
        runs=1,
        unit="%",
        at_least=True,
    )


def _over_can() -> Figure:
    """The bus time of polling is that of a long watch less that of a short one."""
    bus_s, polled = [], []
    for part_s in (2.0, 2.0 + _PART_S):
        with vehicle("van", line="socketcand", answer_after_ms=0, pace=500_000) as running:
            polled.append(_poll(running, _CAN_UNITS, part_s=part_s))
        bus_s.append(running.statistics["bus_ms"] / 1e3)
    share = (bus_s[1] - bus_s[0]) / _PART_S
    rate = polled[1].values / polled[1].seconds
    return Figure(
        name=f"actual values a second, {len(_CAN_UNITS)} units of the van, CAN at 500 kbit/s",
        measured=f"{rate:,.0f} values/s",
        compared=f"{rate / share:,.0f} values/s: the same frames without a gap between them{_LIMIT}",
        value=100 * share,
        goal=_GOAL_PERCENT,
        runs=1,
        unit="%",
        at_least=True,
    )


def measure() -> Iterator[Figure]:
    """Yield the two figures."""
    yield _over_doip()
    yield _over_can()
