"""Quiets the whole vehicle for flashing, and wakes it again (ISO 14229-1:2020, 17.2.2 and 17.2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workshop_console.console.model.address import Address
from workshop_console.console.model.flash import FlashStep
from workshop_console.console.ports import VehicleLink
from workshop_console.console.procedures.flash import requests as uds
from workshop_console.console.procedures.flash.board import Board
from workshop_console.console.procedures.flash.log import FlashLog
from workshop_console.console.procedures.services import OTHER_SESSION, NegativeResponse

SESSION_S = 0.05
"""Until all units have changed their session (P2)."""
ANSWERS_S = 0.2
"""How long refusals are waited for: nobody says yes to a functional request with the suppress bit."""
BUSY_TRIES = 25
"""Times that a unit may be busy (0x21), each with the wait for answers after it."""
_NOT_FOR_ME = OTHER_SESSION | {
    NegativeResponse.SERVICE_NOT_SUPPORTED,
    NegativeResponse.SUB_FUNCTION_NOT_SUPPORTED,
    NegativeResponse.REQUEST_OUT_OF_RANGE,
}
"""Codes that no unit should send here, and that mean nothing where one does."""

_OFF = (
    (FlashStep.FAULT_SETTING_OFF, uds.ALL_FAULT_SETTING_OFF),
    (FlashStep.COMMUNICATION_OFF, uds.ALL_COMMUNICATION_OFF),
)
_ON = (
    (FlashStep.COMMUNICATION_ON, uds.ALL_COMMUNICATION_ON),
    (FlashStep.FAULT_SETTING_ON, uds.ALL_FAULT_SETTING_ON),
)


@dataclass(frozen=True, kw_only=True)
class GroupRefusal:
    """A unit refused what the whole vehicle was asked."""

    address: Address
    step: FlashStep
    nrc: int


class WholeVehicle:
    """Everything that is said to all units at once.

    Args:
        functional: identifier of functional requests; None: the line's own.
        leave_out: steps that every unit of the plan leaves out.
    """

    def __init__(
        self, log: FlashLog, board: Board, functional: int | None, leave_out: frozenset[FlashStep]
    ) -> None:
        self._log = log
        self._board = board
        self._functional = functional
        self._leave_out = leave_out

    def quiet(self, link: VehicleLink) -> list[GroupRefusal]:
        """Let no unit note faults or send messages any more; return who refuses."""
        if not all(step in self._leave_out for step, _ in _OFF):
            self._say(link, uds.ALL_EXTENDED, SESSION_S)
        return self._steps(link, _OFF)

    def quiet_again(self, link: VehicleLink) -> None:
        """The same on a line that was away for long: the units fell back meanwhile."""
        for request in (
            uds.ALL_EXTENDED,
            *(request for step, request in _OFF if step not in self._leave_out),
        ):
            link.functional(request, wait_s=0.0, request_id=self._functional)

    def wake(self, link: VehicleLink) -> list[GroupRefusal]:
        """Let the units do again what they do by themselves; return who refuses."""
        refusals = self._steps(link, _ON)
        self._say(link, uds.ALL_DEFAULT, SESSION_S)
        return refusals

    def _steps(self, link: VehicleLink, steps: Sequence[tuple[FlashStep, bytes]]) -> list[GroupRefusal]:
        refusals = []
        for step, request in steps:
            if step in self._leave_out:
                continue
            self._board.step("", step)
            entry = self._log.begin("", step)
            refused = [
                GroupRefusal(address=address, step=step, nrc=nrc)
                for address, nrc in self._say_until_heard(link, request)
                if nrc not in _NOT_FOR_ME
            ]
            detail = ", ".join(f"{one.address} 0x{one.nrc:02X}" for one in refused)
            outcome = "link-lost" if link.lost else "negative" if refused else "positive"
            self._log.complete(entry, outcome, detail)
            refusals += refused
        return refusals

    def _say_until_heard(self, link: VehicleLink, request: bytes) -> list[tuple[Address, int]]:
        """Send a request to all, again while a unit is busy with the one before."""
        refused = self._say(link, request)
        for _ in range(BUSY_TRIES):
            if not any(nrc == NegativeResponse.BUSY_REPEAT_REQUEST for _, nrc in refused):
                break
            refused = self._say(link, request)
        return refused

    def _say(self, link: VehicleLink, request: bytes, wait_s: float = ANSWERS_S) -> list[tuple[Address, int]]:
        """Send a request to all and return who refused, with the code."""
        answers = link.functional(request, wait_s=wait_s, request_id=self._functional)
        return [
            (answer.address, answer.payload[2])
            for answer in answers
            if len(answer.payload) > 2 and answer.payload[:1] == b"\x7f"
        ]
