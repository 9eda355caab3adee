"""Plays a recorded session: what to send at which time, and what the keys do."""

from __future__ import annotations

from dataclasses import replace

from workshop_console.console.terminal.harmless import Harmless
from workshop_console.console.terminal.session_file import SessionEvent, SessionFile

LONGEST_PAUSE_S = 2.0
"""Where nothing happened for longer, nobody wants to wait."""
STEP_S = 5.0
"""How far an arrow key goes."""
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
_CLEARED = "\x1b[r\x1b[m\x1b[H\x1b[2J"


class Player:
    """Knows how far a session is played; all times are seconds of one monotonic clock."""

    def __init__(
        self,
        session: SessionFile,
        now: float,
        *,
        speed: float = 1.0,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self._events = _shortened(session.events, longest_pause_s)
        self.length_s = self._events[-1].at_s if self._events else 0.0
        self.speed = speed
        self.playing = True
        self.ended = False
        """Whether the one who looks has seen enough."""
        self._at_s = 0.0
        self._since = now
        self._next = 0
        self._harmless = Harmless()

    def place_s(self, now: float) -> float:
        """Return how far it is."""
        passed_s = (now - self._since) * self.speed if self.playing else 0.0
        return min(self.length_s, self._at_s + passed_s)

    def wait_s(self, now: float) -> float | None:
        """Return when there is something to show; None: not before a key."""
        if not self.playing or self._next >= len(self._events):
            return None
        return max(0.0, (self._events[self._next].at_s - self.place_s(now)) / self.speed)

    def due(self, now: float) -> str:
        """Return what is to be shown now."""
        place_s = self.place_s(now) + 1e-6
        shown: list[str] = []
        while self._next < len(self._events) and self._events[self._next].at_s <= place_s:
            event = self._events[self._next]
            self._next += 1
            shown.append(_CLEARED if event.size else self._harmless(event.text))
        return "".join(shown)

    def press(self, key: str, now: float) -> str:
        """Do what a key says, and return what that shows."""
        if key in ("q", "escape", "ctrl+c", "f3", "f10"):
            self.ended = True
        elif key == "space":
            self._go_on_from(self.place_s(now), now)
            self.playing = not self.playing
            return self.again(now)
        elif key in ("right", "left"):
            return self._go_to(self.place_s(now) + (STEP_S if key == "right" else -STEP_S), now)
        elif key in ("home", "end"):
            return self._go_to(0.0 if key == "home" else self.length_s, now)
        elif key in ("plus", "minus"):
            self._go_on_from(self.place_s(now), now)
            faster = [speed for speed in SPEEDS if speed > self.speed]
            slower = [speed for speed in SPEEDS if speed < self.speed]
            self.speed = min([*faster, max(SPEEDS)]) if key == "plus" else max([*slower, min(SPEEDS)])
        return ""

    def again(self, now: float) -> str:
        """Return all that makes the picture of now."""
        self._next, self._harmless = 0, Harmless()
        return _CLEARED + self.due(now)

    def _go_to(self, place_s: float, now: float) -> str:
        before_s = self.place_s(now)
        self._go_on_from(max(0.0, min(self.length_s, place_s)), now)
        return self.due(now) if place_s >= before_s else self.again(now)

    def _go_on_from(self, place_s: float, now: float) -> None:
        self._at_s, self._since = place_s, now


def _shortened(events: tuple[SessionEvent, ...], longest_pause_s: float) -> tuple[SessionEvent, ...]:
    """Return the events with shorter pauses between them."""
    found: list[SessionEvent] = []
    before_s = at_s = 0.0
    for event in events:
        at_s += min(event.at_s - before_s, longest_pause_s)
        before_s = event.at_s
        found.append(replace(event, at_s=at_s))
    return tuple(found)
