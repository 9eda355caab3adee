"""The two JSON forms of a report."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.dtc import DecodedValue, DtcRecord, Fault
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.model.report import (
    ClearingResult,
    FaultReading,
    QuickTestReport,
    UnitResult,
    UnitState,
    VariantMatch,
)
from workshop_console.console.model.report_json import (
    dump_report,
    fault_document,
    faults_document,
    load_report,
    quick_test_document,
)
from workshop_console.console.model.vehicle import VehicleIdentity

FAULT = Fault(
    dtc=0x030111,
    status=47,
    text="Misfire ‹cylinder 1›",
    priority=2,
    first_occurrence="12 000 km",
    occurrences=3,
    snapshots=(
        DtcRecord(
            number=1,
            raw=b"\x01\x02\xff",
            values=(DecodedValue(name="Speed", value="0.5", unit="km/h", raw=b"\xff"),),
        ),
    ),
    extended=(DtcRecord(number=3, raw=b"\x02"),),
)

REPORT = QuickTestReport(
    vehicle=VehicleIdentity(vin="WDD2130041A000001", name="Car", voltage_v=12.4),
    vci="sim://car",
    started=datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
    duration_ms=1_234,
    complete=False,
    units=(
        UnitResult(
            name="ME",
            label="Engine",
            address=DoipAddress(0x10),
            state=UnitState.FAULTS,
            variant="ME_17",
            variant_match=VariantMatch.EXACT,
            faults=(FAULT,),
            time_ms=31.26,
            unit_key=4,
        ),
        UnitResult(
            name="ESP",
            label="Stability",
            address=CanAddress(0x100, 0x101, extended=True),
            state=UnitState.SILENT,
            reason=SilentReason.NO_ANSWER,
            retries=1,
        ),
        UnitResult(name="SRS", label="", address=CanAddress(0x7E0, 0x7E8), state=UnitState.REFUSED, nrc=0x33),
    ),
    messages=(RaisedMessage(number="WC-311", facts=(("done", 2), ("total", 3.5), ("why", "x"))),),
)


def text_of(fault: Fault) -> str:
    return fault.text or "explained"


def test_a_kept_report_comes_back_without_loss() -> None:
    assert load_report(dump_report(REPORT)) == REPORT
    assert load_report(dump_report(REPORT), report_id=7).report_id == 7


def test_a_kept_report_keeps_the_time_zone_of_its_instant() -> None:
    zoned = QuickTestReport(
        vehicle=VehicleIdentity(),
        vci="",
        started=datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
        duration_ms=0,
        complete=True,
        units=(),
    )
    assert load_report(dump_report(zoned)).started == zoned.started


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"form":1}',
        '{"form":2,"report":{}}',
        '{"form":1,"report":[]}',
        '{"form":1,"report":{"vci":3}}',
        '{"form":1,"report":{"vehicle":{},"vci":"","started":"x","duration_ms":1,"complete":true,"units":[]}}',
        '{"form":1,"report":{"vehicle":{},"vci":"","started":"2026-01-01","duration_ms":true,"complete":true,"units":[]}}',
        '{"form":1,"report":' + "[" * 100_000,
    ],
)
def test_what_is_no_kept_report_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any ValueError will do: the store reports it with a number
        load_report(text)


def test_quick_test_document_has_the_fixed_field_names() -> None:
    message = NumberedMessage(number="WC-311", title="t", when="w", cause="c", remedy=("1", "2"), lang="en")
    document = json.loads(json.dumps(quick_test_document(REPORT, [message], text_of)))
    assert document["vehicle"] == {"vin": "WDD2130041A000001", "name": "Car", "voltage_v": 12.4}
    assert document["started"] == "2026-01-02T03:04:05.678Z"
    assert (document["duration_ms"], document["complete"]) == (1_234, False)
    engine, stability, airbag = document["units"]
    assert set(engine) >= {
        *("name", "address", "state", "reason", "variant", "hardware", "software"),
        *("time_ms", "retries", "current", "stored", "faults"),
    }
    assert (engine["address"], engine["state"], engine["reason"], engine["time_ms"]) == (
        "0x0010",
        "faults",
        None,
        31.3,
    )
    assert (engine["current"], engine["stored"]) == (1, 0)
    assert (stability["state"], stability["reason"], stability["address"]) == (
        "silent",
        "no-answer",
        "0x100/0x101",
    )
    assert (airbag["state"], airbag["reason"], airbag["nrc"]) == ("refused", "securityAccessDenied", "33")
    assert document["messages"] == [
        {
            **{"number": "WC-311", "area": "", "title": "t", "when": "w", "cause": "c"},
            **{"remedy": ["1", "2"], "lang": "en"},
        }
    ]


def test_fault_document_is_the_one_of_the_design() -> None:
    document = fault_document(FAULT, text_of)
    assert (document["code"], document["raw"], document["status"]) == ("P0301-11", "030111", 47)
    assert document["bits"][0] == "testFailed"
    assert (document["state"], document["text"]) == ("current", "Misfire ‹cylinder 1›")
    assert document["snapshot"][0]["raw"] == "0102FF"
    assert document["snapshot"][0]["values"] == [
        {"name": "Speed", "label": "", "value": "0.5", "unit": "km/h", "raw": "FF"}
    ]
    assert fault_document(Fault(dtc=1, status=0), text_of)["text"] == "explained"


def test_faults_document_tells_what_clearing_did() -> None:
    before = FaultReading(result=REPORT.units[0], raw=b"\x59\x02")
    plain = faults_document(before, text_of)
    assert (plain["cleared"], plain["gone"], len(plain["faults"]), plain["raw"]) == (False, [], 1, "5902")
    after = FaultReading(
        result=UnitResult(name="ME", label="Engine", address=DoipAddress(0x10), state=UnitState.OK),
        raw=b"\x59",
    )
    clearing = ClearingResult(before=before, after=after, cleared=True, readout_id=9, gone=(FAULT,))
    cleared = faults_document(before, text_of, clearing=clearing)
    assert (cleared["cleared"], len(cleared["gone"]), cleared["faults"], cleared["readout"]) == (
        True,
        1,
        [],
        9,
    )
    unread = faults_document(
        before, text_of, clearing=ClearingResult(before=before, after=None, cleared=True)
    )
    assert len(unread["faults"]) == 1
