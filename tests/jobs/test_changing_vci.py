"""Another VCI: used when it is reached; else nothing changes."""

from __future__ import annotations

from typing import Any, cast

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditDesk
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.credit import Edition, ProductGroup
from workshop_console.console.model.vehicle import VehicleIdentity

THERE, GONE = "doip://10.0.0.1", "doip://10.0.0.2"
KNOWN = VehicleIdentity(vin="W1K2060041F048211")


class Link:
    """A line that knows the VIN."""

    kind = "doip"
    lost = False

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.closed = False

    def identity(self) -> VehicleIdentity:
        return KNOWN

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def line() -> VehicleLine:
    def open_link(uri: str) -> Link:
        if uri == GONE:
            raise ConsoleError("WC-201", uri=uri, detail="refused")
        return Link(uri)

    def check(uri: str) -> None:
        if "://" not in uri:
            raise ConsoleError("WC-200", uri=uri, detail="")

    return VehicleLine(
        vci="doip://10.0.0.9",
        group=ProductGroup.PASSENGER_CARS,
        edition=Edition.LITE,
        catalogue=cast(Any, None),
        desk=cast(CreditDesk, None),
        open_link=cast(Any, open_link),
        discover=cast(Any, list),
        check_vci=check,
        simulations=cast(Any, None),
        importer=cast(Any, None),
        shipped=lambda _vin: None,
    )


def test_one_that_is_reached_is_used(line: VehicleLine) -> None:
    assert line.change_vci(f" {THERE} ") == KNOWN
    assert (line.vci, line.vehicle) == (THERE, KNOWN)


@pytest.mark.parametrize(("uri", "number"), [(GONE, "WC-201"), ("nonsense", "WC-200")])
def test_one_that_is_not_reached_changes_nothing(line: VehicleLine, uri: str, number: str) -> None:
    line.change_vci(THERE)
    line.choice = choice = cast(Any, object())
    line.last_report = report = cast(Any, object())
    with pytest.raises(ConsoleError) as caught:
        line.change_vci(uri)
    assert caught.value.number == number
    assert (line.vci, line.vehicle, line.choice, line.last_report) == (THERE, KNOWN, choice, report)
    assert line.connect() == KNOWN


def test_while_a_job_works_on_the_last_one_it_stays(line: VehicleLine) -> None:
    line.change_vci(THERE)
    with line.working(), pytest.raises(ConsoleError) as caught:
        line.change_vci("doip://10.0.0.3")
    assert caught.value.number == "WC-213"
    assert line.vci == THERE
