"""The driver on a real pty: pictures, keys, and terminals that go away, hang or talk nonsense."""

from __future__ import annotations

import os
import re
import select
import signal
import time
from pathlib import Path

import pytest

from tests.terminal.line import PROGRAM, Line

_FIRST = "keys 0 last none size 80x24 ready"


def beat(line: Line) -> int:
    """Return which beat is seen; 0 while none is."""
    found = re.search(r"row 23 of beat (\d+)", line.emulator.text())
    return int(found[1]) if found else 0


def test_it_draws_obeys_keys_and_leaves_the_terminal_as_it_was() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.press(b"\x1b[B")
        line.shows("keys 1 last down")
        line.press(b"q")
        assert line.until_ended() == 0
        assert line.attributes() == line.before
        assert line.received.endswith(b"\x1b[?1049l\x1b[?25hended in order\r\n")
        for mode in (b"\x1b[?1000", b"\x1b[?1003", b"\x1b[?1004", b"\x1b[?2026", b"\x1b[>"):
            assert mode not in line.received


def test_idle_is_silent() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.until_quiet(0.3)
        before = line.bytes_received, line.cpu_s()
        line.until_quiet(1.0)
        assert line.bytes_received == before[0]
        assert line.cpu_s() - before[1] < 0.2


@pytest.mark.parametrize("signal_too", [False, True])
def test_a_terminal_that_goes_away_ends_the_program_in_order(signal_too: bool) -> None:
    with Line(["sh", "-c", 'trap \'\' HUP; exec "$0" "$@"', *PROGRAM] if not signal_too else PROGRAM) as line:
        line.shows(_FIRST)
        started = time.monotonic()
        line.hang_up()
        code = line.until_ended(10.0)
        assert time.monotonic() - started < 8.0  # below a second: a machine may stand still for a while
        assert code == (0 if not signal_too else -signal.SIGHUP)


