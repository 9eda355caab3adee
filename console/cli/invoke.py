"""Runs one command: the one place of the command line that turns errors into messages and exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from workshop_console.console.cli.exit_codes import ExitCode, exit_code
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.i18n.texts import set_language


def invoke(arguments: list[str]) -> int:
    """Run the command that `arguments` name and return its exit code; nothing is raised."""
    from workshop_console.console.cli.output import make_output_safe

    make_output_safe()
    as_json = "--json" in arguments
    try:
        code = _invoke(arguments, as_json)
        sys.stdout.flush()
        return int(code)
    except BrokenPipeError:
        # Whoever read the output went away (a pager, head); there is nobody to tell.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.FAILURES)


def _invoke(arguments: list[str], as_json: bool) -> ExitCode:
    import click

    from workshop_console.console.cli.session import Session

    _speak_early(arguments)
    from workshop_console.console.cli.commands import program

    session: Session | None = None
    error: ConsoleError
    try:
        session = Session(as_json=as_json)
        result = program.main(
            args=arguments, prog_name="workshop-console", standalone_mode=False, obj=session
        )
        return ExitCode(result) if isinstance(result, int) else ExitCode.DONE
    except click.exceptions.Exit as end:
        return ExitCode(end.exit_code) if end.exit_code in set(ExitCode) else ExitCode.FAILURES
    except click.ClickException as wrong:
        error = ConsoleError("WC-103", detail=clean(wrong_use(wrong)))
    except (KeyboardInterrupt, click.Abort):
        error = ConsoleError("WC-311", done=0, total=0)
    except BrokenPipeError:
        raise
    except Exception as unexpected:  # the one place of the command line, as JobRunner is that of the screens
        from workshop_console.console.jobs.runner import as_console_error
        from workshop_console.console.settings import Folders
        from workshop_console.console.wiring import start_log

        start_log(Folders.of_user().log_file)
        error = as_console_error(unexpected)
    finally:
        if session is not None:
            with suppress(KeyboardInterrupt):
                session.close()
    _tell(error, session, as_json)
    return exit_code(error.number)


def _speak_early(arguments: list[str]) -> None:
    """Choose the language before the commands are imported: their help is made then."""
    from workshop_console.console.settings import LANGUAGES, Folders, load_settings
    from workshop_console.i18n.choose import choose_language

    asked = ""
    for at, argument in enumerate(arguments):
        if argument == "--lang" and at + 1 < len(arguments):
            asked = arguments[at + 1]
        elif argument.startswith("--lang="):
            asked = argument.removeprefix("--lang=")
    if asked not in LANGUAGES:
        settings, _ = load_settings(Folders.of_user())
        asked = settings.lang
    set_language(choose_language(asked, os.environ))


def wrong_use(error: Exception) -> str:
    """Return what is wrong with the arguments, in their own words as far as possible."""
    import click

    from workshop_console.i18n.texts import _

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


def _tell(error: ConsoleError, session: object, as_json: bool) -> None:
    """Say the error on standard error, and as the one document of `--json` on standard output."""
    from workshop_console.console.cli.output import print_json, print_message
    from workshop_console.console.cli.session import Session
    from workshop_console.console.model.report_json import message_document
    from workshop_console.console.wiring import shipped_message
    from workshop_console.i18n.texts import language

    edition = session.settings.edition if isinstance(session, Session) else None
    message = shipped_message(error, lang=language(), edition=edition)
    print_message(message)
    if as_json:
        print_json({"messages": [message_document(message)]})
