"""The report of a flash job: units, checks, every step; nothing in it is markup."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.reports.test_pages import HOSTILE, Page
from tests.screens.fake_flashing import RED, START, entry, job, result, target
from workshop_console.console.model.flash import FlashReport, FlashStep, JobState, UnitEnd
from workshop_console.console.model.message import NumberedMessage, RaisedMessage
from workshop_console.console.reports.writing import report_contents
from workshop_console.i18n.texts import set_language


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    set_language("en")
    yield
    set_language("en")


def raised(messages: Iterable[RaisedMessage]) -> Sequence[NumberedMessage]:
    return [
        NumberedMessage(
            number=one.number, title=f"Title of {one.number}", when="", cause="A cause.", remedy=(), lang="en"
        )
        for one in messages
    ]


def report(state: JobState = JobState.FAILED, label: str = "Engine unit") -> FlashReport:
    one = replace(target(checks=(RED,)), label=label)
    failed = replace(job(3, state, one), results=(result(UnitEnd.BOOT_LOADER, number="WC-730"),))
    entries = (
        entry(1, FlashStep.ERASE),
        entry(2, FlashStep.TRANSFER, "negative"),
        entry(3, FlashStep.RESET, "", unit=""),
    )
    return FlashReport(job=failed, entries=entries, printed=START + timedelta(hours=1))


def html(shown: FlashReport) -> str:
    page = report_contents(shown, "html", raised)
    assert isinstance(page, str)
    return page


def document(shown: FlashReport) -> dict[str, Any]:
    text = report_contents(shown, "json", raised)
    assert isinstance(text, str)
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_page_names_what_each_unit_holds_now_and_why() -> None:
    page = html(report())
    for text in (
        "Flash job 3",
        "W1K2060041F048211",
        "2069000002 23/40",
        "2069000099 26/10",
        "in its boot loader, without software: boot loader 2069000050",
        "WC-730",
        "Battery voltage",
        "11.2 V",
    ):
        assert text in page


def test_every_step_is_listed_and_one_without_an_end_is_told() -> None:
    page = html(report())
    for text in ("Erase", "done: CODE", "refused: CODE", "no end recorded", "Vehicle"):
        assert text in page


def test_the_document_has_everything_with_times_in_utc() -> None:
    found = document(report())
    assert (found["id"], found["state"]) == (3, "failed")
    assert found["started"].startswith("2026-11-21T07:30:00")
    assert found["units"][0]["checks"][0]["light"] == "red"
    assert found["results"][0]["end"] == "boot-loader"
    assert found["results"][0]["message"]["number"] == "WC-730"
    assert [step["outcome"] for step in found["steps"]] == ["positive", "negative", ""]
    assert found["steps"][2]["ended"] is None


def test_the_pdf_is_made_of_the_same() -> None:
    content = report_contents(report(), "pdf", raised)
    assert isinstance(content, bytes)
    assert content.startswith(b"%PDF")


def test_texts_of_files_and_descriptions_are_no_markup() -> None:
    page = Page(html(report(label=HOSTILE)))
    assert not {"script", "img", "b"} & set(page.tags)
    assert HOSTILE not in html(report(label=HOSTILE))
    assert report_contents(report(label=HOSTILE), "pdf", raised)
