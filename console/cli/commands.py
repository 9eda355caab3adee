"""The commands of the program and their options; each one's work is in a file of its own.

Imported after the language is chosen: the help texts are made here.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from workshop_console.console.cli.session import Session
from workshop_console.console.cli.speaking import (
    SpeakingGroup,
    json_option,
    pdx_options,
    session_options,
    vci_option,
)
from workshop_console.i18n.texts import _


def _version() -> str:
    try:
        return version("workshop-console")
    except PackageNotFoundError:
        return "?"


@click.group(
    cls=SpeakingGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_("Vehicle diagnosis on open standards. Without a command the full-screen console starts."),
)
@session_options
@click.option("--version", "show_version", is_flag=True, help=_("Show the version."))
@click.pass_context
def program(ctx: click.Context, session: Session, show_version: bool) -> int | None:
    """See `help` above."""
    if show_version:
        print(f"workshop-console {_version()}")
        ctx.exit(0)
    if ctx.invoked_subcommand is None:
        return _console(session, None)
    return None


def _console(session: Session, vci: str | None, asciicast: str | None = None) -> int:
    from workshop_console.console.cli.console import run_console

    session.choose({"vci": vci})
    return run_console(session, asciicast)


@program.command(help=_("Start the full-screen console."))
@vci_option
@click.option(
    "--asciicast", metavar="FILE", help=_("Record what the screen shows; replay FILE plays it again.")
)
@session_options
def run(session: Session, vci: str | None, asciicast: str | None) -> int:
    """See `help` above."""
    return _console(session, vci, asciicast)


@program.command(help=_("Look again at a session that was recorded with run --asciicast FILE."))
@click.argument("file", metavar="FILE")
@click.option(
    "--speed",
    type=click.FloatRange(0.25, 16),
    default=1.0,
    metavar="N",
    help=_("How many times faster than it was; + and - change it."),
)
@click.option(
    "--idle",
    type=click.FloatRange(0.1, 3_600),
    default=2.0,
    metavar="SECONDS",
    help=_("Longer pauses are shortened to this."),
)
@session_options
def replay(_session: Session, file: str, speed: float, idle: float) -> int:
    """See `help` above."""
    from workshop_console.console.cli.replay import replay_command

    return replay_command(file, speed=speed, idle=idle)


@program.command("quick-test", help=_("Ask all control units: identification and fault memories."))
@vci_option
@pdx_options
@json_option
@click.option("--html", metavar="FILE", help=_("Write the report as a page to print."))
@session_options
def quick_test(session: Session, vci: str | None, pdx: tuple[str, ...], scan: bool, html: str | None) -> int:
    """See `help` above."""
    from workshop_console.console.cli.quick_test import quick_test_command

    session.choose({"vci": vci})
    return quick_test_command(session, pdx=pdx, scan=scan, html=html)


@program.command(help=_("Read the fault memory of a control unit, or clear it."))
@vci_option
@click.option(
    "--ecu", metavar="NAME|ADDRESS", help=_("Control unit: its name, 0x1234 (DoIP) or 0x7E0/0x7E8 (CAN).")
)
@click.option("--clear", is_flag=True, help=_("Clear the fault memory; a readout is saved before."))
@click.option("--yes", is_flag=True, help=_("Confirm that the vehicle may be written to."))
@pdx_options
@json_option
@session_options
def faults(
    session: Session,
    vci: str | None,
    ecu: str | None,
    clear: bool,
    yes: bool,
    pdx: tuple[str, ...],
    scan: bool,
) -> int:
    """See `help` above."""
    from workshop_console.console.cli.faults import faults_command

    session.choose({"vci": vci})
    return faults_command(session, ecu=ecu, clear=clear, yes=yes, pdx=pdx, scan=scan)


@program.command(help=_("Show the codings of a control unit, change options, or put a kept coding back."))
@vci_option
@click.option(
    "--ecu", metavar="NAME|ADDRESS", help=_("Control unit: its name, 0x1234 (DoIP) or 0x7E0/0x7E8 (CAN).")
)
@click.option("--coding", metavar="NAME", help=_("Only this coding of the control unit."))
@click.option(
    "--set",
    "changes",
    metavar="NAME=VALUE",
    multiple=True,
    help=_("Change an option; without --yes the difference is shown and nothing is written."),
)
@click.option("--restore", type=int, metavar="ID", help=_("Put a kept coding back."))
@click.option("--kept", is_flag=True, help=_("List the kept codings of the control unit."))
@click.option("--yes", is_flag=True, help=_("Confirm that the vehicle may be written to."))
@pdx_options
@json_option
@session_options
def code(session: Session, vci: str | None, **options: Any) -> int:
    """See `help` above."""
    from workshop_console.console.cli.codings import CodeRequest, code_command

    session.choose({"vci": vci})
    return code_command(session, CodeRequest(**options))


@program.command(help=_("Read actual values of control units, once or again and again."))
@vci_option
@click.option(
    "--ecu",
    metavar="NAME|ADDRESS",
    multiple=True,
    help=_("Control unit: its name, 0x1234 (DoIP) or 0x7E0/0x7E8 (CAN)."),
)
@click.option(
    "--value", metavar="NAME", multiple=True, help=_("Only this value; may be given several times.")
)
@click.option("--watch", is_flag=True, help=_("Go on until Ctrl+C."))
@click.option(
    "--seconds", type=click.FloatRange(0.1, 86_400), metavar="N", help=_("Go on for so many seconds.")
)
@click.option("--record", metavar="FILE", help=_("Record the values as CSV while they are read."))
@pdx_options
@json_option
@session_options
def values(session: Session, vci: str | None, **options: Any) -> int:
    """See `help` above."""
    from workshop_console.console.cli.values import ValuesRequest, values_command

    session.choose({"vci": vci})
    return values_command(session, ValuesRequest(**options))


@program.command(help=_("Drive an output or a routine of a control unit; control is given back at the end."))
@vci_option
@click.option(
    "--ecu", metavar="NAME|ADDRESS", help=_("Control unit: its name, 0x1234 (DoIP) or 0x7E0/0x7E8 (CAN).")
)
@click.option("--function", metavar="NAME", help=_("What to drive; --list shows what there is."))
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help=_("Set a parameter."))
@click.option("--list", "list_", is_flag=True, help=_("List what the control unit can do."))
@click.option(
    "--seconds",
    type=click.FloatRange(0.1, 3_600),
    metavar="N",
    help=_("How long; an output 3 seconds, a routine until it is done."),
)
@click.option("--yes", is_flag=True, help=_("Confirm that the vehicle may be written to."))
@pdx_options
@json_option
@session_options
def actuate(session: Session, vci: str | None, **options: Any) -> int:
    """See `help` above."""
    from workshop_console.console.cli.actuate import ActuateRequest, actuate_command

    session.choose({"vci": vci})
    return actuate_command(session, ActuateRequest(**options))


@program.command(
    help=_("Flash control units; without --yes it is only checked. The job goes on without this command.")
)
@vci_option
@click.option(
    "--ecu",
    metavar="NAME|ADDRESS",
    multiple=True,
    help=_("Control unit of the file that follows; without, the one that the file is for."),
)
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option(
    "--session", "sessions", metavar="NAME", multiple=True, help=_("Only this session of a container.")
)
@click.option(
    "--confirm",
    metavar="SHORT-NAME",
    multiple=True,
    help=_("Confirm what is yellow for this control unit, by its short name."),
)
@click.option("--yes", is_flag=True, help=_("Confirm that the vehicle may be written to."))
@click.option("--detach", is_flag=True, help=_("Do not follow the job once it runs."))
@pdx_options
@json_option
@session_options
def flash(session: Session, vci: str | None, **options: Any) -> int:
    """See `help` above."""
    from workshop_console.console.cli.flash import FlashRequest, flash_command

    session.choose({"vci": vci})
    return flash_command(session, FlashRequest(**options))


@program.command(help=_("List the flash jobs, show or follow one, stop it, or go on after a break."))
@click.argument("job", type=int, required=False, metavar="[ID]")
@click.option("--follow", is_flag=True, help=_("Show every step until the job ends."))
@click.option("--stop", is_flag=True, help=_("End the job where every control unit is left whole."))
@click.option("--resume", is_flag=True, help=_("Go on with a job that was interrupted or failed."))
@click.option("--yes", is_flag=True, help=_("Confirm that the vehicle may be written to."))
@json_option
@session_options
def jobs(session: Session, **options: Any) -> int:
    """See `help` above."""
    from workshop_console.console.cli.jobs import JobsRequest, jobs_command

    return jobs_command(session, JobsRequest(**options))


@program.command("flash-worker", hidden=True)
@click.argument("job", type=int)
@click.option("--vci", default="", metavar="URI")
@click.option("--handles", default="", metavar="N,N")
@session_options
def flash_worker(session: Session, job: int, vci: str, handles: str) -> int:
    """Do a flash job; started by the program itself."""
    from workshop_console.console.cli.flash_worker import flash_worker_command

    return flash_worker_command(session, job, vci=vci, handles=handles)


@program.command("import", help=_("Take control-unit descriptions (PDX) into the store."))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option
@session_options
def import_(session: Session, files: tuple[str, ...]) -> int:
    """See `help` above."""
    from workshop_console.console.cli.importing import import_command

    return import_command(session, files)


@program.command(help=_("Explain a numbered message, or search the catalogue."))
@click.argument("words", nargs=-1, metavar="[NUMBER | WORDS]")
@json_option
@session_options
def message(session: Session, words: tuple[str, ...]) -> int:
    """See `help` above."""
    from workshop_console.console.cli.message import message_command

    return message_command(session, " ".join(words))


@program.command(help=_("Show the remaining diagnosis time of the product groups."))
@json_option
@session_options
def credit(session: Session) -> int:
    """See `help` above."""
    from workshop_console.console.cli.credit import credit_command

    return credit_command(session)


@program.command(help=_("List kept reports, show one, or compare two."))
@click.argument("report", type=int, required=False, metavar="[ID]")
@click.option("--compare", nargs=2, type=int, metavar="A B", help=_("Compare two reports."))
@click.option("--html", metavar="FILE", help=_("Write the report as a page to print."))
@json_option
@session_options
def reports(session: Session, report: int | None, compare: tuple[int, int] | None, html: str | None) -> int:
    """See `help` above."""
    from workshop_console.console.cli.reports import reports_command

    return reports_command(session, report, compare, html)


@program.command(help=_("List the vehicles that something was done to, or print the order of one."))
@click.argument("vin", required=False, metavar="[VIN]")
@click.option("--since", metavar="DATE", help=_("Only what was done from this day on (YYYY-MM-DD)."))
@click.option("--html", metavar="FILE", help=_("Write the order report as a page to print."))
@click.option("--pdf", metavar="FILE", help=_("Write the order report as PDF."))
@json_option
@session_options
def orders(session: Session, vin: str | None, since: str | None, html: str | None, pdf: str | None) -> int:
    """See `help` above."""
    from workshop_console.console.cli.orders import orders_command

    return orders_command(session, vin, since=since, html=html, pdf=pdf)


@program.command(help=_("Check settings, store, access server and VCI."))
@vci_option
@json_option
@session_options
def check(session: Session, vci: str | None) -> int:
    """See `help` above."""
    from workshop_console.console.cli.check import check_command

    session.choose({"vci": vci})
    return check_command(session)


@program.command(help=_("Run a simulated vehicle on DoIP and CAN."))
@click.option("--vehicle", default="car", metavar="NAME", help=_("car, van or electric."))
@click.option("--doip", metavar="HOST:PORT", help=_("Serve DoIP (UDP and TCP) here."))
@click.option("--socketcand", metavar="HOST:PORT", help=_("Serve the CAN bus to socketcand clients here."))
@click.option(
    "--can", "buses", metavar="INTERFACE:CHANNEL", multiple=True, help=_("Join a bus of python-can.")
)
@click.option("--pace", type=click.IntRange(1), metavar="BITRATE", help=_("Give frames their bus time."))
@click.option(
    "--pace-data",
    type=click.IntRange(1),
    default=2_000_000,
    metavar="BITRATE",
    help=_("The same for the data of CAN FD frames."),
)
@click.option(
    "--block-size",
    type=click.IntRange(0, 255),
    default=32,
    metavar="FRAMES",
    help=_("Frames that control units on CAN take in one go; 0: all."),
)
@click.option(
    "--answer-after", type=click.IntRange(0, 600_000), metavar="MS", help=_("Time for each answer.")
)
@click.option("--fault", "line_faults", metavar="SPEC", multiple=True, help=_("Switch a fault on."))
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help=_("Change a value: battery=11.8, charger=no."),
)
@click.option("--nonvolatile", metavar="FOLDER", help=_("Keep the software of the control units here."))
@click.option("--as-delivered", is_flag=True, help=_("Begin with the software of the factory."))
@click.option("--seed", type=int, metavar="NUMBER", help=_("Makes faults by chance repeatable."))
@click.option("--stats-json", metavar="FILE", help=_("Write counts of frames and bus time at the end."))
@click.option("--ready-json", is_flag=True, help=_("Print one line of JSON with the addresses once ready."))
@click.option("--with-parent", is_flag=True, help=_("End when standard input closes."))
@session_options
def simulate(_session: Session, **options: object) -> int:
    """See `help` above."""
    from workshop_console.console.cli.servers import simulate_command

    return simulate_command(options)


@program.command(help=_("Run the access server."))
@click.option("--listen", default="127.0.0.1:8443", metavar="HOST:PORT", help=_("Where to serve HTTP."))
@click.option("--database", metavar="FILE|URL", help=_("Database; by default the one of this user."))
@click.option("--no-demo", is_flag=True, help=_("Start a new database without demonstration packets."))
@click.option("--messages", metavar="FILE", help=_("Newer message texts to give out."))
@click.option(
    "--operator-key",
    metavar="KEY",
    default="",
    envvar="WORKSHOP_CONSOLE_OPERATOR_KEY",
    help=_("Who shows it may add packets."),
)
@click.option("--ready-json", is_flag=True, help=_("Print one line of JSON with the addresses once ready."))
@click.option("--with-parent", is_flag=True, help=_("End when standard input closes."))
@session_options
def backend(session: Session, **options: object) -> int:
    """See `help` above."""
    from workshop_console.console.cli.servers import backend_command

    return backend_command(session, options)
