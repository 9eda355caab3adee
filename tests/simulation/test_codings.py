"""Codings: what a unit takes and refuses, bits that nobody describes; several identifiers at once."""

from __future__ import annotations

import pytest

from tests.simulation.workbench import CODING_LEVEL, HandDrivenClock, Tester, make_unit
from workshop_console.console.model.description import FieldLayout, TextRange
from workshop_console.console.model.forms import Condition, Dependency
from workshop_console.console.simulation.definition import DidDefinition, UnitDefinition
from workshop_console.console.simulation.ecu.unit import SimulatedUnit

NO_YES = (TextRange(low=0, high=0, text="no"), TextRange(low=1, high=1, text="yes"))
FIELDS = (
    FieldLayout(name="Lamps", label="Lamps", byte_position=0, bit_length=1, texts=NO_YES),
    FieldLayout(
        name="Kind",
        label="Kind",
        byte_position=0,
        bit_position=2,
        bit_length=2,
        texts=(TextRange(low=0, high=0, text="plain"), TextRange(low=1, high=1, text="rich")),
    ),
    FieldLayout(name="Seconds", label="Seconds", byte_position=2, low=5, high=60),
)
RULE = Dependency(option="Lamps", values=("yes",), needs="Kind", allowed=("rich",))
STANDS = Condition(text="Vehicle stands", value="Speed", limit="0")
CODING = 0x0700
AS_FITTED = "a0c31e"
"""Lamps no, Kind plain, Seconds 30, and bits in bytes 0 and 1 that nobody describes."""


def coded_unit(*, speed: int = 0, checked: bool = True, **changes: object) -> UnitDefinition:
    return make_unit(
        dids=(
            *make_unit().dids,
            DidDefinition(
                did=0x0610,
                name="SpeedRecord",
                label="",
                data=bytes([speed]),
                fields=(FieldLayout(name="Speed", label="Speed", byte_position=0),),
            ),
            DidDefinition(
                did=CODING,
                name="Coding2",
                label="Coding",
                data=bytes.fromhex(AS_FITTED),
                fields=FIELDS,
                writable=True,
                write_sessions=(0x03,),
                security_level=CODING_LEVEL,
                write_conditions=(STANDS,),
                dependencies=(RULE,),
                checked=checked,
            ),
        ),
        **changes,
    )


def begin(unit: UnitDefinition, *, unlocked: bool = True) -> Tester:
    clock = HandDrivenClock()
    tester = Tester(SimulatedUnit(unit, clock).request, clock)
    tester.ask("1003")
    if unlocked:
        assert tester.unlock(CODING_LEVEL) == "6704"
    return tester


WRITES = {
    "the same": ("a0c31e", "6e0700"),
    "another option": ("a4c31e", "6e0700"),
    "an option and its need": ("a5c31e", "6e0700"),
    "other bits that nobody describes": ("f25a1e", "6e0700"),
    "lowest": ("a0c305", "6e0700"),
    "highest": ("a0c33c", "6e0700"),
    "too low": ("a0c304", "7f2e31"),
    "too high": ("a0c33d", "7f2e31"),
    "a text that is not there": ("a8c31e", "7f2e31"),
    "against the rule": ("a1c31e", "7f2e31"),
    "too short": ("a0c3", "7f2e13"),
}


@pytest.mark.parametrize("case", WRITES)
def test_a_checked_coding_is_written_or_refused(case: str) -> None:
    data, expected = WRITES[case]
    tester = begin(coded_unit())
    assert tester.ask(f"2e0700{data}") == expected
    assert tester.ask("220700") == "620700" + (data if expected == "6e0700" else AS_FITTED)


def test_an_unchecked_coding_takes_whatever_has_its_length() -> None:
    assert begin(coded_unit(checked=False)).ask("2e0700ffffff") == "6e0700"


def test_conditions_come_after_security() -> None:
    locked = begin(coded_unit(speed=3), unlocked=False)
    assert locked.ask("2e0700a0c31e") == "7f2e33"
    assert begin(coded_unit(speed=3)).ask("2e0700a0c31e") == "7f2e22"


def test_coding_outlives_session_and_reset() -> None:
    tester = begin(coded_unit())
    tester.ask("2e0700a4c31e")
    tester.ask("1101")
    tester.clock.pass_ms(2_000)
    assert tester.ask("220700") == "620700a4c31e"


@pytest.mark.parametrize(
    ("most", "too_many", "count", "expected"),
    [
        (0, 0x13, 20, "62"),
        (8, 0x13, 8, "62"),
        (8, 0x13, 9, "7f2213"),
        (1, 0x31, 1, "62"),
        (1, 0x31, 2, "7f2231"),
    ],
)
def test_units_take_as_many_identifiers_as_they_say(
    most: int, too_many: int, count: int, expected: str
) -> None:
    tester = begin(coded_unit(most_identifiers=most, too_many=too_many), unlocked=False)
    answer = tester.ask("22" + "f186" * count)
    assert answer.startswith(expected)
    if expected == "62":
        assert answer == "62" + "f18603" * count
