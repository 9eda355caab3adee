"""Answers that one control unit may still owe: to requests that were given up or sent twice.

A unit answers in the order in which it was asked. So when an answer could belong to an older request as well
as to the running one, the older one's comes first: the conversation keeps it aside for a moment, and takes it
only when no other follows.
"""

from __future__ import annotations

from dataclasses import dataclass

from workshop_console.console.links.matching import NEGATIVE_RESPONSE, Expected

LATE_ANSWER_S = 2.0
"""How long after giving up an answer is still reckoned with."""
DOUBLE_ANSWER_S = 0.01
"""How long after an answer a second copy of it is reckoned with."""
DOUBLE_ANSWER_SEEN_S = 10.0
"""The same, for a unit or a line that was seen to send answers once more, be it in front of the next one."""
REFUSAL_S = 10.0
"""The same, for a negative response: it names no identifier, so it fits every request of its service."""
REFUSAL_HOLD_S = 0.015
"""How long a negative response is kept aside that is the same as the answer before."""
DOUBLE_HOLD_S = 0.03
"""How long an answer is kept aside that may be such a copy."""
_MOST_DEBTS = 8


@dataclass(frozen=True, slots=True)
class Debt:
    """One answer that may still come."""

    expected: Expected
    until: float
    hold_s: float
    copy_of: bytes | None = None
    """Only this very answer is meant (a copy of one that came)."""

    def may_be(self, payload: bytes) -> bool:
        """Return whether `payload` may pay this debt."""
        return payload == self.copy_of if self.copy_of is not None else self.expected.may_own(payload)


class Debts:
    """What one control unit may still owe."""

    def __init__(self) -> None:
        self._debts: list[Debt] = []
        self._doubles = False
        self._last: Expected | None = None

    def owe(self, expected: Expected, count: int, now: float, p2_s: float) -> None:
        """Remember that `count` answers to an ended request never came."""
        self._debts += [Debt(expected, now + LATE_ANSWER_S, p2_s)] * count
        del self._debts[:-_MOST_DEBTS]

    def answered(self, expected: Expected, payload: bytes, now: float) -> None:
        """Remember the answer just taken, in case the line brings it twice."""
        self._last = expected
        window_s, hold_s = DOUBLE_ANSWER_S, DOUBLE_HOLD_S
        if self._doubles:
            window_s = DOUBLE_ANSWER_SEEN_S
        elif payload[0] == NEGATIVE_RESPONSE:
            window_s, hold_s = REFUSAL_S, REFUSAL_HOLD_S
        self._debts = [debt for debt in self._debts if debt.copy_of is None]
        self._debts.append(Debt(expected, now + window_s, hold_s, payload))

    def find(self, payload: bytes, now: float) -> Debt | None:
        """Return the debt that `payload` most likely pays, or None: the oldest answer owed, else a copy."""
        self._debts = [debt for debt in self._debts if debt.until > now]
        may_be = [debt for debt in self._debts if debt.may_be(payload)]
        return min(may_be, key=lambda debt: debt.copy_of is not None, default=None)

    def stray(self, payload: bytes, now: float) -> bool:
        """Take an answer that nobody asked for, or not now; return whether it is known where it comes from.

        One that fits the request before is one too many: the unit or the line sends answers more than once.
        """
        debt = self.find(payload, now)
        if debt is not None:
            self.pay(debt)
            return True
        if self._last is not None and self._last.may_own(payload):
            self._doubles = True
            return True
        return False

    def pay(self, debt: Debt) -> None:
        """Forget `debt`: its answer came."""
        if debt in self._debts:
            self._debts.remove(debt)
        self._doubles = self._doubles or debt.copy_of is not None

    def forgive(self) -> None:
        """Forget everything: the connection is a new one, nothing old can come."""
        self._debts.clear()
