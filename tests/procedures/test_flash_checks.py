"""What the table before flashing says, and that asking for it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tests.flash.bench import VirtualLine, VirtualVehicle, flash_file, flashable_unit
from tests.procedures.scripted import summary
from tests.simulation.workbench import HARDWARE, NEW_SOFTWARE, NEW_VERSION, OLD_SOFTWARE
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.condition import Comparison, Condition
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashFile,
    FlashSequence,
    FlashStep,
    FlashTarget,
    Light,
    Manifest,
)
from workshop_console.console.model.forms import (
    EncodedRequest,
    ParameterKind,
    RecordForm,
    UnitForms,
    ValueForm,
)
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Progress, StepBegan
from workshop_console.console.procedures.flash.checks import Candidate, judge
from workshop_console.console.procedures.flash.estimate import estimate_s

VALUES = ("Voltage", "Charger", "Speed")
RECORD = RecordForm(
    service="State_Read",
    label="State",
    request=b"\x22\x01\x00",
    values=tuple(ValueForm(name=name, label=name, kind=ParameterKind.NUMBER) for name in VALUES),
)
VOLTAGE = Condition(
    text="Battery above 12.5 V", value="Voltage", comparison=Comparison.AT_LEAST, limit="12.5"
)
CHARGER = Condition(text="Charger connected", value="Charger", limit="yes")
STANDS = Condition(text="Vehicle stands", value="Speed", limit="0")
DOORS = Condition(text="Doors closed")
SEQUENCE = FlashSequence(voltage=VOLTAGE, charger=CHARGER, conditions=(STANDS, DOORS))
GOOD = {"Voltage": "13.1", "Charger": "yes", "Speed": "0"}


class StateCoder:
    """Decodes the one record into what the test says."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def forms(self, unit: object, variant: str = "") -> UnitForms:
        raise AssertionError("the forms are given")

    def encode(self, *_asked: object) -> EncodedRequest:
        raise AssertionError("nothing is encoded")

    def decode(
        self, unit: object, variant: str, answers: Sequence[tuple[str, bytes, bytes]]
    ) -> Sequence[tuple[DecodedValue, ...]]:
        values = tuple(DecodedValue(name=name, value=text, unit="") for name, text in self._values.items())
        return [values for _ in answers]

    def decode_request(self, *_asked: object) -> tuple[DecodedValue, ...]:
        return ()

    def close(self) -> None:
        pass


def green(check: CheckId) -> FlashCheck:
    return FlashCheck(id=check, light=Light.GREEN)


def with_manifest(**changes: object) -> FlashFile:
    file, _ = flash_file()
    manifest: Manifest = replace(file.manifest, **changes)  # type: ignore[arg-type]  # fields of the manifest
    return replace(file, manifest=manifest)


def judged(
    vehicle: VirtualVehicle,
    file: FlashFile | None = None,
    *,
    sequence: FlashSequence | None = SEQUENCE,
    values: Mapping[str, str] = GOOD,
    voltage_v: float | None = None,
    line: VirtualLine | None = None,
) -> FlashTarget:
    """Return how flashing the one unit of a vehicle is judged."""
    candidate = Candidate(
        summary=summary("ME_Engine", 0x1001),
        address=DoipAddress(0x1001),
        variant="",
        file=file or flash_file()[0],
        forms=UnitForms(unit="ME_Engine", variant="", records=(RECORD,), flash=sequence),
    )
    procedure = judge(
        line or VirtualLine(vehicle),
        [candidate],
        StateCoder(values),
        Cancellation(),
        credit=green(CheckId.CREDIT),
        right=green(CheckId.RIGHT),
        readout=green(CheckId.READOUT),
        space=green(CheckId.SPACE),
        voltage_v=voltage_v,
    )
    events = []
    while True:
        try:
            events.append(next(procedure))
        except StopIteration as end:
            assert [type(event) for event in events] == [StepBegan, Progress, Progress]
            (target,) = end.value
            assert isinstance(target, FlashTarget)
            return target


def lights(target: FlashTarget) -> dict[str, Light]:
    """Return the worst light of each check."""
    found: dict[str, Light] = {}
    for check in target.checks:
        worst = (Light.RED, Light.YELLOW, Light.GREEN)
        known = found.get(check.id.value, Light.GREEN)
        found[check.id.value] = min(known, check.light, key=worst.index)
    return found


def numbers(target: FlashTarget) -> list[str]:
    return [check.message.number for check in target.checks if check.message]


