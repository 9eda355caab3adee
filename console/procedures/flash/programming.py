"""Erases, downloads and checks the memory of one unit (ISO 14229-1:2020, 17.2.3)."""

from __future__ import annotations

from workshop_console.console.model.exchange import Exchange, Outcome, UdsRequest
from workshop_console.console.model.flash import FlashStep, FlashTarget, Segment
from workshop_console.console.procedures.flash import requests as uds
from workshop_console.console.procedures.flash import trouble
from workshop_console.console.procedures.flash.asking import FOR_EVER, LINE_GONE, Setting, UnitTalk
from workshop_console.console.procedures.flash.assess import Begin
from workshop_console.console.procedures.flash.crew import Rest, Talk
from workshop_console.console.procedures.flash.desk import Payload
from workshop_console.console.procedures.flash.transfer import Blocks, checked_crc32
from workshop_console.console.procedures.flash.trouble import BadResultError, RefusalError, told

BLOCK_TRIES = 12
"""Times that a block is sent, each with its retries, before the unit is asked anew what it is."""
READ_TRIES = 30
"""Times, a second apart, that a disk is asked for the payload of an erased unit."""


class Programming(UnitTalk):
    """The memory of one unit.

    Args:
        target: unit, file and sequence.
        payload: the bytes.
        setting: what it shares with the other units.
    """

    def __init__(self, target: FlashTarget, payload: Payload, setting: Setting) -> None:
        super().__init__(target, setting)
        self._payload = payload
        self._taken = 0
        self._crc32: dict[str, int] = {}
        """Of the segments in the payload, when they were checked."""

    def _program(self) -> Talk[None]:
        """Erase, download and check all segments that are not proven whole."""
        missing = list(self._manifest.segments)
        if self.begin is Begin.CONTINUE:
            missing = yield from self._unproven()
        if missing and self._sequence.erase_all:
            missing = list(self._manifest.segments)
            yield from self._erase(None)
        self._taken = self._manifest.stored - sum(segment.stored for segment in missing)
        self._board.taken(self.target.unit, self._taken)
        for segment in missing:
            if not self._sequence.erase_all:
                yield from self._erase(segment)
            yield from self._download(segment)
            if self._wanted(FlashStep.CHECK_MEMORY):
                step, name = FlashStep.CHECK_MEMORY, segment.name
                yield from self._check(step, uds.check_memory(self._sequence, segment), name)
            yield from self._extras(FlashStep.CHECK_MEMORY)

    def _unproven(self) -> Talk[list[Segment]]:
        """Return the segments that the unit does not find whole now; only those noted as such are asked."""
        if not self._wanted(FlashStep.CHECK_MEMORY):
            return list(self._manifest.segments)
        missing = []
        for segment in self._manifest.segments:
            whole = segment.name in self.notes.proven
            if whole:
                try:
                    request = uds.check_memory(self._sequence, segment)
                    yield from self._check(FlashStep.CHECK_MEMORY, request, segment.name)
                except (RefusalError, BadResultError):
                    whole = False
            if not whole:
                missing.append(segment)
        return missing

    def _erase(self, segment: Segment | None) -> Talk[None]:
        """Erase a segment, or everything: from here on the unit has no whole application."""
        self._board.unfinished(self.target.unit, erased=True)
        name = segment.name if segment is not None else ""
        exchange = yield from self._ask(FlashStep.ERASE, uds.erase(self._sequence, segment), name)
        if result := uds.routine_result(exchange):
            raise RefusalError(FlashStep.ERASE, trouble.bad_result(self.target.unit, FlashStep.ERASE, result))
        yield from self._extras(FlashStep.ERASE)

    def _download(self, segment: Segment) -> Talk[None]:
        """Send one segment."""
        step, name = FlashStep.REQUEST_DOWNLOAD, segment.name
        answer = (yield from self._ask(step, uds.request_download(self._sequence, segment), name)).payload
        if not (length := uds.block_length(answer)):
            facts = {"unit": self.target.unit, "raw": answer[:16].hex(" ").upper()}
            raise RefusalError(step, told("WC-730", **facts))
        yield from self._extras(step)
        yield from self._transfer(segment, length)
        yield from self._extras(FlashStep.TRANSFER)
        yield from self._ask(FlashStep.TRANSFER_EXIT, uds.request_transfer_exit(), name)
        yield from self._extras(FlashStep.TRANSFER_EXIT)

    def _transfer(self, segment: Segment, length: int) -> Talk[None]:
        """Send the blocks of a segment; the next one is made while one is on its way."""
        unit, name, hand, block = self.target.unit, segment.name, self.hand, self._board.block
        entry = self._begin(FlashStep.TRANSFER, name)
        outcome, detail = "broken", ""
        blocks = Blocks(self._payload, segment, length, self._crc32[name])
        count, number = blocks.count, 0
        try:
            while not blocks.ended:
                request = blocks.take() or (yield from self._made(blocks, segment))
                hand.coming = blocks.coming
                exchange = yield request
                if exchange.outcome is not Outcome.POSITIVE:
                    self._board.answered(exchange)
                    outcome, detail = trouble.OUTCOMES[exchange.outcome], f"{name} {number + 1}/{count}"
                    yield from self._send_again(request, exchange)
                number += 1
                self._taken += len(request.payload) - 2
                block(unit, name, number, count, self._taken)
            outcome, detail = ("positive", f"{name} {count}/{count}") if blocks.whole else ("broken", "")
        finally:
            hand.coming = None
            self._log.complete(entry, outcome, detail)
        if not blocks.whole:
            raise RefusalError(FlashStep.TRANSFER, told("WC-729", unit=unit, segment=name))

    def _made(self, blocks: Blocks, segment: Segment) -> Talk[UdsRequest]:
        """Return the next block from a disk that hangs or fails: the unit can wait a while, kept alive."""
        for _ in range(READ_TRIES):
            if (block := blocks.take()) is not None:
                return block
            self._board.warn(told("WC-729", unit=self.target.unit, segment=segment.name))
            yield Rest(1.0)
        raise RefusalError(FlashStep.TRANSFER, told("WC-729", unit=self.target.unit, segment=segment.name))

    def _send_again(self, request: UdsRequest, exchange: Exchange) -> Talk[None]:
        """Send a block that got no answer until it does: the same counter is not written twice (14.5.5).

        After a loss of the line, once: a unit that kept its download open answers, any other has to begin
        again from erase.
        """
        step = FlashStep.TRANSFER
        for _ in range(BLOCK_TRIES):
            if exchange.positive:
                return
            lost = exchange.outcome in LINE_GONE
            if lost:
                yield from self._await_line()
            elif exchange.nrc is not None or exchange.reason in FOR_EVER:
                break
            exchange = yield request
            if lost and not exchange.positive:
                break
        if not exchange.positive:
            yield from self._unwelcome(step, exchange)

    def _check_dependencies(self) -> Talk[None]:
        if self._wanted(FlashStep.CHECK_DEPENDENCIES):
            request = uds.routine(self._sequence.check_dependencies_rid)
            yield from self._check(FlashStep.CHECK_DEPENDENCIES, request, "")
        yield from self._extras(FlashStep.CHECK_DEPENDENCIES)

    def _check_payload(self) -> None:
        """Refuse to erase for a payload that is no longer what was judged."""
        for segment in self._manifest.segments:
            try:
                crc32 = checked_crc32(self._payload, segment)
            except (OSError, ValueError):
                crc32 = None
            if crc32 is None:
                facts = {"unit": self.target.unit, "segment": segment.name}
                raise RefusalError(FlashStep.ERASE, told("WC-729", **facts))
            self._crc32[segment.name] = crc32
