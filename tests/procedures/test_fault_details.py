"""Snapshots and extended data, as units send them."""

from __future__ import annotations

import pytest

from tests.procedures.scripted import Described, ScriptedLink, ScriptedUnit, summary, unit_with
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcRecordLayout,
    FieldLayout,
    UnitDescription,
)
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.report import FaultReading, UnitState
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import FaultsRead, MessageRaised
from workshop_console.console.procedures.fault_details import parse_extended_data, parse_snapshots
from workshop_console.console.procedures.fault_memory import read_fault_memories, unit_message

HEAD = bytes.fromhex("5904 030111 2F")
ODOMETER = DataIdentifier(
    did=0x0100,
    name="Odometer",
    label="Odometer",
    length=3,
    fields=(FieldLayout(name="Odometer", label="Odometer", byte_position=0, bit_length=24, unit="km"),),
)
RAW_ONLY = DataIdentifier(did=0x0101, name="Supply", label="Supply", length=1)
KNOWN = {0x0100: ODOMETER, 0x0101: RAW_ONLY}
LAYOUTS = {
    1: DtcRecordLayout(
        record_number=1,
        fields=(FieldLayout(name="OccurrenceCounter", label="Occurrence counter", byte_position=0),),
    ),
    2: DtcRecordLayout(
        record_number=2,
        fields=(
            FieldLayout(name="FirstOccurrence", label="First", byte_position=0, bit_length=24, unit="km"),
            FieldLayout(name="LastOccurrence", label="Last", byte_position=3, bit_length=24, unit="km"),
        ),
    ),
    3: DtcRecordLayout(
        record_number=3, fields=(FieldLayout(name="Priority", label="Priority", byte_position=0),)
    ),
}
SNAPSHOTS: dict[str, tuple[str, list[tuple[int, str, list[str]]]]] = {
    "nothing stored": ("", []),
    "described": ("01 02 0100 00BC53 0101 7E", [(1, "020100 00BC53 0101 7E", ["48211", "7E"])]),
    "two records": (
        "01 01 0100 000001 02 01 0100 000002",
        [(1, "01 0100 000001", ["1"]), (2, "01 0100 000002", ["2"])],
    ),
    "an identifier that nobody describes": (
        "01 02 0100 000001 F40C 1234 0101 7E",
        [(1, "02 0100 000001 F40C 1234 0101 7E", ["1"])],
    ),
    "cut off in the data": ("01 02 0100 0000", [(1, "02 0100 0000", [])]),
    "cut off after the record number": ("01", [(1, "", [])]),
    "no identifiers, but data": ("01 00 AABB", [(1, "00 AABB", [])]),
}


@pytest.mark.parametrize("case", SNAPSHOTS)
def test_snapshot_records(case: str) -> None:
    body, expected = SNAPSHOTS[case]
    records = parse_snapshots(HEAD + bytes.fromhex(body), KNOWN)
    assert [(r.number, r.raw, [v.value for v in r.values]) for r in records] == [
        (number, bytes.fromhex(raw), values) for number, raw, values in expected
    ]


def test_extended_records_are_cut_by_their_layouts_and_an_unknown_one_takes_the_rest() -> None:
    payload = bytes.fromhex("5906 030111 2F 01 05 02 000064 0000C8 70 AABB")
    records = parse_extended_data(payload, LAYOUTS)
    assert [(r.number, r.raw.hex()) for r in records] == [(1, "05"), (2, "0000640000c8"), (0x70, "aabb")]


def read(unit: ScriptedUnit, *, described: bool = True) -> FaultReading:
    details = UnitDescription(
        summary=summary("ME", 0x10),
        variant="",
        data_identifiers=(ODOMETER, RAW_ONLY),
        extended_records=tuple(LAYOUTS.values()),
    )
    events = list(
        read_fault_memories(
            ScriptedLink({DoipAddress(0x10): unit}),
            [summary("ME", 0x10, key=1 if described else 0)],
            Described(details={1: details}),
            Cancellation(),
        )
    )
    (reading,) = (event.reading for event in events if isinstance(event, FaultsRead))
    return reading


LIST = "5902FF 030111 2F"
EXTENDED = "5906 030111 2F 01 05 02 000064 0000C8 03 02"


def test_occurrences_first_last_and_priority_come_from_the_extended_data() -> None:
    reading = read(unit_with(x1902FF=LIST, x1906030111FF=EXTENDED))
    (fault,) = reading.result.faults
    assert (fault.occurrences, fault.first_occurrence, fault.last_occurrence, fault.priority) == (
        5,
        "100 km",
        "200 km",
        2,
    )
    assert reading.raw == bytes.fromhex(LIST)
    assert reading.status_availability_mask == 0xFF


