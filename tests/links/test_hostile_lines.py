"""Lines that send anything at all: every exchange ends, in time, and the hub lives on."""

from __future__ import annotations

import contextlib
import logging
import random
import struct

import pytest

from tests.links.scripted_bus import FrameUnit, fresh_channel, open_can
from tests.links.scripted_gateway import TESTER, Peer, ScriptedGateway, acknowledge, answer, message
from tests.links.waiting import ask, gather
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Outcome, UdsRequest

READ_VIN = b"\x22\xf1\x90"
SEEDS = (0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12)))
WORST_S = 40.0
"""Every unit asked alone, each of them stalling the connection: far beyond what any seed takes."""
SHORT = Timing(p2_ms=60, p2_star_ms=300, pending_budget_ms=400, busy_budget_ms=200, retries=1)


def _mutated(chance: random.Random, target: int, data: bytes) -> bytes:
    """Return something between a right answer and noise."""
    right = answer(target, b"\x62" + data[1:] + b"WDD")
    match chance.randrange(8):
        case 0:
            return acknowledge(target, data) + right
        case 1:
            changed = bytearray(right)
            changed[chance.randrange(len(changed))] = chance.randrange(256)
            return bytes(changed)
        case 2:
            return right[: chance.randrange(len(right))]
        case 3:
            return chance.randbytes(chance.randrange(40))
        case 4:
            return message(chance.randrange(0x10000), chance.randbytes(chance.randrange(20)))
        case 5:
            return message(0x8001, struct.pack(">HH", target, TESTER) + chance.randbytes(chance.randrange(6)))
        case 6:
            return struct.pack(">BBHI", 2, 0xFD, 0x8001, chance.randrange(2**32)) + right
        case _:
            return acknowledge(target, code=chance.randrange(10)) + right


@pytest.mark.parametrize("seed", SEEDS)
def test_doip_gateway_that_sends_anything(
    seed: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workshop_console.console.links.doip.link.ACKNOWLEDGE_S", 0.1)
    monkeypatch.setattr("workshop_console.console.links.doip.link.STALLED_S", 0.5)
    chance = random.Random(seed)

    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(_mutated(chance, target, data))

    with caplog.at_level(logging.ERROR), ScriptedGateway(behave) as gateway:
        link = open_link(gateway.uri)
        request = UdsRequest(payload=READ_VIN, echo_bytes=2)
        tickets = [link.submit(DoipAddress(0x1000 + number), request, SHORT) for number in range(40)]
        for exchange in gather(link, tickets, within_s=WORST_S).values():
            assert exchange.outcome is not Outcome.POSITIVE or exchange.payload.startswith(b"\x62\xf1\x90")
        link.close()
    assert not caplog.records


@pytest.mark.parametrize("seed", SEEDS)
def test_can_bus_that_carries_anything(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(seed)
    right = ("101462f190414141", "2142424242424242", "2243434343434343")

    def behave(unit: FrameUnit, identifier: int, _data: bytes) -> None:
        if not 0x7E0 <= identifier < 0x7E8:
            return
        for _ in range(chance.randrange(4)):
            frame = bytearray.fromhex(chance.choice(right))
            if chance.random() < 0.5:
                frame[chance.randrange(8)] = chance.randrange(256)
            if chance.random() < 0.3:
                frame = frame[: chance.randrange(9)]
            unit.send(identifier + 8, frame.hex())

    channel = fresh_channel()
    with caplog.at_level(logging.ERROR), FrameUnit(channel, behave) as unit:
        link = open_can(f"can://virtual/{channel}")
        request = UdsRequest(payload=READ_VIN, echo_bytes=2)
        addresses = [CanAddress(0x7E0 + number, 0x7E8 + number) for number in range(8)]
        tickets = [link.submit(address, request, SHORT) for address in addresses]
        for exchange in gather(link, tickets).values():
            assert exchange.outcome is not Outcome.POSITIVE or exchange.payload.startswith(b"\x62\xf1\x90")
        link.functional(b"\x3e\x00", wait_s=0.02)
        assert not link.lost
        unit._behave = lambda u, identifier, data: (
            u.send(identifier + 8, "0362f190") if data[0] == 3 else None
        )
        with contextlib.closing(link):
            assert ask(link, CanAddress(0x7E0, 0x7E8), READ_VIN, echo_bytes=2).positive
    assert not caplog.records
