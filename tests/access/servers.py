"""Access servers for the tests: the real one, in a thread or a process, and one that answers anything."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from workshop_console.console.backend.serve import run_backend


@contextmanager
def serving(database: Path, **options: Any) -> Iterator[str]:
    """Run the real access server in a thread; yield its address."""
    stop, started = threading.Event(), threading.Event()
    told: list[str] = []
    failed: list[Exception] = []

    def ready(url: str) -> None:
        told.append(url)
        started.set()

    def run() -> None:
        try:
            run_backend(database=database, ready=ready, stop=stop, **options)
        except Exception as error:
            failed.append(error)
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        assert started.wait(20)
        if failed:
            raise failed[0]
        yield told[0]
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()


class Reply:
    """A whole answer of a server."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


def call(
    url: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Reply:
    """Send one request with the standard library's client, which is not the one under test."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        raw = response.read()
        return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, raw)
    finally:
        connection.close()


Behaviour = Callable[[socket.socket], None]


@contextmanager
def misbehaving(behave: Behaviour, *, read_first: bool = True) -> Iterator[str]:
    """Listen on a free port and hand each connection, its request read, to `behave`; yield the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(20)
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(20)
                if read_first:
                    read_request(connection)
                behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(20)


def read_request(connection: socket.socket) -> bytes:
    """Return one request, head and body."""
    data = b""
    while b"\r\n\r\n" not in data and (chunk := connection.recv(65536)):
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            while len(body) < int(value) and (chunk := connection.recv(65536)):
                body += chunk
    return head + b"\r\n\r\n" + body


def saying(
    body: bytes, status: str = "200 OK", headers: bytes = b"Content-Type: application/json\r\n"
) -> Behaviour:
    """Return a behaviour that answers properly with `body`."""

    def behave(connection: socket.socket) -> None:
        length = str(len(body)).encode()
        connection.sendall(
            b"HTTP/1.1 "
            + status.encode()
            + b"\r\n"
            + headers
            + b"Content-Length: "
            + length
            + b"\r\n\r\n"
            + body
        )

    return behave
