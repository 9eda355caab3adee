"""Encodes requests from texts, and tells which of their bits the description defines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from odxtools.dataobjectproperty import DataObjectProperty
from odxtools.encodestate import EncodeState
from odxtools.encoding import Encoding
from odxtools.odxtypes import AtomicOdxType, BytesTypes, DataType
from odxtools.parameters.tablekeyparameter import TableKeyParameter
from odxtools.parameters.tablestructparameter import TableStructParameter

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import EncodedRequest
from workshop_console.console.odx.coder.layout import Bound, Place, has_default, places
from workshop_console.console.odx.coder.physical import NotAllowedError, Physical
from workshop_console.console.odx.extraction.records import name_of

_NUMBERS = (DataType.A_INT32, DataType.A_UINT32, DataType.A_FLOAT32, DataType.A_FLOAT64)
_STEP = re.compile(r"([^.\[\]]+)(?:\[(\d{1,4})\])?")
_LONGEST_SHOWN = 80
_MOST_NAMES = 30
_LONGEST_TERMINATION_BYTES = 2


@dataclass
class KnownBits(EncodeState):
    """Keeps its own mask: odxtools 11.7 counts padding as used and turns little-endian masks twice."""

    known: bytearray = field(default_factory=bytearray)
    _atomic_end: int = -1
    _inside: bool = False

    def emplace_atomic_value(
        self,
        *,
        internal_value: AtomicOdxType,
        bit_length: int,
        base_data_type: DataType,
        base_type_encoding: Encoding | None,
        is_highlow_byte_order: bool,
        used_mask: bytes | None,
    ) -> None:
        """See EncodeState."""
        start, bit = self.cursor_byte_position, self.cursor_bit_position
        size = (bit + bit_length + 7) // 8
        swapped = not is_highlow_byte_order and base_data_type in _NUMBERS
        mask = (1 << bit_length) - 1
        if used_mask is not None:
            # odxtools 11.7: a mask comes in the value's byte order, and short of bytes when it is condensed.
            mask = int.from_bytes(used_mask, "little" if swapped else "big") & mask
            used_mask = mask.to_bytes((bit_length + 7) // 8, "big")
        self._inside = True
        try:
            super().emplace_atomic_value(
                internal_value=internal_value,
                bit_length=bit_length,
                base_data_type=base_data_type,
                base_type_encoding=base_type_encoding,
                is_highlow_byte_order=is_highlow_byte_order,
                used_mask=used_mask,
            )
        finally:
            self._inside = False
        bits = (mask << bit).to_bytes(size, "big")
        self._know(start, bits[::-1] if swapped else bits)
        self._atomic_end = self.cursor_byte_position if isinstance(internal_value, BytesTypes) else -1

    def emplace_bytes(
        self, new_data: bytes, obj_name: str | None = None, obj_used_mask: bytes | None = None
    ) -> None:
        """See EncodeState."""
        start = self.cursor_byte_position
        super().emplace_bytes(new_data, obj_name, obj_used_mask)
        ends_a_value = start == self._atomic_end and len(new_data) <= _LONGEST_TERMINATION_BYTES
        if not self._inside and obj_used_mask is None and ends_a_value:
            # The end mark of a value of variable length belongs to it; what else comes this way is padding.
            self._know(start, b"\xff" * len(new_data))

    def _know(self, start: int, mask: bytes) -> None:
        if (missing := start + len(mask) - len(self.known)) > 0:
            self.known += bytes(missing)
        for index, bits in enumerate(mask, start):
            self.known[index] |= bits


class RequestEncoder:
    """Encodes requests of one layer."""

    def encode(self, bound: Bound, values: Mapping[str, str]) -> EncodedRequest:
        """Return the request of `bound` with `values`. Raises ConsoleError WC-411, WC-412."""
        request = bound.service.request
        if request is None:
            raise ConsoleError("WC-411", name=bound.name, unit="")
        known = {place.name: place for place in free_places(bound)}
        tree: dict[str, object] = dict(bound.fixed)
        for name, text in values.items():
            place = _place(name, known)
            if place is None:
                names = ", ".join(list(known)[:_MOST_NAMES])
                raise _refused(name, text, names)
            _put(tree, name, text, place)
        for name, place in known.items():
            required = place.parameter is None or not has_default(place.parameter)
            if required and not place.optional and name not in values and not _given_otherwise(place, bound):
                expected = Physical(place.dop).expected if place.dop is not None else _rows(place)
                raise _refused(name, "", expected)
        for place in known.values():
            _make_room(tree, place)
        tree = _with_rows(tree, bound)
        state = KnownBits(is_end_of_pdu=True)
        try:
            request.encode_into_pdu(tree, state)
        except MemoryError:
            raise
        except Exception as error:
            # Too long, too large, not convertible: odxtools raises whatever it runs into.
            name, text = next(iter(values.items()), (bound.name, ""))
            culprit = _culprit(known, values)
            if culprit is not None:
                name, text = culprit.name, values[culprit.name]
                expected = Physical(culprit.dop).expected if culprit.dop is not None else _rows(culprit)
                raise _refused(name, text, expected) from None
            raise _refused(name, text, clean(error, longest=160)) from None
        payload = bytes(state.coded_message)
        return EncodedRequest(
            payload=payload, mask=bytes(state.known).ljust(len(payload), b"\0")[: len(payload)]
        )


def free_places(bound: Bound) -> tuple[Place, ...]:
    """Return the values that a request of `bound` takes."""
    request = bound.service.request
    if request is None:
        return ()
    fixed = {name for name, _ in bound.fixed}
    return tuple(
        place
        for place in places(request.parameters, bound.row)
        if place.name not in fixed and not _is_length(place)
    )


def _is_length(place: Place) -> bool:
    return place.parameter is not None and place.parameter.parameter_type == "LENGTH-KEY"


def _given_otherwise(place: Place, bound: Bound) -> bool:
    """Return whether the key of a table is told by the contents that it chooses."""
    return place.dop is None and bound.row is not None


def _row_names(place: Place) -> tuple[str, ...]:
    return tuple(name_of(row) for row in place.table.table_rows) if place.table is not None else ()


def _rows(place: Place) -> str:
    return ", ".join(_row_names(place)[:_MOST_NAMES])


def _refused(name: str, text: str, expected: str) -> ConsoleError:
    return ConsoleError(
        "WC-412",
        parameter=clean(name, longest=_LONGEST_SHOWN),
        value=clean(text, longest=_LONGEST_SHOWN),
        expected=expected,
    )


def _place(name: str, known: Mapping[str, Place]) -> Place | None:
    """Return the place called `name`; that of a list's later item is that of its first."""
    return known.get(name) or known.get(re.sub(r"\[\d{1,4}\]", "[1]", name))


