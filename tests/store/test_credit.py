"""What the store remembers of the access server's words."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

from tests.store.conftest import Opener
from workshop_console.console.model.credit import CreditReport, Edition, GroupCredit, Lease, ProductGroup
from workshop_console.data.store import Store

NOW = datetime(2026, 3, 9, 14, 5, 6, 789, tzinfo=UTC)
CARS = ProductGroup.PASSENGER_CARS


def report(minutes: int | None = 90, *, online: bool = True) -> CreditReport:
    return CreditReport(
        edition=Edition.LITE,
        as_of=NOW,
        online=online,
        source="local",
        groups=(
            GroupCredit(group=CARS, minutes=minutes, begun=NOW, until=NOW + timedelta(minutes=90)),
            GroupCredit(group=ProductGroup.SMART, minutes=0, ever=False),
        ),
    )


def lease(name: str, group: ProductGroup = CARS, minutes: int = 60, source: str = "local") -> Lease:
    return Lease(lease_id=name, group=group, begun=NOW, until=NOW + timedelta(minutes=minutes), source=source)


def test_credit_is_remembered_by_edition_and_is_then_from_the_store(opener: Opener) -> None:
    first = opener()
    assert first.credit.credit(Edition.LITE) is None
    first.credit.remember_credit(report(30))
    first.credit.remember_credit(report())
    again = opener()
    assert again.credit.credit(Edition.LITE) == report(online=False)
    assert again.credit.credit(Edition.PASS_THRU) is None


def test_credit_of_another_version_is_as_good_as_not_known(store: Store) -> None:
    store.credit.remember_credit(report())
    store.databases[0].write(lambda c: c.execute('UPDATE credit SET body = \'{"edition": "gold"}\''))
    assert store.credit.credit(Edition.LITE) is None
    store.databases[0].write(lambda c: c.execute("UPDATE credit SET body = 'nonsense'"))
    assert store.credit.credit(Edition.LITE) is None


def test_a_lease_holds_until_its_end(opener: Opener) -> None:
    opener().credit.remember_lease(lease("a"))
    store = opener()
    assert store.credit.lease(CARS, NOW) == lease("a")
    assert store.credit.lease(CARS, NOW + timedelta(minutes=59, seconds=59)) == lease("a")
    assert store.credit.lease(CARS, NOW + timedelta(minutes=60)) is None
    assert store.credit.lease(ProductGroup.VANS, NOW) is None


def test_times_of_any_zone_are_compared_as_times(store: Store) -> None:
    east = timezone(timedelta(hours=9))
    given = lease("a")
    store.credit.remember_lease(
        Lease(
            lease_id="a", group=CARS, begun=given.begun.astimezone(east), until=given.until.astimezone(east)
        )
    )
    assert store.credit.lease(CARS, (NOW + timedelta(minutes=59)).astimezone(east)) is not None
    assert store.credit.lease(CARS, (NOW + timedelta(minutes=61)).astimezone(east)) is None


def test_the_lease_remembered_last_is_the_one_in_use(store: Store) -> None:
    store.credit.remember_lease(lease("a", minutes=500, source="http://other"))
    store.credit.remember_lease(lease("b", minutes=60))
    assert store.credit.lease(CARS, NOW) == lease("b")
    store.credit.remember_lease(lease("a", minutes=500, source="http://other"))
    assert store.credit.lease(CARS, NOW) == lease("a", minutes=500, source="http://other")


def test_old_leases_do_not_pile_up(store: Store) -> None:
    for number in range(50):
        store.credit.remember_lease(lease(str(number)))
    (count,) = store.databases[0].read(lambda c: c.execute("SELECT count(*) FROM leases").fetchone())
    assert count == 20


def test_the_key_of_an_unanswered_request_is_the_same_until_it_is_answered(opener: Opener) -> None:
    key = opener().credit.lease_key(CARS)
    store = opener()
    assert store.credit.lease_key(CARS) == key
    assert store.credit.lease_key(ProductGroup.VANS) != key
    store.credit.forget_lease_key(CARS, "the key of an older request")
    assert store.credit.lease_key(CARS) == key
    store.credit.forget_lease_key(CARS, key)
    assert store.credit.lease_key(CARS) != key


def test_two_consoles_ask_with_one_key(opener: Opener) -> None:
    stores = [opener() for _ in range(4)]
    keys: list[str] = []
    threads = [threading.Thread(target=lambda s=s: keys.append(s.credit.lease_key(CARS))) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 4
    assert len(set(keys)) == 1
