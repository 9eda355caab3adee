"""A coder over a few bit fields, and a unit that keeps a coding record, for the tests of codings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tests.procedures.scripted import ScriptedUnit, summary
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.coding import CodingReading
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.forms import (
    CodingForm,
    Dependency,
    EncodedRequest,
    ParameterForm,
    ParameterKind,
    RecordForm,
    ServiceForm,
    UnitForms,
    ValueForm,
)
from workshop_console.console.model.kept import Details, KeptCoding, OrderEntry
from workshop_console.console.procedures.coding_plan import decode_coding

ADDRESS = DoipAddress(0x1001)
DID = 0x0201
VIN = "WDD2130041A000001"
UNIT = summary("LIGHT", 0x1001)


@dataclass(frozen=True)
class Bits:
    """An option: bits of one byte, with texts or a number."""

    name: str
    byte: int
    bit: int
    size: int
    texts: Mapping[int, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None

    @property
    def mask(self) -> int:
        return ((1 << self.size) - 1) << self.bit

    def form(self) -> ParameterForm:
        kind = ParameterKind.CHOICE if self.texts else ParameterKind.NUMBER
        choices = tuple(dict.fromkeys(self.texts.values()))
        return ParameterForm(
            name=self.name,
            label=self.name.lower(),
            kind=kind,
            choices=choices,
            low=self.low,
            high=self.high,
            unit="" if self.texts else "s",
        )

    def decode(self, data: bytes) -> str:
        raw = (data[self.byte] & self.mask) >> self.bit
        return self.texts.get(raw, f"({raw})") if self.texts else str(raw)

    def encode(self, text: str) -> int:
        """Return the coded value. Raises ConsoleError WC-412."""
        if self.texts:
            for raw, known in self.texts.items():
                if known == text:
                    return raw
        elif text.isdecimal() and int(text) < 1 << self.size:
            return int(text)
        raise ConsoleError("WC-412", parameter=self.name, value=text, expected="")


OPTIONS = (
    Bits("Running", 0, 0, 1, {0: "off", 1: "on"}),
    Bits("Lamps", 0, 2, 2, {0: "halogen", 1: "LED", 2: "beam"}),
    Bits("Sound", 0, 5, 2, {0: "none", 1: "some", 2: "some", 3: "loud"}),
    Bits("Home", 1, 0, 6, low=0, high=60),
)
"""Bits 0x92 of the first byte, 0xC0 of the second and the whole third are nobody's."""


