"""Says in the language of the reader what the operating system says in English."""

from __future__ import annotations

import errno
import os

from workshop_console.i18n.texts import _, mark

TEXTS: dict[int, str] = {
    errno.EPERM: mark("not permitted"),
    errno.ENOENT: mark("file or folder does not exist"),
    errno.EIO: mark("read or write error of the drive"),
    errno.EACCES: mark("no permission"),
    errno.EBUSY: mark("in use by another program"),
    errno.EEXIST: mark("file exists already"),
    errno.ENODEV: mark("no such device"),
    errno.ENOTDIR: mark("not a folder"),
    errno.EISDIR: mark("is a folder"),
    errno.EMFILE: mark("too many open files"),
    errno.ENOSPC: mark("no space left on the drive"),
    errno.EROFS: mark("the drive is write-protected"),
    errno.ENAMETOOLONG: mark("file name too long"),
    errno.EADDRINUSE: mark("address is already in use"),
    errno.EADDRNOTAVAIL: mark("address is not one of this computer"),
    errno.ENETDOWN: mark("network is switched off"),
    errno.ENETUNREACH: mark("network cannot be reached"),
    errno.ECONNREFUSED: mark("connection refused"),
    errno.ECONNRESET: mark("connection was reset by the other side"),
    errno.ECONNABORTED: mark("connection was broken off"),
    errno.EPIPE: mark("connection was closed by the other side"),
    errno.ETIMEDOUT: mark("no answer in time"),
    errno.EHOSTUNREACH: mark("computer cannot be reached"),
}
"""What `os.strerror` says of these codes, in our own words; English texts for `_`."""

_OTHERS: dict[str, str] = {
    "Name or service not known": mark("computer name not known"),
    "nodename nor servname provided, or not known": mark("computer name not known"),
    "getaddrinfo failed": mark("computer name not known"),
    "Temporary failure in name resolution": mark("computer name could not be looked up"),
    "timed out": mark("no answer in time"),
}
"""Words of name resolution and sockets that have no code."""


def in_words(detail: str) -> str:
    """Return `detail` with the system's English in it replaced; everything else stays."""
    for code, text in TEXTS.items():
        detail = detail.replace(os.strerror(code), _(text))
    for words, text in _OTHERS.items():
        detail = detail.replace(words, _(text))
    return detail
