"""Finding DoIP entities over UDP (ISO 13400-2:2019, 7.4)."""

from __future__ import annotations

import socket
import time

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.doip.codec import (
    PayloadType,
    ProtocolVersion,
    decode_datagram,
    encode,
)
from workshop_console.console.links.uri import DOIP_PORT
from workshop_console.console.model.clean import clean, clean_bytes_as_text
from workshop_console.console.model.vehicle import DoipEntity

_LARGEST_DATAGRAM_BYTES = 1_024
_MOST_ENTITIES = 256

IDENTIFICATION_REQUEST = encode(PayloadType.VEHICLE_IDENTIFICATION_REQUEST, version=ProtocolVersion.ANY)
"""Version 0xFF asks entities of any version (ISO 13400-2:2019, 9.3)."""


def parse_announcement(datagram: bytes, host: str, port: int) -> tuple[DoipEntity, int] | None:
    """Return who announces itself in `datagram`, and its protocol version; None when it is something else.

    | byte | content |
    |---|---|
    | 0-16 | VIN |
    | 17-18 | logical address |
    | 19-24 | EID |
    | 25-30 | GID |
    | 31 | further action required |
    | 32 | VIN/GID synchronization status (optional) |
    """
    message = decode_datagram(datagram)
    if message is None or message.payload_type != PayloadType.VEHICLE_ANNOUNCEMENT:
        return None
    payload = message.payload
    entity = DoipEntity(
        host=host,
        port=port,
        vin=clean_bytes_as_text(payload[:17]),
        logical=int.from_bytes(payload[17:19], "big"),
        eid=payload[19:25],
        gid=payload[25:31],
    )
    return entity, message.version


def discover(
    target: str = "255.255.255.255", timeout_s: float = 1.0, *, port: int = DOIP_PORT
) -> list[DoipEntity]:
    """Ask `target` (a host, or a broadcast address) who is there and return who answered in time.

    Raises ConsoleError WC-201 when the question cannot be sent.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(target, port, type=socket.SOCK_DGRAM)[0]
        found: dict[tuple[str, int, bytes], DoipEntity] = {}
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            asking.sendto(IDENTIFICATION_REQUEST, place)
            until = time.monotonic() + timeout_s
            while (left := until - time.monotonic()) > 0 and len(found) < _MOST_ENTITIES:
                asking.settimeout(left)
                try:
                    datagram, sender = asking.recvfrom(_LARGEST_DATAGRAM_BYTES)
                except TimeoutError:
                    break
                except ConnectionError:  # ICMP: nobody listens there; others may
                    continue
                announced = parse_announcement(datagram, sender[0], sender[1])
                if announced is not None:
                    entity = announced[0]
                    found.setdefault((entity.host, entity.logical, entity.eid), entity)
    except (OSError, UnicodeError) as error:
        raise ConsoleError(
            "WC-201", uri=clean(f"doip://{target}:{port}", longest=200), detail=clean(error, longest=200)
        ) from None
    return list(found.values())