class BitCoder:
    """A Coder for one record."""

    def __init__(
        self,
        options: Sequence[Bits] = OPTIONS,
        *,
        length: int = 3,
        dependencies: tuple[Dependency, ...] = (),
        **form: object,
    ) -> None:
        self.options = {option.name: option for option in options}
        self.length = length
        write = ServiceForm(
            name="Light_Write",
            label="Light",
            request=b"\x2e\x02\x01",
            parameters=tuple(option.form() for option in options),
            sessions=(0x03,),
        )
        self.form = CodingForm(name="Light", label="Light", did=DID, write=write, dependencies=dependencies)
        if "conditions" in form:
            self.form = replace(self.form, conditions=form.pop("conditions"))  # type: ignore[arg-type]  # as the test says
        if form:
            self.form = replace(self.form, write=replace(write, **form))  # type: ignore[arg-type]  # as the test says

    def forms(self, unit: UnitSummary, variant: str = "") -> UnitForms:
        speed = ValueForm(name="Speed", label="Speed", kind=ParameterKind.NUMBER, unit="1/min")
        record = RecordForm(service="Speed_Read", label="Speed", request=b"\x22\x03\x01", values=(speed,))
        return UnitForms(unit=unit.name, variant=variant, records=(record,), codings=(self.form,))

    def encode(
        self, unit: UnitSummary, variant: str, service: str, values: Mapping[str, str]
    ) -> EncodedRequest:
        for name in values:
            if name not in self.options:
                raise ConsoleError("WC-412", parameter=name, value=values[name], expected="")
        data, mask = bytearray(self.length), bytearray(self.length)
        for name, option in self.options.items():
            if name not in values:
                raise ConsoleError("WC-412", parameter=name, value="", expected="")
            data[option.byte] |= option.encode(values[name]) << option.bit
            mask[option.byte] |= option.mask
        return EncodedRequest(payload=b"\x2e\x02\x01" + data, mask=b"\xff\xff\xff" + mask)

    def decode(
        self, unit: UnitSummary, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        return [
            (DecodedValue(name="Speed", value=str(answer[3]), unit="1/min"),)
            for _service, _request, answer in answers
        ]

    def decode_request(
        self, unit: UnitSummary, variant: str, service: str, request: bytes
    ) -> tuple[DecodedValue, ...]:
        data = request[3:]
        return tuple(
            DecodedValue(name=name, value=option.decode(data), unit="" if option.texts else "s")
            for name, option in self.options.items()
            if option.byte < len(data)
        )

    def close(self) -> None:
        pass


def reading_of(coder: BitCoder, data: bytes) -> CodingReading:
    """Return what reading `data` gives."""
    return CodingReading(
        unit=UNIT,
        address=ADDRESS,
        variant="A",
        form=coder.form,
        time=datetime(2026, 1, 1, tzinfo=UTC),
        vin=VIN,
        data=data,
        options=decode_coding(coder, UNIT, "A", coder.form, data),
    )


class CodedUnit(ScriptedUnit):
    """Keeps one record; `refuse` is the answer to writing, `spoil` what it makes of what is written."""

    def __init__(self, data: bytes, **answers: object) -> None:
        super().__init__()
        self.data = data
        self.refuse: bytes | SilentReason | None = None
        self.takes = True
        """Whether it writes what it refuses or does not answer."""
        self.spoil: bytes | None = None
        self.log: list[str] = []

    def answer(self, request: bytes) -> bytes | SilentReason:
        self.asked.append(request)
        self.log.append(request.hex())
        if request[:1] == b"\x10":
            return b"\x50" + request[1:] + bytes(4)
        if request == b"\x22\x02\x01":
            return b"\x62\x02\x01" + self.data
        if request[:3] == b"\x2e\x02\x01":
            if self.refuse is None or self.takes:
                self.data = self.spoil if self.spoil is not None else request[3:]
            return self.refuse if self.refuse is not None else b"\x6e\x02\x01"
        known = self.answers.get(request)
        if known:
            found = known.pop(0) if len(known) > 1 else known[0]
            assert isinstance(found, (bytes, SilentReason))
            return found
        return bytes((0x7F, request[0], 0x31))


class Kept:
    """Codings in memory; `broken` cannot keep anything."""

    def __init__(self, log: list[str], *, broken: bool = False) -> None:
        self.codings: list[KeptCoding] = []
        self.broken = broken
        self._log = log

    def keep(self, coding: KeptCoding) -> int:
        if self.broken:
            raise ConsoleError("WC-604", file="records.db")
        self._log.append("keep")
        self.codings.append(replace(coding, coding_id=len(self.codings) + 1))
        return len(self.codings)

    def list(self, vin: str, unit: str = "") -> Sequence[KeptCoding]:
        return [c for c in self.codings if c.vin == vin and (not unit or c.unit == unit)]


class Book:
    """An order book in memory; `broken` names the method that fails."""

    def __init__(self, log: list[str], *, broken: str = "") -> None:
        self.written: list[OrderEntry] = []
        self.broken = broken
        self._log = log

    def begin(self, entry: OrderEntry) -> int:
        if self.broken == "begin":
            raise ConsoleError("WC-612", file="records.db", detail="")
        self._log.append("begin")
        self.written.append(replace(entry, entry_id=len(self.written) + 1))
        return len(self.written)

    def complete(self, entry_id: int, *, answer: bytes, outcome: str, details: Details = ()) -> None:
        if self.broken == "complete":
            raise ConsoleError("WC-613", file="records.db", detail="")
        self._log.append("complete")
        old = self.written[entry_id - 1]
        self.written[entry_id - 1] = replace(
            old, answer=answer, outcome=outcome, details=(*old.details, *details)
        )

    def entries(self, vin: str, *, since: datetime | None = None) -> Sequence[OrderEntry]:
        return [e for e in self.written if e.vin == vin and (since is None or e.time >= since)]
