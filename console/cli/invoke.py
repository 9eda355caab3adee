"""Runs one command: the one place of the command line that turns errors into messages and exit codes."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from workshop_console.console.cli.exit_codes import ExitCode, exit_code
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.i18n.texts import _


class Ended(Exception):  # noqa: N818 - it is no error: the command ended early, as --help does
    """A command ended with this exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


_OUTPUT_FAILS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What printing raises where the output goes to a full disk; adapters let no OSError out."""


def invoke(arguments: list[str]) -> int:
    """Run the command that `arguments` name and return its exit code; nothing is raised."""
    from workshop_console.console.cli.output import make_output_safe

    make_output_safe()

    def work(session: Session) -> object:
        import click

        _speak_early(session, arguments)
        from workshop_console.console.cli.commands import program

        try:
            return program.main(
                args=arguments, prog_name="workshop-console", standalone_mode=False, obj=session
            )
        except click.exceptions.Exit as end:
            raise Ended(end.exit_code) from None
        except click.ClickException as wrong:
            raise ConsoleError("WC-103", detail=clean(wrong_use(wrong))) from None
        except click.Abort:
            raise KeyboardInterrupt from None

    return guarded(work, as_json="--json" in arguments)


def guarded(work: Callable[[Session], object], *, as_json: bool = False) -> int:
    """Run `work` with a session and return the exit code; every error becomes a message."""
    try:
        code = _guarded(work, as_json)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:
        # Whoever read the output went away (a pager, head); there is nobody to tell.
        _abandon(sys.stdout)
        return int(ExitCode.FAILURES)
    except OSError as error:
        # Nothing more can be said there; a full disk, mostly.
        _abandon(sys.stdout)
        detail = clean(error.strerror or error)
        with suppress(OSError):
            _tell(ConsoleError("WC-107", file="stdout", detail=detail), None, as_json=False)
        return int(ExitCode.FAILURES)
    finally:
        # A terminal that is gone takes no last bytes; the interpreter would end with a code of its own.
        try:
            sys.stderr.flush()
        except OSError:
            _abandon(sys.stderr)


def _abandon(stream: TextIO) -> None:
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _guarded(work: Callable[[Session], object], as_json: bool) -> ExitCode:
    session: Session | None = None
    error: ConsoleError
    try:
        session = Session(as_json=as_json)
        result = work(session)
        return ExitCode(result) if isinstance(result, int) else ExitCode.DONE
    except Ended as end:
        return ExitCode.DONE if end.code == 0 else ExitCode.FAILURES
    except KeyboardInterrupt:
        error = ConsoleError("WC-311", done=0, total=0)
    except BrokenPipeError:
        raise
    except Exception as unexpected:  # the one place of the command line, as JobRunner is that of the screens
        if isinstance(unexpected, OSError) and unexpected.errno in _OUTPUT_FAILS:
            raise
        error = _as_message(unexpected)
    finally:
        if session is not None:
            with suppress(KeyboardInterrupt):
                session.close()
    _tell(error, session, as_json)
    return exit_code(error.number)


def _as_message(error: Exception) -> ConsoleError:
    from workshop_console.console.jobs.runner import as_console_error
    from workshop_console.console.settings import Folders
    from workshop_console.console.wiring import start_log

    start_log(Folders.of_user().log_file)
    return as_console_error(error)


def _speak_early(session: Session, arguments: list[str]) -> None:
    """Take --lang before the arguments are parsed: the help texts are made when the commands are imported.

    The session keeps it, or the options of the program, parsed before those of a command, would undo it.
    """
    from workshop_console.console.settings import LANGUAGES

    for at, argument in enumerate(arguments):
        asked = argument.removeprefix("--lang=")
        if argument == "--lang" and at + 1 < len(arguments):
            asked = arguments[at + 1]
        elif asked == argument:
            continue
        if asked in LANGUAGES:
            session.choose({"lang": asked})


def wrong_use(error: Exception) -> str:
    """Return what is wrong with the arguments, in their own words as far as possible."""
    import click

    match error:
        case click.NoSuchOption():
            near = ", ".join(error.possibilities or ())
            text = _("unknown option {name}").replace("{name}", error.option_name)
            return f"{text} ({near}?)" if near else text
        case click.MissingParameter():
            name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else ""
            return _("{name} is missing").replace("{name}", name)
        case click.ClickException():
            return error.format_message()
    return str(error)


def _tell(error: ConsoleError, session: Session | None, as_json: bool) -> None:
    """Say the error on standard error, and as the one document of `--json` on standard output."""
    from workshop_console.console.cli.output import print_json, print_message
    from workshop_console.console.model.report_json import message_document
    from workshop_console.console.terminal import first_picture
    from workshop_console.console.wiring import shipped_message
    from workshop_console.i18n.texts import language

    first_picture.give_back()  # the message is for the screen under it
    edition = session.settings.edition if session else None
    message = shipped_message(error, lang=language(), edition=edition)
    print_message(message)
    if as_json:
        print_json({"messages": [message_document(message)]})
