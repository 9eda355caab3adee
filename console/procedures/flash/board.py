"""Where a run stands, for those who watch: made of small notes, told a few times a second."""

from __future__ import annotations

from collections.abc import Callable

from workshop_console.console.model.exchange import Exchange
from workshop_console.console.model.flash import FlashProgress, FlashStep
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.flash.log import FlashLog
from workshop_console.console.procedures.flash.trouble import told

EVERY_S = 0.1
"""Blocks are many; who watches sees ten changes a second at most."""


class Board:
    """Gathers where all units of a run stand; it shows the one that moved last."""

    def __init__(self, log: FlashLog, total: int, monotonic: Callable[[], float]) -> None:
        self._log = log
        self._monotonic = monotonic
        self._total = total
        self._taken: dict[str, int] = {}
        self._unfinished: set[str] = set()
        self._missing: set[str] = set()
        self._warnings: list[RaisedMessage] = []
        self._unit = ""
        self._step: FlashStep | None = None
        self._segment = ""
        self._block = self._blocks = self._pending = 0
        self._last_nrc: int | None = None
        self._due = 0.0

    # -- notes -------------------------------------------------------------------------------------

    def step(self, unit: str, step: FlashStep, segment: str = "") -> None:
        """Note that a step begins."""
        self._unit, self._step, self._segment = unit, step, segment
        self._block = self._blocks = self._pending = 0
        self._due = 0.0

    def block(self, unit: str, segment: str, block: int, blocks: int, taken: int) -> None:
        """Note a block that was taken, and the payload bytes of this unit that were by now."""
        self._unit, self._step, self._segment = unit, FlashStep.TRANSFER, segment
        self._block, self._blocks = block, blocks
        self._taken[unit] = taken

    def taken(self, unit: str, taken: int) -> None:
        """Note how many bytes of a unit are done with."""
        self._taken[unit] = taken
        self._due = 0.0

    def answered(self, exchange: Exchange) -> None:
        """Note what an answer says by the way."""
        self._pending = exchange.pending
        if exchange.nrc is not None:
            self._last_nrc = exchange.nrc
            self._due = 0.0

    def pending(self, count: int) -> None:
        """Note the 0x78 answers of the running request so far."""
        if count != self._pending:
            self._pending = count
            self._due = 0.0

    def unfinished(self, unit: str, *, erased: bool) -> None:
        """Note that a unit has no whole application from now on, or has one again."""
        (self._unfinished.add if erased else self._unfinished.discard)(unit)
        self._due = 0.0

    def missing(self, unit: str, *, missing: bool) -> None:
        """Note that a unit (empty: the line) does not answer and is tried again, or is back."""
        if missing != (unit in self._missing):
            (self._missing.add if missing else self._missing.discard)(unit)
            self._due = 0.0

    def warn(self, message: RaisedMessage) -> None:
        """Show something that ends nothing."""
        if message not in self._warnings:
            self._warnings.append(message)

    # -- for those who watch ---------------------------------------------------------------------------

    @property
    def can_stop(self) -> bool:
        """Whether every unit is whole."""
        return not self._unfinished

    @property
    def warnings(self) -> tuple[RaisedMessage, ...]:
        """What was shown."""
        return tuple(self._warnings)

    def look(self) -> FlashProgress | None:
        """Tell the log, and return where the run stands when that is due."""
        now = self._monotonic()
        if now < self._due:
            return None
        self._due = now + EVERY_S
        if self._unfinished and self._log.stop_wished():
            self.warn(told("WC-727", unit=", ".join(sorted(self._unfinished))))
        progress = FlashProgress(
            unit=self._unit,
            step=self._step,
            segment=self._segment,
            block=self._block,
            blocks=self._blocks,
            done=sum(self._taken.values()),
            total=self._total,
            pending=self._pending,
            last_nrc=self._last_nrc,
            can_stop=not self._unfinished,
            waits_for_unit=bool(self._missing),
            warnings=tuple(self._warnings),
        )
        self._log.moved(progress)
        return progress
