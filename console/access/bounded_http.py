"""Sends one HTTP request that cannot hang, cannot grow and cannot lead elsewhere. Only user of httpx."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workshop_console.console.access.address import ServerAddress
from workshop_console.console.access.trouble import Nonsense, as_console_error, uses_proxy
from workshop_console.console.errors import ConsoleError

if TYPE_CHECKING:
    import httpx

LARGEST_ANSWER_BYTES = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole."""

    status: int
    etag: str
    body: bytes


class Attempt:
    """One request in a thread of its own, because name resolution and a drip-fed head have no time-out.

    httpx bounds each single read only. At the deadline the caller goes on and the socket is shut down, which
    ends the thread's waiting; only a resolver that hangs keeps the (daemon) thread a little longer.
    """

    def __init__(
        self,
        address: ServerAddress,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout_s: float,
    ) -> None:
        self._address = address
        self._method = method
        self._path = path
        self._headers = {"Accept": "application/json", "Accept-Encoding": "identity", **headers}
        self._content = content
        self._timeout_s = timeout_s
        self._deadline = 0.0
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._socket: socket.socket | None = None
        self._abandoned = False
        self._answer: Answer | None = None
        self._error: Exception | None = None

    def run(self) -> Answer:
        """Return the answer, whatever its status.

        Raises ConsoleError: 2221-47, 2173-39, 2173-40, WC-500, WC-502.
        """
        # Imported here, in the caller's thread: it takes long and is not the server's fault.
        import httpx  # noqa: F401 - see above

        for name in ("httpx", "httpcore"):
            # They log whole addresses and headers.
            logging.getLogger(name).setLevel(logging.WARNING)
        self._deadline = time.monotonic() + self._timeout_s
        threading.Thread(target=self._exchange, daemon=True, name="access").start()
        self._ended.wait(self._timeout_s)
        if not self._ended.is_set():
            self.abandon()
            if self._socket is None:
                raise ConsoleError("2221-47", server=self._address.shown)
            raise ConsoleError("2173-40", detail=f"{self._address.shown}: > {self._timeout_s:g} s")
        if self._answer is not None:
            return self._answer
        assert self._error is not None  # noqa: S101 - the thread sets one of the two
        raise as_console_error(self._error, self._address) from self._error

    def abandon(self) -> None:
        """Stop waiting for the server; safe from any thread."""
        with self._guard:
            self._abandoned = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not SSLSocket.shutdown, which takes the TLS state from under the reading thread.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _exchange(self) -> None:
        try:
            self._answer = self._send()
        except Exception as error:
            # Any error belongs to the caller, who is in another thread.
            self._error = error
        finally:
            self._ended.set()

    def _send(self) -> Answer:
        with (
            self._client() as client,
            client.stream(
                self._method,
                self._address.base + self._path,
                headers=self._headers,
                content=self._content,
                extensions={"trace": self._watch},
            ) as response,
        ):
            encoding = response.headers.get("content-encoding", "identity").strip().lower()
            if encoding not in ("", "identity"):
                # Asked for none; what unpacks to gigabytes is not even looked at.
                raise Nonsense(f"Content-Encoding: {encoding}")
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > LARGEST_ANSWER_BYTES:
                    raise Nonsense(f"> {LARGEST_ANSWER_BYTES} B")
                if time.monotonic() > self._deadline:
                    raise TimeoutError(f"> {self._timeout_s:g} s")
            return Answer(
                status=response.status_code, etag=response.headers.get("etag", ""), body=bytes(body)
            )

    def _client(self) -> httpx.Client:
        import httpx

        # A context without certificates for plain HTTP: loading those that nobody needs takes 30 ms.
        verify = (
            ssl.create_default_context() if self._address.tls else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        )
        try:
            return httpx.Client(
                verify=verify,
                timeout=self._timeout_s,
                follow_redirects=False,
                trust_env=uses_proxy(self._address),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            # The environment names a proxy that cannot be used.
            raise httpx.ProxyError(str(error)) from error

    def _watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the socket as soon as there is one (httpx calls this for each step)."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            found = info["return_value"].get_extra_info("socket")
            with self._guard:
                self._socket = found
            if self._abandoned:
                self.abandon()
