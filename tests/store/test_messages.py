"""Messages in the store: always there, searched in full text, newer ones from the server on top."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from tests.store.conftest import Opener
from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.settings import LANGUAGES, Folders
from workshop_console.data.store import Store, open_store
from workshop_console.i18n.messages import SHIPPED, shipped_messages

LITE = Edition.LITE


def numbers(store: Store, words: str, lang: str = "de") -> list[str]:
    return [message.number for message in store.messages.search(words, lang=lang, edition=LITE)]


@pytest.mark.parametrize("edition", Edition)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_whole_catalogue_is_there(store: Store, lang: str, edition: Edition) -> None:
    assert store.messages.all(lang=lang, edition=edition) == shipped_messages(lang, edition)


@pytest.mark.soak
def test_filling_the_store_takes_less_than_the_eye_sees(store: Store) -> None:
    begun = time.perf_counter()
    assert store.messages.get("2221-47", lang="de", edition=LITE) is not None
    assert time.perf_counter() - begun < 0.5, "usually 40 ms"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("2221-47", ["2221-47"]),
        ("2221", ["2221-45", "2221-47", "2221-54"]),
        ("47", ["2221-47"]),
        ("wc-604", ["WC-604"]),
        ("WC 604", ["WC-604"]),
        ("wc-61", ["WC-610", "WC-611"]),
    ],
)
def test_search_by_number(store: Store, words: str, found: list[str]) -> None:
    assert numbers(store, words)[: len(found)] == found


@pytest.mark.parametrize(
    ("lang", "words", "number"),
    [
        ("de", "zundung einschalten", "WC-207"),
        ("de", "ZÜND", "WC-207"),
        ("de", "Guthaben aufgebr", "2173-44"),
        ("es", "contrasena", ""),
        ("es", "memoria averias", "WC-306"),
        ("it", "e esaurito", "2173-44"),
        ("en", "disk full", "WC-604"),
        ("en", "esaurito", ""),
    ],
)
def test_search_by_beginnings_of_words_without_accents_in_the_language(
    store: Store, lang: str, words: str, number: str
) -> None:
    found = numbers(store, words, lang)
    assert number in found if number else found == []


@pytest.mark.parametrize(
    "words",
    [
        '"',
        "'",
        "*",
        "a*b",
        '"a" NEAR("b")',
        "title:x",
        "-",
        "^",
        "AND",
        "NOT OR",
        "{server}",
        "\x00",
        "\ud800",
        "😀",
        "(((((",
        "x" * 10_000,
        "a " * 5_000,
        "'; DROP TABLE messages; --",
        "%",
        "_",
        "\n\t",
        "٣",
        "Ａ",
    ],
)
def test_no_search_is_an_error(store: Store, words: str) -> None:
    for lang in ("de", "en"):
        assert isinstance(numbers(store, words, lang), list)
    assert numbers(store, "2221-47") == ["2221-47"]


def test_no_words_are_the_whole_catalogue(store: Store) -> None:
    assert len(numbers(store, "  ")) == len(shipped_messages("de", LITE))


def test_a_number_is_found_in_any_case(store: Store) -> None:
    found = store.messages.get(" wc-100 ", lang="it", edition=LITE)
    assert found is not None
    assert (found.number, found.lang) == ("WC-100", "it")
    assert store.messages.get("WC-999", lang="it", edition=LITE) is None
    assert store.messages.get("x" * 10_000, lang="it", edition=LITE) is None


def newer(number: str = "2221-47", title: str = "Neuer Text vom Server") -> NumberedMessage:
    return NumberedMessage(
        number=number,
        title=title,
        when="w",
        cause="c {server}",
        remedy=("a\nb", "c"),
        lang="de",
        area="start",
    )


def test_newer_texts_stand_before_the_shipped_ones(opener: Opener) -> None:
    store = opener()
    assert store.messages.etag(lang="de", edition=LITE) == ""
    store.messages.remember_messages(
        '"v2"', [newer(), newer("9999-01", "Unbekannt")], lang="de", edition=LITE
    )
    again = opener()
    assert again.messages.etag(lang="de", edition=LITE) == '"v2"'
    assert again.messages.etag(lang="es", edition=LITE) == ""
    found = again.messages.get("2221-47", lang="de", edition=LITE)
    assert found is not None
    assert (found.title, found.remedy) == ("Neuer Text vom Server", ("a b", "c"))
    other = again.messages.get("2221-47", lang="de", edition=Edition.PASS_THRU)
    assert other is not None
    assert other.title != found.title
    every = again.messages.all(lang="de", edition=LITE)
    assert [message.number for message in every].count("2221-47") == 1
    assert every[0].title == "Neuer Text vom Server"
    assert every[-1].number == "9999-01"
    assert numbers(again, "neuer text server") == ["2221-47"]
    assert "2221-47" not in numbers(again, "wartung abgeschaltet"), "the shipped text beneath is not found"


def test_what_the_server_takes_back_is_the_shipped_text_again(store: Store) -> None:
    store.messages.remember_messages("1", [newer()], lang="de", edition=LITE)
    store.messages.remember_messages("2", [], lang="de", edition=LITE)
    assert store.messages.all(lang="de", edition=LITE) == shipped_messages("de", LITE)


def test_the_same_number_twice_from_the_server_is_no_error(store: Store) -> None:
    store.messages.remember_messages("1", [newer(), newer(title="zweiter")], lang="de", edition=LITE)
    found = store.messages.get("2221-47", lang="de", edition=LITE)
    assert found is not None
    assert found.title == "zweiter"


class OtherTexts:
    """The shipped texts of another version of the console."""

    def fingerprint(self) -> str:
        return "another"

    def messages(self) -> Iterable[tuple[Edition, NumberedMessage]]:
        yield Edition.LITE, newer("1111-11", "Andere Fassung")


def test_another_version_s_texts_replace_the_shipped_ones(folders: Folders, opener: Opener) -> None:
    first = opener()
    first.messages.remember_messages("1", [newer()], lang="de", edition=LITE)
    other = open_store(folders, texts=OtherTexts())
    assert [m.number for m in other.messages.all(lang="de", edition=LITE)] == ["1111-11", "2221-47"]
    other.close()
    assert len(opener().messages.all(lang="de", edition=LITE)) == len(shipped_messages("de", LITE))


def test_messages_are_there_without_a_usable_store(folders: Folders) -> None:
    folders.data.parent.mkdir(parents=True, exist_ok=True)
    folders.data.write_text("a file where the folder should be")
    store = open_store(folders, texts=SHIPPED)
    assert [error.number for error in store.problems] == ["WC-610"]
    assert numbers(store, "2221-47") == ["2221-47"]
    store.close()
