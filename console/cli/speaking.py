"""Click's own words in the mechanic's language, and the options that every command takes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from workshop_console.console.cli.session import Session
from workshop_console.console.model.credit import Edition, ProductGroup
from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n.texts import _

Function = TypeVar("Function", bound=Callable[..., Any])


class SpeakingCommand(click.Command):
    """A command whose help is all in one language."""

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """Return --help with our words."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = _("Show this help.")
        return option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first line."""
        formatter.write_usage(
            ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), prefix=_("Usage") + ": "
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options under our heading."""
        records = [record for parameter in self.get_params(ctx) if (record := parameter.get_help_record(ctx))]
        if records:
            with formatter.section(_("Options")):
                formatter.write_dl(records)


class SpeakingGroup(SpeakingCommand, click.Group):
    """The program: its commands under our heading."""

    command_class = SpeakingCommand

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write options and commands under our headings."""
        SpeakingCommand.format_options(self, ctx, formatter)
        rows = [
            (name, command.get_short_help_str(100))
            for name, command in self.commands.items()
            if not command.hidden
        ]
        with formatter.section(_("Commands")):
            formatter.write_dl(rows)


def session_options(function: Function) -> Function:
    """Add --lang, --edition, --group and --access-server; what is given wins over the settings."""

    @wraps(function)
    def with_session(
        *arguments: Any,
        lang: str | None,
        edition: str | None,
        group: str | None,
        access_server: str | None,
        **others: Any,
    ) -> Any:
        session = click.get_current_context().find_object(Session)
        if session is None:
            raise RuntimeError("the command was not started by invoke()")
        session.choose({"lang": lang, "edition": edition, "group": group, "access_server": access_server})
        return function(session, *arguments, **others)

    options = (
        click.option("--lang", metavar="|".join(LANGUAGES), help=_("Language.")),
        click.option("--edition", metavar="|".join(Edition), help=_("Edition of the product.")),
        click.option("--group", metavar="|".join(ProductGroup), help=_("Product group to work in.")),
        click.option("--access-server", metavar="local|off|URL", help=_("Access server.")),
    )
    decorated: Any = with_session
    for option in reversed(options):
        decorated = option(decorated)
    return decorated  # type: ignore[no-any-return]  # same function with options


def json_option(function: Function) -> Function:
    """Add --json; that it is there was seen before the arguments were parsed."""
    option = click.option(
        "--json", "as_json", is_flag=True, expose_value=False, help=_("Print one JSON document.")
    )
    return option(function)


def vci_option(function: Function) -> Function:
    """Add --vci."""
    return click.option(
        "--vci",
        metavar="URI",
        help=_("VCI address: sim://, doip://HOST[:PORT], can://INTERFACE/CHANNEL[?…], j2534://LIBRARY."),
    )(function)


def pdx_options(function: Function) -> Function:
    """Add --pdx and --scan: which control units there are."""
    function = click.option(
        "--scan", is_flag=True, help=_("Find the control units by asking, without a description.")
    )(function)
    return click.option(
        "--pdx", metavar="FILE", multiple=True, help=_("Description (PDX) to import and use.")
    )(function)
