"""What the gateway answers over UDP: identification, entity status, power mode; and its announcements.

The random delay of up to 500 ms before an identification response (7.3.2) is left out: it spreads the answers
of many vehicles in one network, and here is one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
from collections.abc import Callable

from workshop_console.console.simulation.definition import VehicleDefinition
from workshop_console.console.simulation.doip.message import (
    ANY_VERSION,
    HEADER_BYTES,
    KNOWN_VERSIONS,
    LONGEST_PAYLOAD_BYTES,
    PROTOCOL_VERSION,
    HeaderNack,
    PayloadType,
    has_pattern,
    message,
)
from workshop_console.console.simulation.event_loop import EventLoop
from workshop_console.console.simulation.listener import Endpoint, bound_socket

UDP_DISCOVERY_PORT = 13400
"""Where announcements go, whatever port the gateway itself uses."""

_ANNOUNCEMENTS = 3
_ANNOUNCE_INTERVAL_S = 0.5
_LARGEST_DATAGRAM_BYTES = 65_535
_MOST_DATAGRAMS_A_TURN = 64
_GATEWAY_NODE = 0x00
_POWER_MODE_READY = 0x01

_IDENTIFICATION = (
    PayloadType.VEHICLE_IDENTIFICATION_REQUEST,
    PayloadType.VEHICLE_IDENTIFICATION_REQUEST_WITH_EID,
    PayloadType.VEHICLE_IDENTIFICATION_REQUEST_WITH_VIN,
)
_LENGTHS = {
    PayloadType.VEHICLE_IDENTIFICATION_REQUEST: 0,
    PayloadType.VEHICLE_IDENTIFICATION_REQUEST_WITH_EID: 6,
    PayloadType.VEHICLE_IDENTIFICATION_REQUEST_WITH_VIN: 17,
    PayloadType.DOIP_ENTITY_STATUS_REQUEST: 0,
    PayloadType.DIAGNOSTIC_POWER_MODE_REQUEST: 0,
}
_NEVER_ANSWERED = frozenset(
    {
        PayloadType.GENERIC_HEADER_NEGATIVE_ACKNOWLEDGE,
        PayloadType.VEHICLE_ANNOUNCEMENT,
        PayloadType.DOIP_ENTITY_STATUS_RESPONSE,
        PayloadType.DIAGNOSTIC_POWER_MODE_RESPONSE,
    }
)
"""Answers of others: answering them would let two entities talk for ever."""


class DoipDiscovery:
    """The UDP side of the gateway, on the same port number as its TCP side."""

    def __init__(
        self,
        loop: EventLoop,
        definition: VehicleDefinition,
        endpoint: Endpoint,
        *,
        sockets: Callable[[], tuple[int, int]],
    ) -> None:
        """Answer at once and announce three times.

        Args:
            sockets: returns how many TCP connections the gateway takes and how many are open.
        """
        self._loop = loop
        self._definition = definition
        self._sockets = sockets
        self._channel = bound_socket(endpoint, socket.SOCK_DGRAM)
        loop.watch(self._channel, selectors.EVENT_READ, self._ready)
        self._target = announcement_target(str(self._channel.getsockname()[0]))
        if self._target is not None:
            with contextlib.suppress(OSError):
                self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            self._announce(_ANNOUNCEMENTS)

    def close(self) -> None:
        """Stop answering."""
        self._loop.unwatch(self._channel)
        self._channel.close()

    def answer(self, datagram: bytes) -> bytes | None:
        """Return what a datagram is answered with, or None."""
        if len(datagram) < HEADER_BYTES:
            return None
        version, payload_type = datagram[0], int.from_bytes(datagram[2:4], "big")
        payload = datagram[HEADER_BYTES:]
        identification = payload_type in _IDENTIFICATION
        known_version = version in KNOWN_VERSIONS or (version == ANY_VERSION and identification)
        reply_version = version if version in KNOWN_VERSIONS else PROTOCOL_VERSION
        if not has_pattern(datagram) or not known_version:
            return _nack(HeaderNack.INCORRECT_PATTERN_FORMAT, PROTOCOL_VERSION)
        if payload_type in _NEVER_ANSWERED:
            return None
        if payload_type not in _LENGTHS:
            return _nack(HeaderNack.UNKNOWN_PAYLOAD_TYPE, reply_version)
        length = int.from_bytes(datagram[4:8], "big")
        if length > LONGEST_PAYLOAD_BYTES:
            return _nack(HeaderNack.MESSAGE_TOO_LARGE, reply_version)
        if length != len(payload) or length != _LENGTHS[PayloadType(payload_type)]:
            return _nack(HeaderNack.INVALID_PAYLOAD_LENGTH, reply_version)
        return self._response(PayloadType(payload_type), payload, reply_version)

    def _response(self, payload_type: PayloadType, payload: bytes, version: int) -> bytes | None:
        definition = self._definition
        if payload_type is PayloadType.DOIP_ENTITY_STATUS_REQUEST:
            most, in_use = self._sockets()
            status = bytes((_GATEWAY_NODE, most, in_use)) + LONGEST_PAYLOAD_BYTES.to_bytes(4, "big")
            return message(PayloadType.DOIP_ENTITY_STATUS_RESPONSE, status, version=version)
        if payload_type is PayloadType.DIAGNOSTIC_POWER_MODE_REQUEST:
            return message(
                PayloadType.DIAGNOSTIC_POWER_MODE_RESPONSE, bytes((_POWER_MODE_READY,)), version=version
            )
        if payload_type is PayloadType.VEHICLE_IDENTIFICATION_REQUEST_WITH_EID and payload != definition.eid:
            return None
        if payload_type is PayloadType.VEHICLE_IDENTIFICATION_REQUEST_WITH_VIN and payload != _vin(
            definition
        ):
            return None
        return self._identification(version)

    def _identification(self, version: int) -> bytes:
        definition = self._definition
        payload = (
            _vin(definition)
            + definition.gateway_logical.to_bytes(2, "big")
            + definition.eid
            + definition.gid
            + b"\x00"  # no further action required
            + b"\x00"  # VIN and GID are synchronized
        )
        return message(PayloadType.VEHICLE_ANNOUNCEMENT, payload, version=version)

    def _announce(self, left: int) -> None:
        with contextlib.suppress(OSError):  # no network to announce in: nobody would hear
            self._channel.sendto(self._identification(PROTOCOL_VERSION), (self._target, UDP_DISCOVERY_PORT))
        if left > 1:
            self._loop.call_later(_ANNOUNCE_INTERVAL_S, lambda: self._announce(left - 1))

    def _ready(self, _events: int) -> None:
        for _ in range(_MOST_DATAGRAMS_A_TURN):
            try:
                datagram, sender = self._channel.recvfrom(_LARGEST_DATAGRAM_BYTES)
            except OSError:
                return  # nothing more, or an error that an earlier answer met on its way
            answer = self.answer(datagram)
            if answer is not None:
                with contextlib.suppress(OSError):
                    self._channel.sendto(answer, sender)


def _nack(code: HeaderNack, version: int) -> bytes:
    return message(PayloadType.GENERIC_HEADER_NEGATIVE_ACKNOWLEDGE, bytes((code,)), version=version)


def _vin(definition: VehicleDefinition) -> bytes:
    return definition.vin.encode("ascii", "replace")[:17].ljust(17, b"0")


def announcement_target(host: str) -> str | None:
    """Return the broadcast address that fits `host`; None where there is none (IPv6)."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if address.version == 6:
        return None
    return "127.255.255.255" if address.is_loopback else "255.255.255.255"
