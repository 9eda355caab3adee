"""ISO-TP to one control unit: a can-isotp stack without a thread, and what it says in the console's words."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import isotp

from workshop_console.console.links.uri import IsoTpOptions
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.exchange import SilentReason

# can-isotp logs each protocol error as a warning; without a handler that lands on the terminal.
logging.getLogger("isotp").addHandler(logging.NullHandler())

LONGEST_MESSAGE_BYTES = 64 * 1024
"""A longer first frame is refused with an overflow; UDS over CAN ends at 4095 in practice."""
FLOW_CONTROL_S = 1.0
"""N_Bs: until the unit's flow control (ISO 15765-2:2016, 9.8)."""
CONSECUTIVE_FRAME_S = 1.0
"""N_Cr: until the next consecutive frame."""
MOST_WAIT_FRAMES = 50
"""Flow controls with `wait` in a row; a unit that erases sends some."""
_AFTER_TIME_OUT_S = 0.0005
"""can-isotp's timers fire a moment after their end."""
_LONGEST_SEPARATION_TIME = 0x7F

SendFrame = Callable[[int, bool, bytes], None]
"""Takes identifier, whether it has 29 bits, and data."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The whole message left."""


@dataclass(frozen=True, slots=True)
class ReceptionBegan:
    """A first frame came."""


@dataclass(frozen=True, slots=True)
class Received:
    """A whole message came."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Unusable:
    """A message came that cannot be taken."""

    reason: SilentReason
    payload: bytes
    detail: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A segmented transfer ended too early."""

    reason: SilentReason
    detail: str
    again: bool


Happening = Sent | ReceptionBegan | Received | Unusable | Failed

_FAILURES: dict[type[Exception], Failed] = {
    isotp.FlowControlTimeoutError: Failed(SilentReason.FLOW_CONTROL, "N_Bs", True),
    isotp.MaximumWaitFrameReachedError: Failed(SilentReason.FLOW_CONTROL, "N_WFTmax", True),
    isotp.OverflowError: Failed(SilentReason.FLOW_CONTROL, "OVFLW", False),
    isotp.ConsecutiveFrameTimeoutError: Failed(SilentReason.FLOW_CONTROL, "N_Cr", True),
    isotp.WrongSequenceNumberError: Failed(SilentReason.SEQUENCE, "SN", True),
}
"""Other errors of the stack need no action: what they are about is ignored, as ISO 15765-2 wants."""


