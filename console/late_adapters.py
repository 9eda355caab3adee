"""Adapters that are made when they are first used: the first screen does not wait for what they import."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.child import ChildProcess
from workshop_console.console.model.credit import CreditReport, Edition, Lease, ProductGroup
from workshop_console.console.model.message import NumberedMessage

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from workshop_console.console.model.description import ImportedDescription, UnitSummary
    from workshop_console.console.model.dtc import DecodedValue
    from workshop_console.console.model.flash import FlashFile, Manifest
    from workshop_console.console.model.forms import EncodedRequest, UnitForms
    from workshop_console.console.odx.coder.pdx_coder import KeptPdx, PdxCoder
    from workshop_console.console.ports import AccessServer, FlashFiles

_BACKEND_START_S = 30.0


class LateImporter:
    """Reads PDX files; what that takes is imported with the first one."""

    def read(self, file: Path, progress: Callable[[str], None] | None = None) -> ImportedDescription:
        """Return what the file describes. Raises ConsoleError WC-4xx."""
        from workshop_console.console.odx.importer import PdxImporter

        return PdxImporter().read(file, progress)


class LateFlashContainers:
    """Reads ODX-F; what that takes is imported with the first container."""

    def open(
        self, file: Path, session: str = ""
    ) -> AbstractContextManager[Iterator[tuple[Mapping[str, object], Iterator[bytes]]]]:
        """See ports.FlashContainers."""
        from workshop_console.console.odx.flash.container import OdxFlashContainers

        return OdxFlashContainers().open(file, session)


class LateCoder:
    """Encodes and decodes by the descriptions; what that takes is imported with the first call."""

    def __init__(self, source: Callable[[int], KeptPdx | None]) -> None:
        self._source = source
        self._coder: PdxCoder | None = None
        self._closed = False
        self._guard = threading.Lock()

    def _asked(self) -> PdxCoder:
        with self._guard:
            if self._coder is None:
                from workshop_console.console.odx.coder.pdx_coder import PdxCoder

                self._coder = PdxCoder(self._source)
                if self._closed:
                    self._coder.close()
            return self._coder

    def forms(self, unit: UnitSummary, variant: str = "") -> UnitForms:
        """See ports.Coder."""
        return self._asked().forms(unit, variant)

    def encode(
        self, unit: UnitSummary, variant: str, service: str, values: Mapping[str, str]
    ) -> EncodedRequest:
        """See ports.Coder."""
        return self._asked().encode(unit, variant, service, values)

    def decode(
        self, unit: UnitSummary, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        """See ports.Coder."""
        return self._asked().decode(unit, variant, answers)

    def decode_request(
        self, unit: UnitSummary, variant: str, service: str, request: bytes
    ) -> tuple[DecodedValue, ...]:
        """See ports.Coder."""
        return self._asked().decode_request(unit, variant, service, request)

    def close(self) -> None:
        """End the processes; safe to call twice."""
        with self._guard:
            self._closed = True
            if self._coder is not None:
                self._coder.close()


class LateFlashFiles:
    """Reads flash files; what that takes is imported with the first one."""

    def __init__(self, make: Callable[[], FlashFiles]) -> None:
        self._make = make
        self._reader: FlashFiles | None = None

    def _asked(self) -> FlashFiles:
        if self._reader is None:
            self._reader = self._make()
        return self._reader

    def read(self, file: Path) -> Sequence[FlashFile]:
        """See ports.FlashFiles."""
        return self._asked().read(file)

    def write_payload(self, file: FlashFile, target: Path) -> Manifest:
        """See ports.FlashFiles."""
        return self._asked().write_payload(file, target)


class LocalBackend:
    """The access server of this computer, as a child: started and waited for when it is first needed."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._child: ChildProcess | None = None
        self._guard = threading.Lock()

    def url(self) -> str:
        """Return its address; it is started again when it went away. Raises ConsoleError WC-503."""
        with self._guard:
            if self._child is None or not self._child.running:
                arguments = ["backend", "--listen", "127.0.0.1:0", "--database", str(self._database)]
                try:
                    self._child = ChildProcess("backend", [*arguments, "--ready-json", "--with-parent"])
                except ConsoleError as error:
                    raise _backend_failed(error) from error
            try:
                return str(self._child.ready(_BACKEND_START_S)["url"])
            except ConsoleError as error:
                self._child = None
                raise _backend_failed(error) from error
            except KeyError:
                raise ConsoleError("WC-503", detail="url") from None

    def close(self) -> None:
        """End it."""
        with self._guard:
            child, self._child = self._child, None
        if child is not None:
            child.close()


class LateAccessServer:
    """Asks the access server; what that takes is imported with the first question."""

    def __init__(self, url: str | Callable[[], str], timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._server: AccessServer | None = None
        self._guard = threading.Lock()

    def _asked(self) -> AccessServer:
        with self._guard:
            if self._server is None:
                from workshop_console.console.access.http_access_server import HttpAccessServer

                self._server = HttpAccessServer(self._url, self._timeout_s)
            return self._server

    def credit(self, edition: Edition) -> CreditReport:
        """See ports.AccessServer."""
        return self._asked().credit(edition)

    def lease(self, group: ProductGroup, *, idempotency_key: str, vin: str = "") -> Lease:
        """See ports.AccessServer."""
        return self._asked().lease(group, idempotency_key=idempotency_key, vin=vin)

    def messages(
        self, lang: str, edition: Edition, etag: str
    ) -> tuple[str, Sequence[NumberedMessage]] | None:
        """See ports.AccessServer."""
        return self._asked().messages(lang, edition, etag)

    def close(self) -> None:
        """Give the connection back."""
        if self._server is not None:
            self._server.close()


def _backend_failed(error: ConsoleError) -> ConsoleError:
    return ConsoleError("WC-503", detail=str(error.facts.get("detail", "")))
