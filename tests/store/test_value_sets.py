"""Sets of actual values are kept per vehicle, replaced by name, and survive damaged rows and refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.store.conftest import Opener
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.kept import ValueSet
from workshop_console.data.store import Store
from workshop_console.data.store.value_sets import StoredValueSets

IDLE = ValueSet(
    vehicle="W1K2060041F048211",
    name="Leerlauf „kalt“",
    values=(("ENGINE", "Speed"), ("GEARBOX", "Oil"), ("ENGINE", "Coolant")),
)


def test_a_set_is_found_as_it_was_kept(opener: Opener) -> None:
    opener().value_sets.keep(IDLE)
    assert opener().value_sets.list(IDLE.vehicle) == [IDLE]


def test_a_set_replaces_the_one_of_its_name_on_its_vehicle_only(store: Store) -> None:
    store.value_sets.keep(IDLE)
    store.value_sets.keep(other := replace(IDLE, vehicle="X"))
    store.value_sets.keep(shorter := replace(IDLE, values=IDLE.values[:1]))
    assert store.value_sets.list(IDLE.vehicle) == [shorter]
    assert store.value_sets.list("X") == [other]


def test_sets_are_listed_by_name_and_forgotten_one_by_one(store: Store) -> None:
    for name in ("b", "C", "a"):
        store.value_sets.keep(replace(IDLE, name=name))
    assert [kept.name for kept in store.value_sets.list(IDLE.vehicle)] == ["a", "b", "C"]
    store.value_sets.remove(IDLE.vehicle, "b")
    store.value_sets.remove("nobody", "a")
    assert [kept.name for kept in store.value_sets.list(IDLE.vehicle)] == ["a", "C"]


@pytest.mark.parametrize("damaged", ["{", "null", "[1]", '[["a"]]'])
def test_a_row_that_cannot_be_understood_hides_no_other(store: Store, damaged: str) -> None:
    store.value_sets.keep(IDLE)
    store.value_sets.keep(replace(IDLE, name="broken"))
    store.databases[2].write(
        lambda c: c.execute("UPDATE value_sets SET vals = ? WHERE name = 'broken'", (damaged,))
    )
    assert store.value_sets.list(IDLE.vehicle) == [IDLE]


def test_records_that_cannot_be_written_refuse_and_are_read_all_the_same(store: Store) -> None:
    store.value_sets.keep(IDLE)
    sets = StoredValueSets(store.databases[2], ConsoleError("WC-603", file="r", found=9, known=2))
    with pytest.raises(ConsoleError) as raised:
        sets.keep(IDLE)
    assert raised.value.number == "WC-603"
    with pytest.raises(ConsoleError):
        sets.remove(IDLE.vehicle, IDLE.name)
    assert sets.list(IDLE.vehicle) == [IDLE]
