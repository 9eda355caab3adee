"""Chooses how the console draws on its terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver

DRIVER = "WORKSHOP_CONSOLE_DRIVER"
"""Environment: `plain` for Textual's own driver instead of the one for thin lines."""


def driver_class(environment: Mapping[str, str] = os.environ) -> type[Driver] | None:
    """Return the driver to run the app with; None: the one that Textual chooses."""
    if environment.get(DRIVER) == "plain" or sys.platform == "win32":
        return None
    from workshop_console.console.terminal.device import standard_terminal

    if standard_terminal() is None:
        return None
    from workshop_console.console.terminal.driver import ThinDriver

    return ThinDriver
