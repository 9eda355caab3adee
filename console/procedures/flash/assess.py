"""What a unit says of itself, what was noted of it, and where to begin: never from the notes alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import Enum, auto

from workshop_console.console.model.exchange import Exchange, Outcome
from workshop_console.console.model.flash import (
    FlashSequence,
    FlashStep,
    JournalEntry,
    Manifest,
    SoftwareIdentity,
    UnitEnd,
)
from workshop_console.console.procedures.flash.requests import PROGRAMMING_SESSION
from workshop_console.console.procedures.identify import number_text
from workshop_console.console.procedures.scripts import UnitScript
from workshop_console.console.procedures.services import read_data_by_identifier

_SESSION, _HARDWARE, _SOFTWARE, _VERSION, _BOOT_SOFTWARE = 0xF186, 0xF191, 0xF188, 0xF189, 0xF180
_CODE = re.compile(r" ?0x[0-9A-F]{2}$")
"""What trouble leaves behind a segment's name in the log."""


def ask_identity() -> UnitScript[tuple[SoftwareIdentity, Exchange]]:
    """Ask a unit what it is; with `answered` false, the exchange says why nothing came."""
    texts: dict[int, str] = {}
    session: int | None = None
    for did in (_SESSION, _HARDWARE, _SOFTWARE, _VERSION, _BOOT_SOFTWARE):
        exchange = yield read_data_by_identifier(did)
        if exchange.outcome not in (Outcome.POSITIVE, Outcome.NEGATIVE):
            return SoftwareIdentity(answered=False), exchange
        if not exchange.positive or len(exchange.payload) < 4:
            continue
        if did == _SESSION:
            session = exchange.payload[3]
        else:
            texts[did] = number_text(exchange.payload[3:])
    identity = SoftwareIdentity(
        hardware=texts.get(_HARDWARE, ""),
        software=texts.get(_SOFTWARE, ""),
        version=texts.get(_VERSION, ""),
        boot_software=texts.get(_BOOT_SOFTWARE, ""),
        session=session,
    )
    return identity, exchange


def is_new(identity: SoftwareIdentity, manifest: Manifest) -> bool:
    """Return whether a unit calls itself what the manifest makes of it."""
    return (
        identity.answered
        and not identity.boot_loader
        and identity.session != PROGRAMMING_SESSION
        and identity.software == manifest.software
        and identity.version == manifest.version
    )


class Notes:
    """What the log knows of one unit, and what this run adds.

    Args:
        entries: from runs before, oldest first.
        segments: names of the segments.
        labels: of the steps that the description adds; their entries say nothing of the unit's memory.
    """

    def __init__(
        self, entries: Iterable[JournalEntry], segments: Collection[str], labels: Collection[str] = ()
    ) -> None:
        self.erased = False
        """Whether an erase ever began."""
        self.proven: set[str] = set()
        """Segments that the unit found whole since they were erased."""
        self.sent: set[str] = set()
        """Segments that the unit took to their end since they were erased."""
        self.checked = False
        """Whether the unit found its dependencies good since the last erase."""
        self.restarted = False
        """Whether it was reset since then."""
        self.unlocked = False
        """Whether it ever took a key."""
        self._segments = frozenset(segments)
        for entry in entries:
            detail = self._segment(entry.detail)
            if detail in labels:
                continue
            self.began(entry.step, detail)
            if entry.ended is not None:
                self.came(entry.step, detail, good=entry.outcome == "positive")

    def _segment(self, detail: str) -> str:
        """Return the segment that a detail begins with; a code may stand behind it."""
        return detail if detail in self._segments else _CODE.sub("", detail)

    def began(self, step: FlashStep, segment: str) -> None:
        """Note that a step begins."""
        if step is not FlashStep.ERASE:
            return
        self.erased = True
        self.checked = self.restarted = False
        if segment in self._segments:
            self.proven.discard(segment)
            self.sent.discard(segment)
        else:
            self.proven.clear()
            self.sent.clear()

    def came(self, step: FlashStep, segment: str, *, good: bool) -> None:
        """Note what came back."""
        if step is FlashStep.TRANSFER_EXIT and good:
            self.sent.add(segment)
        elif step is FlashStep.CHECK_MEMORY:
            (self.proven.add if good else self.proven.discard)(segment)
        elif step is FlashStep.CHECK_DEPENDENCIES:
            self.checked = good
        elif step is FlashStep.RESET:
            self.restarted = self.checked
        elif step is FlashStep.SECURITY_ACCESS:
            self.unlocked = self.unlocked or good


class Begin(Enum):
    """Where a unit's part begins."""

    START = auto()
    """With the whole sequence, all segments."""
    CONTINUE = auto()
    """In the boot loader: what is proven whole is kept, the rest is erased and sent again."""
    PROVE = auto()
    """It calls itself new, and nothing shows that it is whole: its dependencies are checked."""
    RESTART = auto()
    """It is whole and was not reset yet."""
    FINISHED = auto()


def begin(identity: SoftwareIdentity, manifest: Manifest, sequence: FlashSequence, notes: Notes) -> Begin:
    """Return where to begin with a unit that answered."""
    if is_new(identity, manifest) and notes.erased:
        if FlashStep.CHECK_DEPENDENCIES not in sequence.leave_out:
            if not notes.checked:
                return Begin.PROVE
            return Begin.FINISHED if notes.restarted else Begin.RESTART
        by_check = FlashStep.CHECK_MEMORY not in sequence.leave_out
        whole = notes.proven if by_check else notes.sent
        return Begin.FINISHED if {s.name for s in manifest.segments} <= whole else Begin.START
    if notes.erased and not identity.software:
        return Begin.CONTINUE
    return Begin.START


def end_of(identity: SoftwareIdentity, manifest: Manifest, notes: Notes, sequence: FlashSequence) -> UnitEnd:
    """Return what a unit holds by its own word; never NEW while that is not proven."""
    if not identity.answered:
        return UnitEnd.UNKNOWN
    if is_new(identity, manifest):
        shown = not notes.erased or begin(identity, manifest, sequence, notes) in (
            Begin.FINISHED,
            Begin.RESTART,
        )
        return UnitEnd.NEW if shown else UnitEnd.UNKNOWN
    if identity.boot_loader or identity.session == PROGRAMMING_SESSION:
        return UnitEnd.BOOT_LOADER
    if identity.software in ("", manifest.software) and not (identity.software and identity.version):
        return UnitEnd.UNKNOWN
    return UnitEnd.OLD
