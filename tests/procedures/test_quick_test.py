"""The quick test over a scripted line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.procedures.scripted import Described, ScriptedLink, ScriptedUnit, SteppingClock, summary, unit_with
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcDescription,
    FieldLayout,
    MatchRule,
    UnitDescription,
    UnitSummary,
    Variant,
)
from workshop_console.console.model.dtc import FaultState
from workshop_console.console.model.exchange import Outcome, SilentReason
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState, VariantMatch
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import (
    EcuAnswered,
    EcuSilent,
    Event,
    MessageRaised,
    ReportFinished,
    UnitsPlanned,
    VehicleIdentified,
)
from workshop_console.console.procedures.quick_test import failed_rows, quick_test
from workshop_console.console.procedures.scripts import BUSY_TRIES

PLAIN: dict[str, object] = {"x1902FF": "5902FF", "x3E00": "7E00"}
ONE_FAULT: dict[str, object] = {"x1902FF": "5902FF 030111 2F", "x3E00": "7E00"}


def run(
    units: dict[int, ScriptedUnit],
    *,
    summaries: Sequence[UnitSummary] | None = None,
    catalogue: Described | None = None,
    cancellation: Cancellation | None = None,
    **link: object,
) -> tuple[list[Event], QuickTestReport, ScriptedLink]:
    line = ScriptedLink({DoipAddress(n): unit for n, unit in units.items()}, **link)  # type: ignore[arg-type]  # ScriptedLink's own
    if summaries is None:
        summaries = [summary(f"U{n:X}", n, key=0) for n in units]
    events = list(
        quick_test(
            line,
            summaries,
            catalogue or Described(),
            cancellation or Cancellation(),
            clock=SteppingClock(),
            stopwatch=lambda: 0.0,
        )
    )
    assert isinstance(events[-1], ReportFinished)
    return events, events[-1].report, line


def only_row(unit: ScriptedUnit, **more: object) -> UnitResult:
    _, report, _ = run({0x10: unit}, **more)  # type: ignore[arg-type]  # run's own
    (row,) = report.units
    return row


STATES: dict[str, tuple[dict[str, object], UnitState, SilentReason | None, int | None]] = {
    "nothing in the memory": (PLAIN, UnitState.OK, None, None),
    "a fault": (ONE_FAULT, UnitState.FAULTS, None, None),
    "nothing but filler": ({"x1902FF": "5902FF 00000000 00000000"}, UnitState.OK, None, None),
    "only codes that were not tested": ({"x1902FF": "5902FF 030111 50"}, UnitState.OK, None, None),
    "silent": ({"otherwise": SilentReason.NO_ANSWER}, UnitState.SILENT, SilentReason.NO_ANSWER, None),
    "unknown to the gateway": (
        {"otherwise": SilentReason.UNKNOWN_TARGET},
        UnitState.SILENT,
        SilentReason.UNKNOWN_TARGET,
        None,
    ),
    "0x78 for ever": (
        {"otherwise": SilentReason.PENDING_FOR_EVER},
        UnitState.SILENT,
        SilentReason.PENDING_FOR_EVER,
        None,
    ),
    "silent to 0x19 only": (
        {"x1902FF": SilentReason.NO_ANSWER, "x3E00": "7E00"},
        UnitState.ERROR,
        SilentReason.NO_ANSWER,
        None,
    ),
    "0x19 not supported": ({"otherwise": "7F1911"}, UnitState.REFUSED, None, 0x11),
    "security wanted": ({"x1902FF": "7F1933"}, UnitState.REFUSED, None, 0x33),
    "session refused": ({"x1902FF": "7F197F", "x1003": "7F1022"}, UnitState.REFUSED, None, 0x22),
    "cut off in a fault": (
        {"x1902FF": "5902FF 030111 2F 0302"},
        UnitState.ERROR,
        SilentReason.TOO_SHORT,
        None,
    ),
    "cut off before the mask": ({"x1902FF": "5902"}, UnitState.ERROR, SilentReason.TOO_SHORT, None),
    "for another request": (
        {"x1902FF": SilentReason.WRONG_SERVICE},
        UnitState.ERROR,
        SilentReason.WRONG_SERVICE,
        None,
    ),
    "too long": ({"x1902FF": SilentReason.TOO_LONG}, UnitState.ERROR, SilentReason.TOO_LONG, None),
}


@pytest.mark.parametrize("case", STATES)
def test_state_of_a_row(case: str) -> None:
    answers, state, reason, nrc = STATES[case]
    row = only_row(unit_with(**answers))
    assert (row.state, row.reason, row.nrc) == (state, reason, nrc)


def test_a_silent_unit_is_asked_no_more_than_twice() -> None:
    silent = unit_with(otherwise=SilentReason.NO_ANSWER)
    only_row(silent)
    assert silent.asked == [b"\x19\x02\xff", b"\x3e\x00"]


def test_a_unit_that_is_later_than_its_p2_is_asked_again_with_time_enough() -> None:
    late = unit_with(x1902FF=[SilentReason.NO_ANSWER, "5902FF 030111 2F"], x3E00="7E00")
    row = only_row(late)
    assert row.state is UnitState.FAULTS
    assert late.asked[:3] == [b"\x19\x02\xff", b"\x3e\x00", b"\x19\x02\xff"]


def test_a_unit_that_another_tester_keeps_busy_gets_its_turn_after_it() -> None:
    busy = SilentReason.BUSY_FOR_EVER
    unit = unit_with(x1902FF=[busy, busy, "5902FF 030111 2F"])
    row = only_row(unit)
    assert row.state is UnitState.FAULTS
    assert row.retries == 2
    assert unit.asked[:3] == [b"\x19\x02\xff"] * BUSY_TRIES


def test_a_unit_that_stays_busy_is_left_alone() -> None:
    unit = unit_with(otherwise=SilentReason.BUSY_FOR_EVER)
    row = only_row(unit)
    assert (row.state, row.reason) == (UnitState.SILENT, SilentReason.BUSY_FOR_EVER)
    assert unit.asked == [b"\x19\x02\xff"] * BUSY_TRIES


def test_a_unit_that_gets_busy_while_it_is_identified_is_of_no_unknown_variant() -> None:
    row = only_row(unit_with(**ONE_FAULT, x22F191=SilentReason.BUSY_FOR_EVER))
    assert (row.state, row.reason) == (UnitState.ERROR, SilentReason.BUSY_FOR_EVER)
    assert len(row.faults) == 1


def test_the_extended_session_is_opened_where_the_unit_wants_it_and_left_again() -> None:
    unit = unit_with(x1902FF=["7F197F", "5902FF 030111 2F"], x1003="5003003201F4", x1001="5001003201F4")
    assert only_row(unit).state is UnitState.FAULTS
    assert unit.asked[:4] == [b"\x19\x02\xff", b"\x10\x03", b"\x19\x02\xff", b"\x10\x01"]


def test_a_list_too_long_for_an_answer_is_read_with_narrower_masks() -> None:
    unit = unit_with(x1902FF="7F1914", x19022F="7F1914", x19020D="5902FF 030111 09")
    assert [fault.dtc for fault in only_row(unit).faults] == [0x030111]


def test_supported_codes_serve_where_the_status_mask_is_not_understood() -> None:
    unit = unit_with(x1902FF="7F1912", x190A="590AFF 030111 2F 030211 00 030311 50")
    assert [fault.dtc for fault in only_row(unit).faults] == [0x030111]


def test_a_unit_that_refuses_identifiers_still_gets_its_faults_read() -> None:
    row = only_row(unit_with(**ONE_FAULT, otherwise="7F2211"))
    assert row.state is UnitState.FAULTS
    assert row.hardware == row.software == ""


def test_zeros_that_fill_an_answer_are_no_faults() -> None:
    row = only_row(unit_with(x1902FF="5902FF 030111 2F 00000000 00000008"))
    assert [(fault.dtc, fault.status) for fault in row.faults] == [(0x030111, 0x2F), (0, 0x08)]


def test_the_whole_faults_of_a_cut_off_answer_are_shown() -> None:
    row = only_row(unit_with(x1902FF="5902FF 030111 2F 0302"))
    assert [fault.dtc for fault in row.faults] == [0x030111]
    assert row.detail == "03 02"


def test_hardware_software_and_vin_come_from_the_first_identifiers_that_say_something() -> None:
    unit = unit_with(
        **PLAIN,
        x22F191="62F191 FFFFFFFF",
        x22F192="62F192" + b"2069012345".hex(),
        x22F188="62F188" + b"2069022345\0\0".hex(),
        x22F195="62F195 210301",
        x22F190="62F190" + b"W1K2060041F048211".hex(),
    )
    events, report, _ = run({0x10: unit})
    (row,) = report.units
    assert (row.hardware, row.software) == ("2069012345", "2069022345 210301")
    assert report.vehicle.vin == row.vin == "W1K2060041F048211"
    assert any(isinstance(event, VehicleIdentified) for event in events)


def described_unit(*expected: bytes) -> UnitSummary:
    variants = tuple(
        Variant(
            name=f"Variant{number}",
            label="",
            patterns=(
                (
                    MatchRule(
                        request=b"\x22\xf1\x00", position=3, bit_position=0, bit_length=16, expected=value
                    ),
                ),
            ),
        )
        for number, value in enumerate(expected)
    )
    return summary("ME", 0x10, variants=variants)


@pytest.mark.parametrize(
    ("answer", "variant", "match", "state"),
    [
        ("62F1000002", "Variant1", VariantMatch.EXACT, UnitState.OK),
        ("62F1000009", "", VariantMatch.NONE, UnitState.UNKNOWN_VARIANT),
        ("62F10000", "", VariantMatch.NONE, UnitState.UNKNOWN_VARIANT),
        ("7F2231", "", VariantMatch.NONE, UnitState.UNKNOWN_VARIANT),
    ],
)
def test_variant_of_a_described_unit(
    answer: str, variant: str, match: VariantMatch, state: UnitState
) -> None:
    unit = unit_with(**PLAIN, x22F100=answer)
    row = only_row(unit, summaries=[described_unit(b"\0\1", b"\0\2")])
    assert (row.variant, row.variant_match, row.state) == (variant, match, state)
    assert unit.asked.count(b"\x22\xf1\x00") == 1


def test_a_pattern_that_would_write_is_not_sent() -> None:
    rule = MatchRule(request=b"\x2e\xf1\x00\x01", position=0, bit_position=0, bit_length=8, expected=b"\x6e")
    unit = unit_with(**PLAIN)
    described = summary("ME", 0x10, variants=(Variant(name="V", label="", patterns=((rule,),)),))
    assert only_row(unit, summaries=[described]).state is UnitState.UNKNOWN_VARIANT
    assert all(request[0] != 0x2E for request in unit.asked)


def test_faults_get_the_texts_of_the_description_and_failing_ones_come_first() -> None:
    text = DtcDescription(dtc=0x030211, display_code="P030211", text="Cylinder 2", priority=2)
    details = UnitDescription(summary=summary("ME", 0x10), variant="", dtcs=(text,))
    row = only_row(
        unit_with(x1902FF="5902FF 030111 08 030211 2F"),
        summaries=[summary("ME", 0x10)],
        catalogue=Described(details={1: details}),
    )
    assert [(f.code, f.text, f.priority, f.state) for f in row.faults] == [
        ("P030211", "Cylinder 2", 2, FaultState.CURRENT),
        ("P0301-11", "", None, FaultState.STORED),
    ]
    assert (row.current, row.remembered) == (1, 1)


def test_battery_voltage_is_read_from_one_unit_that_has_it() -> None:
    field = FieldLayout(
        name="BatteryVoltage", label="Battery voltage", byte_position=0, factor=0.1, digits=1, unit="V"
    )
    identifier = DataIdentifier(
        did=0x0101, name="BatteryVoltage", label="Battery voltage", length=1, fields=(field,)
    )
    summaries = [summary("A", 0x10, key=1), summary("Gateway", 0x11, key=2)]
    details = {
        key: UnitDescription(summary=unit, variant="", data_identifiers=(identifier,))
        for key, unit in enumerate(summaries, start=1)
    }
    units = {n: unit_with(**PLAIN, x220101="6201017E") for n in (0x10, 0x11)}
    _, report, line = run(units, summaries=summaries, catalogue=Described(details=details))
    assert report.vehicle.voltage_v == pytest.approx(12.6)
    assert sum(request == b"\x22\x01\x01" for _, request in line.submitted) == 1


def test_all_units_are_asked_at_once_and_no_unit_twice_at_a_time() -> None:
    _, report, line = run({n: unit_with(**PLAIN) for n in range(1, 31)})
    assert line.most_in_flight == 30
    assert [unit.address for unit in report.units] == [DoipAddress(n) for n in range(1, 31)]


def test_no_more_are_in_flight_than_the_gateway_takes() -> None:
    _, report, line = run({n: unit_with(**PLAIN) for n in range(1, 31)}, max_in_flight=4)
    assert line.most_in_flight == 4
    assert len(report.units) == 30


def test_cancel_keeps_what_was_read_and_says_so() -> None:
    cancellation = Cancellation()
    rows: list[Event] = []
    line = ScriptedLink({DoipAddress(n): unit_with(**ONE_FAULT) for n in (1, 2, 3)}, max_in_flight=1)
    test = quick_test(
        line,
        [summary(f"U{n}", n, key=0) for n in (1, 2, 3)],
        Described(),
        cancellation,
        clock=SteppingClock(),
        stopwatch=lambda: 0.0,
    )
    for event in test:
        rows.append(event)
        if isinstance(event, EcuAnswered) and not cancellation.requested:
            cancellation.request()
    assert isinstance(rows[-1], ReportFinished)
    report = rows[-1].report
    assert not report.complete
    assert [row.reason for row in report.units] == [None, SilentReason.CANCELLED, SilentReason.CANCELLED]
    assert report.units[0].state is UnitState.FAULTS
    assert [m.number for m in report.messages] == ["WC-311"]
    assert dict(report.messages[0].facts) == {"done": 1, "total": 3}


def test_a_lost_line_ends_every_row_and_keeps_what_was_read() -> None:
    units = {
        1: unit_with(**PLAIN),
        2: unit_with(x1902FF=Outcome.LINK_LOST),
        3: unit_with(**PLAIN),
    }
    events, report, _ = run(units, max_in_flight=1)
    assert [row.reason for row in report.units] == [None, SilentReason.LINK_LOST, SilentReason.LINK_LOST]
    assert not report.complete
    assert [e.message.number for e in events if isinstance(e, MessageRaised)] == ["WC-203"]


def test_nobody_there_is_said() -> None:
    events, report, _ = run({1: unit_with(otherwise=SilentReason.NO_ANSWER)})
    assert [m.number for m in report.messages] == ["WC-207"]
    assert report.complete
    assert sum(isinstance(event, EcuSilent) for event in events) == 1


def test_failed_rows_are_asked_again_alone_and_merged() -> None:
    summaries = [summary("A", 1, key=0), summary("B", 2, key=0)]
    _, first, _ = run(
        {1: unit_with(**ONE_FAULT), 2: unit_with(otherwise=SilentReason.NO_ANSWER)}, summaries=summaries
    )
    assert failed_rows(first) == ("0x0002",)
    line = ScriptedLink({DoipAddress(2): unit_with(**PLAIN)})
    events = list(
        quick_test(
            line,
            summaries,
            Described(),
            Cancellation(),
            clock=SteppingClock(),
            stopwatch=lambda: 0.0,
            only=set(failed_rows(first)),
            previous=first,
        )
    )
    assert isinstance(events[-1], ReportFinished)
    assert [row.state for row in events[-1].report.units] == [UnitState.FAULTS, UnitState.OK]
    assert events[-1].report.complete
    planned = next(event for event in events if isinstance(event, UnitsPlanned))
    assert [unit.name for unit in planned.units] == ["B"]
    assert {address for address, _ in line.submitted} == {DoipAddress(2)}
