"""The fault memory: ClearDiagnosticInformation (0x14) and ReadDTCInformation (0x19).

Extended data records, as the shipped descriptions decode them:

| record | bytes |
|---|---|
| 0x01 | 1 byte occurrence counter |
| 0x02 | 3 bytes odometer in km at the first occurrence, 3 bytes at the last, most significant byte first |
| 0x03 | 1 byte priority |
"""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.model.dtc import DtcStatus
from workshop_console.console.simulation.definition import DtcDefinition
from workshop_console.console.simulation.ecu.answer import Answer, Service
from workshop_console.console.simulation.ecu.negative_response import Nrc, Refused, require_length
from workshop_console.console.simulation.ecu.state import UnitState

ALL_DTCS = 0xFFFFFF
_ALL_RECORDS = 0xFF
_SNAPSHOT_RECORD = 0x01
_FORMAT_J2012_DA = 0x00
"""DTCFormatIdentifier: two bytes SAE J2012-DA code, one byte failure type."""

_CLEARED = DtcStatus.TEST_NOT_COMPLETED_SINCE_LAST_CLEAR | DtcStatus.TEST_NOT_COMPLETED_THIS_OPERATION_CYCLE
_FAILED = (
    DtcStatus.TEST_FAILED
    | DtcStatus.TEST_FAILED_THIS_OPERATION_CYCLE
    | DtcStatus.PENDING_DTC
    | DtcStatus.CONFIRMED_DTC
    | DtcStatus.TEST_FAILED_SINCE_LAST_CLEAR
)


@dataclass(slots=True)
class _Entry:
    """One supported code as the memory holds it now."""

    definition: DtcDefinition
    status: int
    occurrences: int = 0
    first_km: int = 0
    last_km: int = 0
    snapshot: tuple[tuple[int, bytes], ...] = ()

    @property
    def remembered(self) -> bool:
        """Whether there are records beside the status."""
        return self.occurrences > 0


