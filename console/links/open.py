"""Opens the line that a VCI address names."""

from __future__ import annotations

from functools import partial

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.uri import VciAddress, VciKind, parse_vci
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.ports import VehicleLink

MULTICAST_BLOCK_SIZE = 32
"""udp_multicast loses frames when many wait, so units pause for a flow control after this many."""
_DEFAULT_BITRATE = 500_000


def open_link(uri: str | VciAddress, *, tester_address: int = 0x0E80) -> VehicleLink:
    """Return the open line; `sim://` must have been replaced by the address of the running simulation.

    Raises ConsoleError: WC-200 (not understood), WC-201, WC-202, WC-208, WC-211, WC-212 (DoIP), WC-204,
    WC-210, WC-213 (CAN), WC-205, WC-209 (J2534).
    """
    vci = parse_vci(uri) if isinstance(uri, str) else uri
    match vci.kind:
        # Each line's libraries are imported only when it is used: python-can alone takes 0.1 s.
        case VciKind.DOIP:
            from workshop_console.console.links.doip.connection import Gateway
            from workshop_console.console.links.doip.link import DoipLink

            return DoipLink(
                Gateway(
                    uri=vci.uri,
                    host=vci.host,
                    port=vci.port,
                    tester_address=int(vci.options.get("tester_address", tester_address)),
                    activation_type=int(vci.options.get("activation_type", 0)),
                )
            )
        case VciKind.CAN:
            from workshop_console.console.links.can.bus import open_bus
            from workshop_console.console.links.can.link import CanLink

            return CanLink(
                open_bus(vci),
                uri=vci.uri,
                iso_tp=vci.iso_tp,
                bitrate=_bitrate(vci),
                block_size=MULTICAST_BLOCK_SIZE if vci.interface == "udp_multicast" else 0,
                reopen=partial(open_bus, vci),
            )
        case VciKind.J2534:
            from workshop_console.console.links.can.link import CanLink
            from workshop_console.console.links.j2534.bus import open_pass_thru

            bus = open_pass_thru(vci)
            return CanLink(
                bus,
                uri=vci.uri,
                iso_tp=vci.iso_tp,
                kind=LinkKind.J2534,
                bitrate=_bitrate(vci),
                voltage=bus.battery_voltage,
            )
        case VciKind.SIM:
            raise ConsoleError("WC-200", uri=vci.uri, detail="doip://, can://, j2534://")


def _bitrate(vci: VciAddress) -> int:
    bitrate = vci.options.get("bitrate", _DEFAULT_BITRATE)
    return int(bitrate) if isinstance(bitrate, int) and bitrate > 0 else _DEFAULT_BITRATE
