"""Opening control units: variants, forms, and what is told when one of them fails."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import pytest

from tests.procedures.scripted import ScriptedLink, ScriptedUnit, summary, unit_with
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.opened import open_units
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.description import MatchRule, UnitSummary, Variant
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.forms import EncodedRequest, UnitForms
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState, VariantMatch
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, MessageRaised, Step, StepBegan

RULE = MatchRule(request=b"\x22\xf1\x00", position=3, bit_position=0, bit_length=8, expected=b"\x02")
VARIANTS = (Variant(name="Late", label="", patterns=((RULE,),)),)


class OneLine:
    """As much of a VehicleLine as opening needs."""

    def __init__(self, link: ScriptedLink, units: Sequence[UnitSummary]) -> None:
        self.link = link
        self.units = tuple(units)
        self.last_report: QuickTestReport | None = None

    def units_called(
        self, names: Sequence[str], cancellation: Cancellation, *, pdx: object, scan: bool
    ) -> Generator[Event, None, tuple[VehicleLink, tuple[UnitSummary, ...]]]:
        yield from ()
        return cast(VehicleLink, self.link), tuple(u for u in self.units if not names or u.name in names)


class FormsOnly:
    """A Coder whose descriptions are empty, or not there."""

    def __init__(self, *without: str) -> None:
        self.without = without
        self.asked: list[tuple[str, str]] = []

    def forms(self, unit: UnitSummary, variant: str = "") -> UnitForms:
        self.asked.append((unit.name, variant))
        if unit.key and unit.description in self.without:
            raise ConsoleError("WC-409", file=unit.description)
        return UnitForms(unit=unit.name, variant=variant)

    def encode(
        self, unit: UnitSummary, variant: str, service: str, values: Mapping[str, str]
    ) -> EncodedRequest:
        raise AssertionError("nobody encodes here")

    def decode(
        self, unit: UnitSummary, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        raise AssertionError("nobody decodes here")

    def decode_request(
        self, unit: UnitSummary, variant: str, service: str, request: bytes
    ) -> tuple[DecodedValue, ...]:
        raise AssertionError("nobody decodes here")

    def close(self) -> None:
        """Nothing to end."""


def opened(
    line: OneLine, coder: FormsOnly, *names: str, cancellation: Cancellation | None = None
) -> tuple[list[Event], tuple[OpenedUnit, ...]]:
    found: list[tuple[OpenedUnit, ...]] = []

    def opening() -> Iterator[Event]:
        _, units = yield from open_units(
            cast(VehicleLine, line), coder, names, cancellation or Cancellation()
        )
        found.append(units)

    events = list(opening())
    return events, found[0]


def car(**units: ScriptedUnit) -> OneLine:
    scripted: dict[Address, ScriptedUnit] = {}
    summaries = []
    for number, (name, unit) in enumerate(units.items(), 1):
        scripted[DoipAddress(number)] = unit
        summaries.append(summary(name, number, key=number, variants=VARIANTS, description="Car"))
    return OneLine(ScriptedLink(scripted), summaries)


def numbers(events: Sequence[Event]) -> list[str]:
    return [event.message.number for event in events if isinstance(event, MessageRaised)]


def test_each_unit_is_opened_in_the_variant_that_it_tells() -> None:
    line = car(ME=unit_with(x22F100="62F10002"), EZS=unit_with(x22F100="62F10001"))
    events, units = opened(line, coder := FormsOnly())
    assert [(u.summary.name, u.address, u.variant) for u in units] == [
        ("ME", DoipAddress(1), "Late"),
        ("EZS", DoipAddress(2), ""),
    ]
    assert coder.asked == [("ME", "Late"), ("EZS", "")]
    assert [e.step for e in events if isinstance(e, StepBegan)] == [Step.IMPORTING]


def test_a_unit_that_the_quick_test_identified_is_not_asked_again() -> None:
    line = car(ME=unit_with(x22F100="62F10001"))
    row = UnitResult(
        name="ME",
        label="",
        address=DoipAddress(1),
        state=UnitState.FAULTS,
        variant="Late",
        variant_match=VariantMatch.EXACT,
        unit_key=1,
    )
    line.last_report = QuickTestReport(
        vehicle=VehicleIdentity(),
        vci="",
        started=datetime(2026, 3, 1, tzinfo=UTC),
        duration_ms=1,
        complete=True,
        units=(row,),
    )
    _, units = opened(line, FormsOnly())
    assert [u.variant for u in units] == ["Late"]
    assert line.link.submitted == []


def test_silent_units_are_told_and_left_out_the_only_one_is_an_error() -> None:
    silent = ScriptedUnit(otherwise=SilentReason.NO_ANSWER)
    line = car(ME=unit_with(x22F100="62F10002"), EZS=silent)
    events, units = opened(line, FormsOnly())
    assert [u.summary.name for u in units] == ["ME"]
    assert numbers(events) == ["WC-302"]
    with pytest.raises(ConsoleError) as raised:
        opened(line, FormsOnly(), "EZS")
    assert (raised.value.number, raised.value.facts["reason"]) == ("WC-302", "no-answer")


def test_without_its_description_a_unit_has_the_standard_identifiers_and_that_is_told_once() -> None:
    line = car(ME=unit_with(x22F100="62F10002"), EZS=unit_with(x22F100="62F10002"))
    events, units = opened(line, FormsOnly("Car"))
    assert [(u.summary.name, u.summary.key) for u in units] == [("ME", 0), ("EZS", 0)]
    assert numbers(events) == ["WC-409"]


def test_a_refusal_is_no_silence() -> None:
    _, units = opened(car(ME=ScriptedUnit()), FormsOnly())
    assert [u.variant for u in units] == [""]


def test_after_a_cancellation_there_is_no_unit() -> None:
    cancellation = Cancellation()
    cancellation.request()
    _, units = opened(car(ME=unit_with(x22F100="62F10002")), FormsOnly(), cancellation=cancellation)
    assert units == ()


def test_a_lost_line_is_an_error() -> None:
    line = car(ME=unit_with(x22F100="62F10002"))
    line.link.lost = True
    with pytest.raises(ConsoleError) as raised:
        opened(line, FormsOnly())
    assert raised.value.number == "WC-203"


def test_an_address_that_is_named_twice_is_opened_once() -> None:
    line = car(ME=unit_with(x22F100="62F10002"))
    line.units = line.units * 2
    _, units = opened(line, FormsOnly())
    assert len(units) == 1
