"""Turns what can go wrong on the way to the access server into numbered messages."""

from __future__ import annotations

import errno
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

from workshop_console.console.access.address import ServerAddress
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

_NETWORK_DOWN = frozenset(
    code
    for name in ("ENETUNREACH", "ENETDOWN", "EHOSTUNREACH", "EHOSTDOWN", "EADDRNOTAVAIL", "EMFILE", "ENFILE")
    if (code := getattr(errno, name, None)) is not None
) | {10050, 10051, 10065}  # the same in Winsock


class Nonsense(Exception):  # noqa: N818 - it is what the server sent, not a failure of ours
    """The server sent something that cannot be understood; the text says what."""


def uses_proxy(address: ServerAddress) -> bool:
    """Return whether the environment puts a proxy between; never for this computer itself."""
    if address.loopback:
        return False
    parts = urlsplit(address.base)
    proxies = urllib.request.getproxies()
    if not (proxies.get(parts.scheme) or proxies.get("all")):
        return False
    return not urllib.request.proxy_bypass(parts.netloc)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield `error` and what caused it; each library on the way wraps it once more."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def as_console_error(error: Exception, address: ServerAddress) -> ConsoleError:
    """Return the numbered message for what ended the request.

    2221-47 nobody listens; 2173-39 name resolution, network or proxy; WC-500 what came is not an answer;
    WC-502 the address cannot be used; 2173-40 everything that leaves it open what the server did.
    """
    import httpx

    server = address.shown
    detail = clean(error, longest=160) or type(error).__name__
    causes = tuple(_causes(error))
    os_errors = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if isinstance(error, Nonsense):
        return ConsoleError("WC-500", server=server, detail=detail)
    if isinstance(
        error, (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, UnicodeError)
    ):
        return ConsoleError("WC-502", server=server)
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return ConsoleError("2173-40", detail=f"{server}: {detail}")
    local = any(isinstance(cause, socket.gaierror) for cause in causes) or bool(os_errors & _NETWORK_DOWN)
    if isinstance(error, httpx.ProxyError) or (isinstance(error, httpx.NetworkError) and local):
        return ConsoleError("2173-39", server=server, detail=detail)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        if uses_proxy(address):
            return ConsoleError("2173-39", server=server, detail=detail)
        return ConsoleError("2221-47", server=server)
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        # Not HTTP, or cut off before the length that it told.
        return ConsoleError("WC-500", server=server, detail=detail)
    return ConsoleError("2173-40", detail=f"{server}: {detail}")
