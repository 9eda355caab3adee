"""Looking texts up, choosing and switching languages."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.i18n import texts
from workshop_console.i18n.choose import choose_language
from workshop_console.i18n.texts import Lazy, _, language, ngettext, pgettext, set_language, speaking


@pytest.fixture(autouse=True)
def _english_again() -> Iterator[None]:
    yield
    set_language("en")


def test_a_language_can_be_switched_while_labels_stay() -> None:
    label = Lazy("Quick test")
    set_language("de")
    assert (str(label), language()) == ("Kurztest", "de")
    set_language("it")
    assert (str(label), _("Quick test")) == ("Test breve", "Test breve")


def test_an_unknown_language_is_a_numbered_message_and_changes_nothing() -> None:
    set_language("es")
    with pytest.raises(ConsoleError) as caught:
        set_language("tlh\x1b[31m")
    assert caught.value.number == "WC-104"
    assert "\x1b" not in str(caught.value.facts["value"])
    assert language() == "es"


def test_plurals_follow_the_number() -> None:
    set_language("de")
    assert [ngettext("{n} day", "{n} days", n).format(n=n) for n in (0, 1, 2)] == [
        "0 Tage",
        "1 Tag",
        "2 Tage",
    ]
    set_language("it")
    assert ngettext("{n} day", "{n} days", 1).format(n=1) == "1 giorno"


def test_both_domains_are_asked() -> None:
    set_language("es")
    assert _("Open circuit") == "Circuito abierto"  # of the domain messages
    assert _("Reports") == "Informes"  # of the domain console


def test_what_no_catalogue_has_stays_english() -> None:
    set_language("de")
    assert _("no catalogue has this") == "no catalogue has this"
    assert pgettext("nowhere", "neither this") == "neither this"


def test_the_empty_text_is_not_the_header_of_the_catalogue() -> None:
    set_language("de")
    assert _("") == ""


def test_speaking_is_for_its_block_and_thread_only() -> None:
    set_language("de")
    heard: list[str] = []
    with speaking("it"):
        thread = threading.Thread(target=lambda: heard.append(_("Reports")))
        thread.start()
        thread.join()
        assert (_("Reports"), language()) == ("Rapporti", "it")
    assert heard == ["Protokolle"]
    assert _("Reports") == "Protokolle"


def _copy_of_german(folder: Path) -> Path:
    target = folder / "de" / "LC_MESSAGES"
    shutil.copytree(texts.FOLDER / "de" / "LC_MESSAGES", target, ignore=shutil.ignore_patterns("*.mo"))
    return target


def test_a_checkout_without_compiled_catalogues_speaks_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _copy_of_german(tmp_path)
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    assert texts._load("de", "console").gettext("Reports") == "Protokolle"
    assert (target / "console.mo").exists(), "the next start need not compile again"


def test_a_damaged_compiled_catalogue_is_compiled_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _copy_of_german(tmp_path)
    (target / "console.mo").write_bytes(b"\xde\x12\x04\x95 cut off")
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    assert texts._load("de", "console").gettext("Reports") == "Protokolle"


def test_a_changed_source_wins_over_an_old_compiled_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _copy_of_german(tmp_path)
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    texts._load("de", "console")
    source = target / "console.po"
    source.write_text(source.read_text("utf-8").replace('"Protokolle"', '"Berichte"'), "utf-8")
    later = (target / "console.mo").stat().st_mtime + 10
    os.utime(source, (later, later))
    assert texts._load("de", "console").gettext("Reports") == "Berichte"


def test_an_installation_has_only_compiled_catalogues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = _copy_of_german(tmp_path)
    (target / "console.mo").write_bytes(texts.compile_catalogue(target / "console.po", "de"))
    (target / "console.po").unlink()
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    assert texts._load("de", "console").gettext("Reports") == "Protokolle"


@pytest.mark.parametrize(
    ("chosen", "environment", "language_chosen"),
    [
        ("it", {"LC_ALL": "de_DE.UTF-8"}, "it"),
        ("", {"LC_ALL": "de_AT.UTF-8", "LANG": "es_ES"}, "de"),
        ("", {"LC_MESSAGES": "es_MX", "LANG": "de_DE"}, "es"),
        ("", {"LC_ALL": "", "LANG": "it_IT@euro"}, "it"),
        ("", {"LANG": "de-CH"}, "de"),
        ("", {"LC_ALL": "C", "LANG": "de_DE.UTF-8"}, "en"),
        ("", {"LANG": "fr_FR.UTF-8"}, "en"),
        ("", {}, "en"),
        ("xx", {"LANG": "es"}, "es"),
    ],
)
def test_the_language_comes_from_settings_then_from_the_system(
    chosen: str, environment: dict[str, str], language_chosen: str
) -> None:
    assert choose_language(chosen, environment) == language_chosen
