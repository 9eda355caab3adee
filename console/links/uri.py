"""VCI addresses: one URI says how to reach a vehicle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import AddressValueError, IPv6Address
from types import MappingProxyType
from urllib.parse import parse_qsl

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

DOIP_PORT = 13400
"""TCP_DATA and UDP_DISCOVERY (ISO 13400-2:2019, 9.2)."""
LONGEST_URI = 1_000
"""Characters; nothing real is longer."""

Option = str | int | float | bool
"""A value of the query part, converted for the driver that gets it."""


class VciKind(StrEnum):
    """The schemes of VCI addresses."""

    SIM = "sim"
    DOIP = "doip"
    CAN = "can"
    J2534 = "j2534"


@dataclass(frozen=True, kw_only=True)
class IsoTpOptions:
    """How ISO 15765-2 is spoken on a CAN bus; the console's own keys of the query part."""

    padding: int | None = 0xCC
    """Byte that fills frames up to 8 bytes; None (`padding=none`): frames are not filled."""
    block_size: int | None = None
    """Consecutive frames that a unit may send before it waits for the next flow control; None: as the
    interface needs."""
    st_min: int = 0
    """Separation time that units are asked for, as in a flow control (0x00-0x7F ms, 0xF1-0xF9 100 µs)."""
    fd: bool = False
    """CAN FD frames of up to 64 bytes."""


@dataclass(frozen=True, kw_only=True)
class VciAddress:
    """A VCI address, taken apart; which fields count depends on `kind`."""

    kind: VciKind
    uri: str
    """As given, cleaned, for display."""
    name: str = ""
    """sim: key of the simulated vehicle; empty: the default one."""
    host: str = ""
    """doip: name or address, without brackets."""
    port: int = DOIP_PORT
    interface: str = ""
    """can: interface of python-can."""
    channel: str | int = ""
    library: str = ""
    """j2534: file of the library, or the name under which its device is installed (Windows)."""
    iso_tp: IsoTpOptions = IsoTpOptions()
    options: Mapping[str, Option] = field(default_factory=dict)
    """Everything else of the query part."""


def parse_vci(uri: str) -> VciAddress:
    """Return what `uri` says. Raises ConsoleError WC-200 that names the part that is wrong."""
    text = uri.strip()
    if not text or len(text) > LONGEST_URI or any(ord(character) < 0x20 for character in text):
        raise _wrong(uri, "sim://, doip://, can://, j2534://")
    scheme, separator, rest = text.partition("://")
    try:
        kind = VciKind(scheme.lower())
    except ValueError:
        kind = None
    if kind is None or not separator:
        raise _wrong(uri, f"{clean(scheme, longest=40)}: sim://, doip://, can://, j2534://")
    place, _, query = rest.partition("?")
    options = _options(uri, query)
    match kind:
        case VciKind.SIM:
            return _simulation(uri, place.rstrip("/"), options)
        case VciKind.DOIP:
            return _doip(uri, place.rstrip("/"), options)
        case VciKind.CAN:
            return _can(uri, place, options)
        case VciKind.J2534:
            iso_tp = _take_iso_tp(uri, options)
            if not place.strip("/"):
                raise _wrong(uri, "j2534://LIBRARY")
            if iso_tp.fd:
                raise _wrong(uri, "fd: J2534 04.04")
            return VciAddress(
                kind=kind, uri=clean(text), library=place, iso_tp=iso_tp, options=_frozen(options)
            )


def _wrong(uri: str, detail: str) -> ConsoleError:
    return ConsoleError("WC-200", uri=clean(uri, longest=200), detail=clean(detail, longest=200))


def _frozen(options: dict[str, Option]) -> Mapping[str, Option]:
    return MappingProxyType(options)


def _simulation(uri: str, place: str, options: dict[str, Option]) -> VciAddress:
    if not re.fullmatch(r"[\w.-]{0,60}", place):
        raise _wrong(uri, clean(place, longest=60))
    return VciAddress(kind=VciKind.SIM, uri=clean(uri.strip()), name=place, options=_frozen(options))


