"""What the screens know of flashing: the files that were chosen, the plan made of them, jobs at work."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from workshop_console.console.model.lean import dataclass

if TYPE_CHECKING:
    from workshop_console.console.model.flash import FlashFile, FlashPlan, JobSummary


@dataclass(kw_only=True)
class SeenFlash:
    """Flashing, as far as screens have come."""

    typed: list[Path] = field(default_factory=list)
    """Files whose names were typed, in this session."""
    files: dict[Path, tuple[FlashFile, ...]] = field(default_factory=dict)
    """What each file that could be used holds."""
    chosen: list[FlashFile] = field(default_factory=list)
    """What is to be flashed, in the order of choosing."""
    plan: FlashPlan | None = None
    """The plan that was judged last; None: none for the files chosen now."""
    started: int | None = None
    """Number of the job that was started last, until its screen was opened."""
    running: tuple[JobSummary, ...] = ()
    """Jobs whose workers are at work, in this console or another."""
    waiting: tuple[JobSummary, ...] = ()
    """Interrupted jobs whose units wait."""

    def forget_vehicle(self) -> None:
        """Drop what was found out about the vehicle; files and jobs stay."""
        self.plan = None
