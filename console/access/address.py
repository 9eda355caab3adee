"""Reads the address of an access server from the settings."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean


@dataclass(frozen=True, kw_only=True)
class ServerAddress:
    """Where the calls go."""

    base: str
    """What stands before /v1/…, without a slash at its end."""
    shown: str
    """Host and port as messages show it: never a password, never a path."""
    loopback: bool
    """On this computer: no proxy stands between."""
    tls: bool


def read_address(url: str) -> ServerAddress:
    """Return the address that `url` (http or https, maybe with a path before /v1) spells.

    Raises ConsoleError WC-502. Names and passwords in it are refused: settings are no place for them.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ConsoleError("WC-502", server=_without_password(url)) from None
    usable = (
        parts.scheme in ("http", "https")
        and host
        and port != 0
        and url.isascii()
        and url.isprintable()
        and " " not in url
        and "\\" not in url
        and parts.username is None
        and not parts.query
        and not parts.fragment
    )
    if not usable or host is None:
        raise ConsoleError("WC-502", server=_without_password(url))
    bracketed = f"[{host}]" if ":" in host else host
    shown = bracketed if port is None else f"{bracketed}:{port}"
    return ServerAddress(
        base=f"{parts.scheme}://{shown}{parts.path.rstrip('/')}",
        shown=clean(shown, longest=120),
        loopback=_is_loopback(host),
        tls=parts.scheme == "https",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _without_password(url: str) -> str:
    head, separator, tail = url.rpartition("@")
    scheme = head.partition("://")[0] + "://…@" if "://" in head else "…@"
    return clean(scheme + tail if separator else url, longest=120)