def _put(tree: dict[str, object], name: str, text: str, place: Place) -> None:
    """Set the value of `name` in the nested values that odxtools takes. Raises ConsoleError WC-412."""
    value: object
    if place.dop is None:
        if text not in _row_names(place):
            raise _refused(name, text, _rows(place))
        value = text
    else:
        try:
            value = Physical(place.dop).value_of(text)
        except NotAllowedError as error:
            raise _refused(name, text, str(error)) from None
    here, last = _parent(tree, name)
    if here is None:
        raise _refused(name, text, place.name)
    here[last] = value


def _make_room(tree: dict[str, object], place: Place) -> None:
    """Add the structures and lists around a value that may itself be left out: odxtools wants them."""
    if "[" in place.name and place.optional:
        head = place.name.split("[", 1)[0]
        here, last = _parent(tree, head)
        if here is not None:
            here.setdefault(last, [])
    elif not place.optional:
        _parent(tree, place.name)


def _parent(tree: dict[str, object], name: str) -> tuple[dict[str, object] | None, str]:
    """Return the innermost values around `name`, made where missing, and the name in there."""
    *outer, last = name.split(".")
    here = tree
    for step in outer:
        match = _STEP.fullmatch(step)
        if match is None:
            return None, last
        part, index = match.groups()
        inner = here.setdefault(part, {} if index is None else [])
        if index is not None:
            wanted = int(index)
            if not isinstance(inner, list) or not 0 < wanted <= len(inner) + 1:
                return None, last
            if wanted > len(inner):
                inner.append({})
            inner = inner[wanted - 1]
        if not isinstance(inner, dict):
            return None, last
        here = inner
    return here, last


def _with_rows(tree: dict[str, object], bound: Bound) -> dict[str, object]:
    """Return the values with those of table rows put where odxtools wants them."""
    request, row = bound.service.request, bound.row
    assert request is not None  # noqa: S101  # encode() asked
    own = {parameter.short_name for parameter in request.parameters}
    inner = {name: value for name, value in tree.items() if name not in own}
    outer = {name: value for name, value in tree.items() if name in own}
    for parameter in request.parameters:
        name = parameter.short_name
        if isinstance(parameter, TableKeyParameter):
            chosen = parameter.table_row or (
                row if row is not None and parameter.table is row.table else None
            )
            if chosen is not None:
                outer[name] = chosen.short_name
        elif isinstance(parameter, TableStructParameter):
            own_row = parameter.table_key.table_row
            if own_row is not None:
                content = outer.get(name, {})
                if isinstance(content, dict):
                    outer[name] = (own_row.short_name, content.get(own_row.short_name, content))
            elif row is not None and parameter.table is row.table:
                simple = isinstance(row.dop, DataObjectProperty)
                outer[name] = (row.short_name, next(iter(inner.values()), None) if simple else inner)
    return outer if row is not None else outer | inner


def _culprit(known: Mapping[str, Place], values: Mapping[str, str]) -> Place | None:
    """Return the first value that does not even encode alone."""
    for name in values:
        place = known.get(name)
        if place is None or place.dop is None:
            continue
        try:
            state = EncodeState(is_end_of_pdu=True)
            place.dop.encode_into_pdu(Physical(place.dop).value_of(values[name]), state)
        except MemoryError:
            raise
        except Exception:
            # As encode().
            return place
    return None
