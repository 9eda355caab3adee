"""Makes the picture that the next start shows first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from textual.driver import Driver
from textual.screen import Screen

from workshop_console.console.terminal import first_picture
from workshop_console.console.terminal.driver import ThinDriver
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _
from workshop_console.widgets.line import MessageLine


def next_picture(
    driver: Driver | None, screen: Screen[Any], now: datetime, *, if_missing: bool
) -> first_picture.Picture | None:
    """Return what is on the screen, marked with its moment; None when there is nothing to keep.

    `if_missing`: only when no picture of this size is kept.
    """
    if not isinstance(driver, ThinDriver):
        return None
    if if_missing and not first_picture.is_missing(*screen.app.size):
        return None
    mark = _("Picture of {moment} – starting …").format(moment=formats.moment(now))
    return driver.picture(screen.query_one(MessageLine).region.y, f" {mark}")
