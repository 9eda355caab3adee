"""A unit with a fan and a routine, a coder for them, and a line that notes what is kept alive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from tests.procedures.scripted import ScriptedLink, ScriptedUnit, summary
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.forms import (
    Comparison,
    Condition,
    EncodedRequest,
    FunctionForm,
    FunctionKind,
    ParameterForm,
    ParameterKind,
    RecordForm,
    ServiceForm,
    UnitForms,
    ValueForm,
)
from workshop_console.console.model.opened_unit import OpenedUnit

ADDRESS = DoipAddress(0x1001)
SPEED = b"\x22\x03\x01"
ENGINE_OFF = Condition(text="Engine off", value="Speed", comparison=Comparison.EQUAL, limit="0")
DUTY = ParameterForm(name="Duty", label="Duty", kind=ParameterKind.NUMBER, low=0, high=100, unit="%")
STATE = ParameterForm(
    name="State", label="State", kind=ParameterKind.CHOICE, choices=("done", "running", "failed")
)
FAN = FunctionForm(
    name="Fan",
    label="Cooling fan",
    kind=FunctionKind.OUTPUT,
    start=ServiceForm(name="Fan_Adjust", label="", request=b"\x2f\x04\x00\x03", parameters=(DUTY,)),
    freeze=ServiceForm(name="Fan_Freeze", label="", request=b"\x2f\x04\x00\x02"),
)
LEVEL = ParameterForm(
    name="Level", label="Level", kind=ParameterKind.CHOICE, choices=("off", "slow", "fast"), default="off"
)
WIPER = FunctionForm(
    name="Wiper",
    label="Wiper",
    kind=FunctionKind.OUTPUT,
    start=ServiceForm(name="Wiper_Adjust", label="", request=b"\x2f\x04\x01\x03", parameters=(LEVEL,)),
    description="Drives the wiper.",
    warning="The wiper moves.",
)
BURN = FunctionForm(
    name="Burn",
    label="Regeneration",
    kind=FunctionKind.ROUTINE,
    start=ServiceForm(name="Burn_Start", label="", request=b"\x31\x01\x03\x01", results=(STATE,)),
    stop=ServiceForm(name="Burn_Stop", label="", request=b"\x31\x02\x03\x01"),
    results=ServiceForm(name="Burn_Results", label="", request=b"\x31\x03\x03\x01", results=(STATE,)),
)
RECORD = RecordForm(
    service="Speed_Read",
    label="Speed",
    request=SPEED,
    values=(ValueForm(name="Speed", label="Speed", kind=ParameterKind.NUMBER, unit="1/min"),),
)
UNIT = OpenedUnit(
    summary=summary("ENGINE", 0x1001),
    address=ADDRESS,
    variant="A",
    forms=UnitForms(unit="ENGINE", variant="A", records=(RECORD,), functions=(FAN, BURN, WIPER)),
)
EXTENDED, DEFAULT = "1003", "1001"
ADJUST, RETURN = "2f04000332", "2f040000"


class ByteCoder:
    """Encodes and decodes one byte at the end."""

    broken = False

    def forms(self, unit: object, variant: str = "") -> UnitForms:
        return UNIT.forms

    def encode(self, unit: object, variant: str, service: str, values: Mapping[str, str]) -> EncodedRequest:
        start = next(f.start for f in (FAN, BURN, WIPER) if f.start.name == service)
        data = b""
        for form in start.parameters:
            text = values.get(form.name, "")
            if text not in form.choices and not (text.isdecimal() and int(text) <= 100):
                raise ConsoleError("WC-412", parameter=form.name, value=text, expected="0 … 100 %")
            data += bytes((form.choices.index(text) if form.choices else int(text),))
        return EncodedRequest(payload=start.request + data, mask=b"")

    def decode(
        self, unit: object, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        if self.broken:
            raise ConsoleError("WC-410", detail="")
        return [
            (DecodedValue(name="Speed", value=str(answer[3]), unit="1/min"),)
            if service == "Speed_Read"
            else (DecodedValue(name="State", value=STATE.choices[answer[4]]),)
            if service.startswith("Burn") and len(answer) > 4
            else ()
            for service, _request, answer in answers
        ]

    def decode_request(self, *_asked: object) -> tuple[DecodedValue, ...]:
        return ()

    def close(self) -> None:
        pass


class Unit(ScriptedUnit):
    """Says yes to everything that `answers` does not answer, and notes what it was asked."""

    def __init__(self, **answers: str | SilentReason | list[str | SilentReason]) -> None:
        super().__init__()
        self.script = {
            bytes.fromhex(name[1:]): list(value) if isinstance(value, list) else [value]
            for name, value in answers.items()
        }
        self.log: list[str] = []

    def answer(self, request: bytes) -> bytes | SilentReason:
        self.log.append(request.hex())
        if known := self.script.get(request):
            answer = known.pop(0) if len(known) > 1 else known[0]
            return (
                bytes.fromhex(answer)
                if isinstance(answer, str) and answer.isalnum()
                else SilentReason(answer)
            )
        if request == SPEED:
            return b"\x62\x03\x01\x00"
        return bytes((request[0] | 0x40,)) + request[1:4]

    @property
    def wrote(self) -> list[str]:
        """What it was asked beside actual values."""
        return [asked for asked in self.log if asked != SPEED.hex()]


class Line(ScriptedLink):
    """A line that notes for whom tester present is kept up."""

    def __init__(self, unit: Unit, on_wait: Callable[[ScriptedLink], None] | None = None) -> None:
        super().__init__({ADDRESS: unit}, on_wait=on_wait)
        self.alive: list[tuple[Address, ...]] = []

    def keep_alive(self, addresses: Iterable[Address]) -> None:
        self.alive.append(tuple(addresses))


def same_key(level: int, seed: bytes) -> tuple[bytes, tuple[()]]:
    return seed, ()


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)
