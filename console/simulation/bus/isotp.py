"""The units' side of ISO-TP (ISO 15765-2:2016, normal addressing), all in one thread.

A unit answers as it was asked: with FD frames of up to 64 bytes to FD frames, else with classic ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.frame import Frame, fd_length
from workshop_console.console.simulation.ecu.unit import LONGEST_MESSAGE_BYTES
from workshop_console.console.simulation.line_faults import Requests
from workshop_console.console.simulation.scheduler import Scheduler, Timer

PADDING = 0xCC
"""Value that ISO 15765-2 recommends: it costs the fewest stuff bits."""

BLOCK_SIZE = 32
"""Consecutive frames that a unit takes in one go: udp_multicast loses frames when more than 256 wait."""
_SEPARATION_TIME = 0
_N_BS_S = 1.0
"""Time that a sender waits for flow control."""
_N_CR_S = 1.0
"""Time that a receiver waits for the next consecutive frame."""
_MOST_QUEUED_ANSWERS = 16
_MOST_WAITS = 10
"""Flow controls of the kind "wait" in a row that a sender accepts."""

_SINGLE, _FIRST, _CONSECUTIVE, _FLOW_CONTROL = range(4)
_CONTINUE, _WAIT, _OVERFLOW = range(3)
_TESTER_PRESENT_SUPPRESSED = b"\x3e\x80"


class UnitsOnCan:
    """Everything that listens for requests on the bus."""

    def __init__(
        self, bus: SimulatedBus, scheduler: Scheduler, *, functional: int, block_size: int = BLOCK_SIZE
    ) -> None:
        """Listen for `functional` requests; units take `block_size` frames in one go (0: all)."""
        self._block_size = block_size
        self._bus = bus
        self._scheduler = scheduler
        self._functional = functional
        self._endpoints: dict[int, IsoTpEndpoint] = {}
        bus.join(self)

    def add(
        self,
        requests: Requests,
        request_id: int,
        response_id: int,
        *,
        away: Callable[[], bool],
        longest: int = LONGEST_MESSAGE_BYTES,
    ) -> IsoTpEndpoint:
        """Let a unit listen; `requests` gets whole messages, and nothing is heard while `away()`."""
        endpoint = IsoTpEndpoint(
            self._bus,
            self._scheduler,
            requests,
            request_id,
            response_id,
            away,
            block_size=self._block_size,
            longest=longest,
        )
        self._endpoints[request_id] = endpoint
        return endpoint

    def hear(self, frame: Frame) -> None:
        """Give a frame to the unit it is for, or to all."""
        endpoint = self._endpoints.get(frame.identifier)
        if endpoint is not None and frame.data and endpoint.extended == frame.extended:
            endpoint.hear(frame.data, fd=frame.fd, fast=frame.fast)
        elif frame.identifier == self._functional and not frame.extended:
            payload = _single_frame(frame.data)
            if payload:
                for endpoint in self._endpoints.values():
                    endpoint.answer_in(fd=frame.fd, fast=frame.fast)
                    endpoint.requests(payload, endpoint.reply, functional=True)

    def sent(self) -> None:
        """Nothing waits for this party's frames."""


