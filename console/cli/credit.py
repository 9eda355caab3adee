"""`credit`: what diagnosis time is left."""

from __future__ import annotations

from workshop_console.console.cli.exit_codes import ExitCode, exit_code, worst
from workshop_console.console.cli.output import Column, print_json, print_table
from workshop_console.console.cli.session import Session
from workshop_console.console.model.credit import CreditReport, GroupCredit
from workshop_console.console.model.report_json import message_document, utc_text
from workshop_console.i18n import explain, formats
from workshop_console.i18n.texts import _


def credit_command(session: Session) -> int:
    """Ask the access server, or tell what the store knows and why."""
    workshop = session.workshop
    session.tell(workshop.problems)
    answer = workshop.ask_credit()
    report = answer.report
    session.tell(answer.messages)
    if session.as_json:
        document = {
            "edition": report.edition.value,
            "as_of": utc_text(report.as_of) if report.as_of else None,
            "online": report.online,
            "kept": report.kept,
            "groups": [
                {
                    "group": credit.group.value,
                    "minutes": credit.minutes,
                    "begun": utc_text(credit.begun) if credit.begun else None,
                    "until": utc_text(credit.until) if credit.until else None,
                }
                for credit in report.groups
            ],
            "messages": [message_document(message) for message in workshop.raised(answer.messages)],
        }
        print_json(document)
    else:
        _print(session, report)
    return worst(ExitCode.DONE if m.number == "WC-504" else exit_code(m.number) for m in answer.messages)


def _print(session: Session, report: CreditReport) -> None:
    if not report.kept:
        print(_("This workshop keeps no credit."))
        return
    if report.as_of is not None:
        age = formats.age(report.as_of, session.workshop.clock.now())
        print(f"{formats.moment(report.as_of)}  ({age})")
    print_table(
        (
            Column(title=_("Product group"), least=14, most=34),
            Column(title=_("Credit"), least=12, most=40),
            Column(title=_("Packet runs until"), least=14, most=24),
        ),
        [
            (
                explain.group_name(credit.group),
                _minutes(credit),
                formats.moment(credit.until) if credit.until else "",
            )
            for credit in report.groups
        ],
    )


def _minutes(credit: GroupCredit) -> str:
    if credit.minutes is None:
        return _("not known")
    if not credit.ever:
        return _("none")
    return formats.minutes(credit.minutes)
