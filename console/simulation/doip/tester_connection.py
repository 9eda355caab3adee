"""One TCP connection of a tester: routing activation, alive check, diagnostic messages."""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from workshop_console.console.simulation.connection import Connection
from workshop_console.console.simulation.doip.message import (
    PROTOCOL_VERSION,
    DiagnosticNack,
    PayloadType,
    RoutingActivationCode,
    message,
)
from workshop_console.console.simulation.doip.stream import MessageStream, ReceivedMessage, RefusedMessage
from workshop_console.console.simulation.ecu.unit import LONGEST_MESSAGE_BYTES
from workshop_console.console.simulation.scheduler import Timer

if TYPE_CHECKING:
    from workshop_console.console.simulation.doip.gateway import DoipGateway

INITIAL_INACTIVITY_S = 2.0
"""T_TCP_Initial_Inactivity: until routing activation."""
GENERAL_INACTIVITY_S = 300.0
"""T_TCP_General_Inactivity: without a byte either way."""
ALIVE_CHECK_S = 0.5
"""T_TCP_Alive_Check: for the answer to an alive check."""

_MOST_UNREAD_BYTES = 1024 * 1024
"""Answers that a tester has not read yet; above that its further messages are refused (out of memory)."""
_TESTER_ADDRESSES = range(0x0E00, 0x1000)
"""Source addresses of external test equipment (table 13)."""
_DEFAULT, _WWH_OBD, _CENTRAL_SECURITY = 0x00, 0x01, 0xE0
"""Routing activation types (table 47); the last one needs an authentication that nobody has here."""


