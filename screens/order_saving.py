"""What screens of work on the vehicle share: F7 prints the order report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from workshop_console.i18n.texts import _, mark
from workshop_console.screens.base import ConsoleScreen
from workshop_console.screens.saving import save_order


class OrderSaving(ConsoleScreen[None]):
    """A screen that prints what was done to the vehicle at the VCI."""

    words: ClassVar[Mapping[str, tuple[str, str]]] = {
        "save": (mark("Save"), mark("Save what was done to the vehicle as the order report.")),
    }

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "save" and not self.session.workshop.line.vehicle.vin:
            return _("no vehicle was read yet")
        return super().cannot(command_id)

    def do_save(self) -> None:
        """Save the order report."""
        save_order(self.console, self.session.workshop.line.vehicle.vin)
