"""Pages to print: self-contained, complete, and nothing from outside is markup in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.dtc import DecodedValue, DtcRecord, Fault
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.model.report import QuickTestReport, UnitResult, UnitState
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.compare import compare
from workshop_console.console.reports.writing import report_text
from workshop_console.i18n.texts import set_language

HOSTILE = "<script>alert(1)</script><img src='http://example.invalid/x'> & \"[/red]\""


def fault(dtc: int = 0x030111, status: int = 0x2F, text: str = HOSTILE) -> Fault:
    value = DecodedValue(name=HOSTILE, value=HOSTILE, unit="km", raw=b"\x01")
    record = DtcRecord(number=1, raw=b"\x01\x02", values=(value,))
    return Fault(
        dtc=dtc, status=status, text=text, first_occurrence=HOSTILE, snapshots=(record,), extended=(record,)
    )


def report(hour: int = 8, *faults: Fault) -> QuickTestReport:
    units = (
        UnitResult(
            name="ME",
            label=HOSTILE,
            address=DoipAddress(1),
            state=UnitState.FAULTS,
            variant=HOSTILE,
            hardware=HOSTILE,
            faults=faults,
        ),
        UnitResult(
            name="ABS",
            label="Brakes",
            address=DoipAddress(2),
            state=UnitState.SILENT,
            reason=SilentReason.NO_ANSWER,
            detail=HOSTILE,
        ),
    )
    return QuickTestReport(
        vehicle=VehicleIdentity(vin=HOSTILE, name=HOSTILE, voltage_v=12.6),
        vci=HOSTILE,
        started=datetime(2026, 3, 1, hour, tzinfo=UTC),
        duration_ms=900,
        complete=False,
        units=units,
        messages=(RaisedMessage(number="WC-311"),),
    )


def raised(messages: object) -> tuple[NumberedMessage, ...]:
    return (
        NumberedMessage(number="WC-311", title=HOSTILE, when="", cause=HOSTILE, remedy=(HOSTILE,), lang="en"),
    )


class Page(HTMLParser):
    """Collects the tags and checks that each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("comparison", [False, True])
def test_nothing_from_outside_is_markup_and_nothing_is_loaded(comparison: bool) -> None:
    shown = compare(report(8, fault()), report(9, fault(0x030211))) if comparison else report(8, fault())
    page = Page(report_text(shown, "html", raised))
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "object"} & set(page.tags)
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "class"}


def test_page_has_everything_that_is_known() -> None:
    text = report_text(report(8, fault(text="Cylinder 1 misfire")), "html", raised)
    for part in ("P0301-11", "Cylinder 1 misfire", "0x2F", "030111", "0x0001", "WC-311", "01 02", "12.6"):
        assert part in text


@pytest.mark.parametrize("lang", ["de", "en", "es", "it"])
def test_page_is_in_the_language_chosen(lang: str) -> None:
    set_language(lang)
    try:
        text = report_text(report(8, fault()), "html", raised)
    finally:
        set_language("en")
    assert f'<html lang="{lang}">' in text


def test_json_file_is_the_document_of_the_command_line() -> None:
    document = json.loads(report_text(report(8, fault()), "json", raised))
    assert document["complete"] is False
    assert document["units"][0]["faults"][0]["raw"] == "030111"
    assert document["messages"][0]["number"] == "WC-311"


def test_comparison_tells_each_change() -> None:
    document = json.loads(
        report_text(compare(report(8, fault(1), fault(2)), report(9, fault(2), fault(3))), "json", raised)
    )
    changes = {
        (change["change"], (change["after"] or change["before"])["raw"])
        for change in document["units"][0]["changes"]
    }
    assert changes == {("gone", "000001"), ("still", "000002"), ("new", "000003")}
    assert document["units"][1]["comparable"] is False
