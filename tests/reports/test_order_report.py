"""The order report as page, document and PDF: complete, in the language chosen, nothing in it is markup."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.reports.test_pages import HOSTILE, Page, fault, raised, report
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.model.order import Order
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.compare import compare
from workshop_console.console.reports.sheet_pdf import LACKING
from workshop_console.console.reports.writing import report_contents
from workshop_console.i18n.texts import set_language

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
ENTRY = OrderEntry(
    entry_id=7,
    time=NOW,
    vin="VIN",
    vehicle_name="Car",
    unit="Engine",
    address="0x1001",
    kind=EntryKind.ACTUATION,
    what="Radiator fan",
    request=b"\x2f\x12\x34\x03\x50",
    answer=b"\x7f\x2f\x22",
    outcome="refused 0x22",
    who="Ana",
    details=(("Speed", "50 %"),),
)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


def order(*entries: OrderEntry, **more: Any) -> Order:
    first, last = report(8, fault(), fault(0x910000)), report(9, fault(0x910000), fault(0xC00000))
    base = Order(
        vehicle=VehicleIdentity(vin="VIN", name="Car"),
        printed=NOW,
        who="Ana",
        first=first,
        last=last,
        comparison=compare(first, last),
        entries=entries,
    )
    return replace(base, **more)


def html(shown: Order) -> str:
    content = report_contents(shown, "html", raised)
    assert isinstance(content, str)
    return content


def pdf(shown: Order) -> bytes:
    content = report_contents(shown, "pdf", raised)
    assert isinstance(content, bytes)
    return content


def text_of(content: bytes) -> str:
    """Return what the pages say, a line for each piece; letters that are not ASCII are codes of the font."""
    lines: list[str] = []
    for found in re.finditer(rb"/ASCII85Decode[^>]*>>\s*stream\r?\n(.*?)~>\s*endstream", content, re.DOTALL):
        stream = zlib.decompress(base64.a85decode(found.group(1)))
        if b" Tj" not in stream:
            continue
        for piece in re.findall(rb"\(((?:[^()\\]|\\.)*)\) Tj", stream):
            plain = re.sub(rb"\\([()\\])", rb"\1", piece)
            lines.append(plain.decode("latin-1"))
    return "\n".join(lines)


def test_the_page_tells_everything() -> None:
    text = html(order(ENTRY, replace(ENTRY, outcome="begun", answer=b"", what="Pump")))
    for expected in (
        "VIN",
        "Ana",
        "Radiator fan",
        "2F 12 34 03 50",
        "7F 2F 22",
        "conditionsNotCorrect",
        "Broken off",
        "50 %",
        "P0301-11",
        "U0000-00",
        "gone",
        "new",
        "still there",
        "First test",
        "Last test",
    ):
        assert expected in text


@pytest.mark.parametrize("lang", ["de", "en", "es", "it"])
def test_nothing_from_outside_is_markup_in_the_page(lang: str) -> None:
    set_language(lang)
    hostile = replace(
        ENTRY,
        unit=HOSTILE,
        address=HOSTILE,
        what=HOSTILE,
        who=HOSTILE,
        outcome=HOSTILE,
        details=((HOSTILE, HOSTILE),),
    )
    shown = order(hostile, who=HOSTILE, vehicle=VehicleIdentity(vin=HOSTILE, name=HOSTILE))
    page = Page(html(shown))
    assert page.open == []
    assert not set(page.tags) & {"script", "img"}
    assert page.attributes <= {"class", "lang", "charset", "http-equiv", "content"}
    assert len(pdf(shown)) > 1_000
    document = json.loads(str(report_contents(shown, "json", raised)))
    assert document["entries"][0]["details"] == [{"name": HOSTILE, "value": HOSTILE}]


def test_the_document_holds_what_other_programs_need() -> None:
    document = json.loads(str(report_contents(order(ENTRY), "json", raised)))
    assert set(document) == {
        "vehicle",
        "printed",
        "who",
        "since",
        "entries",
        "first",
        "last",
        "comparison",
        "messages",
    }
    (entry,) = document["entries"]
    assert (entry["id"], entry["kind"], entry["request"], entry["answer"], entry["outcome"]) == (
        7,
        "actuation",
        "2F12340350",
        "7F2F22",
        "refused 0x22",
    )
    assert document["comparison"]["units"][0]["changes"]


def test_a_single_test_and_none_are_told_as_such() -> None:
    single = html(order(ENTRY, last=None, comparison=None))
    assert "There is one test only" in single
    assert "P0301-11" in single
    neither = html(order(ENTRY, first=None, last=None, comparison=None))
    assert "No quick test of this vehicle is kept." in neither
    assert "Nothing was written to this vehicle." in html(order())


def test_the_pdf_has_the_texts_pages_and_its_own_font() -> None:
    content = pdf(order(*(replace(ENTRY, entry_id=n, time=NOW + timedelta(minutes=n)) for n in range(40))))
    text = text_of(content)
    for expected in ("Order report VIN", "Radiator fan", "2F 12 34 03 50", "P0301-11", "Quick tests"):
        assert expected in text
    pages = [int(total) for total in re.findall(r"Page \d+ of (\d+)", text)]
    assert len(pages) > 2
    assert set(pages) == {len(pages)}
    assert b"/FontFile2" in content
    assert LACKING not in text
    assert "stands for a character" not in text


def test_the_pdf_depends_on_the_order_alone() -> None:
    assert pdf(order(ENTRY)) == pdf(order(ENTRY))
    assert b"D:20260301100000Z" in pdf(order(ENTRY))


def test_hostile_texts_stay_texts_in_the_pdf() -> None:
    long = "<b>&amp;</i><font size=99>" + "W" * 5_000 + "\u2420 &#0; <a href='http://example.invalid'>x</a>"
    shown = order(
        replace(ENTRY, unit=long, what=long, answer=b"\x6f" * 4_095, details=((long, long), ("", "")))
    )
    content = pdf(shown)
    text = text_of(content)
    assert "<b>&amp;</i><font" in text.replace("\n", "")
    assert "4,095 bytes" in text
    assert b"example.invalid" not in content  # no link was made of it


def test_characters_that_the_font_lacks_are_told() -> None:
    text = text_of(pdf(order(replace(ENTRY, what="Блок 发动机"))))
    assert "stands for a character that this page cannot show" in text
    for letters in ("äöüß ÄÖÜ", "áéíóú ñ ¿¡ «»", "àèìòù ’", "µ Ω ° ² … – „“ €"):
        shown = text_of(pdf(order(replace(ENTRY, what=letters))))
        assert "stands for a character" not in shown


@pytest.mark.parametrize("lang", ["de", "es", "it"])
def test_the_report_is_in_the_language_of_the_session(lang: str) -> None:
    english = html(order(ENTRY))
    set_language(lang)
    spoken = html(order(ENTRY))
    for text in ("Order report", "What was done", "Quick tests", "Request", "Actuation"):
        assert text in english
        assert text not in spoken
    assert f"/Lang ({lang})".encode() in pdf(order(ENTRY))
