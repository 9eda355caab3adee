"""The catalogues are complete, sure and current, in every language and both domains."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n import build
from workshop_console.i18n.extract import (
    ROOT,
    NotLiteralError,
    SourceText,
    all_texts,
    message_texts,
    python_texts,
)
from workshop_console.i18n.texts import DOMAINS, FOLDER

PLACEHOLDER = re.compile(r"\{[^{}]*\}")
EACH = [pytest.param(lang, domain, id=f"{lang}-{domain}") for lang in LANGUAGES for domain in DOMAINS]


@pytest.fixture(scope="module")
def texts() -> dict[str, list[SourceText]]:
    return all_texts()


def catalogue(lang: str, domain: str) -> Catalog:
    found = build.read_catalogue(build.po_file(lang, domain), lang)
    assert found is not None
    return found


def forms(value: object) -> list[str]:
    return [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]  # Babel's object


@pytest.mark.parametrize(("lang", "domain"), EACH)
def test_every_text_of_the_sources_is_translated(
    lang: str, domain: str, texts: dict[str, list[SourceText]]
) -> None:
    held = {
        (message.context or "", forms(message.id)[0]) for message in catalogue(lang, domain) if message.id
    }
    wanted = set(build.template(texts[domain]))
    assert wanted - held == set(), "run: python -m workshop_console.i18n.build, then translate"
    assert held - wanted == set(), "texts that no source has any more; run the build"
    assert build.missing(catalogue(lang, domain)) == []


@pytest.mark.parametrize(("lang", "domain"), EACH)
def test_no_entry_is_fuzzy_or_obsolete(lang: str, domain: str) -> None:
    source = build.po_file(lang, domain).read_text("utf-8")
    assert "fuzzy" not in source.split("\n\n", 1)[1].replace("no-fuzzy", "")
    assert "#~" not in source
    assert not [message.id for message in catalogue(lang, domain) if message.id and message.fuzzy]


@pytest.mark.parametrize(("lang", "domain"), EACH)
def test_placeholders_are_the_same_in_every_form(lang: str, domain: str) -> None:
    for message in catalogue(lang, domain):
        if not message.id:
            continue
        # A singular may say "one" without the figure, so it must not have more than the plural has.
        wanted = sorted(PLACEHOLDER.findall(forms(message.id)[-1]))
        for form in forms(message.string):
            assert sorted(PLACEHOLDER.findall(form)) == wanted, f"{message.id!r} -> {form!r}"


@pytest.mark.parametrize(("lang", "domain"), EACH)
def test_translations_keep_the_frame_of_their_text(lang: str, domain: str) -> None:
    """No stray spaces, line ends or control characters, and the same last mark."""
    for message in catalogue(lang, domain):
        if not message.id:
            continue
        source = forms(message.id)[0]
        for form in forms(message.string):
            assert form == form.strip(), form
            assert form.isprintable(), form
            if len(source.split()) < 3:
                continue  # columns and keys: abbreviations differ
            for mark in ".:…?":
                assert form.endswith(mark) == source.endswith(mark) or {source[-1], form[-1]} <= set(
                    ".?»”"
                ), form


@pytest.mark.parametrize("lang", ["de", "es", "it"])
def test_a_language_is_not_left_in_english(lang: str) -> None:
    sentences = [
        message.id
        for domain in DOMAINS
        for message in catalogue(lang, domain)
        if isinstance(message.id, str) and len(message.id.split()) > 3 and message.id == message.string
    ]
    assert [text for text in sentences if text.endswith(".") and not text.startswith("car, van")] == []


@pytest.mark.parametrize("domain", DOMAINS)
def test_english_says_what_the_source_says(domain: str) -> None:
    for message in catalogue("en", domain):
        assert not message.id or forms(message.string) == forms(message.id)


def test_the_files_are_what_the_build_writes() -> None:
    assert build.build(write=False) == []


@pytest.mark.soak
def test_the_build_changes_nothing_twice(tmp_path: Path) -> None:
    for lang in LANGUAGES:
        shutil.copytree(FOLDER / lang, tmp_path / lang)
    assert build.build(tmp_path) == []
    for lang in LANGUAGES:
        for domain in DOMAINS:
            copy = build.po_file(lang, domain, tmp_path)
            assert copy.read_bytes() == build.po_file(lang, domain).read_bytes()
            assert str(ROOT) not in copy.read_text("utf-8")


def test_a_changed_text_is_a_new_one_and_never_matched_by_resemblance(tmp_path: Path) -> None:
    old = build.merged(None, [SourceText(singular="Read the fault memory")], "de", "console")
    entry = old.get("Read the fault memory")
    assert entry is not None
    entry.string = "Fehlerspeicher lesen"
    new = build.merged(
        old,
        [SourceText(singular="Read the fault memories"), SourceText(singular="Read the fault memory")],
        "de",
        "console",
    )
    assert build.missing(new) == ["Read the fault memories"]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('_("a")', [("", "a", "")]),
        ("f'{_(\"a\")} x'", [("", "a", "")]),
        ('pgettext("where", "a")', [("where", "a", "")]),
        ('ngettext("{n} a", "{n} b", 3)', [("", "{n} a", "{n} b")]),
        ('mark("a"\n  "b")', [("", "ab", "")]),
        ('Lazy("a", "where")', [("where", "a", "")]),
        ('_("a" if x else "b")', [("", "a", ""), ("", "b", "")]),
        ("_(table[key])", []),
        ('other("a")', []),
    ],
)
def test_extraction_finds_the_texts(source: str, found: list[tuple[str, str, str]]) -> None:
    assert [(t.context, t.singular, t.plural) for t in python_texts(source, "x.py")] == found


@pytest.mark.parametrize(
    "source", ['_(f"a {b}")', '_("a" + b)', '_("a {}".format(b) + "c")', "_(3)", 'mark("a" % b)']
)
def test_a_text_that_is_put_together_is_refused(source: str) -> None:
    with pytest.raises(NotLiteralError, match=r"x\.py:1"):
        list(python_texts(source, "x.py"))


def test_extraction_reads_the_messages_of_all_editions() -> None:
    found = message_texts(
        '[messages."X-1"]\narea="start"\ntitle="T"\nwhen="W"\ncause="C"\nremedy=["R"]\n'
        '[messages."X-1".editions.pass-thru]\nremedy=["P"]\n',
        "data/messages/catalogue.toml",
    )
    assert [text.singular for text in found] == ["T", "W", "C", "R", "P"]
