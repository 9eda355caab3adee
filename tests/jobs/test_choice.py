"""Which control units a job asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.procedures.scripted import Described, ScriptedLink, ScriptedUnit, summary, unit_with
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.choice import UnitChoice, choose_units, fits_vin
from workshop_console.console.jobs.finding import find_unit
from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.description import DescriptionSummary, UnitSummary, Variant
from workshop_console.console.model.exchange import FunctionalAnswer, SilentReason
from workshop_console.console.model.vehicle import LinkKind, VehicleIdentity
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event

VIN = "W1K2060041F048211"


def description(key: int, **more: object) -> DescriptionSummary:
    fields: dict[str, object] = {
        "name": f"D{key}",
        "file": f"d{key}.pdx",
        "sha256": f"{key:064}",
        "imported_at": "2026-01-01T00:00:00Z",
        "units": 1,
        "problems": 0,
        "shipped": False,
    }
    return DescriptionSummary(key=key, **(fields | more))  # type: ignore[arg-type]  # its own fields


def choose(link: ScriptedLink, catalogue: Described, **more: object) -> UnitChoice:
    chosen: list[UnitChoice] = []

    def choosing() -> Iterator[Event]:
        chosen.append((yield from choose_units(link, catalogue, Cancellation(), **more)))  # type: ignore[arg-type]  # as choose_units has them

    list(choosing())
    return chosen[0]


def line(*there: int, vin: str = "") -> ScriptedLink:
    units: dict[Address, ScriptedUnit] = {DoipAddress(n): unit_with(x3E00="7E00") for n in there}
    return ScriptedLink(units, identity=VehicleIdentity(vin=vin))


def unit(name: str, logical: int) -> UnitSummary:
    return summary(name, logical, key=logical)


def names(units: Sequence[UnitSummary]) -> list[str]:
    return [found.name for found in units]


def test_named_files_are_taken_as_they_are() -> None:
    one = description(1, problems=3)
    choice = choose(line(), Described([(one, [unit("ME", 1)])]), files=[one])
    assert names(choice.units) == ["ME"]
    assert [message.number for message in choice.messages] == ["WC-407"]


def test_a_file_for_another_kind_of_line_is_told() -> None:
    one = description(1)
    on_can = UnitSummary(key=1, name="ME", label="ME", addresses=(CanAddress(0x7E0, 0x7E8),))
    choice = choose(line(), Described([(one, [on_can])]), files=[one])
    assert choice.units == ()
    assert [message.number for message in choice.messages] == ["WC-305"]


def test_the_shipped_description_for_the_vin_wins() -> None:
    shipped = description(1, shipped=True, vin_pattern=VIN, vehicle_name="Car")
    catalogue = Described([(description(2), [unit("other", 2)]), (shipped, [unit("ME", 1)])])
    choice = choose(line(1, 2, vin=VIN), catalogue)
    assert (names(choice.units), choice.vehicle_name, choice.vin) == (["ME"], "Car", VIN)


def test_a_shipped_description_of_another_vehicle_is_not_used() -> None:
    shipped = description(1, shipped=True, vin_pattern="OTHER")
    choice = choose(line(0x10, vin=VIN), Described([(shipped, [unit("ME", 1)])]))
    assert choice.description is None
    assert names(choice.units) == ["0x0010"]
    assert [message.number for message in choice.messages] == ["WC-309"]


def test_one_imported_description_is_used_when_its_units_answer() -> None:
    one = description(1)
    choice = choose(line(1, vin=VIN), Described([(one, [unit("ME", 1), unit("ABS", 2)])]))
    assert names(choice.units) == ["ME", "ABS"]
    assert choice.messages == ()


def test_of_several_the_one_whose_units_answer_is_used_and_said() -> None:
    catalogue = Described([(description(1), [unit("A", 1)]), (description(2), [unit("B", 2), unit("C", 3)])])
    choice = choose(line(2, 3), catalogue)
    assert names(choice.units) == ["B", "C"]
    assert [(m.number, dict(m.facts)) for m in choice.messages] == [("WC-310", {"description": "D2"})]


def test_units_of_the_only_description_are_shown_silent_when_a_scan_finds_nobody() -> None:
    choice = choose(line(), Described([(description(1), [unit("ME", 1)])]))
    assert names(choice.units) == ["ME"]


def test_a_scan_that_was_asked_for_uses_no_description() -> None:
    choice = choose(line(0x10), Described([(description(1), [unit("ME", 0x10)])]), scan_only=True)
    assert names(choice.units) == ["0x0010"]


def test_the_vin_of_a_functional_answer_is_used_where_the_line_knows_none() -> None:
    link = line()
    link.functional_answers[b"\x22\xf1\x90"] = [
        FunctionalAnswer(address=DoipAddress(1), payload=b"\x7f\x22\x31"),
        FunctionalAnswer(address=DoipAddress(2), payload=b"\x62\xf1\x90" + VIN.encode()),
    ]
    shipped: list[str] = []

    def ship(vin: str) -> Iterator[Event]:
        shipped.append(vin)
        return iter(())

    assert choose(link, Described(), ship=ship).vin == VIN
    assert shipped == [VIN]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [(VIN, True), ("W1K.*", True), ("W1K", False), ("(", False), ("", False), ("." * 300, False)],
)
def test_vin_patterns(pattern: str, fits: bool) -> None:
    assert fits_vin(description(1, vin_pattern=pattern), VIN) is fits


UNITS = (unit("ME_Engine", 1), unit("ESP", 2), unit("ESP", 3))


@pytest.mark.parametrize(
    ("name", "found"),
    [("me_engine", "ME_Engine"), ("ME", "ME_Engine"), ("0x0002", "ESP"), ("0x4711", "0x4711")],
)
def test_units_are_found_by_name_beginning_and_address(name: str, found: str) -> None:
    assert find_unit(name, UNITS, line()).name == found


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("ESP", "WC-301"),
        ("ABS", "WC-300"),
        (" ", "WC-300"),
        ("0x7E0/0x7E8", "WC-305"),
        ("0x7E0/0x7E0", "WC-300"),
    ],
)
def test_what_names_no_unit_is_told(name: str, number: str) -> None:
    with pytest.raises(ConsoleError) as raised:
        find_unit(name, UNITS, line())
    assert raised.value.number == number


def test_the_name_of_a_variant_names_its_unit() -> None:
    units = (*UNITS, replace(unit("CDI", 4), variants=(Variant(name="CDI_v2", label="", patterns=()),)))
    assert find_unit("cdi_V2", units, line()).name == "CDI"
    with pytest.raises(ConsoleError):
        find_unit("CDI_v3", units, line())


def test_a_logical_address_does_not_fit_a_can_line() -> None:
    with pytest.raises(ConsoleError) as raised:
        find_unit("0x1234", (), ScriptedLink({}, kind=LinkKind.CAN))
    assert raised.value.number == "WC-305"


def test_silent_units_are_no_reason_to_take_a_description() -> None:
    link = ScriptedLink(
        {
            DoipAddress(1): unit_with(otherwise=SilentReason.NO_ANSWER),
            DoipAddress(0x10): unit_with(x3E00="7E00"),
        }
    )
    choice = choose(link, Described([(description(1), [unit("A", 1)])]))
    assert names(choice.units) == ["0x0010"]
