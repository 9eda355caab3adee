"""What a console of Windows can show. Decided here from its own answers; never tried on a real one."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

_STD_OUTPUT_HANDLE = -11
_ENABLE_VIRTUAL_TERMINAL_PROCESSING = 0x0004
_UTF_8 = 65001


class Kernel32(Protocol):
    """The functions of Windows that are asked; the names are its own."""

    def GetStdHandle(self, which: int, /) -> int:  # noqa: N802 - Windows' name
        """Return the handle of a standard stream."""

    def GetConsoleMode(self, handle: int, mode: object, /) -> int:  # noqa: N802 - Windows' name
        """Fill in the mode of a console; 0 when there is none."""

    def SetConsoleMode(self, handle: int, mode: int, /) -> int:  # noqa: N802 - Windows' name
        """Set the mode of a console; 0 when it does not know it."""

    def GetConsoleOutputCP(self) -> int:  # noqa: N802 - Windows' name
        """Return the code page of the output."""


@dataclass(frozen=True, kw_only=True)
class WindowsConsole:
    """What matters of a console."""

    draws: bool
    """Whether it understands escape sequences (Windows 10, 1607, and later)."""
    charset: str
    """utf-8, or ascii: other code pages have other lines and marks in each country."""


def windows_console(kernel32: Kernel32, environment: Mapping[str, str]) -> WindowsConsole:
    """Return what the console of this process can show; its mode stays as it is."""
    handle, mode = kernel32.GetStdHandle(_STD_OUTPUT_HANDLE), ctypes.c_uint32(0)
    draws = False
    if kernel32.GetConsoleMode(handle, ctypes.byref(mode)):
        wanted = mode.value | _ENABLE_VIRTUAL_TERMINAL_PROCESSING
        draws = wanted == mode.value or bool(kernel32.SetConsoleMode(handle, wanted))
        if draws and wanted != mode.value:
            kernel32.SetConsoleMode(handle, mode.value)
    # Windows Terminal, ConEmu and the terminals of editors bring fonts and UTF-8 of their own.
    modern = any(environment.get(name) for name in ("WT_SESSION", "ConEmuANSI", "TERM_PROGRAM"))
    utf8 = modern or kernel32.GetConsoleOutputCP() == _UTF_8
    return WindowsConsole(draws=draws, charset="utf-8" if utf8 else "ascii")


def this_console(environment: Mapping[str, str]) -> WindowsConsole:
    """Return what the console of this process can show; on Windows only."""
    return windows_console(ctypes.WinDLL("kernel32"), environment)  # type: ignore[attr-defined, unused-ignore]  # Windows
