"""Brings the catalogues up to date: `python -m workshop_console.i18n.build`.

Extracts the texts of the sources, merges them into i18n/LANG/LC_MESSAGES/DOMAIN.po (never by resemblance: a
changed text is a new one) and compiles these. Entries stand in the order of their texts, without line numbers
and dates, so that a change of the sources changes only what it must.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterable
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n.extract import NotLiteralError, SourceText, all_texts
from workshop_console.i18n.texts import DOMAINS, FOLDER, SOURCE_LANGUAGE, compile_catalogue


def template(texts: Iterable[SourceText]) -> dict[tuple[str, str], SourceText]:
    """Return the texts once each, by context and singular; a plural form wins over none."""
    found: dict[tuple[str, str], SourceText] = {}
    for text in texts:
        key = (text.context, text.singular)
        if key not in found or (text.plural and not found[key].plural):
            found[key] = text
    return found


def _forms(message: Message) -> tuple[str, ...]:
    """Return the translation, one part for each plural form."""
    string = message.string
    if isinstance(string, str):
        return (string,)
    return tuple(string) if string else ("",)


def merged(old: Catalog | None, texts: Iterable[SourceText], lang: str, domain: str) -> Catalog:
    """Return the catalogue of `lang` with exactly `texts`, translations kept from `old`."""
    new = Catalog(locale=lang, domain=domain, fuzzy=False, header_comment=f"# {domain}, {lang}")
    every = list(texts)
    for (context, singular), text in template(every).items():
        msgid = (singular, text.plural) if text.plural else singular
        kept: Message | None = old.get(singular, context or None) if old is not None else None
        forms: tuple[str, ...] = ("",) * (new.num_plurals if text.plural else 1)
        if lang == SOURCE_LANGUAGE:
            forms = (singular, text.plural) if text.plural else (singular,)
        elif kept is not None and not kept.fuzzy and len(_forms(kept)) == len(forms):
            forms = _forms(kept)
        comments = sorted(
            {t.comment for t in every if t.comment and (t.context, t.singular) == (context, singular)}
        )
        files = sorted({t.file for t in every if (t.context, t.singular) == (context, singular)})
        new.add(
            msgid,
            forms if text.plural else forms[0],
            locations=[(file, None) for file in files],  # type: ignore[misc]  # write_po leaves out a line of None
            context=context or None,
            auto_comments=comments[:3],
        )
    return new


def po_bytes(catalogue: Catalog) -> bytes:
    """Return the text of the .po file, without what changes from day to day."""
    target = io.BytesIO()
    write_po(target, catalogue, width=100, sort_output=True, omit_header=True, include_lineno=False)
    plural_header = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};"
    header = (
        f"# {catalogue.domain}, {catalogue.locale_identifier}\n"
        'msgid ""\nmsgstr ""\n'
        '"Project-Id-Version: workshop-console\\n"\n'
        f'"Language: {catalogue.locale_identifier}\\n"\n'
        f'"Plural-Forms: {plural_header}\\n"\n'
        '"MIME-Version: 1.0\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n\n'
    )
    return header.encode() + target.getvalue().rstrip(b"\n") + b"\n"


def po_file(lang: str, domain: str, folder: Path = FOLDER) -> Path:
    """Return where the catalogue stands."""
    return folder / lang / "LC_MESSAGES" / f"{domain}.po"


def read_catalogue(file: Path, lang: str) -> Catalog | None:
    """Return the catalogue in `file`, or None where there is none yet."""
    if not file.exists():
        return None
    with file.open("rb") as source:
        return read_po(source, locale=lang, domain=file.stem)


def missing(catalogue: Catalog) -> list[str]:
    """Return the texts that have no translation, or only a doubtful one."""
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in catalogue
        if message.id and (message.fuzzy or not all(_forms(message)))
    ]


def build(folder: Path = FOLDER, *, write: bool = True) -> list[str]:
    """Bring all catalogues up to date and return what is not translated, one line each.

    With `write` False nothing is written; a catalogue that would change is a line too.
    """
    remarks: list[str] = []
    texts = all_texts()
    for lang in LANGUAGES:
        for domain in DOMAINS:
            file = po_file(lang, domain, folder)
            catalogue = merged(read_catalogue(file, lang), texts[domain], lang, domain)
            content = po_bytes(catalogue)
            remarks += [f"{lang}/{domain}: not translated: {text}" for text in missing(catalogue)]
            if not file.exists() or file.read_bytes() != content:
                if write:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(content)
                else:
                    remarks.append(f"{lang}/{domain}: not up to date")
            if write:
                file.with_suffix(".mo").write_bytes(compile_catalogue(file, lang))
    return remarks


def main() -> int:
    """Run from the command line: 1 when something is not translated."""
    parser = argparse.ArgumentParser(prog="python -m workshop_console.i18n.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only say what is not up to date")
    options = parser.parse_args()
    try:
        remarks = build(write=not options.check)
    except NotLiteralError as error:
        remarks = [str(error)]
    for remark in remarks:
        print(remark, file=sys.stderr)
    return 1 if remarks else 0


if __name__ == "__main__":
    sys.exit(main())
