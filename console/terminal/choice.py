"""Chooses how the console draws on its terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver

    from workshop_console.console.terminal.session_file import SessionRecorder

DRIVER = "WORKSHOP_CONSOLE_DRIVER"
"""Environment: `plain` for Textual's own driver instead of the one for thin lines."""


def driver_class(
    environment: Mapping[str, str] = os.environ, recorder: SessionRecorder | None = None
) -> type[Driver] | None:
    """Return the driver to run the app with; None: the one that Textual chooses.

    With a `recorder`, what the driver sends is recorded.
    """
    if not _is_thin(environment):
        if recorder is None:
            return None
        from workshop_console.console.terminal.recorded import recorded

        return recorded(recorder)
    from workshop_console.console.terminal.driver import ThinDriver

    if recorder is None:
        return ThinDriver
    return type("RecordedThinDriver", (ThinDriver,), {"recorder": recorder})


def _is_thin(environment: Mapping[str, str]) -> bool:
    if environment.get(DRIVER) == "plain" or sys.platform == "win32":
        return False
    from workshop_console.console.terminal.device import standard_terminal

    return standard_terminal() is not None