class IsoTpEndpoint:
    """One unit's pair of identifiers: a message coming in, messages going out one after the other."""

    def __init__(
        self,
        bus: SimulatedBus,
        scheduler: Scheduler,
        requests: Requests,
        request_id: int,
        response_id: int,
        away: Callable[[], bool],
        *,
        block_size: int = BLOCK_SIZE,
        longest: int = LONGEST_MESSAGE_BYTES,
    ) -> None:
        self._block_size = block_size
        self._longest = longest
        self._fd = self._fast = False
        self._frame_bytes = 8
        """Most bytes of a frame that goes out."""
        self.requests = requests
        self._away = away
        self.extended = request_id > 0x7FF
        self._response_extended = response_id > 0x7FF
        self._response_id = response_id
        self._bus = bus
        self._scheduler = scheduler
        self._aside = _Aside()
        # coming in
        self._buffer = bytearray()
        self._expected = 0
        self._consecutive_bytes = 7
        """Content of the frames that come in, but for the last one."""
        self._next_in = 0
        self._left_in_block = 0
        self._deadline = 0.0
        # going out
        self._queue: deque[bytes] = deque()
        self._message = b""
        self._offset = 0
        self._next_out = 0
        self._block_left = 0
        self._separation_s = 0.0
        self._on_wire = False
        self._waits = 0
        self._timer: Timer | None = None
        self._awaits_flow_control = False

    def answer_in(self, *, fd: bool, fast: bool) -> None:
        """Send what comes next in frames of this kind; a message on its way stays as it began."""
        if not self._message:
            self._fd, self._fast = fd, fast
            self._frame_bytes = 64 if fd else 8

    def hear(self, data: bytes, *, fd: bool = False, fast: bool = False) -> None:
        """Take a frame on the unit's request identifier."""
        if self._away():
            return
        kind = data[0] >> 4
        if kind in (_SINGLE, _FIRST):
            self.answer_in(fd=fd, fast=fast)
        if kind == _SINGLE:
            payload = _single_frame(data)
            if payload:
                self._expected = 0
                self._take(payload)
        elif kind == _FIRST:
            self._take_first(data)
        elif kind == _CONSECUTIVE:
            self._take_consecutive(data)
        elif kind == _FLOW_CONTROL and len(data) >= 3:
            self._take_flow_control(data)

    def reply(self, payload: bytes, /, *, broken_off: bool = False) -> None:
        """Send a response; `broken_off` sends its first frame only, and nothing when that would be all."""
        if broken_off:
            if len(payload) > self._single_bytes:
                self._bus.send(self._aside, self._frame(self._first_frame(payload)))
            return
        if len(self._queue) < _MOST_QUEUED_ANSWERS and len(payload) <= LONGEST_MESSAGE_BYTES:
            self._queue.append(payload)
            self._go_on()

    def abort(self) -> None:
        """Forget everything: the unit restarts."""
        self._expected = 0
        self._queue.clear()
        self._end_message()

    def sent(self) -> None:
        """Learn that the frame on the wire is over."""
        self._on_wire = False
        in_block = self._message and self._offset > self._frame_bytes - 2 and not self._awaits_flow_control
        if in_block and self._separation_s and self._timer is None:
            self._timer = self._scheduler.call_later(self._separation_s, self._separation_over)
        else:
            self._go_on()

    def _take(self, payload: bytes) -> None:
        if self._awaits_flow_control and payload != _TESTER_PRESENT_SUPPRESSED:
            self._end_message()  # the tester asks something else: it has given up on the answer before
        self.requests(payload, self.reply)

    def _take_first(self, data: bytes) -> None:
        length = (data[0] & 0x0F) << 8 | data[1] if len(data) >= 8 else 0
        start = 2
        if length == 0 and len(data) >= 8 and data[0] == 0x10:
            length, start = int.from_bytes(data[2:6], "big"), 6
        if length < len(data):
            return
        if length > self._longest:
            self._expected = 0
            self._send_flow_control(_OVERFLOW)
            return
        self._expected = length
        self._consecutive_bytes = len(data) - 1
        self._buffer = bytearray(data[start:])
        self._next_in = 1
        self._grant_block()

    def _take_consecutive(self, data: bytes) -> None:
        if not self._expected:
            return
        if self._scheduler.now() > self._deadline or data[0] & 0x0F != self._next_in:
            self._expected = 0
            return
        wanted = min(self._consecutive_bytes, self._expected - len(self._buffer))
        if len(data) < 1 + wanted:
            return
        self._buffer += data[1 : 1 + wanted]
        self._next_in = (self._next_in + 1) & 0x0F
        if len(self._buffer) >= self._expected:
            self._expected = 0
            self._take(bytes(self._buffer))
            return
        self._deadline = self._scheduler.now() + _N_CR_S
        self._left_in_block -= 1
        if self._left_in_block == 0:
            self._grant_block()

    def _grant_block(self) -> None:
        self._left_in_block = self._block_size or -1
        self._deadline = self._scheduler.now() + _N_CR_S
        self._send_flow_control(_CONTINUE)

    def _send_flow_control(self, status: int) -> None:
        self._bus.send(self._aside, self._frame(bytes((0x30 | status, self._block_size, _SEPARATION_TIME))))

    def _take_flow_control(self, data: bytes) -> None:
        if not self._awaits_flow_control:
            return
        status = data[0] & 0x0F
        if status == _WAIT and self._waits < _MOST_WAITS:
            self._waits += 1
            self._await_flow_control()
            return
        if status != _CONTINUE:
            self._end_message()
            self._go_on()
            return
        self._stop_timer()
        self._awaits_flow_control = False
        self._waits = 0
        self._block_left = data[1] or -1  # 0: no more flow control
        self._separation_s = _separation_s(data[2])
        self._go_on()

    def _go_on(self) -> None:
        """Put the next frame on the bus, if there is one and nothing has to be waited for."""
        if self._on_wire or self._awaits_flow_control or self._timer is not None:
            return
        if not self._message:
            if not self._queue:
                return
            payload = self._queue.popleft()
            self._on_wire = True
            if len(payload) <= self._single_bytes:
                head = bytes((len(payload),)) if len(payload) <= 7 else bytes((0, len(payload)))
                self._bus.send(self, self._frame(head + payload))
                return
            self._message, self._offset, self._next_out = payload, self._frame_bytes - 2, 1
            self._await_flow_control()
            self._bus.send(self, self._frame(self._first_frame(payload)))
            return
        self._send_consecutive()

    def _separation_over(self) -> None:
        self._timer = None
        self._go_on()

    def _send_consecutive(self) -> None:
        part = self._message[self._offset : self._offset + self._frame_bytes - 1]
        frame = self._frame(bytes((0x20 | self._next_out,)) + part)
        self._offset += len(part)
        self._next_out = (self._next_out + 1) & 0x0F
        self._on_wire = True
        if self._offset >= len(self._message):
            self._message = b""
        else:
            self._block_left -= 1
            if self._block_left == 0:
                self._await_flow_control()
        self._bus.send(self, frame)

    def _await_flow_control(self) -> None:
        self._stop_timer()
        self._awaits_flow_control = True
        self._timer = self._scheduler.call_later(_N_BS_S, self._flow_control_missing)

    def _flow_control_missing(self) -> None:
        self._end_message()
        self._go_on()

    def _end_message(self) -> None:
        self._stop_timer()
        self._message = b""
        self._awaits_flow_control = False
        self._waits = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _frame(self, data: bytes) -> Frame:
        length = fd_length(max(8, len(data))) if self._fd else 8
        padded = data.ljust(length, bytes((PADDING,)))
        return Frame(self._response_id, padded, self._response_extended, self._fd, self._fast)

    @property
    def _single_bytes(self) -> int:
        """Longest message in one frame."""
        return self._frame_bytes - 2 if self._fd else 7

    def _first_frame(self, payload: bytes) -> bytes:
        return (0x1000 | len(payload)).to_bytes(2, "big") + payload[: self._frame_bytes - 2]


class _Aside:
    """The sender of flow controls and broken-off answers: nobody waits for their end."""

    def sent(self) -> None:
        """Wait for nothing."""


def _single_frame(data: bytes) -> bytes:
    """Return the payload of a single frame, empty when it is none."""
    length = data[0] if data else 0
    if length == 0 and len(data) > 8:
        return data[2 : 2 + data[1]] if 8 <= data[1] <= len(data) - 2 else b""
    return data[1 : 1 + length] if 1 <= length <= 7 and len(data) > length else b""


def _separation_s(value: int) -> float:
    """Return STmin in seconds; reserved values mean the longest, 127 ms (9.6.5.4)."""
    if value <= 0x7F:
        return value / 1000
    return (value - 0xF0) / 10_000 if 0xF1 <= value <= 0xF9 else 0.127
