"""`message`: explains a number, or searches the catalogue."""

from __future__ import annotations

import re
import sys

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.output import Column, print_json, print_message, print_table
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.report_json import message_document
from workshop_console.i18n.texts import _

_NUMBER = re.compile(r"(?:WC|\d{4})-\d+", re.IGNORECASE)
_LONGEST_QUESTION = 500


def message_command(session: Session, words: str) -> int:
    """Print one message in full, those that fit some words, or the whole catalogue as a list."""
    words = " ".join(words.split())[:_LONGEST_QUESTION]
    found = session.workshop.explained(words)
    found = [message for message in found if message.number == words.upper()] or found
    if not found:
        raise ConsoleError("WC-609", number=clean(words, longest=60))
    if session.as_json:
        documents = [message_document(message) for message in found]
        print_json({**(documents[0] if _NUMBER.fullmatch(words) else {}), "messages": documents})
    elif len(found) == 1:
        print_message(found[0], sys.stdout, full=True)
    else:
        print_table(
            (Column(title=_("Number"), least=7, most=8), Column(title=_("Title"), least=20, most=110)),
            [(message.number, message.title) for message in found],
        )
    return ExitCode.DONE