def _doip(uri: str, place: str, options: dict[str, Option]) -> VciAddress:
    match = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^:/\[\]@\s]+))(?::([^:]*))?", place)
    if match is None:
        raise _wrong(uri, f"{place or '?'}: doip://HOST[:PORT], doip://[IPv6][:PORT]")
    bracketed, name, port_text = match.groups()
    if bracketed is not None:
        try:
            IPv6Address(bracketed)
        except AddressValueError:
            raise _wrong(uri, f"[{bracketed}]") from None
    port = DOIP_PORT
    if port_text is not None:
        if not re.fullmatch(r"[0-9]{1,5}", port_text) or not 0 < int(port_text) < 0x10000:
            raise _wrong(uri, f"{port_text or '?'}: 1 … 65535")
        port = int(port_text)
    allowed = {"activation_type": 0xFF, "tester_address": 0xFFFF}
    for key, value in options.items():
        limit = allowed.get(key)
        if limit is None:
            raise _wrong(uri, f"{key}: {', '.join(allowed)}")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
            raise _wrong(uri, f"{key}={value}: 0x00 … 0x{limit:X}")
    return VciAddress(
        kind=VciKind.DOIP, uri=clean(uri.strip()), host=bracketed or name, port=port, options=_frozen(options)
    )


def _can(uri: str, place: str, options: dict[str, Option]) -> VciAddress:
    interface, separator, channel = place.partition("/")
    if not re.fullmatch(r"\w+", interface):
        raise _wrong(uri, f"{interface or '?'}: can://INTERFACE/CHANNEL")
    if not channel and interface != "udp_multicast":  # the only one whose default is of use
        raise _wrong(uri, f"can://{interface}{separator}?: can://INTERFACE/CHANNEL")
    iso_tp = _take_iso_tp(uri, options)
    return VciAddress(
        kind=VciKind.CAN,
        uri=clean(uri.strip()),
        interface=interface,
        channel=int(channel) if re.fullmatch(r"[0-9]{1,4}", channel) else channel,
        iso_tp=iso_tp,
        options=_frozen(options),
    )


def _options(uri: str, query: str) -> dict[str, Option]:
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query), max_num_fields=40)
    except ValueError:
        raise _wrong(uri, f"?{query}") from None
    options: dict[str, Option] = {}
    for key, value in pairs:
        if not re.fullmatch(r"[A-Za-z_]\w*", key) or key in options:
            raise _wrong(uri, f"{key}={value}")
        options[key] = _converted(value)
    return options


def _converted(text: str) -> Option:
    """Return `text` as the driver wants it: a number or a truth value where it is one."""
    if text.lower() in ("true", "yes", "on"):
        return True
    if text.lower() in ("false", "no", "off"):
        return False
    if re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", text):
        return int(text, 16)
    if re.fullmatch(r"-?[0-9]{1,18}\.[0-9]{1,18}", text):
        return float(text)
    return text


def _take_iso_tp(uri: str, options: dict[str, Option]) -> IsoTpOptions:
    """Take the console's own keys out of `options`."""

    def byte(key: str, default: int) -> int:
        value = options.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFF:
            raise _wrong(uri, f"{key}={value}: 0 … 255")
        return value

    padding: int | None = 0xCC
    if str(options.get("padding", "")).lower() in ("none", "false"):
        del options["padding"]
        padding = None
    else:
        padding = byte("padding", 0xCC)
    block_size = byte("block_size", 0) if "block_size" in options else None
    st_min = byte("st_min", 0)
    if 0x7F < st_min < 0xF1 or st_min > 0xF9:
        raise _wrong(uri, f"st_min=0x{st_min:02X}: 0x00 … 0x7F, 0xF1 … 0xF9")
    fd = options.get("fd", False)
    if fd not in (True, False):
        raise _wrong(uri, f"fd={fd}: true, false")
    if "fd" in options:
        options["fd"] = bool(fd)
    return IsoTpOptions(padding=padding, block_size=block_size, st_min=st_min, fd=bool(fd))
