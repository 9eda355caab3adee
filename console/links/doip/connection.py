"""Getting through to a DoIP gateway: TCP connection and routing activation (ISO 13400-2:2019, 7.3)."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass, replace

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.doip.codec import (
    ActivationCode,
    HeaderNack,
    Message,
    PayloadType,
    ProtocolError,
    ProtocolVersion,
    Skipped,
    StreamDecoder,
    encode,
    encode_routing_activation,
)
from workshop_console.console.links.doip.discovery import IDENTIFICATION_REQUEST, parse_announcement
from workshop_console.console.model.clean import clean
from workshop_console.console.model.vehicle import DoipEntity

CONNECT_S = 3.0
"""Until TCP is connected."""
ACTIVATION_S = 2.0
"""Until routing activation is answered (A_DoIP_Ctrl, ISO 13400-2:2019, table 15)."""
CONFIRMATION_S = 10.0
"""Until somebody at the vehicle has confirmed (answer 0x11)."""
_VERSIONS = (ProtocolVersion.ISO_2012, ProtocolVersion.ISO_2019, ProtocolVersion.DRAFT_2010)
"""Protocol versions in the order in which they are tried."""
EXTERNAL_TESTERS = range(0x0E00, 0x0F00)
"""Logical addresses of external test equipment (ISO 13400-2:2019, table 13)."""
MOST_ADDRESSES = 4
"""Addresses that are tried while they are in use."""
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Where a gateway is and who asks."""

    uri: str
    host: str
    port: int
    tester_address: int
    activation_type: int = 0x00


@dataclass(kw_only=True)
class Connection:
    """An activated connection, and everything that came on it meanwhile."""

    tcp: socket.socket
    udp: socket.socket | None
    decoder: StreamDecoder
    tester_address: int
    version: int
    logical: int
    early: list[Message | Skipped]
    entity: DoipEntity | None


class _OtherVersionWantedError(Exception):
    """Says that the gateway refused the header, hung up before it answered, or did not answer at all."""


class _AddressInUseError(Exception):
    """Says that another tester is connected under our address, or a connection of ours that broke."""


def connect(gateway: Gateway, *, version: int | None = None) -> Connection:
    """Return a connection with routing activated.

    `version`: protocol version that the gateway is known to speak. Else it is the one of its answer to the
    identification request, when that comes in time, or 0x02, which most gateways speak, and then the others.
    Where the tester's address is in use, the next ones are tried: a second console may be at work.

    Raises ConsoleError WC-201 (nobody there), WC-202, WC-211, WC-212 (activation refused), WC-208 (not DoIP).
    """
    for address in _tester_addresses(gateway.tester_address):
        try:
            return _connect(replace(gateway, tester_address=address), version)
        except _AddressInUseError:
            continue
        except ConsoleError:
            if address == gateway.tester_address:
                raise
            break  # this gateway knows few testers
    raise ConsoleError("WC-211", uri=gateway.uri)


def _tester_addresses(wanted: int) -> range:
    if wanted in EXTERNAL_TESTERS:
        return range(wanted, min(wanted + MOST_ADDRESSES, EXTERNAL_TESTERS.stop))
    return range(wanted, wanted + 1)


def _connect(gateway: Gateway, version: int | None) -> Connection:
    tried: list[int] = []
    reasons: list[_OtherVersionWantedError] = []
    known = version
    while True:
        tcp, udp = _open(gateway)
        try:
            entity, heard = _heard(udp)
            version = known or heard or ProtocolVersion.ISO_2012
            if version in tried:
                version = next(v for v in _VERSIONS if v not in tried)
            tried.append(version)
            decoder = StreamDecoder()
            logical, early = _activate(gateway, tcp, decoder, version)
        except _OtherVersionWantedError as hung_up:
            _close(tcp, udp)
            reasons.append(hung_up)
            if known is not None or len(tried) == len(_VERSIONS):
                # The first version was the likeliest; what came of it says most.
                raise ConsoleError("WC-208", uri=gateway.uri, detail=clean(reasons[0])) from None
        except BaseException:
            _close(tcp, udp)
            raise
        else:
            return Connection(
                tcp=tcp,
                udp=udp,
                decoder=decoder,
                tester_address=gateway.tester_address,
                version=version,
                logical=logical,
                early=early,
                entity=entity,
            )


def _open(gateway: Gateway) -> tuple[socket.socket, socket.socket | None]:
    """Return a connected TCP socket, and a UDP socket on which the gateway was asked who it is."""
    try:
        tcp = socket.create_connection((gateway.host, gateway.port), timeout=CONNECT_S)
    except (OSError, UnicodeError) as error:
        detail = clean(getattr(error, "strerror", None) or error, longest=200)
        raise ConsoleError("WC-201", uri=gateway.uri, detail=detail) from None
    tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    udp = None
    try:
        udp = socket.socket(tcp.family, socket.SOCK_DGRAM)
        udp.setblocking(False)
        udp.connect(tcp.getpeername())
        udp.send(IDENTIFICATION_REQUEST)
    except OSError:  # the VIN is welcome, and not needed
        if udp is not None:
            udp.close()
        udp = None
    return tcp, udp