def test_without_a_description_the_raw_bytes_are_there() -> None:
    reading = read(unit_with(x1902FF=LIST, x1906030111FF=EXTENDED), described=False)
    (fault,) = reading.result.faults
    assert [record.raw.hex() for record in fault.extended] == ["05020000640000c80302"]
    assert fault.occurrences is None


def test_single_records_are_asked_where_all_at_once_is_refused() -> None:
    unit = unit_with(
        x1902FF=LIST,
        x190603011101="5906 030111 2F 01 05",
        x1903="5903 030111 01",
        x190403011101="5904 030111 2F 01 01 0100 000007",
    )
    (fault,) = read(unit).result.faults
    assert fault.occurrences == 5
    assert [value.value for record in fault.snapshots for value in record.values] == ["7"]


def test_a_unit_without_0x19_03_simply_has_no_snapshots() -> None:
    unit = unit_with(x1902FF="5902FF 030111 2F 030211 08", x1903="7F1912")
    faults = read(unit).result.faults
    assert [fault.snapshots for fault in faults] == [(), ()]
    assert unit.asked.count(b"\x19\x03") == 1


def test_a_unit_that_goes_silent_in_the_details_is_not_waited_for_again() -> None:
    unit = unit_with(x1902FF="5902FF 030111 2F 030211 08", x1906030111FF=SilentReason.NO_ANSWER)
    assert len(read(unit).result.faults) == 2
    assert [request[:2] for request in unit.asked].count(b"\x19\x06") == 1
    assert all(request[:2] != b"\x19\x04" for request in unit.asked)


def test_details_are_read_in_the_session_that_the_list_needed() -> None:
    unit = unit_with(
        x1902FF=["7F197F", LIST], x1003="5003", x1001="5001", x1906030111FF=EXTENDED, x22F190="7F2211"
    )
    read(unit)
    assert unit.asked.index(b"\x19\x06\x03\x01\x11\xff") > unit.asked.index(b"\x10\x01")
    assert unit.asked.count(b"\x10\x03") == 2
    assert unit.asked[-1] == b"\x10\x01"


@pytest.mark.parametrize(
    ("answer", "number", "raw"),
    [
        ("5902FF 030111", "WC-304", "59 02 FF 03 01 11"),
        ("7F1933", "WC-303", None),
        (SilentReason.UNKNOWN_TARGET, "WC-302", None),
        (LIST, None, None),
    ],
)
def test_message_for_a_memory_that_was_not_read_as_it_should_be(
    answer: object, number: str | None, raw: str | None
) -> None:
    reading = read(unit_with(x1902FF=answer))
    message = unit_message(reading)
    assert (message.number if message else None) == number
    if raw and message:
        assert dict(message.facts)["raw"] == raw


def test_cancelled_reading_says_how_far_it_came() -> None:
    cancellation = Cancellation()
    cancellation.request()
    events = list(
        read_fault_memories(
            ScriptedLink({DoipAddress(0x10): unit_with(x1902FF=LIST)}),
            [summary("ME", 0x10, key=0)],
            Described(),
            cancellation,
        )
    )
    assert [e.message.number for e in events if isinstance(e, MessageRaised)] == ["WC-311"]


def test_details_that_were_not_read_have_a_reason() -> None:
    silent = read(unit_with(x1902FF=LIST, otherwise=SilentReason.NO_ANSWER))
    assert (silent.result.state, silent.details_reason) == (UnitState.FAULTS, SilentReason.NO_ANSWER)
    message = unit_message(silent)
    assert message is not None
    assert (message.number, dict(message.facts)["reason"]) == ("WC-302", "no-answer")
    without = read(unit_with(x1902FF=LIST, otherwise="7F1912"))
    assert (without.details_reason, unit_message(without)) == (None, None)


def test_a_cancellation_amid_the_details_is_told_and_the_faults_stay() -> None:
    cancellation = Cancellation()
    unit = unit_with(x1902FF=LIST, x1906030111FF=EXTENDED, otherwise="7F2231")

    def interrupt(line: ScriptedLink) -> None:
        if unit.asked[-1:] == [b"\x19\x06\x03\x01\x11\xff"]:
            cancellation.request()

    link = ScriptedLink({DoipAddress(0x10): unit}, on_wait=interrupt)
    events = list(read_fault_memories(link, [summary("ME", 0x10, key=0)], Described(), cancellation))
    (reading,) = (event.reading for event in events if isinstance(event, FaultsRead))
    assert reading.details_reason is SilentReason.CANCELLED
    assert len(reading.result.faults) == 1
    assert [e.message.number for e in events if isinstance(e, MessageRaised)] == ["WC-311"]
