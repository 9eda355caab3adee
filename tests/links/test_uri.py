"""VCI addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.uri import IsoTpOptions, Option, VciKind, parse_vci


@pytest.mark.parametrize(
    ("uri", "host", "port"),
    [
        ("doip://192.168.0.10", "192.168.0.10", 13400),
        ("doip://gateway.local:13401", "gateway.local", 13401),
        ("doip://[fe80::1]", "fe80::1", 13400),
        ("doip://[::1]:500/", "::1", 500),
        ("DOIP://127.0.0.1:13400", "127.0.0.1", 13400),
    ],
)
def test_doip_address_names_host_and_port(uri: str, host: str, port: int) -> None:
    vci = parse_vci(uri)
    assert (vci.kind, vci.host, vci.port) == (VciKind.DOIP, host, port)


@pytest.mark.parametrize(
    ("uri", "interface", "channel", "options"),
    [
        (
            "can://remote/ws://127.0.0.1:54701/?bitrate=500000",
            "remote",
            "ws://127.0.0.1:54701/",
            {"bitrate": 500000},
        ),
        (
            "can://socketcand/can0?host=127.0.0.1&port=29536",
            "socketcand",
            "can0",
            {"host": "127.0.0.1", "port": 29536},
        ),
        ("can://slcan//dev/pts/3?bitrate=500000", "slcan", "/dev/pts/3", {"bitrate": 500000}),
        ("can://udp_multicast/239.74.163.2?hop_limit=0", "udp_multicast", "239.74.163.2", {"hop_limit": 0}),
        ("can://kvaser/0?accept_virtual=true", "kvaser", 0, {"accept_virtual": True}),
        ("can://pcan/PCAN_USBBUS1?sjw=0x10&f_clock=1.5", "pcan", "PCAN_USBBUS1", {"sjw": 16, "f_clock": 1.5}),
        ("can://udp_multicast/", "udp_multicast", "", {}),
    ],
)
def test_can_address_names_interface_channel_and_options(
    uri: str, interface: str, channel: str | int, options: dict[str, Option]
) -> None:
    vci = parse_vci(uri)
    assert (vci.kind, vci.interface, vci.channel, dict(vci.options)) == (
        VciKind.CAN,
        interface,
        channel,
        options,
    )


def test_own_keys_are_not_the_drivers() -> None:
    vci = parse_vci("can://virtual/x?padding=0x00&block_size=8&st_min=0xF1&fd=true&bitrate=1")
    assert vci.iso_tp == IsoTpOptions(padding=0, block_size=8, st_min=0xF1, fd=True)
    assert dict(vci.options) == {"bitrate": 1, "fd": True}
    assert parse_vci("can://virtual/x?padding=none").iso_tp.padding is None


def test_sim_and_j2534() -> None:
    assert parse_vci("sim://").name == ""
    assert parse_vci("sim://van").name == "van"
    vci = parse_vci(r"j2534://C:\Program Files\Maker\maker.dll?device=A&bitrate=250000")
    assert vci.library == r"C:\Program Files\Maker\maker.dll"
    assert dict(vci.options) == {"device": "A", "bitrate": 250000}


@pytest.mark.parametrize(
    ("uri", "part"),
    [
        ("", "doip://"),
        ("127.0.0.1", "127.0.0.1"),
        ("http://127.0.0.1", "http"),
        ("doip://", "doip://HOST"),
        ("doip://host:0", "0"),
        ("doip://host:99999", "99999"),
        ("doip://host:", "65535"),
        ("doip://fe80::1", "[IPv6]"),
        ("doip://[fe80::1", "[IPv6]"),
        ("doip://[nonsense]", "[nonsense]"),
        ("doip://host/path", "host/path"),
        ("doip://host?colour=red", "colour"),
        ("doip://host?activation_type=256", "256"),
        ("can://", "can://INTERFACE/CHANNEL"),
        ("can:///can0", "INTERFACE"),
        ("can://socketcan", "CHANNEL"),
        ("can://virtual/x?padding=256", "256"),
        ("can://virtual/x?block_size=-1", "-1"),
        ("can://virtual/x?st_min=0x80", "st_min"),
        ("can://virtual/x?fd=maybe", "maybe"),
        ("can://virtual/x?bitrate", "bitrate"),
        ("can://virtual/x?a=1&a=2", "a=2"),
        ("can://virtual/x?9=1", "9"),
        ("sim://a b", "a b"),
        ("j2534://", "LIBRARY"),
        ("j2534://x?fd=true", "04.04"),
        ("doip://host\x1b[31m", ""),
        ("doip://" + "a" * 2000, ""),
    ],
)
def test_wrong_address_is_told_with_the_part_that_is_wrong(uri: str, part: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        parse_vci(uri)
    assert caught.value.number == "WC-200"
    assert part in str(caught.value.facts["detail"])
    assert "\x1b" not in str(caught.value.facts)


@given(st.text() | st.from_regex(r"(doip|can|j2534|sim)://.{0,40}", fullmatch=True))
def test_any_text_is_an_address_or_a_numbered_message(text: str) -> None:
    numbers = {"WC-200"}
    try:
        parse_vci(text)
    except ConsoleError as error:
        numbers.add(error.number)
    assert numbers == {"WC-200"}
