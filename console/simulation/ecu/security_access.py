"""SecurityAccess (0x27): ISO 14229-1:2020, 10.4 and annex I."""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.simulation.definition import SecurityDefinition
from workshop_console.console.simulation.ecu.answer import DEFAULT_SESSION, Answer, Service
from workshop_console.console.simulation.ecu.negative_response import Nrc, Refused, require_length
from workshop_console.console.simulation.ecu.state import UnitState
from workshop_console.console.simulation.security import SEED_LENGTH_BYTES, key_of


@dataclass(slots=True)
class _Attempts:
    """False keys and the delay of one level; both outlive a session and a reset."""

    false_keys: int = 0
    blocked_until: float = 0.0


class SecurityAccess:
    """One seed at a time; it is forgotten with the session."""

    def __init__(self, state: UnitState) -> None:
        self._state = state
        self._levels = {level.level: level for level in state.definition.security}
        self._attempts = {level: _Attempts() for level in self._levels}
        self._asked_level = 0
        self._seed = b""
        state.on_session_change.append(self._forget_seed)

    def services(self) -> dict[int, Service]:
        """Return the service, if the unit has any level."""
        sessions = self._state.sessions - {DEFAULT_SESSION}
        sub_functions = {number: sessions for level in self._levels for number in (level, level + 1)}
        if not sub_functions:
            return {}
        return {0x27: Service(self.security_access, sessions, sub_functions, suppressible=True)}

    def security_access(self, request: bytes) -> Answer:
        """Give a seed (odd sub-function) or take a key (even)."""
        if request[1] % 2:
            return self._request_seed(request, self._levels[request[1]])
        return self._send_key(request, self._levels[request[1] - 1])

    def _request_seed(self, request: bytes, level: SecurityDefinition) -> Answer:
        require_length(request, 2)
        self._refuse_while_blocked(level)
        if self._state.unlocked_level == level.level:
            return Answer(bytes((0x67, request[1])) + bytes(SEED_LENGTH_BYTES))
        self._asked_level = level.level
        self._seed = self._state.random.randrange(1, 1 << 8 * SEED_LENGTH_BYTES).to_bytes(
            SEED_LENGTH_BYTES, "big"
        )
        return Answer(bytes((0x67, request[1])) + self._seed)

    def _send_key(self, request: bytes, level: SecurityDefinition) -> Answer:
        require_length(request, 2 + SEED_LENGTH_BYTES)
        if self._asked_level != level.level:
            raise Refused(Nrc.REQUEST_SEQUENCE_ERROR)
        expected = key_of(self._seed, level.secret, level.level)
        self._forget_seed()
        attempts = self._attempts[level.level]
        if request[2:] == expected:
            attempts.false_keys = 0
            self._state.unlocked_level = level.level
            return Answer(bytes((0x67, request[1])))
        attempts.false_keys += 1
        if attempts.false_keys >= level.attempts:
            attempts.blocked_until = self._state.scheduler.now() + level.delay_ms / 1000
            raise Refused(Nrc.EXCEEDED_NUMBER_OF_ATTEMPTS)
        raise Refused(Nrc.INVALID_KEY)

    def _refuse_while_blocked(self, level: SecurityDefinition) -> None:
        attempts = self._attempts[level.level]
        if attempts.false_keys < level.attempts:
            return
        if self._state.scheduler.now() < attempts.blocked_until:
            raise Refused(Nrc.REQUIRED_TIME_DELAY_NOT_EXPIRED)
        attempts.false_keys = level.attempts - 1  # one more attempt, then the delay again (annex I)

    def _forget_seed(self) -> None:
        self._asked_level = 0
        self._seed = b""
