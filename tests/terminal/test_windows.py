"""What is drawn on a console of Windows follows from its answers."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from workshop_console.console.terminal.windows import windows_console
from workshop_console.widgets.glyphs import needs_ascii

_VT = 0x0004


class FakeKernel:
    """A console with a mode, and modes that it knows."""

    def __init__(self, *, mode: int | None = 0x3, known: int = 0x7, code_page: int = 850) -> None:
        self.mode, self.known, self.code_page = mode, known, code_page

    def GetStdHandle(self, which: int, /) -> int:  # noqa: N802 - Windows' name
        assert which == -11
        return 7

    def GetConsoleMode(self, handle: int, mode: Any, /) -> int:  # noqa: N802 - Windows' name
        assert handle == 7
        if self.mode is None:
            return 0
        ctypes.cast(mode, ctypes.POINTER(ctypes.c_uint32))[0] = self.mode
        return 1

    def SetConsoleMode(self, handle: int, mode: int, /) -> int:  # noqa: N802 - Windows' name
        assert handle == 7
        if mode & ~self.known:
            return 0
        self.mode = mode
        return 1

    def GetConsoleOutputCP(self) -> int:  # noqa: N802 - Windows' name
        return self.code_page


@pytest.mark.parametrize(
    ("kernel", "environment", "draws", "charset"),
    [
        (FakeKernel(), {}, True, "ascii"),
        (FakeKernel(code_page=65001), {}, True, "utf-8"),
        (FakeKernel(), {"WT_SESSION": "1"}, True, "utf-8"),
        (FakeKernel(), {"ConEmuANSI": "ON"}, True, "utf-8"),
        (FakeKernel(known=0x3), {}, False, "ascii"),
        (FakeKernel(mode=None), {}, False, "ascii"),
        (FakeKernel(mode=0x7), {}, True, "ascii"),
    ],
)
def test_the_answers_of_the_console_decide(
    kernel: FakeKernel, environment: dict[str, str], draws: bool, charset: str
) -> None:
    before = kernel.mode
    found = windows_console(kernel, environment)
    assert (found.draws, found.charset) == (draws, charset)
    assert kernel.mode == before


@pytest.mark.parametrize(
    ("environment", "ascii_only"),
    [
        ({"TERM": "xterm", "LANG": "de_DE.UTF-8"}, False),
        ({"TERM": "xterm", "LANG": "C"}, True),
        ({"TERM": "xterm", "LANG": "de_DE.ISO-8859-1"}, True),
        ({"TERM": "xterm", "LANG": "de_DE.UTF-8", "LC_ALL": "POSIX"}, True),
        ({"TERM": "vt100", "LANG": "de_DE.UTF-8"}, True),
        ({"TERM": "linux", "LANG": "de_DE.UTF-8"}, True),
        ({"TERM": "screen", "LANG": "de_DE.UTF-8"}, False),
    ],
)
def test_lines_and_marks_follow_terminal_and_locale(environment: dict[str, str], ascii_only: bool) -> None:
    assert needs_ascii(environment) is ascii_only
