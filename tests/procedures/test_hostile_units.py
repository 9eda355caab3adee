"""Units that send nonsense: every procedure ends with a result, whatever the bytes."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.procedures.scripted import Described, ScriptedLink, ScriptedUnit, SteppingClock, summary
from tests.procedures.test_clear_faults import KeptRecords
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcRecordLayout,
    FieldLayout,
    MatchRule,
    UnitDescription,
    Variant,
)
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.report import UnitState
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.clear_faults import clear_fault_memories
from workshop_console.console.procedures.events import FaultsCleared, ReportFinished
from workshop_console.console.procedures.quick_test import quick_test

RULE = MatchRule(request=b"\x22\xf1\x00", position=3, bit_position=3, bit_length=7, expected=b"\x05")
UNIT = summary("ME", 1, variants=(Variant(name="V", label="", patterns=((RULE,),)),))
FIELD = FieldLayout(name="FirstOccurrence", label="", byte_position=0, bit_length=24)
DETAILS = UnitDescription(
    summary=UNIT,
    variant="",
    data_identifiers=(DataIdentifier(did=0x0100, name="O", label="O", length=3, fields=(FIELD,)),),
    extended_records=(DtcRecordLayout(record_number=1, fields=(FIELD,)),),
)


class HostileUnit(ScriptedUnit):
    """Right service and echo, as the line checks them; everything behind is by chance."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._chance = random.Random(seed)

    def answer(self, request: bytes) -> bytes | SilentReason:
        self.asked.append(request)
        kind = self._chance.random()
        if kind < 0.1:
            return self._chance.choice(list(SilentReason)[:15])
        if kind < 0.25:
            return bytes(
                (0x7F, request[0], self._chance.choice((0x10, 0x11, 0x12, 0x13, 0x14, 0x22, 0x31, 0x7F)))
            )
        echo = {0x22: 2, 0x19: 4 if len(request) > 4 else 1, 0x10: 1, 0x3E: 1}.get(request[0], 0)
        rest = self._chance.randbytes(self._chance.choice((0, 1, 2, 3, 4, 5, 8, 13, 40, 400)))
        return bytes((request[0] + 0x40,)) + request[1 : 1 + echo] + rest


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_quick_test_and_clearing_end_whatever_a_unit_sends(seed: int) -> None:
    def link() -> ScriptedLink:
        return ScriptedLink({DoipAddress(1): HostileUnit(seed)})

    catalogue = Described(details={1: DETAILS})
    events = list(
        quick_test(link(), [UNIT], catalogue, Cancellation(), clock=SteppingClock(), stopwatch=lambda: 0.0)
    )
    assert isinstance(events[-1], ReportFinished)
    (row,) = events[-1].report.units
    assert row.reason is not None or row.state not in (UnitState.SILENT, UnitState.ERROR)
    assert row.reason is None or row.state not in (UnitState.OK, UnitState.FAULTS, UnitState.REFUSED)
    assert row.nrc is not None or row.state is not UnitState.REFUSED
    cleared = list(
        clear_fault_memories(
            link(),
            [UNIT],
            catalogue,
            KeptRecords(),
            Cancellation(),
            clock=SteppingClock(),
            stopwatch=lambda: 0.0,
        )
    )
    assert sum(isinstance(event, FaultsCleared) for event in cleared) == 1
