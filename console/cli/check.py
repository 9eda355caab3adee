"""`check`: the start-up and configuration checks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from workshop_console.console.cli.exit_codes import ExitCode, worst
from workshop_console.console.cli.output import GREEN, RED, colour, print_json, print_message, wrap
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.model.report_json import message_document
from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n import formats
from workshop_console.i18n.system_errors import in_words
from workshop_console.i18n.texts import _

_LEAST_FREE_BYTES = 50_000_000
_LEAST_COLUMNS, _LEAST_ROWS = 80, 24
_STORE_NUMBERS = frozenset({"WC-600", "WC-603", "WC-604", "WC-605", "WC-610"})
_RECORDS_NUMBERS = frozenset({"WC-601", "WC-602"})


@dataclass(frozen=True, kw_only=True)
class Check:
    """What one check found."""

    id: str
    title: str
    ok: bool | None
    """None: could not be checked, or does not apply."""
    detail: str = ""
    message: RaisedMessage | None = None


def check_command(session: Session) -> int:
    """Run all checks and print them."""
    checks = list(run_checks(session))
    if session.as_json:
        documents = []
        for check in checks:
            messages = session.workshop.raised(check.message) if check.message else ()
            documents.append(
                {
                    "id": check.id,
                    "ok": check.ok,
                    "title": check.title,
                    "detail": check.detail,
                    "message": message_document(messages[0]) if messages else None,
                }
            )
        print_json({"checks": documents})
    else:
        for check in checks:
            _print(session, check)
    return worst([ExitCode.FAILURES] if any(check.ok is False for check in checks) else [])


def _print(session: Session, check: Check) -> None:
    mark, code = {True: (_("ok"), GREEN), False: (_("no"), RED), None: ("-", "")}[check.ok]
    print(colour(f"{mark:4}", code) + wrap(f"{check.title}: {check.detail}", " " * 6, ""))
    if check.message is not None:
        for message in session.workshop.raised(check.message):
            print_message(message, sys.stdout)


def run_checks(session: Session) -> Iterator[Check]:
    """Yield each check as it ends; the ones that need the network or the vehicle come last."""
    yield from _settings(session)
    yield from _store(session)
    yield _asked("messages", _("Messages"), lambda: _messages(session))
    yield Check(id="language", title=_("Language"), ok=session.lang in LANGUAGES, detail=session.lang)
    yield _terminal()
    yield _encoding()
    yield _disk(session)
    yield _asked("access-server", _("Access server"), lambda: _access_server(session))
    yield _asked("vci", _("Connection to the vehicle"), lambda: _vci(session))


def _settings(session: Session) -> Iterator[Check]:
    file = clean(session.folders.config_file)
    title = _("Settings")
    if not session.problems:
        yield Check(id="settings", title=title, ok=True, detail=file)
    for problem in session.problems:
        yield Check(id="settings", title=title, ok=False, detail=file, message=raised_by(problem))


def _store(session: Session) -> Iterator[Check]:
    settings = {raised_by(problem) for problem in session.problems}
    problems = [problem for problem in session.workshop.problems if problem not in settings]
    for id_, title, file, numbers in (
        ("store", _("Store"), session.folders.store_file, _STORE_NUMBERS),
        ("records", _("Reports"), session.folders.records_file, _RECORDS_NUMBERS),
    ):
        of_file = [
            problem
            for problem in problems
            if problem.number in numbers and dict(problem.facts).get("file", clean(file)) == clean(file)
        ]
        yield Check(
            id=id_, title=title, ok=not of_file, detail=clean(file), message=of_file[0] if of_file else None
        )


def _messages(session: Session) -> tuple[bool | None, str]:
    workshop = session.workshop
    counts = {
        lang: len(workshop.messages.all(lang=lang, edition=session.settings.edition)) for lang in LANGUAGES
    }
    detail = ", ".join(f"{lang} {count}" for lang, count in counts.items())
    complete = len(set(counts.values())) == 1 and 0 not in counts.values()
    return complete, detail


def _terminal() -> Check:
    title = _("Terminal")
    if not sys.stdout.isatty():
        return Check(id="terminal", title=title, ok=None, detail=_("not a terminal"))
    size = shutil.get_terminal_size()
    fits = size.columns >= _LEAST_COLUMNS and size.lines >= _LEAST_ROWS
    facts = (("columns", size.columns), ("rows", size.lines))
    return Check(
        id="terminal",
        title=title,
        ok=fits,
        detail=f"{size.columns} x {size.lines}, TERM={clean(os.environ.get('TERM', ''), longest=40)}",
        message=None if fits else RaisedMessage(number="WC-105", facts=facts),
    )


def _encoding() -> Check:
    encoding = sys.stdout.encoding or ""
    unicode = encoding.lower().replace("-", "") == "utf8"
    return Check(id="encoding", title=_("Characters"), ok=unicode or None, detail=encoding)


def _disk(session: Session) -> Check:
    folder = session.folders.state
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    title = _("Disk space")
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(id="disk", title=title, ok=None, detail=in_words(clean(error.strerror or error)))
    enough = free >= _LEAST_FREE_BYTES
    message = None if enough else RaisedMessage(number="WC-604", facts=(("file", clean(folder)),))
    return Check(id="disk", title=title, ok=enough, detail=formats.file_size(free), message=message)


def _asked(id_: str, title: str, ask: Callable[[], tuple[bool | None, str]]) -> Check:
    try:
        ok, detail = ask()
    except ConsoleError as error:
        return Check(id=id_, title=title, ok=False, detail=error.number, message=raised_by(error))
    return Check(id=id_, title=title, ok=ok, detail=detail)


def _access_server(session: Session) -> tuple[bool | None, str]:
    desk = session.workshop.desk
    if not desk.kept:
        return None, _("This workshop keeps no credit.")
    answer = desk.ask()
    if answer.messages:
        first = answer.messages[0]
        raise ConsoleError(first.number, **dict(first.facts))
    return True, clean(session.settings.access_server)


def _vci(session: Session) -> tuple[bool | None, str]:
    workshop = session.workshop
    vehicle = workshop.line.connect()
    return True, "  ".join(part for part in (workshop.line.vci, vehicle.name, vehicle.vin) if part)
