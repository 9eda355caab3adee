"""Session, reset, tester present, communication and DTC setting: 0x10 0x11 0x3E 0x28 0x85."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from workshop_console.console.model.flash import FlashStep
from workshop_console.console.simulation.ecu.answer import (
    DEFAULT_SESSION,
    PROGRAMMING_SESSION,
    Answer,
    Service,
)
from workshop_console.console.simulation.ecu.negative_response import Nrc, Refused, require_length
from workshop_console.console.simulation.ecu.state import UnitState

_HARD_RESET, _KEY_OFF_ON_RESET, _SOFT_RESET = 0x01, 0x02, 0x03
_SOFT_RESET_MS = 250

_DTC_SETTING_ON, _DTC_SETTING_OFF = 0x01, 0x02
_SENDS = (0x00, 0x02)
"""controlTypes of 0x28 that leave sending on."""
_NORMAL_MESSAGES = 0x01
_ALL_DTCS = b"\xff\xff\xff"


class SessionServices:
    """The services that change what the unit does altogether."""

    def __init__(
        self, state: UnitState, *, reset: Callable[[int], None], setting_on: Callable[[], None]
    ) -> None:
        self._state = state
        hard_ms = state.definition.flash.reset_ms
        self._downtime_ms = {_HARD_RESET: hard_ms, _KEY_OFF_ON_RESET: hard_ms, _SOFT_RESET: _SOFT_RESET_MS}
        """How long the unit says nothing after its answer."""
        self._reset = reset
        self._setting_on = setting_on

    def services(self) -> dict[int, Service]:
        """Return the services by identifier."""
        every = self._state.sessions
        not_default = every - {DEFAULT_SESSION}
        return {
            0x10: _with_sub_functions(self.diagnostic_session_control, every, every),
            0x11: _with_sub_functions(self.ecu_reset, every, self._downtime_ms),
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
        if request[1] == PROGRAMMING_SESSION and self._state.software.present:
            self._require_prepared()
        self._state.enter_session(request[1])
        timing = definition.p2_ms.to_bytes(2, "big") + (definition.p2_star_ms // 10).to_bytes(2, "big")
        return Answer(bytes((0x50, request[1])) + timing)

    def _require_prepared(self) -> None:
        """Refuse programming that is not prepared: conditions checked in an extended session."""
        left_out = self._state.definition.flash.sequence.leave_out
        if self._state.session == PROGRAMMING_SESSION:
            return
        if FlashStep.EXTENDED_SESSION not in left_out and self._state.session == DEFAULT_SESSION:
            raise Refused(Nrc.SUB_FUNCTION_NOT_SUPPORTED_IN_ACTIVE_SESSION)
        if FlashStep.CHECK_CONDITIONS not in left_out and not self._state.conditions_checked:
            raise Refused(Nrc.CONDITIONS_NOT_CORRECT)

    def ecu_reset(self, request: bytes) -> Answer:
        """Answer, then be away for a while (10.3)."""
        require_length(request, 2)
        downtime_ms = self._downtime_ms[request[1]]
        return Answer(bytes((0x51, request[1])), afterwards=lambda: self._reset(downtime_ms))

    def tester_present(self, request: bytes) -> Answer:
        """Keep the session (10.7)."""
        require_length(request, 2)
        return Answer(b"\x7e\x00")

    def communication_control(self, request: bytes) -> Answer:
        """Switch normal messages (10.5): none are really sent, but the other units miss them."""
        require_length(request, 3)
        if not request[2] & 0x03:
            raise Refused(Nrc.REQUEST_OUT_OF_RANGE)
        if request[2] & _NORMAL_MESSAGES:
            self._state.switch_sending(on=request[1] in _SENDS)
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
