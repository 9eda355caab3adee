"""Gateways that stand in the way: what one request costs them must cost the others nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from tests.links.scripted_gateway import Peer, ScriptedGateway, acknowledge, acknowledge_and, answer
from tests.links.waiting import ask, gather
from workshop_console.console.links.dispatcher import MOST_TRIALS
from workshop_console.console.links.doip import connection
from workshop_console.console.links.doip import link as link_module
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import HUNG_UP, Exchange, Outcome, SilentReason, UdsRequest

READ_VIN = UdsRequest(payload=b"\x22\xf1\x90", echo_bytes=2)
UNITS = [DoipAddress(0x1000 + number) for number in range(24)]
STRANGERS = {unit.logical for unit in UNITS[::3]}


def _ask_all(gateway: ScriptedGateway, timing: Timing) -> dict[int, Exchange]:
    """Ask all units at once and return what became of each, by its address."""
    link = open_link(gateway.uri)
    try:
        tickets = [link.submit(unit, READ_VIN, timing) for unit in UNITS]
        found = gather(link, tickets)
        assert not link.lost
        return {unit.logical: found[ticket] for unit, ticket in zip(UNITS, tickets, strict=True)}
    finally:
        link.close()


def _vin(data: bytes) -> bytes:
    return b"\x62" + data[1:] + b"WDD"


@pytest.mark.parametrize("leading", [False, True])
def test_gateway_that_hangs_up_on_unknown_units_costs_the_known_ones_nothing(leading: bool) -> None:
    strangers = STRANGERS if leading else STRANGERS - {UNITS[0].logical}

    def behave(peer: Peer, target: int, data: bytes) -> None:
        if target in strangers:
            peer.close()
        else:
            peer.send(acknowledge(target, data), answer(target, _vin(data)))

    with ScriptedGateway(behave) as gateway:
        found = _ask_all(gateway, Timing(p2_ms=2000))
    for logical, exchange in found.items():
        if logical in strangers:
            assert (exchange.outcome, exchange.reason) == (Outcome.SILENT, SilentReason.GATEWAY_REFUSED)
            assert exchange.detail == HUNG_UP
        else:
            assert exchange.positive


@pytest.mark.parametrize("acknowledges", [False, True])
def test_gateway_that_works_off_one_after_the_other_is_waited_for(acknowledges: bool) -> None:
    """It looks at the next message when the unit has answered, so the turn of the last unit comes late."""
    busy = threading.Event()

    def behave(peer: Peer, target: int, data: bytes) -> None:
        if acknowledges:
            peer.send(acknowledge(target, data))
        busy.wait(0.03)  # the unit's own time; nothing else is looked at meanwhile
        peer.send(answer(target, _vin(data)))

    with ScriptedGateway(behave) as gateway:
        found = _ask_all(gateway, Timing(p2_ms=150, retries=0))
    assert all(exchange.positive for exchange in found.values())
    assert len(gateway.requests) == len(UNITS)


def test_gateway_with_room_for_one_gets_them_one_by_one() -> None:
    """It refuses whatever comes while it waits for a unit (NACK 0x05)."""
    guard = threading.Lock()

    def behave(peer: Peer, target: int, data: bytes) -> None:
        if not guard.acquire(blocking=False):
            peer.send(acknowledge(target, data, code=0x05))
            return

        def work() -> None:
            guard.release()
            peer.send(answer(target, _vin(data)))

        peer.send(acknowledge(target, data))
        threading.Timer(0.01, work).start()

    with ScriptedGateway(behave) as gateway:
        found = _ask_all(gateway, Timing(p2_ms=1000))
    assert all(exchange.positive for exchange in found.values())


def test_gateway_that_never_has_room_is_not_asked_for_ever() -> None:
    def behave(peer: Peer, target: int, data: bytes) -> None:
        peer.send(acknowledge(target, data, code=0x05))

    with ScriptedGateway(behave) as gateway:
        found = _ask_all(gateway, Timing(p2_ms=100, busy_budget_ms=100))
    assert {exchange.reason for exchange in found.values()} == {SilentReason.GATEWAY_REFUSED}


class IgnoringGateway(ScriptedGateway):
    """Drops messages of another protocol version without a word."""

    def _read(self, peer: Peer) -> None:
        while True:
            header = self._exactly(peer, 8)
            payload = self._exactly(peer, int.from_bytes(header[4:], "big"))
            if header[0] == self.versions[0] and header[2:4] == b"\0\x05":
                self._activate(peer, payload)
            elif header[0] == self.versions[0]:
                self.behave(peer, int.from_bytes(payload[2:4], "big"), payload[4:])


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("kind", [ScriptedGateway, IgnoringGateway])
def test_gateway_of_any_version_is_spoken_to(
    version: int, kind: type[ScriptedGateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ACTIVATION_S", 0.3)
    with kind(acknowledge_and(lambda _target, data: _vin(data)), versions=(version,), vin=None) as gateway:
        link = open_link(gateway.uri)
        assert ask(link, UNITS[0], READ_VIN.payload, echo_bytes=2).positive
        link.close()


def _with_one_in_hand(*, acknowledges: bool, missing: frozenset[int]) -> Callable[[Peer, int, bytes], None]:
    """Return a gateway that drops what comes while it waits for a unit, or is for a missing one."""
    guard = threading.Lock()

    def behave(peer: Peer, target: int, data: bytes) -> None:
        if target in missing or not guard.acquire(blocking=False):
            return

        def work() -> None:
            guard.release()
            peer.send(answer(target, _vin(data)))

        if acknowledges:
            peer.send(acknowledge(target, data))
        threading.Timer(0.01, work).start()

    return behave


@pytest.mark.parametrize("acknowledges", [False, True])
def test_units_that_a_gateway_dropped_without_a_word_are_asked_again_one_by_one(
    acknowledges: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "ACKNOWLEDGE_S", 0.2)
    monkeypatch.setattr(link_module, "UNACKNOWLEDGED_S", 0.1)
    missing = frozenset(unit.logical for unit in UNITS[3:5])
    behave = _with_one_in_hand(acknowledges=acknowledges, missing=missing)
    with ScriptedGateway(behave) as gateway:
        found = _ask_all(gateway, Timing(p2_ms=150))
    assert {logical for logical, exchange in found.items() if not exchange.positive} == missing
    assert {found[logical].reason for logical in missing} == {SilentReason.NO_ANSWER}


def test_gateway_that_ignores_unknown_units_is_not_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "ACKNOWLEDGE_S", 0.2)

    def behave(peer: Peer, target: int, data: bytes) -> None:
        if target not in STRANGERS:
            peer.send(acknowledge(target, data), answer(target, _vin(data)))

    with ScriptedGateway(behave) as gateway:
        link = open_link(gateway.uri)
        try:
            unknown = len(STRANGERS)
            # A few are asked alone, the others twice more as ever; then it is known, and all are asked twice.
            for asked_again in (MOST_TRIALS + 2 * (unknown - MOST_TRIALS), unknown):
                gateway.requests.clear()
                tickets = [link.submit(unit, READ_VIN, Timing(p2_ms=150)) for unit in UNITS]
                found = gather(link, tickets)
                known = [unit.logical not in STRANGERS for unit in UNITS]
                assert [found[ticket].positive for ticket in tickets] == known
                assert len(gateway.requests) == len(UNITS) + asked_again
        finally:
            link.close()
