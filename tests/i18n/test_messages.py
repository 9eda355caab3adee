"""The numbered messages: all of them, in every language and edition, with the facts that are listed."""

from __future__ import annotations

import re
import tomllib

import pytest

from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n.extract import ROOT
from workshop_console.i18n.messages import AREAS, CATALOGUE, SHIPPED, fill, shipped_message, shipped_messages
from workshop_console.i18n.texts import set_language

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def listed() -> dict[str, tuple[str, frozenset[str]]]:
    """Return area and facts of each number in docs/message-numbers.md."""
    rows = (line.split("|") for line in (ROOT / "docs/message-numbers.md").read_text("utf-8").splitlines())
    return {
        row[1].strip(): (
            row[2].strip(),
            frozenset(filter(None, (fact.strip() for fact in row[4].split(",")))),
        )
        for row in rows
        if len(row) == 6 and re.fullmatch(r"\d{4}-\d+|WC-\d+", row[1].strip())
    }


def test_a_fact_in_several_languages_is_told_in_that_of_the_message() -> None:
    facts = {"unit": "ME", "value": "900", "condition": "Engine off", "condition_de": "Motor aus"}
    assert "Motor aus" in parts(fill(get("WC-320", "de"), facts))
    assert "Engine off" in parts(fill(get("WC-320", "es"), facts))


def parts(message: NumberedMessage) -> str:
    return "\n".join((message.title, message.when, message.cause, *message.remedy))


def get(number: str, lang: str = "de", edition: Edition = Edition.LITE) -> NumberedMessage:
    found = shipped_message(number, lang, edition)
    assert found is not None
    return found


def test_the_catalogue_has_exactly_the_numbers_that_are_listed() -> None:
    entries = tomllib.loads(CATALOGUE.read_text("utf-8"))["messages"]
    assert {number: entry["area"] for number, entry in entries.items()} == {
        number: area for number, (area, _) in listed().items()
    }


@pytest.mark.parametrize("edition", Edition)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_message_is_whole_and_uses_exactly_its_facts(lang: str, edition: Edition) -> None:
    facts = listed()
    for message in shipped_messages(lang, edition):
        assert message.title, message.number
        assert message.when, message.number
        assert message.cause, message.number
        assert message.remedy, message.number
        assert all(message.remedy), message.number
        assert message.lang == lang
        assert set(PLACEHOLDER.findall(parts(message))) == facts[message.number][1], message.number


def test_raised_numbers_are_all_in_the_catalogue() -> None:
    """Every number that a source names exists, and every number that exists is named somewhere."""
    known = set(listed())
    named: set[str] = set()
    for folder in ("console", "screens", "widgets", "data"):
        for file in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r'"((?:2221|2173)-\d+|WC-\d{3})"', file.read_text("utf-8")))
    assert named - known == set()


def test_messages_stand_in_the_order_of_areas() -> None:
    order = [AREAS.index(message.area) for message in shipped_messages("de", Edition.LITE)]
    assert order == sorted(order)


@pytest.mark.parametrize("number", ["2221-45", "2173-42", "2173-44"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_editions_name_their_own_portal_and_desk(number: str, lang: str) -> None:
    lite, pass_thru = parts(get(number, lang)), parts(get(number, lang, Edition.PASS_THRU))
    assert "B2BConnect.mercedes-benz.com" in lite
    assert "XCA" in lite
    assert "xentry-shop.mercedes-benz.com" in pass_thru
    assert "B2B" not in pass_thru
    assert "XCA" not in pass_thru


@pytest.mark.parametrize("number", ["2221-47", "2173-40"])
def test_the_help_desk_is_reached_by_ticket_or_by_mail(number: str) -> None:
    assert "Support Tool" in parts(get(number))
    pass_thru = parts(get(number, edition=Edition.PASS_THRU))
    assert "xentry.diagnosis-support@daimler.com" in pass_thru
    assert "Support Tool" not in pass_thru


def test_missing_facts_are_shown_as_dots() -> None:
    assert fill(get("2221-47"), {}).cause.startswith("Der Server … mit StartKey")


def test_facts_are_plain_text() -> None:
    hostile = "{server} {0.__class__} %s [red]"
    assert hostile in fill(get("2221-47"), {"server": hostile}).cause


def test_unknown_facts_do_not_matter() -> None:
    assert fill(get("2221-54"), {"nothing": 1}) == get("2221-54")


@pytest.mark.parametrize(
    ("lang", "minutes", "shown"),
    [
        ("de", 1, "1 Minute"),
        ("de", 2, "2 Minuten"),
        ("de", 1_440, "1.440 Minuten (1 Tag)"),
        ("en", 1_500, "1,500 minutes (1 day, 1 hour)"),
        ("es", 1_440, "1440 minutos (1 día)"),
        ("es", 10_080, "10.080 minutos (7 días)"),
        ("it", 150, "150 minuti (2 h 30 min)"),
    ],
)
def test_minutes_read_in_the_language_of_the_message(lang: str, minutes: int, shown: str) -> None:
    set_language("en")  # what is chosen for the screens does not decide
    title = fill(get("2173-43", lang), {"minutes": minutes, "group": "eq"}).title
    assert title.endswith(f"EQ: {shown}")


@pytest.mark.parametrize(
    ("number", "facts", "shown"),
    [
        ("WC-505", {"group": "trucks"}, "Lkw gehört"),
        ("WC-302", {"unit": "ME", "reason": "no-answer"}, "Keine Antwort in der vorgesehenen Zeit."),
        ("WC-303", {"unit": "ME", "service": "0x19", "nrc": "0x22"}, "Fehlerspeicher lesen (0x19)"),
        ("WC-303", {"unit": "ME", "service": 0x19, "nrc": 0x22}, "0x22 conditionsNotCorrect: Bedingungen"),
        ("WC-202", {"uri": "doip://x", "code": "0x06"}, "0x06: Aktivierungsart wird nicht unterstützt"),
        ("WC-209", {"library": "x", "code": "0x06", "detail": ""}, "(0x06)"),
        ("WC-402", {"file": "x", "limit": "1000 files"}, "1.000 Dateien"),
        ("WC-402", {"file": "x", "limit": "200 MiB"}, "200 MiB"),
        ("WC-403", {"file": "x", "seconds": 1200}, "1.200 Sekunden"),
        ("WC-504", {"as_of": "not a time"}, "Stand not a time"),
    ],
)
def test_keys_and_figures_become_words(number: str, facts: dict[str, str | int], shown: str) -> None:
    assert shown in parts(fill(get(number), facts))


def test_the_fingerprint_follows_the_texts(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    before = SHIPPED.fingerprint()
    assert before == SHIPPED.fingerprint()
    monkeypatch.setattr("workshop_console.i18n.messages.CATALOGUE", ROOT / "README.md")
    assert SHIPPED.fingerprint() != before


def test_nothing_unknown_is_explained() -> None:
    assert shipped_message("WC-999", "de", Edition.LITE) is None
