"""Says in which session and at which security level a service is allowed, where state charts tell."""

from __future__ import annotations

import re
from collections.abc import Iterable

from odxtools.diagservice import DiagService
from odxtools.state import State
from odxtools.statechart import StateChart

from workshop_console.console.odx.extraction.services import constant_prefix

_SESSION_CONTROL, _SECURITY_ACCESS = 0x10, 0x27
_SESSION_WORDS = (("default", 1), ("standard", 1), ("programming", 2), ("extended", 3), ("safety", 4))
"""ISO 14229-1:2020, table 25."""
_NUMBER = re.compile(r"(0x[0-9a-f]{1,2}|\d{1,3})", re.IGNORECASE)
_HIGHEST_SUB_FUNCTION = 0x7E


class StateReader:
    """The state charts of one layer: which state is which session or security level."""

    def __init__(self, charts: Iterable[StateChart], services: Iterable[DiagService]) -> None:
        self._sessions: dict[int, int] = {}
        self._levels: dict[int, int] = {}
        """By identity of the state; level 0: locked."""
        charts = list(charts)
        for chart in charts:
            semantic = (chart.semantic or "").upper()
            if "SESSION" in semantic:
                self._sessions |= {id(state): 0 for state in chart.states}
            elif "SECUR" in semantic:
                self._levels |= {id(state): -1 for state in chart.states}
        self._learn(services)
        for chart in charts:
            for state in chart.states:
                if self._sessions.get(id(state)) == 0:
                    self._sessions[id(state)] = _session_of(state)
                elif self._levels.get(id(state)) == -1:
                    start = state is chart.start_state
                    self._levels[id(state)] = 0 if start else _level_of(state)

    def _learn(self, services: Iterable[DiagService]) -> None:
        """Take numbers from the services that lead into a state."""
        for service in services:
            if service.request is None or not service.state_transition_refs:
                continue
            prefix = constant_prefix(service.request.parameters)
            if len(prefix) < 2 or not 0 < prefix[1] <= _HIGHEST_SUB_FUNCTION:
                continue
            for reference in service.state_transition_refs:
                target = id(reference.state_transition.target_state)
                if prefix[0] == _SESSION_CONTROL and self._sessions.get(target) == 0:
                    self._sessions[target] = prefix[1]
                elif prefix[0] == _SECURITY_ACCESS and self._levels.get(target) == -1:
                    # sendKey is one more than the requestSeed that names the level (ISO 14229-1:2020, 10.4).
                    self._levels[target] = prefix[1] - 1 if prefix[1] % 2 == 0 else prefix[1]

    def sessions(self, service: DiagService) -> tuple[int, ...]:
        """Return the sessions that the service needs one of; empty: not described."""
        found = {self._sessions.get(id(ref.state), 0) for ref in service.pre_condition_state_refs}
        return tuple(sorted(found - {0}))

    def security_level(self, service: DiagService) -> int:
        """Return the lowest level that must be unlocked for the service; 0: none known."""
        levels = [
            level
            for ref in service.pre_condition_state_refs
            if (level := self._levels.get(id(ref.state), -1)) >= 0
        ]
        return min(levels, default=0)


def _session_of(state: State) -> int:
    name = f"{state.short_name} {state.long_name or ''}"
    for word, session in _SESSION_WORDS:
        if word in name.lower():
            return session
    number = _number_in(name)
    return number if 0 < number <= _HIGHEST_SUB_FUNCTION else 0


def _level_of(state: State) -> int:
    """Return the level, 0 for a locked state, or -1 when nothing tells."""
    name = f"{state.short_name} {state.long_name or ''}"
    number = _number_in(name)
    if 0 < number <= _HIGHEST_SUB_FUNCTION:
        return number if number % 2 else number - 1
    return 0 if "locked" in name.lower() and "unlocked" not in name.lower() else -1


def _number_in(name: str) -> int:
    match = _NUMBER.search(name)
    return int(match.group(1), 16 if match.group(1).lower().startswith("0x") else 10) if match else 0
