"""`import`: PDX files into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.output import print_json, wrap
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.choice import not_all_used
from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import DescriptionSummary
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.report_json import message_document
from workshop_console.i18n import explain
from workshop_console.i18n.texts import _, ngettext

_PROBLEMS_SHOWN = 10


def import_command(session: Session, files: Sequence[str]) -> int:
    """Import each file; one that cannot be used does not keep the others out."""
    workshop = session.workshop
    session.tell(workshop.problems)
    raised: list[RaisedMessage] = []
    imported: list[DescriptionSummary] = []
    failed = 0
    for name in files:
        session.note(f"{_('Reading the description …')} {clean(Path(name).name)}")
        try:
            kept = workshop.line.import_file(Path(name))
        except ConsoleError as error:
            raised.append(raised_by(error))
            failed += 1
            continue
        imported.append(kept)
        if message := not_all_used(kept):
            raised.append(message)
    session.tell(raised)
    if session.as_json:
        print_json(
            {
                "descriptions": [_document(session, kept) for kept in imported],
                "messages": [message_document(message) for message in workshop.raised(raised)],
            }
        )
    else:
        for kept in imported:
            _print(session, kept)
    return ExitCode.FAILURES if failed else ExitCode.DONE


def _document(session: Session, kept: DescriptionSummary) -> dict[str, Any]:
    catalogue = session.workshop.catalogue
    return {
        "name": kept.name,
        "file": kept.file,
        "sha256": kept.sha256.upper(),
        "units": [
            {
                "name": unit.name,
                "label": unit.label,
                "addresses": [str(address) for address in unit.addresses],
                "variants": [variant.name for variant in unit.variants],
            }
            for unit in catalogue.units(kept.key)
        ],
        "problems": [
            {
                "where": problem.where,
                "reason": problem.reason,
                "text": explain.import_reason_text(problem.reason),
                "detail": problem.detail,
            }
            for problem in catalogue.problems(kept.key)
        ],
    }


def _print(session: Session, kept: DescriptionSummary) -> None:
    units = ngettext("{n} control unit", "{n} control units", kept.units).replace("{n}", str(kept.units))
    print(f"{kept.name}  ({kept.file}): {units}")
    problems = session.workshop.catalogue.problems(kept.key)
    for problem in problems[:_PROBLEMS_SHOWN]:
        text = f"{problem.where}: {explain.import_reason_text(problem.reason)} {problem.detail}".rstrip()
        print(wrap(text, "    ", "  "))
    if len(problems) > _PROBLEMS_SHOWN:
        print(f"  … {len(problems) - _PROBLEMS_SHOWN}")
