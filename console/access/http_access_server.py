"""Asks an access server over HTTP (its calls: console/backend/openapi.json)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from workshop_console.console.access.address import ServerAddress, read_address
from workshop_console.console.access.bounded_http import Answer, Attempt
from workshop_console.console.access.checking import (
    read_credit,
    read_error,
    read_etag,
    read_json,
    read_lease,
    read_messages,
)
from workshop_console.console.access.trouble import Nonsense
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import CreditReport, Edition, Lease, ProductGroup
from workshop_console.console.model.message import NumberedMessage

_LONGEST_VIN = 64


class HttpAccessServer:
    """The port AccessServer over HTTP; every method may be called from any thread.

    Args:
        url: address of the server, or a function that returns it for each call (the local server tells its
            own once it runs, and another one when it was started again; its ConsoleError is the method's).
        timeout_s: longest time for one call, from name resolution to the last byte.
    """

    def __init__(self, url: str | Callable[[], str], timeout_s: float) -> None:
        """Raise ConsoleError WC-502 when `url` is given and cannot be used."""
        self._where = _fixed(read_address(url)) if isinstance(url, str) else lambda: read_address(url())
        self._timeout_s = timeout_s
        self._attempts: set[Attempt] = set()
        self._guard = threading.Lock()

    def credit(self, edition: Edition) -> CreditReport:
        """Ask for the remaining credit.

        Raises ConsoleError: 2221-47, 2173-39, 2173-40, 2221-45, 2221-54, WC-500, WC-501, WC-502.
        """
        address = self._where()
        answer = self._call(address, "GET", "/v1/credit?" + urlencode({"edition": edition.value}))
        if answer.status != 200:
            raise _refused(address, answer)
        try:
            return read_credit(read_json(answer.body), edition)
        except Nonsense as error:
            raise ConsoleError("WC-500", server=address.shown, detail=str(error)) from error

    def lease(self, group: ProductGroup, *, idempotency_key: str, vin: str = "") -> Lease:
        """Ask for leave to run a diagnosis function.

        Raises ConsoleError: 2173-42 or 2173-44 (no credit), and as credit(). After any but these two,
        2221-45, 2221-54 and WC-501 it is open whether a packet was begun: ask again with the same key.
        """
        address = self._where()
        body = json.dumps({"group": group.value, "vin": clean(vin, longest=_LONGEST_VIN)})
        answer = self._call(
            address,
            "POST",
            "/v1/leases",
            headers={"Content-Type": "application/json", "Idempotency-Key": idempotency_key},
            content=body.encode(),
        )
        if answer.status not in (200, 201):
            raise _refused(address, answer, group)
        try:
            return read_lease(read_json(answer.body), group)
        except Nonsense as error:
            raise ConsoleError("WC-500", server=address.shown, detail=str(error)) from error

    def messages(
        self, lang: str, edition: Edition, etag: str
    ) -> tuple[str, Sequence[NumberedMessage]] | None:
        """Return newer message texts and their ETag, or None when `etag` is still the newest.

        Raises ConsoleError as credit().
        """
        address = self._where()
        headers = {"If-None-Match": etag} if read_etag(etag) else {}
        query = urlencode({"lang": lang, "edition": edition.value})
        answer = self._call(address, "GET", "/v1/messages?" + query, headers=headers)
        if answer.status == 304 and headers:
            return None
        if answer.status != 200:
            raise _refused(address, answer)
        try:
            return read_etag(answer.etag), read_messages(read_json(answer.body), lang)
        except Nonsense as error:
            raise ConsoleError("WC-500", server=address.shown, detail=str(error)) from error

    def close(self) -> None:
        """End calls that still wait; safe to call twice."""
        with self._guard:
            waiting = tuple(self._attempts)
        for attempt in waiting:
            attempt.abandon()

    def _call(
        self,
        address: ServerAddress,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        attempt = Attempt(
            address, method, path, headers=headers or {}, content=content, timeout_s=self._timeout_s
        )
        with self._guard:
            self._attempts.add(attempt)
        try:
            return attempt.run()
        finally:
            with self._guard:
                self._attempts.discard(attempt)


def _fixed(address: ServerAddress) -> Callable[[], ServerAddress]:
    return lambda: address


def _refused(address: ServerAddress, answer: Answer, group: ProductGroup | None = None) -> ConsoleError:
    """Return the error that an answer without a result is: its own number where it may say that one."""
    number, detail = read_error(answer.body)
    if number in ("2173-42", "2173-44") and group is not None and answer.status == 402:
        return ConsoleError(number, group=group.value)
    if number == "2221-45" and answer.status in (401, 403):
        return ConsoleError(number, server=address.shown)
    if number == "2221-54" and answer.status in (401, 403, 409):
        return ConsoleError(number)
    status = f"HTTP {answer.status}"
    if answer.status in (407, 511):
        # A proxy or the network's own gate wants a login.
        return ConsoleError("2173-39", server=address.shown, detail=status)
    if answer.status >= 500:
        return ConsoleError("2173-40", detail=f"{address.shown}: {status} {detail}".rstrip())
    return ConsoleError("WC-501", server=address.shown, status=answer.status)
