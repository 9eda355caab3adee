"""Answers what the console asks about one description; runs in the coding process."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import odxtools.exceptions
from odxtools.database import Database

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import EncodedRequest
from workshop_console.console.odx import wire
from workshop_console.console.odx.coder.decoding import MessageDecoder
from workshop_console.console.odx.coder.encoding import RequestEncoder
from workshop_console.console.odx.coder.forms import Layer, UnitIndex, index_layer
from workshop_console.console.odx.coder.layout import Bound
from workshop_console.console.odx.coder.mending import mend_odxtools
from workshop_console.console.odx.extraction.loading import LoadingError, load_database
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.extraction.records import name_of
from workshop_console.console.odx.limits import ImportLimits
from workshop_console.console.odx.package import open_package


def load(file: Path, sha256: str, limits: ImportLimits) -> Server:
    """Read a description. Raises ConsoleError WC-409 when it is not the one that was imported, WC-4xx."""
    package = open_package(file, limits)
    if package.sha256 != sha256:
        raise ConsoleError("WC-409", file=clean(file.name))
    # odxtools warns of everything it meets; the import told what matters.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    try:
        database = load_database(package, Problems())
    except LoadingError as error:
        raise ConsoleError("WC-405", file=clean(file.name), detail=clean(error)) from None
    # Loading may have switched it off; values that do not fit must be errors, not something cut to size.
    odxtools.exceptions.strict_mode = True
    mend_odxtools()
    return Server(database)


class Server:
    """The units of one description; each is read when it is first asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[str, str], UnitIndex] = {}
        self._decoder = MessageDecoder()
        self._encoder = RequestEncoder()

    def answer(self, request: Mapping[str, Any]) -> Any:
        """Return the answer to one request of process.py. Raises ConsoleError WC-411, WC-412."""
        unit, variant = str(request["unit"]), str(request["variant"])
        index = self._index(unit, variant)
        asked = request["do"]
        if asked == "forms":
            return wire.to_json(index.forms)
        if asked == "encode":
            service = str(request["service"])
            return wire.to_json(self._encode(index, service, unit, request["values"]))
        if asked == "decode":
            return [
                _to_rows(self._decode(index, service, bytes.fromhex(sent), bytes.fromhex(came)))
                for service, sent, came in request["answers"]
            ]
        if asked == "decode-request":
            bound = self._bound(index, str(request["service"]), unit)
            return _to_rows(self._decoder.request(bound, bytes.fromhex(request["request"])))
        raise ValueError(f"unknown request {asked!r}")

    def _index(self, unit: str, variant: str) -> UnitIndex:
        known = self._known.get((unit, variant))
        if known is None:
            layer = self._layer(unit, variant)
            known = self._known[unit, variant] = index_layer(layer, unit, variant)
        return known

    def _layer(self, unit: str, variant: str) -> Layer:
        """Return the layer of a unit in a variant; the base where the variant is not known."""
        bases = [layer for layer in self._database.base_variants if name_of(layer) == unit]
        variants = [layer for layer in self._database.ecu_variants if name_of(layer) == variant]
        own = [layer for layer in variants if bases and _parent_is(layer, bases[0])]
        alone = [layer for layer in self._database.ecu_variants if name_of(layer) == unit]
        found: list[Layer] = [*own, *([] if bases else variants), *bases, *alone]
        if not found:
            raise ConsoleError("WC-411", name=clean(unit), unit=clean(unit))
        return found[0]

    def _bound(self, index: UnitIndex, service: str, unit: str) -> Bound:
        bound = index.services.get(service)
        if bound is None:
            raise ConsoleError("WC-411", name=clean(service, longest=120), unit=clean(unit))
        return bound

    def _encode(self, index: UnitIndex, service: str, unit: str, values: Mapping[str, str]) -> EncodedRequest:
        if (made := index.made.get(service)) is not None and not values:
            return EncodedRequest(payload=made, mask=b"\xff" * len(made))
        texts = {str(name): str(text) for name, text in values.items()}
        return self._encoder.encode(self._bound(index, service, unit), texts)

    def _decode(
        self, index: UnitIndex, service: str, request: bytes, response: bytes
    ) -> tuple[DecodedValue, ...]:
        bound = index.services.get(service)
        if bound is None:
            return ()
        values = self._decoder.response(bound, request, response)
        names = index.value_names.get(service)
        if not names:
            return values
        return tuple(
            value
            if (name := names.get(value.name, value.name)) == value.name
            else DecodedValue(name=name, value=value.value, unit=value.unit, raw=value.raw)
            for value in values
        )


def _parent_is(layer: Layer, base: Layer) -> bool:
    return any(parent.layer is base for parent in layer.hierarchy_element_raw.parent_refs)  # type: ignore[attr-defined]  # both kinds have them


def _to_rows(values: tuple[DecodedValue, ...]) -> list[list[str]]:
    """Return values in the short form that decoding sends many of."""
    return [[value.name, value.value, value.unit, value.raw.hex()] for value in values]
