"""The CAN line: one bus, one reading thread, and a hub that holds all ISO-TP state."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable

import can

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.can.bus import shut_down
from workshop_console.console.links.can.channel import (
    Channel,
    Failed,
    Happening,
    Received,
    ReceptionBegan,
    Sent,
    Unusable,
)
from workshop_console.console.links.can.load import BusLoad
from workshop_console.console.links.hub import Collector, HubLink
from workshop_console.console.links.uri import IsoTpOptions
from workshop_console.console.model.address import Address, CanAddress
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.vehicle import LinkKind, VehicleIdentity

MOST_IN_FLIGHT = 64
FUNCTIONAL_IDENTIFIER = 0x7DF
"""OBD functional request (ISO 15765-4:2021, 8.3.3)."""
MESSAGE_OUT_S = 30.0
"""Longest time for a whole request to leave: 4 KiB at the longest separation time of usual units."""
FRAME_OUT_S = 1.0
"""Longest time for the bus to take a frame; then its request ends as not sent."""
REOPEN_AFTER_S = (0.0, 0.3, 1.0)
"""Pauses before each try to open the bus again after it broke."""
MOST_FRUITLESS_OPENINGS = 5
"""Openings in a row after which no unit answered; then the bus is given up."""
_SEND_PATIENCE_S = 0.02
_RETRY_SEND_S = 0.005
_READ_S = 0.1
"""How long the reading thread waits in the driver; closing takes as long."""
_MOST_FRAMES_AT_ONCE = 64
_MOST_UNREADABLE = 200
"""Receive errors in a row that a driver may raise over garbage before the line counts as lost."""
_DEFAULT_BITRATE = 500_000

Frame = tuple[int, bool, bytes]
"""Identifier, whether it has 29 bits, data."""


class CanLink(HubLink):
    """VehicleLink over a bus of python-can.

    A bus that breaks (a CAN gateway on the network hangs up) is opened again when `reopen` is given: requests
    that may be repeated are sent again, the others end with Outcome.LINK_LOST.

    Args:
        bus: open; belongs to the link from now on.
        uri: for display.
        iso_tp: how ISO 15765-2 is spoken.
        bitrate: bits a second, to reckon how busy the bus is.
        voltage: asks the VCI for the battery's voltage.
        reopen: opens the bus once more after it broke; None: then the link is lost.
    """

    def __init__(
        self,
        bus: can.BusABC,
        *,
        uri: str,
        iso_tp: IsoTpOptions,
        kind: LinkKind = LinkKind.CAN,
        bitrate: int = _DEFAULT_BITRATE,
        block_size: int = 0,
        voltage: Callable[[], float | None] | None = None,
        reopen: Callable[[], can.BusABC] | None = None,
    ) -> None:
        super().__init__(uri=uri, kind=kind, room=MOST_IN_FLIGHT, send_wait_s=MESSAGE_OUT_S)
        self._bus = bus
        self._iso_tp = iso_tp
        self._block_size = iso_tp.block_size if iso_tp.block_size is not None else block_size
        self._voltage = voltage
        self._reopen = reopen
        self._fruitless = 0
        self._load = BusLoad(bitrate)
        self._inbox: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._bus_lost = False
        self._channels: dict[CanAddress, Channel] = {}
        self._by_response: dict[tuple[int, bool], Channel] = {}
        self._active: dict[CanAddress, Channel] = {}
        self._outgoing: deque[tuple[Frame, CanAddress | None]] = deque()
        self._unsent: Counter[CanAddress] = Counter()
        self._stuck_since: float | None = None
        self._sending_for: CanAddress | None = None
        self._own_identifiers: set[tuple[int, bool]] = set()
        self._reader = self._reading(bus)
        self._start()

    def identity(self) -> VehicleIdentity:
        """Return the battery's voltage where the VCI tells it."""
        return VehicleIdentity(voltage_v=self._voltage() if self._voltage is not None else None)

    def _fits(self, address: Address) -> bool:
        return isinstance(address, CanAddress)

    def _wake(self) -> None:
        self._inbox.put(None)

    # The reading thread: it sorts out what concerns nobody here, so that a full bus costs little.

    def _reading(self, bus: can.BusABC) -> threading.Thread:
        reader = threading.Thread(target=self._read, args=(bus,), name="CAN reader", daemon=True)
        reader.start()
        return reader

    def _read(self, bus: can.BusABC) -> None:
        unreadable = 0
        while not self._closing and bus is self._bus:
            try:
                message = bus.recv(_READ_S)
                unreadable = 0
            except (ValueError, TypeError, IndexError):  # a driver over bytes that are no frame
                unreadable += 1
                if unreadable > _MOST_UNREADABLE:
                    break
                _flush(bus)
                continue
            except Exception:  # drivers raise all kinds when the interface goes away
                break
            if message is None or message.is_error_frame or message.is_remote_frame or not message.is_rx:
                continue
            extended = message.is_extended_id
            self._load.add(time.monotonic(), len(message.data), extended=extended)
            key = (message.arbitration_id, extended)
            if key in self._by_response or (self._collector is not None and key not in self._own_identifiers):
                self._inbox.put((key[0], extended, bytes(message.data)))
        if bus is self._bus:
            self._bus_lost = True
            self._inbox.put(None)

    # The hub's thread.

    def _run(self) -> None:
        while not self._closing:
            self._work_on_the_bus()
            if not self._closing and not self._open_again():
                return

    def _work_on_the_bus(self) -> None:
        while not self._closing and not self._bus_lost:
            now = time.monotonic()
            self._work_due(now, line_busy=self._load.busy(now))
            self._work_timers()
            self._write(now)
            try:
                frame = self._inbox.get(timeout=self._patience())
            except queue.Empty:
                continue
            for _ in range(_MOST_FRAMES_AT_ONCE):
                if frame is not None:
                    self._take(frame)
                try:
                    frame = self._inbox.get_nowait()
                except queue.Empty:
                    break
            else:
                if frame is not None:
                    self._take(frame)

    def _open_again(self) -> bool:
        """Return whether there is a bus again; what may be repeated is on its way then."""
        if self._reopen is None:
            return False
        self._outgoing.clear()
        self._unsent.clear()
        self._stuck_since = None
        self._active.clear()
        for channel in self._channels.values():
            channel.reset()
        if self._dispatcher.line_broke(time.monotonic()) and self._dispatcher.ever_answered:
            self._fruitless = 0
        self._fruitless += 1
        if self._fruitless >= MOST_FRUITLESS_OPENINGS:
            return False
        shut_down(self._bus)
        for pause_s in REOPEN_AFTER_S:
            if self._pause(pause_s):
                return False
            try:
                self._bus = self._reopen()
            except ConsoleError:
                continue
            self._bus_lost = False
            self._reader = self._reading(self._bus)
            self._dispatcher.line_renewed(time.monotonic())
            return True
        return False

    def _pause(self, pause_s: float) -> bool:
        """Wait, awake for close(); return whether the link is closing. Frames of the old bus are dropped."""
        until = time.monotonic() + pause_s
        while not self._closing and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                self._inbox.get(timeout=left)
        return self._closing

    def _patience(self) -> float | None:
        waits = [wait_s for c in self._active.values() if (wait_s := c.due_in_s()) is not None]
        if self._outgoing:
            waits.append(_RETRY_SEND_S)
        due = self._next_due()
        if due is not None:
            waits.append(max(0.0, due - time.monotonic()))
        return min(waits, default=None)

    def _work_timers(self) -> None:
        for channel in list(self._active.values()):
            due_s = channel.due_in_s()
            if due_s is not None and due_s <= 0.0005:
                self._handle(channel, self._worked(channel, channel.work))

    def _take(self, frame: Frame) -> None:
        identifier, extended, data = frame
        channel = self._by_response.get((identifier, extended))
        if channel is not None:
            self._handle(channel, self._worked(channel, lambda: channel.take(data)))
        elif self._collector is not None:
            self._take_functional(self._collector, identifier, extended, data)

    def _worked(self, channel: Channel, work: Callable[[], list[Happening]]) -> list[Happening]:
        """Do something with a channel; the frames that it sends meanwhile are its own."""
        self._sending_for = channel.address
        happenings = work()
        self._sending_for = None
        if channel.busy:
            self._active[channel.address] = channel
        else:
            self._active.pop(channel.address, None)
        return happenings

    def _handle(self, channel: Channel, happenings: list[Happening]) -> None:
        now = time.monotonic()
        address = channel.address
        for happening in happenings:
            match happening:
                case Received(payload):
                    self._fruitless = 0
                    self._take_answer(address, payload, now)
                case ReceptionBegan():
                    self._dispatcher.reception_began(address, now)
                case Unusable(reason, payload, detail):
                    self._dispatcher.unusable(address, reason, payload, detail, now)
                case Failed(reason, detail, again):
                    self._dispatcher.not_delivered(address, reason, detail, now, again=again)
                case Sent():
                    if not self._unsent[address]:
                        self._dispatcher.sent(address, now)

    # Sending.

    def _transmit(self, address: Address, payload: bytes) -> None:
        assert isinstance(address, CanAddress)  # noqa: S101  # submit() checked it
        channel = self._channel(address)
        self._handle(channel, self._worked(channel, lambda: channel.transmit(payload)))
        self._write(time.monotonic())

    def _transmit_alone(self, address: Address, payload: bytes) -> None:
        assert isinstance(address, CanAddress)  # noqa: S101  # keep_alive() checked it
        channel = self._channel(address)
        if not channel.busy:
            self._handle(channel, self._worked(channel, lambda: channel.transmit(payload)))

    def _transmit_functional(self, collector: Collector) -> None:
        identifier = FUNCTIONAL_IDENTIFIER if collector.request_id is None else collector.request_id
        extended = identifier > 0x7FF
        data = bytes((len(collector.payload),)) + collector.payload
        if self._iso_tp.padding is not None:
            data = data.ljust(8, bytes((self._iso_tp.padding,)))
        self._own_identifiers.add((identifier, extended))
        self._outgoing.append(((identifier, extended, data), None))

    def _channel(self, address: CanAddress) -> Channel:
        channel = self._channels.get(address)
        if channel is None:
            channel = Channel(address, self._iso_tp, self._block_size, self._queue_frame)
            self._channels[address] = channel
        self._own_identifiers.add((address.request, address.extended))
        self._by_response[(address.response, address.extended)] = channel
        return channel

    def _queue_frame(self, identifier: int, extended: bool, data: bytes) -> None:
        self._outgoing.append(((identifier, extended, data), self._sending_for))
        if self._sending_for is not None:
            self._unsent[self._sending_for] += 1
        # The bus is not kept waiting until the last of hundreds of frames was made.
        if self._stuck_since is None:
            self._send_next(time.monotonic())

    def _write(self, now: float) -> None:
        """Give the bus what waits, as far as it takes it."""
        while self._outgoing:
            if not self._send_next(now):
                self._not_taken(now)
                return

    def _send_next(self, now: float) -> bool:
        """Give the bus the frame that waits longest; return whether it took it."""
        (identifier, extended, data), owner = self._outgoing[0]
        message = can.Message(
            arbitration_id=identifier,
            is_extended_id=extended,
            data=data,
            is_fd=self._iso_tp.fd,
            bitrate_switch=self._iso_tp.fd,
        )
        try:
            self._bus.send(message, _SEND_PATIENCE_S)
        except Exception:  # full, off, or gone; drivers do not agree on how they say so
            self._stuck_since = now if self._stuck_since is None else self._stuck_since
            return False
        self._stuck_since = None
        self._outgoing.popleft()
        self._load.add(now, len(data), extended=extended)
        if owner is not None:
            self._unsent[owner] -= 1
            if not self._unsent[owner] and not self._channels[owner].sending:
                self._dispatcher.sent(owner, time.monotonic())
        return True

    def _not_taken(self, now: float) -> None:
        if self._stuck_since is None or now - self._stuck_since < FRAME_OUT_S:
            return
        self._stuck_since = None
        owners = {owner for _, owner in self._outgoing if owner is not None}
        self._outgoing.clear()
        self._unsent.clear()
        for owner in owners:
            self._channels[owner].reset()
            self._active.pop(owner, None)
            self._dispatcher.not_delivered(owner, SilentReason.NOT_SENT, "", now, again=False)

    # Functional requests.

    def _take_functional(self, collector: Collector, identifier: int, extended: bool, data: bytes) -> None:
        """Take an answer of a unit that nobody has spoken to yet.

        A first frame is answered with flow control only where the identifiers are those of ISO 15765-4:
        elsewhere the frame may be no answer at all, and a frame of ours could mean something to somebody.
        """
        service = collector.payload[0] | 0x40
        single = _single_frame(data)
        first = len(data) >= 8 and data[0] >> 4 == 1 and data[2] == service
        if not (single or first):
            return
        address, certain = _partner(identifier, extended)
        if address is None:
            return
        if single:
            collector.take(address, single)
        elif certain:
            channel = self._channel(address)
            self._handle(channel, self._worked(channel, lambda: channel.take(data)))
        else:
            collector.take(address, data[2:])

    def _release(self) -> None:
        self._closing = True
        self._reader.join(2 * _READ_S + 1.0)
        shut_down(self._bus)


