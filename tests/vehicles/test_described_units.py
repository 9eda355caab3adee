"""Every simulated unit says what its description says that it says."""

from __future__ import annotations

from collections.abc import Iterator

from tests.odx.test_shipped import imported
from tests.simulation.workbench import HandDrivenClock, Tester
from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import UnitDescription
from workshop_console.console.model.dtc import FaultState, fault_state
from workshop_console.console.simulation.definition import UnitDefinition
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.load import load_vehicle, vehicle_names

LONGEST_ANSWER_MS = 2_000.0
SNAPSHOT_START, EXTENDED_START = 6, 6


def units() -> Iterator[tuple[UnitDefinition, UnitDescription, Tester]]:
    """Yield every unit that is there and lets itself be read, its description, and someone who asks it."""
    for name in vehicle_names():
        for definition, unit in zip(load_vehicle(name).units, imported(name).units, strict=True):
            if not definition.silent and not definition.refuses:
                clock = HandDrivenClock()
                requests = SimulatedUnit(definition, clock).request
                yield definition, unit.descriptions[0], Tester(requests, clock)


def ask(tester: Tester, request: str) -> bytes:
    return bytes.fromhex(tester.ask(request, wait_ms=LONGEST_ANSWER_MS))


def test_every_described_record_is_read_whole() -> None:
    for definition, description, tester in units():
        for identifier in description.data_identifiers:
            answer = ask(tester, f"22{identifier.did:04X}")
            where = (definition.name, identifier.name, answer.hex())
            assert answer[:1] == b"\x62", where
            assert len(answer) - 3 == identifier.length, where
            values = decode_fields(identifier.fields, answer[3:])
            assert len(values) == len(identifier.fields), where
            assert all(value.value for value in values), where


def test_fault_memories_hold_what_the_vehicle_says() -> None:
    for definition, description, tester in units():
        answer = ask(tester, "1902FF")
        entries = [answer[start : start + 4] for start in range(3, len(answer), 4)]
        found = {int.from_bytes(entry[:3], "big"): entry[3] for entry in entries}
        wanted = {dtc.dtc: dtc.status for dtc in definition.dtcs if dtc.status is not None}
        assert wanted.items() <= found.items(), definition.name
        assert found.keys() <= {dtc.dtc for dtc in description.dtcs}


def test_extended_data_reads_as_described() -> None:
    layouts_seen = set()
    for definition, description, tester in units():
        layouts = {record.record_number: record.fields for record in description.extended_records}
        for dtc in definition.dtcs:
            if dtc.status is None or fault_state(dtc.status) is FaultState.NOT_TESTED:
                continue
            values: dict[str, str] = {}
            for number, layout in layouts.items():
                answer = ask(tester, f"1906{dtc.dtc:06X}{number:02X}")
                assert answer[:2] == b"\x59\x06", (definition.name, answer.hex())
                assert answer[EXTENDED_START] == number
                values |= {v.name: v.value for v in decode_fields(layout, answer[EXTENDED_START + 1 :])}
                layouts_seen.add(number)
            assert values == {
                "OccurrenceCounter": str(dtc.occurrences),
                "FirstOccurrence": str(dtc.first_km),
                "LastOccurrence": str(dtc.last_km),
                "Priority": str(dtc.priority),
            }
    assert layouts_seen == {1, 2, 3}


def test_snapshots_are_made_of_described_records() -> None:
    seen = 0
    for definition, description, tester in units():
        identifiers = {identifier.did: identifier for identifier in description.data_identifiers}
        for dtc in definition.dtcs:
            if not dtc.snapshot:
                continue
            answer = ask(tester, f"1904{dtc.dtc:06X}FF")
            number, count = answer[SNAPSHOT_START], answer[SNAPSHOT_START + 1]
            assert (number, count) == (1, 4), definition.name
            position = SNAPSHOT_START + 2
            values: dict[str, str] = {}
            for _ in range(count):
                identifier = identifiers[int.from_bytes(answer[position : position + 2], "big")]
                assert identifier.length is not None
                data = answer[position + 2 : position + 2 + identifier.length]
                values |= {v.name: v.value for v in decode_fields(identifier.fields, data)}
                position += 2 + identifier.length
            assert position == len(answer)
            assert values["Odometer"] == str(dtc.last_km)
            assert values.keys() == {"Odometer", "BatteryVoltage", "UnitTemperature", "VehicleSpeed"}
            seen += 1
    assert seen >= 30
