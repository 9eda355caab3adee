"""How a flash procedure tells what it is about to do and what came back."""

from __future__ import annotations

from typing import Protocol

from workshop_console.console.model.flash import FlashProgress, FlashStep, JournalEntry


class FlashLog(Protocol):
    """Takes down every step. Up to ERASE a failure raises (nothing is begun that cannot be written down);
    from ERASE on it never does: a unit without application is worse than a journal with a gap."""

    def begin(self, unit: str, step: FlashStep, detail: str = "") -> int:
        """Note what is about to be done, on the disk when it returns. Raises ConsoleError WC-6xx."""

    def complete(self, entry: int, outcome: str, detail: str = "") -> None:
        """Note what came back."""

    def moved(self, progress: FlashProgress) -> None:
        """Note where the job stands; called for every block, must not wait for the disk."""

    def entries(self, unit: str) -> tuple[JournalEntry, ...]:
        """Return what was noted of a unit before this run, oldest first."""

    def stop_wished(self) -> bool:
        """Return whether somebody wants the job to end early."""
