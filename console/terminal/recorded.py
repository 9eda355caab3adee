"""Records what Textual's own driver sends, where the one for thin lines does not run."""

from __future__ import annotations

import sys

from textual.driver import Driver

from workshop_console.console.terminal.session_file import SessionRecorder


def recorded(recorder: SessionRecorder) -> type[Driver]:
    """Return the driver that Textual would choose, with a recorder at what it writes."""
    usual = _usual()

    class Recorded(usual):  # type: ignore[misc, valid-type]  # a class that is known at run time only
        """Writes, and takes note of it."""

        def write(self, data: str) -> None:
            recorder.sent(data)
            super().write(data)

    return Recorded


def _usual() -> type[Driver]:
    if sys.platform == "win32":
        from textual.drivers.windows_driver import WindowsDriver

        return WindowsDriver
    from textual.drivers.linux_driver import LinuxDriver

    return LinuxDriver
