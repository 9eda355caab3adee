"""Finding control units without a description."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.procedures.scripted import ScriptedLink, ScriptedUnit, unit_with
from workshop_console.console.model.address import Address, CanAddress, DoipAddress
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import (
    HUNG_UP,
    Exchange,
    FunctionalAnswer,
    Outcome,
    SilentReason,
)
from workshop_console.console.model.vehicle import LinkKind
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.events import Event, UnitFound
from workshop_console.console.procedures.scan import scan


def run(link: ScriptedLink, *, cancel_at_first: bool = False) -> tuple[list[Event], list[str]]:
    cancellation = Cancellation()
    found: list[tuple[UnitSummary, ...]] = []

    def scanning() -> Iterator[Event]:
        found.append((yield from scan(link, cancellation)))

    events = []
    for event in scanning():
        events.append(event)
        if cancel_at_first and isinstance(event, UnitFound):
            cancellation.request()
    return events, [unit.name for unit in found[0]]


def there() -> ScriptedUnit:
    return unit_with(x3E00="7E00")


def test_doip_addresses_that_answer_or_refuse_are_units() -> None:
    units: dict[Address, ScriptedUnit] = {
        DoipAddress(0x1010): there(),
        DoipAddress(0x0010): unit_with(x3E00="7F3E11"),
        DoipAddress(0x6001): there(),
        DoipAddress(0x0020): unit_with(otherwise=SilentReason.NO_ANSWER),
    }
    events, names = run(ScriptedLink(units))
    assert names == ["0x0010", "0x1010", "0x6001"]
    assert {e.unit.name for e in events if isinstance(e, UnitFound)} == set(names)


def test_a_gateway_that_drops_unknown_addresses_is_not_asked_for_all_of_them() -> None:
    class Dropping(dict[Address, ScriptedUnit]):
        def get(self, address: Address, default: object = None) -> ScriptedUnit:
            return unit_with(otherwise=SilentReason.NO_ANSWER)

    link = ScriptedLink(Dropping())
    _, names = run(link)
    assert names == []
    assert max(a.logical for a, _ in link.submitted if isinstance(a, DoipAddress)) < 0x4100
    assert len(link.submitted) < 9_000


def test_functional_answers_are_units() -> None:
    link = ScriptedLink({})
    link.functional_answers[b"\x3e\x00"] = [
        FunctionalAnswer(address=DoipAddress(0x7123), payload=b"\x7e\x00")
    ]
    assert run(link)[1] == ["0x7123"]


def test_can_finds_legislated_and_common_pairs_once() -> None:
    units: dict[Address, ScriptedUnit] = {
        CanAddress(0x7E0, 0x7E8): there(),
        CanAddress(0x710, 0x77A): there(),
        CanAddress(0x620, 0x628): there(),
        CanAddress(0x18DA40F1, 0x18DAF140, extended=True): there(),
    }
    link = ScriptedLink(units, kind=LinkKind.CAN)
    link.functional_answers[b"\x3e\x00"] = [
        FunctionalAnswer(address=CanAddress(0x7E0, 0x7E8), payload=b"\x7e\x00")
    ]
    assert run(link)[1] == ["0x620/0x628", "0x710/0x77A", "0x7E0/0x7E8", "0x18DA40F1/0x18DAF140"]


def test_cancelled_scan_gives_what_it_found() -> None:
    link = ScriptedLink({DoipAddress(0x0010): there()})
    assert run(link, cancel_at_first=True)[1] == ["0x0010"]
    assert len(link.submitted) < 300


def test_a_gateway_that_hangs_up_on_unknown_addresses_is_asked_for_few() -> None:
    class HangingUp(ScriptedLink):
        def wait(self, timeout_s: float | None = None) -> Sequence[Exchange]:
            return [
                replace(exchange, reason=SilentReason.GATEWAY_REFUSED, detail=HUNG_UP)
                if exchange.outcome is Outcome.SILENT
                else exchange
                for exchange in super().wait(timeout_s)
            ]

    link = HangingUp({DoipAddress(0x0001): there(), DoipAddress(0x1001): there()}, max_in_flight=4)
    link.functional_answers[b"\x3e\x00"] = [
        FunctionalAnswer(address=DoipAddress(0x1001), payload=b"\x7e\x00")
    ]
    assert run(link)[1] == ["0x0001", "0x1001"]
    assert len(link.submitted) < 40


def test_addresses_that_are_nobodys_by_the_standard_are_asked_where_it_costs_nothing() -> None:
    link = ScriptedLink({DoipAddress(0x0EF0): there(), DoipAddress(0xFFFF): there()})
    assert run(link)[1] == ["0x0EF0", "0xFFFF"]
