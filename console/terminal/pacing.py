"""When the next frame may go: answers of the terminal tell that the last one arrived."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

_FEW_BYTES = 64
"""So much may be on its way before an answer is waited for: a marker that moves does not wait."""
_FIRST_ANSWER_S = 3.0
"""A terminal that has not answered by then is taken for one that never answers."""
_LOST_S = 3.0
"""After so long, and longer than lines like this one take, an answer may have been lost."""
_LONGEST_ASKING_S = 60.0
_MUTE_ASKING_S = 30.0
"""How often a mute terminal is asked again."""
_AHEAD_S = 0.1
"""At a rate: how much earlier than the line is free the next frame goes."""
_SEQUENCE_BYTES = 3
"""Bytes of a short escape sequence, which take their time on a slow line."""
REQUEST = "\x1b[5n"
"""Status request; every terminal from the VT100 on answers `ESC [ 0 n`."""

ANSWER = b"\x1b[0n"


class Answers(Enum):
    """What is known of the terminal's answers."""

    UNKNOWN = auto()
    COME = auto()
    NEVER = auto()


class Pacer:
    """Knows what is on the way. All times are seconds of one monotonic clock."""

    def __init__(self, bytes_per_second: float, *, answers: bool = True) -> None:
        self._rate = bytes_per_second
        self.answers = Answers.UNKNOWN if answers else Answers.NEVER
        self._never_asked = not answers
        self._on_the_way: deque[tuple[float, int]] = deque()
        self._bytes = 0
        self._free_at = 0.0
        self._asked_at = float("-inf")
        self._asked_again = 0
        self.round_trip_s = 0.0
        """Of a short message, smoothed; 0 when none was measured."""

    @property
    def expects(self) -> bool:
        """Whether an answer is on the way."""
        return bool(self._on_the_way)

    def forget(self) -> None:
        """Take note that the line is another one, or empty."""
        self._on_the_way.clear()
        self._bytes = self._asked_again = 0

    def asks(self, now: float) -> bool:
        """Return whether the next frame ends with a request."""
        if self._never_asked:
            return False
        return self.answers is not Answers.NEVER or now - self._asked_at >= _MUTE_ASKING_S

    def sent(self, count: int, now: float, *, asked: bool) -> None:
        """Take note that `count` bytes were sent."""
        self._free_at = max(self._free_at, now) + count / self._rate
        if asked:
            self._asked_at = now
            self._on_the_way.append((now, count))
            self._bytes += count

    def answered(self, now: float) -> None:
        """Take note of an answer."""
        if not self._on_the_way:
            return
        sent_at, count = self._on_the_way.popleft()
        self._bytes -= count
        self.answers = Answers.COME
        if self._asked_again:
            # Which request this answers is not known; what was sent before it has arrived in any case.
            self._asked_again = 0
            self._on_the_way.clear()
            self._bytes = 0
        elif count <= 4 * _FEW_BYTES:
            took = now - sent_at
            self.round_trip_s = took if not self.round_trip_s else 0.75 * self.round_trip_s + 0.25 * took

    def wait_s(self, now: float) -> float:
        """Return how long the next frame has to wait; 0: it may go."""
        if self.answers is Answers.NEVER:
            return max(0.0, self._free_at - _AHEAD_S - now)
        if self._bytes < _FEW_BYTES:
            return 0.0
        return max(0.0, self._patience_ends() - now) or _LOST_S

    def overdue(self, now: float) -> bool:
        """Return whether to ask again: the last answer should be here, and was perhaps lost.

        A terminal that never answered is given up instead, and gets frames at a rate from now on.
        """
        if not self._on_the_way or self.answers is Answers.NEVER or now < self._patience_ends():
            return False
        if self.answers is Answers.UNKNOWN:
            self.answers = Answers.NEVER
            self._on_the_way.clear()
            self._bytes = 0
            return False
        return True

    def asked_again(self, now: float) -> None:
        """Take note that a request alone was sent."""
        self._asked_again += 1
        self._asked_at = now
        if self._asked_again == 1:
            self._on_the_way.append((now, len(REQUEST)))
            self._bytes += len(REQUEST)

    def _patience_ends(self) -> float:
        if not self._on_the_way:
            return float("inf")
        line_s = self._bytes / self._rate
        if self.answers is Answers.UNKNOWN:
            return self._on_the_way[0][0] + _FIRST_ANSWER_S + line_s
        patience_s = max(_LOST_S, 4 * self.round_trip_s) + line_s
        if not self._asked_again:
            return self._on_the_way[0][0] + patience_s
        return self._asked_at + min(_LONGEST_ASKING_S, patience_s * float(2**self._asked_again))

    def escape_wait_s(self) -> float:
        """Return how long to wait for the rest of a sequence before an escape is the key itself."""
        return min(0.5, 0.05 + _SEQUENCE_BYTES / self._rate + self.round_trip_s / 4)
