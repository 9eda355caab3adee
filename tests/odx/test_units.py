"""Addresses, times and broken parts of hand-written descriptions."""

from __future__ import annotations

import pytest

from tests.odx.conftest import Import
from tests.odx.handmade import (
    HEAD,
    U8,
    base,
    can_address,
    contents,
    document,
    doip_address,
    dops,
    only,
    reading,
    reasons,
    simple,
    value,
    variant,
)
from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.odx.reasons import Reason


@pytest.mark.parametrize(
    ("comparams", "addresses"),
    [
        (can_address("0x7E0", "0x7E8"), {CanAddress(0x7E0, 0x7E8)}),
        (can_address("2016", "2024"), {CanAddress(0x7E0, 0x7E8)}),
        (can_address("0123", "0456"), {CanAddress(123, 456)}),
        (can_address(0x18DA10F1, 0x18DAF110), {CanAddress(0x18DA10F1, 0x18DAF110, extended=True)}),
        (
            can_address(0x123, 0x124, "normal segmented 29-bit transmit with FC"),
            {CanAddress(0x123, 0x124, extended=True)},
        ),
        (doip_address("0x1001"), {DoipAddress(0x1001)}),
        (can_address(1, 2) + doip_address(3), {CanAddress(1, 2), DoipAddress(3)}),
    ],
)
def test_addresses(read: Import, comparams: str, addresses: set[object]) -> None:
    assert set(only(read(document(bases=base("Unit", comparams=comparams)))).summary.addresses) == addresses


@pytest.mark.parametrize(
    ("comparams", "reason"),
    [
        ("", Reason.NO_ADDRESS),
        (can_address("ten", "twenty"), Reason.NO_ADDRESS),
        (can_address(4294967295, 4294967295), Reason.NO_ADDRESS),
        (can_address(5, 5), Reason.ADDRESS_UNUSABLE),
        (can_address(0x7FFFFFFF, 1), Reason.ADDRESS_UNUSABLE),
        (doip_address(70_000), Reason.ADDRESS_UNUSABLE),
        (can_address(1, 2, "extended segmented 11-bit transmit with FC"), Reason.ADDRESS_EXTENSION),
    ],
)
def test_addresses_that_cannot_be_used(read: Import, comparams: str, reason: Reason) -> None:
    description = read(document(bases=base("Unit", comparams=comparams)))
    assert only(description).summary.addresses == ()
    assert reason in reasons(description)


def test_a_base_without_addresses_has_those_of_its_variants(read: Import) -> None:
    description = read(
        document(bases=base("Unit"), variants=variant("V1", "Unit", comparams=can_address(0x700, 0x708)))
    )
    assert only(description).summary.addresses == (CanAddress(0x700, 0x708),)
    assert reasons(description) == set()


def test_addresses_from_vehicle_information(read: Import) -> None:
    vehicle = (
        HEAD + '<VEHICLE-INFO-SPEC ID="VIS"><SHORT-NAME>VIS</SHORT-NAME><VEHICLE-INFORMATIONS>'
        "<VEHICLE-INFORMATION><SHORT-NAME>Model</SHORT-NAME><LOGICAL-LINKS>"
        '<LOGICAL-LINK ID="LL" xsi:type="MEMBER-LOGICAL-LINK"><SHORT-NAME>LL</SHORT-NAME>'
        '<PHYSICAL-VEHICLE-LINK-REF ID-REF="PVL"/>'
        '<BASE-VARIANT-REF ID-REF="Unit" DOCREF="Unit" DOCTYPE="LAYER"/><LINK-COMPARAM-REFS>'
        + can_address(0x7E0, 0x7E8).replace("COMPARAM-REF", "LINK-COMPARAM-REF")
        + "</LINK-COMPARAM-REFS></LOGICAL-LINK></LOGICAL-LINKS><PHYSICAL-VEHICLE-LINKS>"
        '<PHYSICAL-VEHICLE-LINK ID="PVL" TYPE="ISO_11898_2_DWCAN"><SHORT-NAME>PVL</SHORT-NAME>'
        "</PHYSICAL-VEHICLE-LINK></PHYSICAL-VEHICLE-LINKS></VEHICLE-INFORMATION></VEHICLE-INFORMATIONS>"
        "</VEHICLE-INFO-SPEC></ODX>"
    )
    description = read(document(bases=base("Unit")), vehicle)
    assert only(description).summary.addresses == (CanAddress(0x7E0, 0x7E8),)
    assert reasons(description) == set()


def test_variants_without_a_base_are_one_unit_where_they_share_an_address(read: Import) -> None:
    description = read(
        document(
            variants=variant("A1", comparams=can_address(1, 2))
            + variant("A2", comparams=can_address(1, 2))
            + variant("B1", comparams=can_address(3, 4))
        )
    )
    assert [[v.name for v in unit.summary.variants] for unit in description.units] == [["A1", "A2"], ["B1"]]
    assert [unit.summary.name for unit in description.units] == ["A1", "B1"]


def test_times_are_microseconds_in_odx(read: Import) -> None:
    comparams = can_address(1, 2) + "".join(
        simple(name, number)
        for name, number in {
            "CP_P2Max": 250_000,
            "CP_P2Star": 6_000_000,
            "CP_RC78CompletionTimeout": 45_000_000,
            "CP_RC21CompletionTimeout": 1_300_000,
            "CP_RepeatReqCountApp": 2,
            "CP_CanFuncReqId": 0x7DF,
        }.items()
    )
    summary = only(read(document(bases=base("Unit", comparams=comparams)))).summary
    assert summary.functional_request == 0x7DF
    assert summary.timing == Timing(
        p2_ms=250, p2_star_ms=6_000, pending_budget_ms=45_000, busy_budget_ms=1_300, retries=2
    )


@pytest.mark.parametrize("nonsense", [0, -5, 10**15])
def test_times_that_make_no_sense_are_the_usual_ones(read: Import, nonsense: int) -> None:
    description = read(
        document(bases=base("Unit", comparams=can_address(1, 2) + simple("CP_P2Max", nonsense)))
    )
    assert only(description).summary.timing == Timing()
    assert reasons(description) == {Reason.TIMING_OUT_OF_RANGE}


def test_one_broken_document_does_not_take_the_others(read: Import) -> None:
    good = document(bases=base("Good", comparams=can_address(1, 2)), name="GOOD")
    description = read(good, "<ODX><broken", "<ODX MODEL-VERSION='2.2.0'><SURPRISE/></ODX>")
    assert [unit.summary.name for unit in description.units] == ["Good"]
    assert {p.where for p in description.problems if p.reason == Reason.FILE_UNREADABLE} >= {"layer1.odx-d"}


def test_a_reference_to_nothing_costs_its_service_only(read: Import) -> None:
    inner = contents(
        reading("Bad", 0x0001, value("v", "Nowhere", 3)),
        reading("Good", 0x0002, value("v", "U8", 3)),
        dictionary=dops(U8),
    )
    description = read(document(bases=base("Unit", inner, can_address(1, 2))))
    assert 2 in {i.did for i in only(description).descriptions[0].data_identifiers if i.fields}
    assert Reason.NOT_CONFORMING in reasons(description)


def test_two_units_of_one_name(read: Import) -> None:
    first = document(bases=base("Unit", comparams=can_address(1, 2)), name="D1")
    second = document(bases=base("unit", comparams=can_address(3, 4)), name="D2")
    description = read(first, second)
    assert [unit.summary.addresses for unit in description.units] == [(CanAddress(1, 2),)]
    assert reasons(description) == {Reason.NAME_USED_TWICE}
