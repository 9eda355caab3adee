"""State charts of the simulated vehicles: diagnostic sessions and security levels."""

from __future__ import annotations

from collections.abc import Iterable

from odxtools.nameditemlist import NamedItemList
from odxtools.odxlink import OdxLinkRef
from odxtools.state import State
from odxtools.statechart import StateChart
from odxtools.statetransition import StateTransition

from workshop_console.console.odx.authoring.layer import LayerContents
from workshop_console.console.simulation.definition import UnitDefinition

_SESSIONS = {1: "Default", 2: "Programming", 3: "Extended"}
_LOCKED = "Locked"


class States:
    """The two charts, which stand in one layer, and references to what is in them."""

    def __init__(self, layer: LayerContents, units: Iterable[UnitDefinition]) -> None:
        self._layer = layer
        levels = sorted({security.level for unit in units for security in unit.security})
        self._levels = {level: f"Level_{level:02X}" for level in levels}
        self.charts = [
            self._chart("Session", "SESSION", [*_SESSIONS.values()], reachable=_SESSIONS.values()),
            self._chart(
                "SecurityAccess",
                "SECURITY",
                [_LOCKED, *self._levels.values()],
                reachable=self._levels.values(),
            ),
        ]

    def _chart(self, name: str, semantic: str, states: list[str], *, reachable: Iterable[str]) -> StateChart:
        return StateChart(
            odx_id=self._layer.identifier(f"CHART.{name}"),
            short_name=name,
            semantic=semantic,
            start_state_snref=states[0],
            states=NamedItemList(
                State(odx_id=self._layer.identifier(f"STATE.{state}"), short_name=state) for state in states
            ),
            state_transitions=[
                StateTransition(
                    odx_id=self._layer.identifier(f"TRANSITION.{source}_{target}"),
                    short_name=f"{source}_{target}",
                    source_snref=source,
                    target_snref=target,
                )
                for target in reachable
                for source in states
            ],
        )

    def needed(self, sessions: Iterable[int], security_level: int = 0) -> list[OdxLinkRef]:
        """Return references to the states that allow a service; none for no sessions: all allow it."""
        names = [_SESSIONS[session] for session in sessions]
        if security_level:
            names.append(self._levels[security_level])
        return [self._layer.reference(f"STATE.{name}") for name in names]

    def into_session(self, session: int) -> list[OdxLinkRef]:
        """Return references to the transitions that end in `session`."""
        return self._into(_SESSIONS[session], _SESSIONS.values())

    def into_level(self, level: int) -> list[OdxLinkRef]:
        """Return references to the transitions that end in a security level."""
        return self._into(self._levels[level], (_LOCKED, *self._levels.values()))

    def _into(self, target: str, sources: Iterable[str]) -> list[OdxLinkRef]:
        return [self._layer.reference(f"TRANSITION.{source}_{target}") for source in sources]
