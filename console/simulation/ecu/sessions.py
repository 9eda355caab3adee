"""Session, reset, tester present, communication and DTC setting: 0x10 0x11 0x3E 0x28 0x85."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workshop_console.console.simulation.ecu.answer import DEFAULT_SESSION, Answer, Service
from workshop_console.console.simulation.ecu.negative_response import Nrc, Refused, require_length
from workshop_console.console.simulation.ecu.state import UnitState

_RESET_DOWNTIME_MS = {0x01: 800, 0x02: 800, 0x03: 250}
"""hardReset, keyOffOnReset, softReset: how long the unit says nothing after its answer."""

_DTC_SETTING_ON, _DTC_SETTING_OFF = 0x01, 0x02
_ALL_DTCS = b"\xff\xff\xff"


class SessionServices:
    """The services that change what the unit does altogether."""

    def __init__(
        self, state: UnitState, *, reset: Callable[[int], None], setting_on: Callable[[], None]
    ) -> None:
        self._state = state
        self._reset = reset
        self._setting_on = setting_on

    def services(self) -> dict[int, Service]:
        """Return the services by identifier."""
        every = self._state.sessions
        not_default = every - {DEFAULT_SESSION}
        return {
            0x10: _with_sub_functions(self.diagnostic_session_control, every, every),
            0x11: _with_sub_functions(self.ecu_reset, every, _RESET_DOWNTIME_MS),
            0x28: _with_sub_functions(self.communication_control, not_default, range(4)),
            0x3E: _with_sub_functions(self.tester_present, every, (0x00,)),
            0x85: _with_sub_functions(
                self.control_dtc_setting, not_default, (_DTC_SETTING_ON, _DTC_SETTING_OFF)
            ),
        }

    def diagnostic_session_control(self, request: bytes) -> Answer:
        """Enter a session and tell its timing: P2 in ms, P2* in 10 ms (10.2)."""
        require_length(request, 2)
        definition = self._state.definition
        self._state.enter_session(request[1])
        timing = definition.p2_ms.to_bytes(2, "big") + (definition.p2_star_ms // 10).to_bytes(2, "big")
        return Answer(bytes((0x50, request[1])) + timing)

    def ecu_reset(self, request: bytes) -> Answer:
        """Answer, then be away for a while (10.3)."""
        require_length(request, 2)
        downtime_ms = _RESET_DOWNTIME_MS[request[1]]
        return Answer(bytes((0x51, request[1])), afterwards=lambda: self._reset(downtime_ms))

    def tester_present(self, request: bytes) -> Answer:
        """Keep the session (10.7)."""
        require_length(request, 2)
        return Answer(b"\x7e\x00")

    def communication_control(self, request: bytes) -> Answer:
        """Accept switching of normal messages (10.5); this vehicle sends none, so nothing more happens."""
        require_length(request, 3)
        if not request[2] & 0x03:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        return Answer(bytes((0x68, request[1])))

    def control_dtc_setting(self, request: bytes) -> Answer:
        """Stop or resume the updating of status bits (10.8)."""
        require_length(request, 2, 5)
        if len(request) == 5 and request[2:] != _ALL_DTCS:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        self._state.dtc_setting_on = request[1] == _DTC_SETTING_ON
        if self._state.dtc_setting_on:
            self._setting_on()
        return Answer(bytes((0xC5, request[1])))


def _with_sub_functions(
    handler: Callable[[bytes], Answer], sessions: frozenset[int], sub_functions: Iterable[int]
) -> Service:
    allowed = dict.fromkeys(sub_functions, sessions)
    return Service(handler, sessions, allowed, suppressible=True)
