"""Chooses how the console draws on its terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver

    from workshop_console.console.terminal.session_file import SessionRecorder

DRIVER = "WORKSHOP_CONSOLE_DRIVER"
"""Environment: `plain` for Textual's own driver instead of the one for thin lines."""
_LOOKS = "TEXTUAL_FPS"
_LOOKS_PER_SECOND = "240"
"""How often Textual looks for what changed, at most; the driver for thin lines sends when there is room."""


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


def choose_looks(environment: MutableMapping[str, str] = os.environ) -> None:
    """Say how often Textual looks for what changed, before it is imported; its own driver keeps its own."""
    if _is_thin(environment):
        environment.setdefault(_LOOKS, _LOOKS_PER_SECOND)


def _is_thin(environment: Mapping[str, str]) -> bool:
    if environment.get(DRIVER) == "plain" or sys.platform == "win32":
        return False
    from workshop_console.console.terminal.device import standard_terminal

    return standard_terminal() is not None
