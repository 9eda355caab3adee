"""Children of the console: started once, told apart when they fail, gone when it is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.child import ChildProcess

READY = "print('{\"port\": 7}', flush=True)\n"
UNTIL_EOF = "import sys\nsys.stdin.buffer.read()\n"


def child(code: str) -> ChildProcess:
    return ChildProcess("trial", ["-c", code], program=[sys.executable, "-P"])


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Poll until `condition` holds; the system tells the end of a foreign process in no other way."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def exists(process_id: int) -> bool:
    """Return whether the process runs; one that ended and waits to be collected does not."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{process_id}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_the_ready_line_is_returned_as_often_as_asked() -> None:
    with child(READY + UNTIL_EOF) as running:
        assert running.ready() == {"port": 7}
        assert running.ready() == {"port": 7}
        assert running.running
    assert not running.running


def test_closing_its_input_ends_it_and_closing_twice_is_fine() -> None:
    running = child(READY + UNTIL_EOF + "sys.exit(0)\n")
    running.ready()
    running.close()
    running.close()
    assert not running.running


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("import sys; sys.exit('port is taken')", "port is taken"),
        ("import sys; sys.exit(3)", "exit 3"),
        ("print('hello', flush=True)\n" + UNTIL_EOF, "hello"),
        ("print('[1]', flush=True)\n" + UNTIL_EOF, "[1]"),
        ("print('[' * 60_000, flush=True)\n" + UNTIL_EOF, "[[["),
        (
            "import sys; sys.stderr.buffer.write(b'\\xff\\x1b[31m bad\\n'); sys.exit(1)",
            "\ufffd\u241b[31m bad",
        ),
        ("raise ValueError('x' * 300)", "ValueError: xxx"),
        ("import sys; sys.exit('WC-507 Damaged\\n  1. Restore it')", "WC-507 Damaged"),
    ],
)
def test_a_child_that_does_not_become_ready_is_told_with_its_last_words(code: str, detail: str) -> None:
    failing = child(code)
    with pytest.raises(ConsoleError) as caught:
        failing.ready()
    assert caught.value.number == "WC-110"
    assert caught.value.facts["name"] == "trial"
    assert str(caught.value.facts["detail"]).startswith(detail)
    assert str(caught.value.facts["detail"]).isprintable()
    assert not failing.running


def test_a_child_that_says_nothing_is_ended_at_the_deadline() -> None:
    silent = child(
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()\n"
    )
    with pytest.raises(ConsoleError) as caught:
        silent.ready(timeout_s=0.3)
    assert (caught.value.number, caught.value.facts["detail"]) == ("WC-110", "> 0.3 s")
    assert not silent.running


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError) as caught:
        ChildProcess("trial", [], program=[str(tmp_path / "none")])
    assert caught.value.number == "WC-110"


def test_a_child_that_talks_much_is_never_held_up(tmp_path: Path) -> None:
    talk = (
        "import sys\nfor n in range(3000):\n print('o' * 200)\n print('e', n, 'x' * 200, file=sys.stderr)\n"
    )
    done = tmp_path / "done"
    code = READY + talk + "open(sys.argv[1], 'w').close()\n" + UNTIL_EOF
    with ChildProcess("trial", ["-c", code, str(done)], program=[sys.executable, "-P"]) as running:
        assert wait_for(done.exists)
    assert running.errors.splitlines()[-1].startswith("e 2999 ")
    assert len(running.errors.splitlines()) == 20


_PARENT = """
import os, sys
from workshop_console.console.jobs.child import ChildProcess
child = ChildProcess("trial", ["-c", sys.argv[1]], program=[sys.executable, "-P"])
child.ready()
print(child.process_id, os.getpgid(child.process_id), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and process groups")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_child_ends_with_its_parent_however_that_ends(way: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, READY + UNTIL_EOF],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    process_id, group = map(int, parent.stdout.readline().split())
    assert group == process_id, "a group of its own: Ctrl+C in the terminal does not reach it"
    assert exists(process_id)
    parent.send_signal(way)
    parent.communicate(timeout=20)
    assert wait_for(lambda: not exists(process_id))


def test_the_access_server_is_a_child_that_takes_nothing_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('taken from the working folder')")
    monkeypatch.chdir(tmp_path)
    arguments = ["--listen", "127.0.0.1:0", "--database", str(tmp_path / "a.db")]
    server = ChildProcess("backend", ["backend", *arguments, "--ready-json", "--with-parent"])
    assert str(server.ready(60)["url"]).startswith("http://127.0.0.1:")
    server.close(grace_s=20)
    assert server.errors == ""


def test_a_failing_access_server_says_why(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    database.write_text("no database, but long enough to be looked at " * 50)
    arguments = ["--listen", "127.0.0.1:0", "--database", str(database)]
    server = ChildProcess("backend", ["backend", *arguments, "--ready-json", "--with-parent"])
    with pytest.raises(ConsoleError) as caught:
        server.ready(60)
    assert caught.value.number == "WC-110"
    assert str(caught.value.facts["detail"]).startswith("WC-507")
