"""What nobody expected, on a pty: a numbered message, the terminal given back, no local variable anywhere."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.terminal.line import Line
from tests.terminal.test_first_picture import environment, started

SECRET = b"pin-of-the-mechanic"
_PROGRAM = """
import sys, threading
from workshop_console.console import app
from workshop_console.console.start import main
from workshop_console.screens.messages import MessageList
def broken():
    local = "-of-the-".join(("pin", "mechanic"))
    raise ZeroDivisionError("a defect")
def in_screen(self):
    broken()
def in_worker(self):
    self.app.run_worker(wait_and_break(), exit_on_error=True)
async def wait_and_break():
    broken()
def in_background(self):
    self.console.in_background(broken, lambda _: None)
def in_thread(self):
    threading.Thread(target=broken).start()
def in_job(self):
    self.app.start_job("quick-test", lambda cancellation: broken())
once = [{place}]
MessageList.draw = lambda self: once.pop()(self) if once else None
sys.argv[1:] = []
main()
"""


@pytest.mark.parametrize("driver", ["thin", "plain"])
@pytest.mark.parametrize("place", ["in_screen", "in_worker", "in_background", "in_thread", "in_job"])
def test_a_defect_is_a_numbered_message_without_locals(tmp_path: Path, driver: str, place: str) -> None:
    home = tmp_path / "home"
    program = [sys.executable, "-c", _PROGRAM.replace("{place}", place)]
    with Line(program, environment=environment(home, WORKSHOP_CONSOLE_DRIVER=driver)) as line:
        started(line)
        line.press(b"\x1bOS")
        line.shows("WC-100")
        line.until_quiet()
        line.press(b"\r", b"\x1bOQ", b"q")  # close the message, go to the first screen, end
        line.until_ended()
        assert line.attributes() == line.before
        received = bytes(line.received)
        assert SECRET not in received
        assert b"Traceback" not in received
        assert b"\x1b[?1049l" in received
    (log,) = home.rglob("*.log")
    told = log.read_bytes()
    assert b"ZeroDivisionError: a defect" in told
    assert b"in broken" in told
    assert SECRET not in told