class TesterConnection:
    """`tester` is the source address once routing is active."""

    def __init__(self, gateway: DoipGateway, channel: socket.socket) -> None:
        self.tester: int | None = None
        self._gateway = gateway
        self._version = PROTOCOL_VERSION
        self._messages = 0
        self._last_activity = gateway.loop.now()
        self._alive_check: Timer | None = None
        self._alive_decisions: list[Callable[[bool], None]] = []
        self._connection = Connection(gateway.loop, channel, received=self._received, closed=self._closed)
        self._stream = MessageStream(lambda: self._connection.buffered_bytes <= _MOST_UNREAD_BYTES)
        self._inactivity = gateway.loop.call_later(INITIAL_INACTIVITY_S, self._check_initial)

    def close(self) -> None:
        """Close now."""
        self._connection.close()

    def check_alive(self, decided: Callable[[bool], None]) -> None:
        """Ask the tester whether it is still there; `decided` learns it, a silent one is disconnected."""
        self._alive_decisions.append(decided)
        if self._alive_check is None:
            self._send(PayloadType.ALIVE_CHECK_REQUEST)
            self._alive_check = self._gateway.loop.call_later(ALIVE_CHECK_S, self.close)

    def _send(self, payload_type: PayloadType, payload: bytes = b"") -> None:
        self._last_activity = self._gateway.loop.now()
        self._connection.send(message(payload_type, payload, version=self._version))

    def _received(self, data: bytes) -> None:
        self._last_activity = self._gateway.loop.now()
        for received in self._stream.feed(data):
            if isinstance(received, RefusedMessage):
                self._send(PayloadType.GENERIC_HEADER_NEGATIVE_ACKNOWLEDGE, bytes((received.code,)))
                if received.closes:
                    self._connection.close_after_sending()
            else:
                self._take(received)
            if not self._connection.open:
                return

    def _take(self, received: ReceivedMessage) -> None:
        self._version = received.version
        if received.payload_type is PayloadType.DIAGNOSTIC_MESSAGE:
            self._take_diagnostic_message(received.payload)
        elif received.payload_type is PayloadType.ROUTING_ACTIVATION_REQUEST:
            self._activate(received.payload)
        elif received.payload_type is PayloadType.ALIVE_CHECK_REQUEST:
            # The standard lets entities ask only; some testers ask too, and an answer harms nobody.
            own = self._gateway.definition.gateway_logical
            self._send(PayloadType.ALIVE_CHECK_RESPONSE, own.to_bytes(2, "big"))
        elif self.tester is not None and int.from_bytes(received.payload, "big") == self.tester:
            self._decide_alive(True)

    # Routing activation (ISO 13400-2:2019, 7.4.3 and 9.1)

    def _activate(self, request: bytes) -> None:
        if not self._connection.open:
            return
        tester, activation_type = int.from_bytes(request[:2], "big"), request[2]
        if tester not in _TESTER_ADDRESSES:
            self._refuse_activation(request, RoutingActivationCode.UNKNOWN_SOURCE_ADDRESS)
        elif activation_type not in (_DEFAULT, _WWH_OBD, _CENTRAL_SECURITY):
            self._refuse_activation(request, RoutingActivationCode.UNSUPPORTED_ACTIVATION_TYPE)
        elif self.tester is not None and self.tester != tester:
            self._refuse_activation(request, RoutingActivationCode.DIFFERENT_SOURCE_ADDRESS)
        elif activation_type == _CENTRAL_SECURITY:
            self._answer_activation(request, RoutingActivationCode.MISSING_AUTHENTICATION)
        elif self.tester == tester:
            self._answer_activation(request, RoutingActivationCode.SUCCESS)
        else:
            self._register(request, tester)

    def _register(self, request: bytes, tester: int) -> None:
        other = self._gateway.registered(tester)
        if other is not None:
            refusal = RoutingActivationCode.SOURCE_ADDRESS_ACTIVE_ELSEWHERE
            other.check_alive(partial(self._register_if_gone, request, refusal))
            return
        registered = self._gateway.registered_connections()
        if len(registered) >= self._gateway.most_testers:
            left = len(registered)

            def decided(alive: bool) -> None:
                nonlocal left
                left -= 1
                if self.tester is None and (not alive or left == 0):
                    self._register_if_gone(request, RoutingActivationCode.NO_FREE_SOCKET, alive)

            for one in registered:
                one.check_alive(decided)
            return
        self.tester = tester
        self._inactivity.cancel()
        self._check_general()
        self._answer_activation(request, RoutingActivationCode.SUCCESS)

    def _register_if_gone(self, request: bytes, refusal: RoutingActivationCode, alive: bool) -> None:
        if alive:
            self._refuse_activation(request, refusal)
        else:
            self._activate(request)

    def _refuse_activation(self, request: bytes, code: RoutingActivationCode) -> None:
        self._answer_activation(request, code)
        self._connection.close_after_sending()

    def _answer_activation(self, request: bytes, code: RoutingActivationCode) -> None:
        own = self._gateway.definition.gateway_logical.to_bytes(2, "big")
        manufacturer_specific = request[7:11]
        self._send(
            PayloadType.ROUTING_ACTIVATION_RESPONSE,
            request[:2] + own + bytes((code,)) + bytes(4) + manufacturer_specific,
        )

    # Diagnostic messages (9.2)

    def _take_diagnostic_message(self, payload: bytes) -> None:
        gateway = self._gateway
        source, target, request = (
            int.from_bytes(payload[:2], "big"),
            int.from_bytes(payload[2:4], "big"),
            payload[4:],
        )
        if source != self.tester:
            self._acknowledge(payload, DiagnosticNack.INVALID_SOURCE_ADDRESS)
            self._connection.close_after_sending()
            return
        self._messages += 1
        if gateway.closes_at(self._messages):
            self.close()
            return
        functional = target == gateway.functional_logical
        units = gateway.units if functional else {target: gateway.units.get(target)}
        if target in gateway.refused:
            self._acknowledge(payload, gateway.refused[target])
        elif None in units.values():
            self._acknowledge(payload, DiagnosticNack.UNKNOWN_TARGET_ADDRESS)
        elif len(request) > gateway.longest.get(target, LONGEST_MESSAGE_BYTES):
            self._acknowledge(payload, DiagnosticNack.DIAGNOSTIC_MESSAGE_TOO_LARGE)
        else:
            self._acknowledge(payload, None)
            for logical, requests in units.items():
                if requests is not None:
                    requests(request, partial(self._reply, logical), functional=functional)

    def _acknowledge(self, payload: bytes, nack: int | None) -> None:
        kind = (
            PayloadType.DIAGNOSTIC_MESSAGE_POSITIVE_ACKNOWLEDGE
            if nack is None
            else PayloadType.DIAGNOSTIC_MESSAGE_NEGATIVE_ACKNOWLEDGE
        )
        self._send(kind, payload[2:4] + payload[:2] + bytes((nack or 0,)))

    def _reply(self, logical: int, payload: bytes, /, *, broken_off: bool = False) -> None:
        if self.tester is not None and not broken_off:
            head = logical.to_bytes(2, "big") + self.tester.to_bytes(2, "big")
            self._send(PayloadType.DIAGNOSTIC_MESSAGE, head + payload)

    # Time

    def _check_initial(self) -> None:
        if self.tester is None:
            self.close()

    def _check_general(self) -> None:
        left_s = self._last_activity + GENERAL_INACTIVITY_S - self._gateway.loop.now()
        if left_s <= 0:
            self.close()
        else:
            self._inactivity = self._gateway.loop.call_later(left_s, self._check_general)

    def _decide_alive(self, alive: bool) -> None:
        if self._alive_check is not None:
            self._alive_check.cancel()
            self._alive_check = None
        decisions, self._alive_decisions = self._alive_decisions, []
        for decided in decisions:
            decided(alive)

    def _closed(self) -> None:
        self.tester = None
        self._inactivity.cancel()
        self._gateway.forget(self)
        self._decide_alive(False)
