"""The access server as a process: where it listens, which database it takes, how it ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.access.servers import call, serving
from workshop_console.console.backend.serve import run_backend
from workshop_console.console.errors import ConsoleError


def refused(database: str | Path, **options: str) -> ConsoleError:
    with pytest.raises(ConsoleError) as caught:
        run_backend(database=database, **options)  # type: ignore[arg-type]  # texts only
    return caught.value


@pytest.mark.parametrize(
    "listen", ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "a:1/b", "u@a:1", "[::1:0"]
)
def test_an_address_to_listen_on_that_is_none_is_refused(tmp_path: Path, listen: str) -> None:
    error = refused(tmp_path / "a.db", listen=listen)
    assert (error.number, error.facts["source"]) == ("WC-102", "--listen")
    assert not (tmp_path / "a.db").exists()


@pytest.mark.parametrize("listen", ["192.0.2.1:0", "no.such.name.invalid:0"])
def test_an_address_that_is_not_ours_is_told(tmp_path: Path, listen: str) -> None:
    error = refused(tmp_path / "a.db", listen=listen)
    assert (error.number, error.facts["address"]) == ("WC-508", listen)


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refused(tmp_path / "a.db", listen=listen).number == "WC-508"


def test_ipv6_is_served(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 on this computer")
    with serving(tmp_path / "a.db", listen="[::1]:0") as url:
        assert url.startswith("http://[::1]:")
        assert call(url, "GET", "/v1/health").status == 200


def test_a_database_is_named_by_file_or_url(tmp_path: Path) -> None:
    for database in (str(tmp_path / "one.db"), f"sqlite:///{tmp_path}/two%20words.db"):
        with serving(database, demo=False) as url:  # type: ignore[arg-type]  # a URL is a text
            assert call(url, "GET", "/v1/health").status == 200
    assert (tmp_path / "one.db").exists()
    assert (tmp_path / "two words.db").exists()


@pytest.mark.parametrize("database", ["", "postgresql://db/credit", "sqlite://", "sqlite:///", "://x"])
def test_a_database_of_another_kind_is_refused(database: str) -> None:
    error = refused(database)
    assert (error.number, error.facts["source"]) == ("WC-102", "--database")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no such device")
def test_a_device_is_no_database() -> None:
    assert refused(Path("/dev/full")).number in ("WC-107", "WC-507", "WC-604")


_SERVE = """
import sys
from workshop_console.console.backend.serve import run_backend
run_backend(database=sys.argv[1], ready=lambda url: print(url, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_the_database_is_whole(tmp_path: Path, way: signal.Signals) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(tmp_path / "a.db")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
    )
    assert server.stdout is not None
    url = server.stdout.readline().strip()
    headers = {"Idempotency-Key": "before-the-end", "Content-Type": "application/json"}
    lease = call(url, "POST", "/v1/leases", b'{"group": "eq"}', headers)
    server.send_signal(way)
    _, errors = server.communicate(timeout=20)
    if way is signal.SIGTERM:  # what becomes of Ctrl+C differs from one Python to the next
        assert server.returncode != 0, "whoever started it sees that it was told to end"
    assert "Fatal" not in errors
    with serving(tmp_path / "a.db") as url:
        assert call(url, "GET", lease.headers["location"]).body == lease.body
