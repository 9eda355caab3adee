"""Codings are kept, found by vehicle and unit, and survive damage and refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.store.conftest import Opener
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.settings import Folders
from workshop_console.data.store import Store

CODING = KeptCoding(
    time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    vin="WDD2130041A000001",
    unit="LIGHT",
    address="0x1001",
    variant="A",
    name="Lighting",
    did=0x0201,
    data=bytes(range(256)),
    options=(("Lamps", "LED „neu“"), ("Home", "20 s")),
    who="Maria",
)


def test_a_coding_is_found_as_it_was_kept(opener: Opener) -> None:
    number = opener().codings.keep(CODING)
    assert opener().codings.list(CODING.vin) == [replace(CODING, coding_id=number)]


def test_the_list_is_of_one_vehicle_and_unit_oldest_first(store: Store) -> None:
    first = store.codings.keep(CODING)
    other = store.codings.keep(replace(CODING, unit="DOOR"))
    store.codings.keep(replace(CODING, vin="X"))
    last = store.codings.keep(replace(CODING, data=b"\x01"))
    assert [c.coding_id for c in store.codings.list(CODING.vin)] == [first, other, last]
    assert [c.coding_id for c in store.codings.list(CODING.vin, "LIGHT")] == [first, last]
    assert store.codings.list("nobody") == []


def test_a_row_that_cannot_be_understood_hides_no_other(store: Store) -> None:
    first, second = store.codings.keep(CODING), store.codings.keep(CODING)
    store.databases[2].write(
        lambda c: c.execute("UPDATE codings SET options = '{' WHERE coding_id = ?", (first,))
    )
    assert [c.coding_id for c in store.codings.list(CODING.vin)] == [second]


def test_where_nothing_can_be_kept_that_is_said(folders: Folders, opener: Opener) -> None:
    store = opener()
    store.databases[2].write(lambda c: c.execute("PRAGMA user_version = 99"))
    store.close()
    with pytest.raises(ConsoleError) as caught:
        opener().codings.keep(CODING)
    assert caught.value.number == "WC-603"
