"""The DoIP line: one TCP connection, many logical addresses in flight at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from dataclasses import dataclass, replace
from itertools import count

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.doip.codec import (
    DiagnosticNack,
    Message,
    PayloadType,
    ProtocolError,
    Skipped,
    encode_diagnostic,
)
from workshop_console.console.links.doip.connection import (
    Connection,
    Gateway,
    alive,
    connect,
    receive_announcement,
)
from workshop_console.console.links.hub import Collector, HubLink
from workshop_console.console.model.address import Address, DoipAddress
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.vehicle import DoipEntity, LinkKind, VehicleIdentity

MOST_IN_FLIGHT = 64
"""Fewer as soon as the gateway says that its memory is full."""
FUNCTIONAL_ADDRESS = 0xE400
"""Functional group address of all units (ISO 13400-2:2019, table 13)."""
ACKNOWLEDGE_S = 2.0
"""Longest wait for a diagnostic message to be acknowledged (A_DoIP_Diagnostic_Message)."""
UNACKNOWLEDGED_S = 0.3
"""The same, for a gateway that was seen to pass answers on without acknowledging requests."""
IDENTIFICATION_S = 0.5
"""Longest wait for the answer to the identification request."""
_PARTS = 10
"""In which it is waited for."""
STALLED_S = 10.0
"""A message whose rest does not come in this time ends the connection: nothing after it could be read."""
RECONNECT_AFTER_S = (0.0, 0.3, 1.0)
"""Pauses before each try to connect again, after the connection broke with requests in hand."""
MOST_FRUITLESS_CONNECTIONS = 12
"""Connections in a row that broke before any unit answered; then the gateway is given up. A few go into
finding out which request it is that a gateway hangs up on."""
_STALL_COUNTS = 3
"""A connection that stalled costs so much time that it counts for several that broke at once."""
_CHUNK_BYTES = 65_536
AWAKE_S = 0.00015
"""How long the answer to a block is waited for awake."""
SLEEPS = 64
"""Waits asleep after one awake that was for nothing, so that slow units cost no more than that."""

_NACK_REASONS = {
    DiagnosticNack.UNKNOWN_TARGET_ADDRESS: SilentReason.UNKNOWN_TARGET,
    DiagnosticNack.TARGET_UNREACHABLE: SilentReason.UNREACHABLE,
}


@dataclass(slots=True, eq=False)
class _Progress:
    """How far the gateway has come with the requests, which are numbered in the order of their sending."""

    order: int = 0
    at: float = 0.0


class _Sendings:
    """The numbers under which the request in hand was sent to one unit."""

    def __init__(self) -> None:
        self._payload = b""
        self._orders: list[int] = []
        self._taken: dict[_Progress, int] = {}

    @property
    def newest(self) -> int:
        """The number of the last sending."""
        return self._orders[-1]

    def add(self, payload: bytes, order: int) -> None:
        """Note a sending; one of another request makes those before it history."""
        if payload != self._payload:
            self._payload = payload
            self._orders.clear()
            self._taken.clear()
        self._orders.append(order)

    def take(self, progress: _Progress) -> int:
        """Return the number of the oldest sending that was not dealt with in this way, or of the last one."""
        at = self._taken.get(progress, 0)
        self._taken[progress] = at + 1
        return self._orders[min(at, len(self._orders) - 1)]


class DoipLink(HubLink):
    """VehicleLink over DoIP.

    A connection that breaks while nothing is asked is opened again with the next request. One that breaks
    with requests in hand is opened again at once; those that may be repeated are sent again, the others end
    with Outcome.LINK_LOST.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Connect. Raises ConsoleError as connection.connect() does."""
        super().__init__(uri=gateway.uri, kind=LinkKind.DOIP, room=MOST_IN_FLIGHT, send_wait_s=ACKNOWLEDGE_S)
        self._gateway = gateway
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._wake_in.setblocking(False)
        self._wake_out.setblocking(False)
        self._awake = threading.Event()
        self._entity: DoipEntity | None = None
        self._identified = threading.Event()
        self._outgoing = bytearray()
        self._writing = False
        self._unfinished_since: float | None = None
        self._unfinished_told: int | None = None
        self._fruitless = 0
        self._acknowledges = False
        self._orders = count(1)
        self._sendings: dict[Address, _Sendings] = {}
        self._sleeps_left = 0
        self._known: dict[bytes, DoipAddress] = {}
        """Units that were asked, by their addresses on the wire."""
        self._acknowledged = _Progress()
        self._dealt_with = _Progress()
        self._connection: Connection | None = connect(gateway)
        self._version = self._connection.version
        self._adopt(self._connection)
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        self._start()

    def identity(self) -> VehicleIdentity:
        """Return the VIN that the gateway told over UDP; empty when it did not in time."""
        # In parts: while the computer stands still, the answer lies there unread and the time is not over.
        any(self._identified.wait(IDENTIFICATION_S / _PARTS) for _ in range(_PARTS))
        entity = self._entity
        return VehicleIdentity(vin=entity.vin if entity is not None else "")

    def _fits(self, address: Address) -> bool:
        return isinstance(address, DoipAddress)

    def _wake(self) -> None:
        if not self._awake.is_set():
            self._awake.set()
            with contextlib.suppress(OSError):  # full or closed: the hub is awake or gone
                self._wake_out.send(b"\0")

    def _woken(self) -> None:
        # In this order: a wake-up between the two leaves its byte, or its command is done right after.
        with contextlib.suppress(BlockingIOError):
            self._wake_in.recv(4_096)
        self._awake.clear()

    # Sending (hub's thread).

    def _transmit(self, address: Address, payload: bytes) -> None:
        assert isinstance(address, DoipAddress)  # noqa: S101  # submit() checked it
        if (sendings := self._sendings.get(address)) is None:
            sendings = self._sendings[address] = _Sendings()
            self._known[address.logical.to_bytes(2, "big")] = address
        sendings.add(payload, next(self._orders))
        self._write(self._diagnostic(address.logical, payload))
        if not self._acknowledges and self._dispatcher.send_wait_s < ACKNOWLEDGE_S:
            self._dispatcher.sent(address, time.monotonic())

    def _transmit_functional(self, collector: Collector) -> None:
        target = FUNCTIONAL_ADDRESS if collector.request_id is None else collector.request_id
        if self._connection is None:
            self._connect_again()
        self._write(self._diagnostic(target, collector.payload))

    def _transmit_alone(self, address: Address, payload: bytes) -> None:
        self._transmit(address, payload)

    def _progress_before(self, address: Address, sending: bool) -> float | None:
        """Return when the gateway last moved on, while it has not come to the request to `address`.

        Some gateways pass one message on, wait for its answer, and look at the next one then.
        """
        progress = self._acknowledged if sending and self._acknowledges else self._dealt_with
        sendings = self._sendings.get(address)
        return progress.at if sendings is not None and sendings.newest > progress.order else None

    def _come_to(self, progress: _Progress, address: Address, now: float) -> None:
        """Note that the gateway dealt with a request to `address`: the oldest, which it got first."""
        sendings = self._sendings.get(address)
        if sendings is not None:
            progress.order = max(progress.order, sendings.take(progress))
            progress.at = now

    def _diagnostic(self, target: int, payload: bytes) -> bytes:
        return encode_diagnostic(self._gateway.tester_address, target, payload, version=self._version)

    def _write(self, message: bytes) -> None:
        if self._connection is not None:
            if not self._outgoing:
                with contextlib.suppress(OSError):  # full or broken: _flush() finds out which
                    message = message[self._connection.tcp.send(message) :]
            if message:
                self._outgoing += message
                self._flush(self._connection)

    def _flush(self, connection: Connection) -> None:
        try:
            while self._outgoing:
                del self._outgoing[: connection.tcp.send(self._outgoing)]
        except BlockingIOError:
            pass
        except OSError:  # broken; reading says so too, and handles it
            self._outgoing.clear()
        if bool(self._outgoing) != self._writing:
            self._writing = bool(self._outgoing)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._writing else 0)
            self._selector.modify(connection.tcp, events)

    # The hub's thread.

    def _run(self) -> None:
        while not self._closing:
            wanted = not self._dispatcher.idle or bool(self._commands)
            if self._connection is None and wanted and not self._connect_again():
                return
            self._work_due(time.monotonic())
            for key, _ in self._ready():
                if key.fileobj is self._wake_in:
                    self._woken()
                elif self._connection is None:
                    break
                elif key.fileobj is self._connection.tcp:
                    if self._writing:
                        self._flush(self._connection)
                    self._read(self._connection)
                else:
                    self._listen(self._connection)
            self._watch_unfinished()

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for something to read, or for a command.

        While one block follows another, a moment awake: to be woken may take longer than a quick answer.
        """
        if self._sleeps_left:
            self._sleeps_left -= 1
        elif self._followings:
            until = time.monotonic() + AWAKE_S
            while time.monotonic() < until:
                if ready := self._selector.select(0):
                    return ready
            self._sleeps_left = SLEEPS
        return self._selector.select(self._patience())

    def _patience(self) -> float | None:
        due = self._next_due()
        if self._unfinished_since is not None:
            stalled = self._unfinished_since + STALLED_S
            due = stalled if due is None else min(due, stalled)
        return None if due is None else max(0.0, due - time.monotonic())

    def _read(self, connection: Connection) -> None:
        try:
            data = connection.tcp.recv(_CHUNK_BYTES)
            messages = connection.decoder.feed(data)
        except BlockingIOError:
            return
        except (OSError, ProtocolError):
            self._broken()
            return
        if not data:
            self._broken()
            return
        now = time.monotonic()
        for message in messages:
            self._take(message, now)
        if connection.decoder.unfinished:
            self._unfinished_since = (
                now if messages or self._unfinished_since is None else self._unfinished_since
            )
            source = connection.decoder.unfinished_source
            if source is not None and (messages or source != self._unfinished_told):
                self._unfinished_told = source
                self._dispatcher.reception_began(DoipAddress(source), now)
        else:
            self._unfinished_since = self._unfinished_told = None

    def _watch_unfinished(self) -> None:
        since = self._unfinished_since
        if since is not None and time.monotonic() >= since + STALLED_S:
            self._fruitless += _STALL_COUNTS - 1
            self._broken()

    def _listen(self, connection: Connection) -> None:
        if connection.udp is None:
            return
        announced = receive_announcement(connection.udp)
        if announced is not None and (self._entity is None or announced[0].logical == connection.logical):
            # What others behind the same host announce is not this gateway's.
            self._entity = announced[0]
        self._identified.set()  # also when nobody listens there: then nobody will answer

    def _take(self, message: Message | Skipped, now: float) -> None:
        if isinstance(message, Skipped):
            self._take_skipped(message, now)
            return
        payload = message.payload
        match message.payload_type:
            case PayloadType.DIAGNOSTIC_MESSAGE:
                if payload[2:4] == self._gateway.tester_address.to_bytes(2, "big"):
                    self._answered(self._source(payload), payload[4:], now)
            case PayloadType.DIAGNOSTIC_POSITIVE_ACKNOWLEDGE:
                address = self._source(payload)
                self._acknowledges = True
                self._acknowledged.at = now  # also when it is for a request that was given up: it moves on
                self._dispatcher.send_wait_s = ACKNOWLEDGE_S
                if self._names_request(address, payload[5:]):
                    self._come_to(self._acknowledged, address, now)
                    self._dispatcher.sent(address, now)
            case PayloadType.DIAGNOSTIC_NEGATIVE_ACKNOWLEDGE:
                address = self._source(payload)
                if self._names_request(address, payload[5:]):
                    self._come_to(self._acknowledged, address, now)
                    self._come_to(self._dealt_with, address, now)
                    self._refused(address, payload[4], now)
            case PayloadType.ALIVE_CHECK_REQUEST:
                self._write(alive(self._gateway.tester_address, self._version))
            case _:  # announcements, states, header refusals of something of no consequence
                pass

    def _source(self, payload: bytes) -> DoipAddress:
        """Return who sent a diagnostic message or an acknowledgement."""
        return self._known.get(payload[:2]) or DoipAddress(int.from_bytes(payload[:2], "big"))

    def _take_skipped(self, skipped: Skipped, now: float) -> None:
        if skipped.payload_type == PayloadType.DIAGNOSTIC_MESSAGE and len(skipped.head) == 4:
            address = DoipAddress(int.from_bytes(skipped.head[:2], "big"))
            length = skipped.length - len(skipped.head)
            self._dispatcher.unusable(address, SilentReason.TOO_LONG, b"", str(length), now)

    def _answered(self, address: DoipAddress, payload: bytes, now: float) -> None:
        self._fruitless = 0
        if self._dispatcher.running(address) is not None:
            self._come_to(self._dealt_with, address, now)
            if not self._acknowledges:
                self._dispatcher.send_wait_s = UNACKNOWLEDGED_S
        self._take_answer(address, payload, now)

    def _names_request(self, address: DoipAddress, previous: bytes) -> bool:
        """Return whether an acknowledgement that repeats `previous` can mean the request in hand."""
        conversation = self._dispatcher.running(address)
        return conversation is not None and conversation.payload.startswith(
            previous[: len(conversation.payload)]
        )

    def _refused(self, address: DoipAddress, code: int, now: float) -> None:
        detail = f"0x{code:02X}"
        if code == DiagnosticNack.OUT_OF_MEMORY:
            self._dispatcher.no_room(address, detail, now)
            return
        known = code in list(DiagnosticNack)
        reason = _NACK_REASONS.get(DiagnosticNack(code)) if known else None
        again = code == DiagnosticNack.TRANSPORT_PROTOCOL_ERROR
        self._dispatcher.not_delivered(
            address, reason or SilentReason.GATEWAY_REFUSED, detail, now, again=again
        )

    # Connections come and go (hub's thread).

    def _adopt(self, connection: Connection) -> None:
        self._version = connection.version
        self._gateway = replace(self._gateway, tester_address=connection.tester_address)
        self._selector.register(connection.tcp, selectors.EVENT_READ)
        self._writing = False
        if connection.udp is not None:
            self._selector.register(connection.udp, selectors.EVENT_READ)
        else:
            self._identified.set()
        if connection.entity is not None:
            self._entity = connection.entity
            self._identified.set()

    def _broken(self) -> None:
        """Give the connection up; _run() opens the next one when there is something to ask."""
        connection, self._connection = self._connection, None
        self._outgoing.clear()
        self._unfinished_since = self._unfinished_told = None
        if connection is not None:
            self._selector.unregister(connection.tcp)
            connection.tcp.close()
            if connection.udp is not None:
                self._selector.unregister(connection.udp)
                connection.udp.close()
        idle = self._dispatcher.idle
        known_why = self._dispatcher.line_broke(time.monotonic())
        if known_why and self._dispatcher.ever_answered:
            self._fruitless = 0
        elif not idle:
            self._fruitless += 1

    def _connect_again(self) -> bool:
        """Return whether there is a connection again; what may be repeated is on its way then."""
        if self._fruitless >= MOST_FRUITLESS_CONNECTIONS:
            return False
        for pause_s in RECONNECT_AFTER_S:
            if self._pause(pause_s):
                return False
            try:
                self._connection = connect(self._gateway, version=self._version)
            except ConsoleError:
                continue
            self._adopt(self._connection)
            self._dispatcher.line_renewed(time.monotonic())
            return True
        return False

    def _pause(self, pause_s: float) -> bool:
        """Wait, awake for close(); return whether the link is closing."""
        until = time.monotonic() + pause_s
        while not self._closing and (left := until - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                if key.fileobj is self._wake_in:
                    self._woken()
        return self._closing

    def _release(self) -> None:
        self._broken()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()
