"""Keys come from plug-ins with limits; the count of false ones is taken over from the order book."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.procedures.coded import ADDRESS, UNIT, VIN, Book
from tests.procedures.scripted import SteppingClock
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.security_keys import SecurityKeys
from workshop_console.console.jobs.security_plugins import NamedPlugin, SecurityPlugins, installed_plugins
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.exchange import Exchange, Outcome
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.ports import SecurityPlugin
from workshop_console.console.simulation.load import load_vehicle, vehicle_names
from workshop_console.console.simulation.security import key_of

Answer = Callable[[str, int, bytes], Any]


def plugins(*answers: Answer, longest_s: float = 5.0) -> SecurityPlugins:
    def loader(answer: Answer) -> Callable[[], SecurityPlugin]:
        return lambda: cast("SecurityPlugin", answer)

    named = [
        NamedPlugin(name=f"plugin-{number}", load=loader(answer)) for number, answer in enumerate(answers)
    ]
    return SecurityPlugins(lambda: named, longest_s=longest_s)


def fails(_unit: str, _level: int, _seed: bytes) -> bytes:
    raise RuntimeError("no licence\x1b[2J")


def ends(_unit: str, _level: int, _seed: bytes) -> bytes:
    raise SystemExit(3)


def unknown(_unit: str, _level: int, _seed: bytes) -> None:
    return None


def knows(unit: str, level: int, seed: bytes) -> bytes:
    return f"{unit} {level} {seed.hex()}".encode()


def test_the_first_plugin_that_knows_the_key_is_taken() -> None:
    assert plugins(unknown, knows, fails).key("U", 3, b"\x01") == (b"U 3 01", ())


@pytest.mark.parametrize(
    ("bad", "detail"),
    [
        (fails, "RuntimeError: no licence"),
        (ends, "SystemExit: 3"),
        (lambda *_: "key", "str ≠ bytes"),
        (lambda *_: b"", "0 bytes"),
        (lambda *_: bytes(256), "256 bytes"),
        (lambda: b"x", "TypeError"),
    ],
)
def test_a_plugin_that_fails_is_told_and_the_others_are_asked(bad: Answer, detail: str) -> None:
    key, (failure,) = plugins(bad, knows).key("U", 3, b"\x01")
    assert key == b"U 3 01"
    facts = dict(failure.facts)
    assert (failure.number, facts["name"]) == ("WC-344", "plugin-0")
    assert str(facts["detail"]).startswith(detail)
    assert str(facts["detail"]).isprintable()


def test_a_plugin_that_cannot_be_loaded_is_told() -> None:
    def load() -> Any:
        raise ImportError("gone")

    found = SecurityPlugins(lambda: [NamedPlugin(name="broken", load=load)])
    key, (failure,) = found.key("U", 3, b"\x01")
    assert key is None
    assert dict(failure.facts)["detail"] == "ImportError: gone"


@pytest.fixture
def forever() -> Iterator[Answer]:
    over = threading.Event()

    def hangs(_unit: str, _level: int, _seed: bytes) -> None:
        over.wait(60)

    yield hangs
    over.set()


def test_a_plugin_that_hangs_is_left_behind(forever: Answer) -> None:
    key, (failure,) = plugins(forever, knows, longest_s=0.05).key("U", 3, b"\x01")
    assert key == b"U 3 01"
    assert dict(failure.facts)["detail"] == "> 0.05 s"


def test_the_shipped_example_unlocks_every_simulated_unit_and_no_other() -> None:
    assert [plugin.name for plugin in installed_plugins()][-1] == "simulated-vehicles"
    installed = SecurityPlugins()
    for name in vehicle_names():
        for unit in load_vehicle(name).units:
            for security in unit.security:
                expected = key_of(b"\x01\x02\x03\x04", security.secret, security.level)
                assert installed.key(unit.name, security.level, b"\x01\x02\x03\x04") == (expected, ())
    assert installed.key("SomebodyElses", 1, b"\x01\x02\x03\x04") == (None, ())


# -- counts over several runs ------------------------------------------------------------------------


class Workplace:
    """The order book that several runs of the console share."""

    def __init__(self) -> None:
        self.clock = SteppingClock()
        self.book = Book([])

    def run(self, vin: str = VIN) -> SecurityKeys:
        """Return the keys as a new start of the console has them."""
        line = cast("VehicleLine", SimpleNamespace(vehicle=VehicleIdentity(vin=vin, name="Car")))
        return SecurityKeys(
            line=line, orders=self.book, clock=self.clock, who=lambda: "Maria", plugins=plugins(knows)
        )

    def send(self, keys: SecurityKeys, answer: bytes | None, level: int = 3) -> None:
        """Write a key and its answer down as unlock() does; without answer the console was killed."""
        journal = keys.ring(UNIT, ADDRESS).journal
        assert journal is not None
        entry = journal.begin(level, bytes((0x27, level + 1, 0xAA)))
        if answer is None:
            return
        outcome = Outcome.NEGATIVE if answer[0] == 0x7F else Outcome.POSITIVE
        nrc = answer[2] if answer[0] == 0x7F else None
        journal.complete(
            entry,
            Exchange(ticket=1, address=ADDRESS, request=b"", outcome=outcome, payload=answer, nrc=nrc),
        )

    def left(self, level: int = 3) -> int:
        return self.run().ring(UNIT, ADDRESS).attempts.left(level)


def test_a_key_stands_in_the_order_book() -> None:
    place = Workplace()
    place.send(place.run(), b"\x67\x04")
    (entry,) = place.book.written
    assert (entry.kind, entry.vin, entry.unit, entry.address) == (
        EntryKind.SECURITY_ACCESS,
        VIN,
        "LIGHT",
        "0x1001",
    )
    assert (entry.what, entry.request, entry.answer) == ("0x03", b"\x27\x04", b"\x67\x04")
    assert (entry.outcome, entry.who) == ("done", "Maria")


@pytest.mark.parametrize(
    ("answers", "left"),
    [
        ((), 2),
        ((b"\x7f\x27\x35",), 1),
        ((None,), 1),
        ((b"\x7f\x27\x35", b"\x7f\x27\x36"), 0),
        ((b"\x7f\x27\x35", b"\x67\x04"), 2),
        ((b"\x7f\x27\x35", b"\x67\x04", b"\x7f\x27\x35"), 1),
        ((b"\x7f\x27\x24",), 2),
    ],
)
def test_false_keys_of_an_earlier_run_count(answers: tuple[bytes | None, ...], left: int) -> None:
    place = Workplace()
    for answer in answers:
        place.send(place.run(), answer)
    assert place.left() == left
    assert place.left(level=5) == 2


def test_false_keys_are_forgotten_after_an_hour_and_count_for_their_vehicle_only() -> None:
    place = Workplace()
    place.send(place.run(), b"\x7f\x27\x35")
    place.send(place.run(), b"\x7f\x27\x35")
    assert place.left() == 0
    assert place.run(vin="X").ring(UNIT, ADDRESS).attempts.left(3) == 2
    place.clock.time += timedelta(hours=1)
    assert place.left() == 2


def test_two_consoles_on_one_vehicle_count_together() -> None:
    place = Workplace()
    one, other = place.run(), place.run()
    assert one.ring(UNIT, ADDRESS).attempts.left(3) == 2
    place.send(other, b"\x7f\x27\x35")
    assert one.ring(UNIT, ADDRESS).attempts.left(3) == 1
    place.send(other, b"\x67\x04")
    assert one.ring(UNIT, ADDRESS).attempts.left(3) == 2


def test_a_delay_of_an_earlier_run_is_waited_for() -> None:
    place = Workplace()
    place.send(place.run(), b"\x7f\x27\x36")
    assert 0 < place.run().ring(UNIT, ADDRESS).attempts.wait_s(3) <= 10


def test_other_units_and_entries_do_not_count() -> None:
    place = Workplace()
    for other in ({"address": "0x1002"}, {"kind": EntryKind.CODING}, {"request": b"\x27"}):
        entry = OrderEntry(
            time=place.clock.now(),
            vin=VIN,
            vehicle_name="",
            unit="LIGHT",
            address="0x1001",
            kind=EntryKind.SECURITY_ACCESS,
            what="0x03",
            request=b"\x27\x04\xaa",
            outcome="refused 0x35",
        )
        place.book.begin(replace(entry, **other))
    assert place.left() == 2


def test_without_an_order_book_no_key_goes_out() -> None:
    place = Workplace()
    place.book.broken = "begin"
    with pytest.raises(ConsoleError):
        place.send(place.run(), b"\x67\x04")