class FaultMemory:
    """All codes that the unit supports; monitors run at once and all the time, unless DTC setting is off.

    A code whose monitor had not completed when the vehicle started cannot be tested in a workshop: it goes
    back to "not completed" when it is cleared.
    """

    def __init__(self, state: UnitState) -> None:
        self._state = state
        self._mask = state.definition.status_availability_mask
        self._entries = {dtc.dtc: self._at_start(dtc) for dtc in state.definition.dtcs}
        state.on_session_change.append(self.run_monitors)

    def services(self) -> dict[int, Service]:
        """Return the services by identifier."""
        every = self._state.sessions
        return {
            0x14: Service(self.clear_diagnostic_information, every),
            0x19: Service(
                self.read_dtc_information,
                every,
                dict.fromkeys((0x01, 0x02, 0x04, 0x06, 0x0A), every),
                suppressible=True,
            ),
        }

    def clear_diagnostic_information(self, request: bytes) -> Answer:
        """Clear one code or all (11.2)."""
        require_length(request, 4)
        group = int.from_bytes(request[1:4], "big")
        if group != ALL_DTCS and group not in self._entries:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        return Answer(finish=lambda: self._clear(group))

    def read_dtc_information(self, request: bytes) -> Answer:
        """Report codes by status, or the records of one (11.3)."""
        sub_function = request[1]
        if sub_function in (0x01, 0x02):
            require_length(request, 3)
            return self._by_status_mask(sub_function, request[2])
        if sub_function == 0x0A:
            require_length(request, 2)
            return Answer(bytes((0x59, 0x0A, self._mask)) + b"".join(map(self._code, self._entries.values())))
        require_length(request, 6)
        entry = self._entries.get(int.from_bytes(request[2:5], "big"))
        if entry is None:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        records = self._snapshots(entry) if sub_function == 0x04 else self._extended_data(entry)
        wanted = request[5]
        if wanted != _ALL_RECORDS and wanted not in records:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        head = bytes((0x59, sub_function)) + self._code(entry)
        if not entry.remembered:
            return Answer(head)
        chosen = records.items() if wanted == _ALL_RECORDS else ((wanted, records[wanted]),)
        return Answer(head + b"".join(bytes((number,)) + data for number, data in chosen if data))

    def run_monitors(self) -> None:
        """Let the monitors of cleared codes complete: they pass, or fail again."""
        if not self._state.dtc_setting_on:
            return
        for entry in self._entries.values():
            if entry.status != _CLEARED:
                continue
            if entry.definition.comes_back:
                warning = (entry.definition.status or 0) & DtcStatus.WARNING_INDICATOR_REQUESTED
                entry.status = int(_FAILED) | warning
                entry.occurrences = 1
                entry.first_km = entry.last_km = self._state.odometer_km
                entry.snapshot = self._current_snapshot()
            elif not (entry.definition.status or 0) & _CLEARED:
                entry.status = 0

    def miss(self, dtc: int) -> None:
        """Take down that messages of another unit stay away, if this unit has a code for that."""
        entry = self._entries.get(dtc)
        if entry is None or not self._state.dtc_setting_on or entry.status & DtcStatus.TEST_FAILED:
            return
        remembered = entry.status & DtcStatus.WARNING_INDICATOR_REQUESTED
        entry.status = int(_FAILED) | remembered
        entry.occurrences += 1
        entry.last_km = self._state.odometer_km
        entry.first_km = entry.first_km or entry.last_km
        entry.snapshot = self._current_snapshot()

    def hear_again(self, dtc: int) -> None:
        """Take down that the messages are there again: the fault stays remembered."""
        entry = self._entries.get(dtc)
        if entry is not None and self._state.dtc_setting_on and not entry.definition.comes_back:
            entry.status &= ~int(DtcStatus.TEST_FAILED | DtcStatus.TEST_FAILED_THIS_OPERATION_CYCLE)

    def _at_start(self, dtc: DtcDefinition) -> _Entry:
        if dtc.status is None or not dtc.status & _FAILED:
            return _Entry(dtc, dtc.status or 0)
        snapshot = dtc.snapshot or self._current_snapshot()
        return _Entry(dtc, dtc.status, max(1, dtc.occurrences), dtc.first_km, dtc.last_km, snapshot)

    def _current_snapshot(self) -> tuple[tuple[int, bytes], ...]:
        dids = (did.did for did in self._state.definition.dids if did.snapshot)
        return tuple((did, data) for did in dids if (data := self._state.read(did)) is not None)

    def _clear(self, group: int) -> bytes:
        for dtc, entry in self._entries.items():
            if group in (ALL_DTCS, dtc) and not entry.definition.sticky:
                self._entries[dtc] = _Entry(entry.definition, int(_CLEARED))
        self.run_monitors()
        return b"\x54"

    def _by_status_mask(self, sub_function: int, mask: int) -> Answer:
        matching = [entry for entry in self._entries.values() if entry.status & mask & self._mask]
        if sub_function == 0x02:
            return Answer(bytes((0x59, 0x02, self._mask)) + b"".join(map(self._code, matching)))
        return Answer(bytes((0x59, 0x01, self._mask, _FORMAT_J2012_DA)) + len(matching).to_bytes(2, "big"))

    def _code(self, entry: _Entry) -> bytes:
        return entry.definition.dtc.to_bytes(3, "big") + bytes((entry.status & self._mask,))

    def _snapshots(self, entry: _Entry) -> dict[int, bytes]:
        """Return the one snapshot record; empty when there is none (its number is supported then too)."""
        if not entry.snapshot:
            return {_SNAPSHOT_RECORD: b""}
        data = b"".join(did.to_bytes(2, "big") + content for did, content in entry.snapshot)
        return {_SNAPSHOT_RECORD: bytes((len(entry.snapshot),)) + data}

    def _extended_data(self, entry: _Entry) -> dict[int, bytes]:
        return {
            0x01: bytes((min(entry.occurrences, 0xFF),)),
            0x02: entry.first_km.to_bytes(3, "big") + entry.last_km.to_bytes(3, "big"),
            0x03: bytes((entry.definition.priority,)),
        }
