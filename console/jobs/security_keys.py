"""The keys for the control units of the vehicle: plug-ins, and the count of false keys over all runs."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.message import RaisedMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from workshop_console.console.jobs.security_plugins import SecurityPlugins
    from workshop_console.console.model.address import Address
    from workshop_console.console.model.description import UnitSummary
    from workshop_console.console.model.exchange import Exchange
    from workshop_console.console.model.kept import OrderEntry
    from workshop_console.console.model.vehicle import VehicleIdentity
    from workshop_console.console.ports import Clock, OrderBook
    from workshop_console.console.procedures.security_access import Attempts, KeyRing

    # What a job needs is imported when the first one starts: the first screen is waited for.


class KnownVehicle(Protocol):
    """Says which vehicle is worked on."""

    @property
    def vehicle(self) -> VehicleIdentity:
        """What is known of it."""


class SecurityKeys:
    """Makes key rings; the counts of a vehicle are taken over from its order book."""

    def __init__(
        self,
        *,
        line: KnownVehicle,
        orders: OrderBook,
        clock: Clock,
        who: Callable[[], str],
        plugins: SecurityPlugins | None = None,
    ) -> None:
        self._line = line
        self._plugins = plugins
        self._orders = orders
        self._clock = clock
        self._who = who
        self._attempts: dict[tuple[str, str], Attempts] = {}

    def ring(self, unit: UnitSummary, address: Address) -> KeyRing:
        """Return what unlocking `unit` needs."""
        from workshop_console.console.procedures.security_access import KeyRing

        return KeyRing(
            unit=unit.label or unit.name,
            key_of=lambda level, seed: self._key(unit.name, level, seed),
            attempts=self._attempts_of(address),
            journal=_Journal(self, unit, address),
        )

    def _key(self, unit: str, level: int, seed: bytes) -> tuple[bytes | None, tuple[RaisedMessage, ...]]:
        if self._plugins is None:
            from workshop_console.console.jobs.security_plugins import SecurityPlugins

            self._plugins = SecurityPlugins()
        return self._plugins.key(unit, level, seed)

    def _now_s(self) -> float:
        return self._clock.now().timestamp()

    def _attempts_of(self, address: Address) -> Attempts:
        """Return the count of a unit; what other runs sent within the time that counts is in it."""
        from workshop_console.console.model.kept import EntryKind
        from workshop_console.console.procedures.security_access import FORGET_AFTER_S, Attempts

        vin = self._line.vehicle.vin
        attempts = self._attempts.setdefault((vin, str(address)), Attempts(self._now_s))
        since = self._clock.now() - timedelta(seconds=FORGET_AFTER_S)
        with suppress(ConsoleError):  # whoever cannot read the book cannot write to it either
            counted = Attempts(self._now_s)
            for entry in self._orders.entries(vin, since=since):
                if entry.kind is EntryKind.SECURITY_ACCESS and entry.address == str(address):
                    _recount(counted, entry)
            attempts.recount(counted)
        return attempts

    def begin(self, unit: UnitSummary, address: Address, level: int, request: bytes) -> int:
        """Write down that a key goes out."""
        from workshop_console.console.model.kept import EntryKind, OrderEntry

        vehicle = self._line.vehicle
        return self._orders.begin(
            OrderEntry(
                time=self._clock.now(),
                vin=vehicle.vin,
                vehicle_name=vehicle.name,
                unit=unit.label or unit.name,
                address=str(address),
                kind=EntryKind.SECURITY_ACCESS,
                what=f"0x{level:02X}",
                request=request[:2],  # the key itself is nobody's business: the report is printed
                who=self._who(),
            )
        )

    def complete(self, entry_id: int, exchange: Exchange) -> None:
        """Write down what came back; when that fails, the entry stays as one that was broken off."""
        from workshop_console.console.procedures.outcomes import outcome_of

        with suppress(ConsoleError):
            self._orders.complete(entry_id, answer=exchange.payload, outcome=outcome_of(exchange))


class _Journal:
    """Writes the keys of one unit down."""

    def __init__(self, keys: SecurityKeys, unit: UnitSummary, address: Address) -> None:
        self._keys, self._unit, self._address = keys, unit, address

    def begin(self, level: int, request: bytes) -> int:
        """See procedures.security_access.KeyJournal."""
        return self._keys.begin(self._unit, self._address, level, request)

    def complete(self, entry_id: int, exchange: Exchange) -> None:
        """See procedures.security_access.KeyJournal."""
        self._keys.complete(entry_id, exchange)


def _recount(attempts: Attempts, entry: OrderEntry) -> None:
    """Count what an earlier run sent. An entry that was broken off may have been counted by the unit."""
    from workshop_console.console.procedures.security_access import DELAY_CODES, FALSE_KEY_CODES

    if len(entry.request) < 2:
        return
    level, at_s = entry.request[1] - 1, entry.time.timestamp()
    if entry.outcome == "done":
        attempts.unlocked(level)
    elif entry.outcome in (
        "begun",
        "silent",
        "failed",
        *(f"refused 0x{code:02X}" for code in FALSE_KEY_CODES),
    ):
        attempts.false_key(level, at_s=at_s)
    if entry.outcome in [f"refused 0x{code:02X}" for code in DELAY_CODES]:
        attempts.delayed(level, at_s=at_s)