def test_a_unit_that_fits_has_one_question_left_to_a_person() -> None:
    vehicle = VirtualVehicle()
    line = VirtualLine(vehicle)
    target = judged(vehicle, line=line)
    assert [check.id for check in target.checks] == [
        CheckId.FITS,
        CheckId.HARDWARE,
        CheckId.SOFTWARE,
        CheckId.VOLTAGE,
        CheckId.CHARGER,
        CheckId.CONDITIONS,
        CheckId.CONDITIONS,
        CheckId.CONDITIONS,
        CheckId.CREDIT,
        CheckId.RIGHT,
        CheckId.READOUT,
        CheckId.SPACE,
    ]
    (yellow,) = [check for check in target.checks if check.light is not Light.GREEN]
    assert yellow.light is Light.YELLOW
    assert yellow.condition is not None
    assert yellow.condition.text == "Doors closed"
    assert target.identity.software == OLD_SOFTWARE
    assert target.identity.hardware == HARDWARE
    assert target.sequence is SEQUENCE
    assert target.estimate_s > 0
    assert vehicle.unit().session == 1, "no session stays open"
    assert {request[0] for request in line.sent} == {0x22, 0x10, 0x31}


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"hardware": ("1111111111",)}, "WC-731"),
        ({"software_from": ("1111111111",)}, "WC-732"),
        ({"unit": "ESP"}, "WC-734"),
    ],
)
def test_what_does_not_fit_is_red(changes: dict[str, object], number: str) -> None:
    target = judged(VirtualVehicle(), with_manifest(**changes))
    assert target.light is Light.RED
    assert number in numbers(target)
    assert lights(target)["fits"] is Light.RED


def test_any_software_may_be_replaced_where_the_manifest_names_none() -> None:
    assert lights(judged(VirtualVehicle(), with_manifest(software_from=())))["software"] is Light.GREEN


def test_software_that_is_there_already_is_asked_about() -> None:
    vehicle = VirtualVehicle()
    told = {0xF188: NEW_SOFTWARE.encode(), 0xF189: NEW_VERSION.encode()}
    vehicle.unit().software.told = lambda did: told.get(did)  # type: ignore[method-assign]  # as after flashing
    target = judged(vehicle)
    assert lights(target)["software"] is Light.YELLOW
    assert "WC-738" in numbers(target)
    assert lights(target)["fits"] is Light.GREEN


def test_a_unit_in_its_boot_loader_can_be_flashed_where_its_hardware_fits() -> None:
    vehicle = VirtualVehicle()
    vehicle.unit().software.begin_erase(((0x8000, 0x4000),))
    target = judged(vehicle, voltage_v=12.9)
    assert target.identity.boot_loader
    assert target.light is Light.YELLOW
    assert "WC-733" in numbers(target)
    assert lights(target)["voltage"] is Light.GREEN, "the quick test knows it"
    assert judged(vehicle, with_manifest(hardware=("1",))).light is Light.RED


def test_a_unit_that_does_not_answer_is_red() -> None:
    vehicle = VirtualVehicle()
    vehicle.unit().cut_supply(1_000_000)
    target = judged(vehicle)
    assert target.light is Light.RED
    assert "WC-736" in numbers(target)


@pytest.mark.parametrize(
    ("values", "check", "light"),
    [
        ({**GOOD, "Voltage": "12.4"}, "voltage", Light.RED),
        ({**GOOD, "Charger": "no"}, "charger", Light.YELLOW),
        ({**GOOD, "Speed": "7"}, "conditions", Light.RED),
        ({"Voltage": "13", "Speed": "0"}, "charger", Light.YELLOW),
    ],
)
def test_what_the_unit_measures_decides(values: dict[str, str], check: str, light: Light) -> None:
    assert lights(judged(VirtualVehicle(), values=values))[check] is light


@pytest.mark.parametrize(
    ("voltage_v", "light"), [(12.6, Light.GREEN), (11.9, Light.RED), (None, Light.YELLOW)]
)
def test_without_a_description_the_voltage_of_the_quick_test_counts(
    voltage_v: float | None, light: Light
) -> None:
    target = judged(VirtualVehicle(), sequence=None, voltage_v=voltage_v)
    assert lights(target)["voltage"] is light
    assert target.sequence == FlashSequence()


def test_the_unit_has_a_word_in_it() -> None:
    vehicle = VirtualVehicle()
    vehicle.break_at("31010203", 0x22)
    target = judged(vehicle)
    assert lights(target)["conditions"] is Light.RED
    assert "WC-720" in numbers(target)
    assert vehicle.unit().session == 1


def test_conditions_are_not_asked_for_where_the_description_leaves_them_out() -> None:
    sequence = FlashSequence(leave_out=(FlashStep.CHECK_CONDITIONS,))
    vehicle = VirtualVehicle(flashable_unit(sequence=sequence))
    line = VirtualLine(vehicle)
    target = judged(vehicle, sequence=sequence, line=line)
    assert lights(target)["conditions"] is Light.GREEN
    assert {request[0] for request in line.sent} == {0x22}


def test_a_lost_line_ends_it() -> None:
    vehicle = VirtualVehicle()
    vehicle.break_at("22f188", "close")
    with pytest.raises(ConsoleError) as caught:
        judged(vehicle)
    assert caught.value.number == "WC-203"


def test_the_estimate_knows_the_line() -> None:
    manifest, sequence = flash_file(code_bytes=0x4000)[0].manifest, FlashSequence()
    slow = estimate_s(manifest, sequence, LinkKind.CAN)
    assert slow > estimate_s(manifest, sequence, LinkKind.DOIP) > sequence.erase_ms / 1_000
    quick = FlashSequence(leave_out=(FlashStep.ERASE, FlashStep.RESET))
    assert estimate_s(manifest, quick, LinkKind.CAN) < slow - sequence.erase_ms / 1_000