def _flush(bus: can.BusABC) -> None:
    """Drop what the driver has gathered: python-can 4.6.1's slcan keeps an unreadable line for ever."""
    flush = getattr(bus, "flush", None)
    if flush is not None:
        with contextlib.suppress(Exception):  # if it is gone, the next reading says so
            flush()


def _single_frame(data: bytes) -> bytes:
    """Return the payload of a single frame, of CAN FD as well; empty when it is none."""
    if len(data) > 8 and data[0] == 0:  # the length stands in a byte of its own
        return data[2 : 2 + data[1]] if 7 < data[1] <= len(data) - 2 else b""
    return data[1 : 1 + data[0]] if len(data) > 1 and 0 < data[0] <= min(7, len(data) - 1) else b""


def _partner(identifier: int, extended: bool) -> tuple[CanAddress | None, bool]:
    """Return the address of the unit that answers with `identifier`, and whether it is certain.

    ISO 15765-4: 0x7E8 answers 0x7E0, and 0x18DAF1xx answers 0x18DAxxF1. Elsewhere 8 lower is the usual place.
    """
    if extended:
        if identifier & 0x1FFFFF00 == 0x18DAF100:
            request = 0x18DA00F1 | (identifier & 0xFF) << 8
            return CanAddress(request, identifier, extended=True), True
        return None, False
    if identifier < 8:
        return None, False
    return CanAddress(identifier - 8, identifier), 0x7E8 <= identifier <= 0x7EF