class Channel:
    """One control unit on the bus; works only when called: a frame came, a message goes, a timer ended."""

    def __init__(self, address: CanAddress, options: IsoTpOptions, block_size: int, send: SendFrame) -> None:
        self.address = address
        self._send = send
        self._frames: deque[isotp.CanMessage] = deque()
        self._errors: list[Exception] = []
        mode = isotp.AddressingMode.Normal_29bits if address.extended else isotp.AddressingMode.Normal_11bits
        self._stack = isotp.TransportLayerLogic(
            rxfn=lambda _timeout_s: self._next_frame(),
            txfn=self._send_frame,
            address=isotp.Address(mode, txid=address.request, rxid=address.response),
            error_handler=self._note,
            params={
                "stmin": options.st_min,
                "blocksize": block_size,
                "tx_padding": options.padding,
                "tx_data_length": 64 if options.fd else 8,
                "can_fd": options.fd,
                "wftmax": MOST_WAIT_FRAMES,
                "rx_flowcontrol_timeout": round(FLOW_CONTROL_S * 1000),
                "rx_consecutive_frame_timeout": round(CONSECUTIVE_FRAME_S * 1000),
                "max_frame_size": LONGEST_MESSAGE_BYTES,
                # can-isotp 2.0.7 tries the wait function, with a sleep, whenever parameters are checked.
                "wait_func": _wait_not,
            },
        )

    @property
    def busy(self) -> bool:
        """Whether a message is on its way in either direction."""
        return self._stack.transmitting() or self._stack.is_rx_active()

    @property
    def sending(self) -> bool:
        """Whether a message has not left as a whole."""
        return self._stack.transmitting()

    def due_in_s(self) -> float | None:
        """Return in how many seconds work() has something to do without a frame; None: not at all."""
        stack = self._stack
        waits: list[float] = []
        if stack.is_rx_active() and not stack.timer_rx_cf.is_stopped():
            waits.append(stack.timer_rx_cf.remaining() + _AFTER_TIME_OUT_S)
        if stack.transmitting():
            separation_s = stack.next_cf_delay()
            if separation_s is not None:
                waits.append(separation_s)
            elif not stack.timer_rx_fc.is_stopped():
                waits.append(stack.timer_rx_fc.remaining() + _AFTER_TIME_OUT_S)
        return min(waits, default=None)

    def transmit(self, payload: bytes) -> list[Happening]:
        """Send a message; what was on its way before is given up."""
        if self.busy:
            self.reset()
        self._stack.send(payload)
        return self.work()

    def take(self, data: bytes) -> list[Happening]:
        """Take a frame of the unit."""
        odd = _look_at(data)
        if isinstance(odd, Unusable):
            return [odd]
        if odd is not None:
            self._frames.append(
                isotp.CanMessage(
                    arbitration_id=self.address.response, data=odd, extended_id=self.address.extended
                )
            )
            return self.work()
        return []

    def work(self) -> list[Happening]:
        """Let the stack go on as far as it can, and return what happened."""
        stack = self._stack
        was_sending, was_receiving = stack.transmitting(), stack.is_rx_active()
        stack.process()
        happenings: list[Happening] = []
        failed_sending = False
        for error in self._errors:
            if isinstance(error, isotp.FrameTooLongError):
                happenings.append(Unusable(SilentReason.TOO_LONG, b"", f"> {LONGEST_MESSAGE_BYTES}"))
            elif (failure := _FAILURES.get(type(error))) is not None:
                about_sending = not isinstance(
                    error, isotp.ConsecutiveFrameTimeoutError | isotp.WrongSequenceNumberError
                )
                if about_sending and not was_sending:
                    continue  # a flow control out of the blue
                failed_sending = failed_sending or about_sending
                happenings.append(failure)
        self._errors.clear()
        if was_sending and not stack.transmitting() and not failed_sending:
            happenings.append(Sent())
        if stack.is_rx_active() and not was_receiving:
            happenings.append(ReceptionBegan())
        while (message := stack.recv()) is not None:
            happenings.append(Received(bytes(message)))
        return happenings

    def reset(self) -> None:
        """Forget what is on its way."""
        self._frames.clear()
        self._stack.reset()
        self._errors.clear()

    def _next_frame(self) -> isotp.CanMessage | None:
        return self._frames.popleft() if self._frames else None

    def _note(self, error: Exception) -> None:
        self._errors.append(error)

    def _send_frame(self, message: isotp.CanMessage) -> None:
        self._send(message.arbitration_id, message.is_extended_id, bytes(message.data))


def _wait_not(_seconds: float) -> None:
    """Return at once."""


def _look_at(data: bytes) -> bytes | Unusable | None:
    """Return the frame as the stack can take it, what is wrong with it, or None when it is no ISO-TP frame.

    can-isotp 2.0.7 gives a reception up for each frame that it cannot read, and for a separation time that
    ISO 15765-2 reserves (to be taken as the longest one).
    """
    if not data or data[0] >> 4 > 3:
        return None
    kind = data[0] >> 4
    if kind == 0:
        escaped = data[0] == 0 and len(data) > 8
        length = data[1] if escaped else data[0] & 0x0F
        content = data[2:] if escaped else data[1:]
        if length == 0:
            return Unusable(SilentReason.EMPTY, b"", "0")
        if length > len(content):
            return Unusable(SilentReason.TOO_SHORT, content, f"{len(content)} < {length}")
    elif kind == 1 and len(data) < 8:
        return Unusable(SilentReason.TOO_SHORT, data[2:], str(len(data)))
    elif kind == 3:
        if data[0] & 0x0F > 2:
            return None
        data = data.ljust(3, b"\0")
        if 0x7F < data[2] < 0xF1 or data[2] > 0xF9:
            data = data[:2] + bytes((_LONGEST_SEPARATION_TIME,)) + data[3:]
    return data