def test_a_terminal_that_nobody_reads_stops_nothing_and_takes_no_memory(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Line([*PROGRAM, str(log)]) as line:
        line.shows(_FIRST)
        line.press(b"s")
        line.until(lambda: log.exists() and log.stat().st_size > 20)
        before, beats = line.memory_bytes(), log.stat().st_size
        end = time.monotonic() + 30
        while log.stat().st_size < beats + 250:  # nobody reads the terminal meanwhile
            assert time.monotonic() < end
            select.select([], [], [], 0.02)
        assert line.memory_bytes() - before < 4_000_000
        line.until(lambda: beat(line) > beats + 250)


def test_a_stopped_program_draws_everything_when_it_goes_on() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.until_quiet()
        before = line.emulator.seen()
        os.kill(line.pid, signal.SIGTSTP)
        line.until(lambda: line.state() == "T")
        line.until_quiet(0.1)
        assert line.attributes() == line.before
        line.emulator.feed("\x1b[2J\x1b[5;5Hanother program was here\x1b[31;42m")
        line.received.clear()
        os.kill(line.pid, signal.SIGCONT)
        line.shows(_FIRST)
        line.until_quiet()
        assert line.emulator.seen() == before
        assert line.received.count(b"\x1b[2J") == 1
        line.press(b"j")
        line.shows("keys 1 last j")


def test_a_storm_of_sizes_ends_in_the_right_picture() -> None:
    with Line() as line:
        line.shows(_FIRST)
        for step in range(200):
            line.resize(40 + step % 50, 10 + step % 30)
            line.turn(0)
        line.resize(72, 20)
        line.shows("size 72x20 ready")
        line.until_quiet()
        rows = line.emulator.text().split("\n")
        assert [row.rstrip() for row in rows[1:]] == [
            f"row {row:02} of beat 000000 {'─' * 30}" for row in range(3, 22)
        ]
        assert line.bytes_received < 60_000


def test_a_size_that_comes_back_at_once_is_drawn_anew() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.until_quiet()
        before = line.emulator.seen()
        line.resize(20, 5)
        line.resize(80, 24)
        line.until(lambda: line.emulator.seen() == before)


@pytest.mark.parametrize("bracketed", [True, False])
def test_two_megabytes_pasted_are_survived(bracketed: bool) -> None:
    with Line() as line:
        line.shows(_FIRST)
        before = line.memory_bytes()
        text = b"quit x q\r" * (2_000_000 // 9)
        line.press(b"\x1b[200~" + text + b"\x1b[201~" if bracketed else text)
        line.shows("last paste of")
        line.until(lambda: not line._up)
        line.until_quiet(0.5)
        line.press(b"j")
        line.shows("last j")
        assert line.memory_bytes() - before < 30_000_000


def test_nonsense_from_the_terminal_is_survived() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.press(
            b"\xff\xfe\xe9",
            b"\x1b[",
            b"999;999;999Z\x1b]0;title",
            b"\x07",
            b"\x1b[0n" * 50,
            bytes(range(128, 160)),
        )
        line.until_quiet()
        line.press(b"\x1b", b"O", b"P")
        line.shows("last f1")
        line.press(b"\x1b")
        line.shows("last escape")


def test_a_terminal_that_never_answers_is_drawn_at_its_rate() -> None:
    environment = {"WORKSHOP_CONSOLE_LINE_RATE": "2000"}
    with Line(answers=False, environment=environment) as line:
        line.shows(_FIRST)
        line.press(b"s")
        line.until(lambda: beat(line) > 100)
        start, count = time.monotonic(), line.bytes_received
        line.until(lambda: time.monotonic() - start > 3)
        assert (line.bytes_received - count) / (time.monotonic() - start) < 3000


def test_keys_over_a_slow_line_are_answered_by_the_newest_picture() -> None:
    with Line(bytes_per_second=960, delay_s=0.1, buffer_bytes=65_536) as line:
        line.shows(_FIRST)
        line.until_quiet()
        line.press(b"s")
        line.shows("keys 1")
        for _ in range(10):
            line.press(b"j")
        pressed = time.monotonic()
        line.shows("keys 11 last j")
        assert time.monotonic() - pressed < 9.0  # below two seconds
        assert len(line._buffer) < 2_500


def test_a_crash_leaves_the_terminal_as_it_was() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.press(b"x")
        line.until_ended()
        assert line.attributes() == line.before
        assert b"\x1b[?1049l\x1b[?25h" in line.received


def test_the_bell_rings_once() -> None:
    with Line() as line:
        line.shows(_FIRST)
        line.press(b"w")
        line.shows("last w")
        line.until_quiet()
        assert line.received.count(b"\a") == 1


@pytest.mark.parametrize(
    "terminal",
    [
        "vt100",
        "linux",
        "dumb",
        *(
            pytest.param(one, marks=pytest.mark.soak)
            for one in ("screen", "xterm", "rxvt", "no-such-terminal")
        ),
    ],
)
def test_poor_terminals_show_the_picture(terminal: str) -> None:
    with Line(terminal=terminal, environment={"LANG": "C"}) as line:
        line.shows(_FIRST)
        line.shows(f"row 03 of beat 000000 {'-' * 30}")
        line.press(b"q")
        assert line.until_ended() == 0
        assert bytes(line.received).isascii()


def test_a_terminal_that_is_not_set_to_utf8_gets_ascii() -> None:
    with Line(environment={"LANG": "C.UTF-8"}) as line:
        line.emulator.stream.select_other_charset("@")  # Latin-1: what is sent as UTF-8 is seen as such
        line.shows("ready")
        line.until(lambda: f"row 05 of beat 000000 {'-' * 30}" in line.emulator.text())
        assert "\u00c2" not in line.emulator.text()
        assert "\u00e2" not in line.emulator.text()


def test_a_serial_line_said_to_be_a_vt_is_drawn_in_colour_when_the_terminal_has_it() -> None:
    with Line(terminal="vt220") as line:
        answer = line.emulator.screen.write_process_input
        line.emulator.screen.write_process_input = (  # type: ignore[method-assign] # pyte's way
            lambda data: answer(data.replace("?6c", "?62;22c"))
        )
        line.shows("ready")
        assert b"\x1b[c" in line.received
        line.press(b"c")
        line.until(lambda: any(cell.ink == "red" for row in line.emulator.seen() for cell in row))
