"""A control unit that is there, whose variant is known, with what its description lets it be asked."""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.model.address import Address
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.forms import FunctionForm, UnitForms


@dataclass(frozen=True, kw_only=True)
class OpenedUnit:
    """A control unit that can be worked with."""

    summary: UnitSummary
    """For the coder as it is; key 0 where the description cannot be used: standard identifiers only."""
    address: Address
    """On the line in use."""
    variant: str
    """Empty: the base variant."""
    forms: UnitForms

    @property
    def label(self) -> str:
        """What the unit is called."""
        return self.summary.label or self.summary.name

    def function(self, name: str) -> FunctionForm | None:
        """Return the function called so (name, label, or the name of its start service), in any case."""
        folded = name.strip().casefold()
        return next(
            (
                f
                for f in self.forms.functions
                if folded in (f.name.casefold(), f.label.casefold(), f.start.name.casefold())
            ),
            None,
        )
