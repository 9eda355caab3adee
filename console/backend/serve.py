"""Runs the access server as a process: what `workshop-console backend` does."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import uvicorn

from workshop_console.console.backend.app import AccessCalls, create_app
from workshop_console.console.backend.connection import BoundedConnection
from workshop_console.console.backend.demonstration import DEMONSTRATION_PACKETS
from workshop_console.console.backend.ledger import Ledger
from workshop_console.console.backend.message_texts import MessageTexts
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean


def run_backend(
    *,
    listen: str = "127.0.0.1:0",
    database: str | Path,
    demo: bool = True,
    messages_file: Path | None = None,
    operator_key: str = "",
    ready: Callable[[str], None] | None = None,
    with_parent: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Serve until a signal, `stop`, or with `with_parent` the end of standard input.

    Args:
        listen: HOST:PORT; port 0 takes a free one.
        database: file, or a URL sqlite:///FILE.
        demo: a new database gets demonstration packets, and this computer may add more.
        messages_file: newer message texts to give out (see message_texts.py).
        operator_key: who shows it may add packets.
        ready: called with the address, http://HOST:PORT, once requests are answered.
        with_parent: end when standard input closes.
        stop: ends the server when set.

    Raises:
        ConsoleError: WC-102 address or database not understood, WC-508 cannot listen, WC-107, WC-108,
            WC-507, WC-509, WC-603, WC-604, WC-605 for the files.
    """
    texts = MessageTexts(messages_file)
    listener = _listen(listen)
    try:
        ledger = Ledger(_database_file(database), first_packets=DEMONSTRATION_PACKETS if demo else ())
    except ConsoleError:
        listener.close()
        raise
    calls = AccessCalls(ledger, texts, demonstration=demo, operator_key=operator_key)
    config = uvicorn.Config(
        create_app(calls),
        http=BoundedConnection,
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=32 * 1024,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config, lambda: ready(_address(listener)) if ready else None)
    if with_parent:
        threading.Thread(target=_end_with_standard_input, args=(server,), daemon=True).start()
    if stop is not None:
        threading.Thread(target=_end_with_event, args=(server, stop), daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        ledger.close()


class _Server(uvicorn.Server):
    """Tells when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()


def _end_with_standard_input(server: uvicorn.Server) -> None:
    # os.read, not sys.stdin: a thread that waits in a buffered reader holds its lock when Python ends.
    try:
        while os.read(sys.stdin.fileno(), 1024):
            pass
    except (OSError, ValueError):
        pass
    server.should_exit = True


def _end_with_event(server: uvicorn.Server, stop: threading.Event) -> None:
    stop.wait()
    server.should_exit = True


def _listen(listen: str) -> socket.socket:
    """Return a listening socket. Raises ConsoleError WC-102, WC-508."""
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path or parts.username:
        raise ConsoleError(
            "WC-102", source="--listen", key="listen", value=clean(listen), expected="HOST:PORT"
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(128)
        except OSError:
            listener.close()
            raise
    except (OSError, UnicodeError) as error:
        detail = getattr(error, "strerror", None) or error
        raise ConsoleError("WC-508", address=clean(listen), detail=clean(detail)) from error
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _database_file(database: str | Path) -> Path:
    """Return the file that `database` names. Raises ConsoleError WC-102."""
    if isinstance(database, Path):
        return database
    scheme, separator, rest = database.partition("://")
    if not separator and database:
        return Path(database)
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        # sqlite:///name is relative, sqlite:////name absolute, as SQLAlchemy writes it.
        return Path(unquote(rest[1:]))
    raise ConsoleError(
        "WC-102", source="--database", key="database", value=clean(database), expected="FILE, sqlite:///FILE"
    )