def _heard(udp: socket.socket | None) -> tuple[DoipEntity | None, int | None]:
    """Return what the gateway has answered on UDP so far: who it is and its protocol version."""
    announced = receive_announcement(udp) if udp is not None else None
    if announced is None:
        return None, None
    entity, version = announced
    return entity, version if version in _VERSIONS else None


def receive_announcement(udp: socket.socket) -> tuple[DoipEntity, int] | None:
    """Return the announcement that waits on `udp`, or None."""
    try:
        datagram = udp.recv(1_024)
        peer = udp.getpeername()
    except OSError:  # nothing there yet, or nobody listens (ICMP)
        return None
    return parse_announcement(datagram, peer[0], peer[1])


def _activate(
    gateway: Gateway, tcp: socket.socket, decoder: StreamDecoder, version: int
) -> tuple[int, list[Message | Skipped]]:
    """Return the gateway's logical address and what came besides."""
    early: list[Message | Skipped] = []
    confirming = False
    until = time.monotonic() + ACTIVATION_S
    try:
        tcp.sendall(
            encode_routing_activation(gateway.tester_address, gateway.activation_type, version=version)
        )
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            tcp.settimeout(left)
            data = tcp.recv(_CHUNK_BYTES)
            if not data:
                raise _OtherVersionWantedError("EOF")
            for message in decoder.feed(data):
                code = None
                if isinstance(message, Skipped):
                    early.append(message)
                elif message.payload_type == PayloadType.ALIVE_CHECK_REQUEST:
                    tcp.sendall(alive(gateway.tester_address, version))
                elif message.payload_type == PayloadType.HEADER_NEGATIVE_ACKNOWLEDGE:
                    _header_refused(gateway, message.payload[0])
                elif message.payload_type == PayloadType.ROUTING_ACTIVATION_RESPONSE:
                    code = message.payload[4]
                else:
                    early.append(message)
                if code == ActivationCode.ACTIVATED:
                    tcp.setblocking(False)
                    return int.from_bytes(message.payload[2:4], "big"), early  # type: ignore[union-attr]  # code says so
                if code == ActivationCode.CONFIRMATION_REQUIRED:
                    confirming = True
                    until = time.monotonic() + CONFIRMATION_S
                elif code == ActivationCode.SOURCE_ADDRESS_IN_USE:
                    raise _AddressInUseError
                elif code is not None:
                    raise _refused(gateway, code)
    except TimeoutError:
        if confirming:
            raise _refused(gateway, ActivationCode.CONFIRMATION_REQUIRED) from None
        # Some gateways drop a header of another version without a word.
        raise _OtherVersionWantedError("0x0006: -") from None
    except ProtocolError as error:
        raise ConsoleError("WC-208", uri=gateway.uri, detail=clean(error)) from None
    except ConnectionError as error:
        raise _OtherVersionWantedError(error.strerror or "EOF") from None
    except OSError as error:
        raise ConsoleError("WC-201", uri=gateway.uri, detail=clean(error.strerror or error)) from None


def _header_refused(gateway: Gateway, code: int) -> None:
    if code == HeaderNack.INCORRECT_PATTERN:
        raise _OtherVersionWantedError(f"0x0000: 0x{code:02X}")
    if code == HeaderNack.OUT_OF_MEMORY:
        raise ConsoleError("WC-211", uri=gateway.uri)
    raise ConsoleError("WC-208", uri=gateway.uri, detail=f"0x0000: 0x{code:02X}")


def _refused(gateway: Gateway, code: int) -> ConsoleError:
    if code == ActivationCode.ALL_SOCKETS_ACTIVE:
        return ConsoleError("WC-211", uri=gateway.uri)
    if code in (
        ActivationCode.MISSING_AUTHENTICATION,
        ActivationCode.REJECTED_CONFIRMATION,
        ActivationCode.CONFIRMATION_REQUIRED,
    ):
        return ConsoleError("WC-212", uri=gateway.uri, code=f"0x{code:02X}")
    return ConsoleError("WC-202", uri=gateway.uri, code=f"0x{code:02X}")


def alive(tester_address: int, version: int) -> bytes:
    """Return the answer to an alive check."""
    return encode(PayloadType.ALIVE_CHECK_RESPONSE, tester_address.to_bytes(2, "big"), version=version)


def _close(tcp: socket.socket, udp: socket.socket | None) -> None:
    tcp.close()
    if udp is not None:
        udp.close()
