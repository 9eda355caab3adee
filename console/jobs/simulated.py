"""The simulated vehicles as children of the console: what `sim://NAME` stands for."""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.model.credit import ProductGroup

SIMULATED = "sim://"
"""How the VCI address of a simulated vehicle begins."""


@dataclass(frozen=True, kw_only=True)
class SimulatedVehicle:
    """A simulated vehicle that runs."""

    uri: str
    """How it is reached over real sockets (doip://… or can://…)."""
    label: str
    group: ProductGroup
