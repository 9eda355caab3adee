"""Imported descriptions come back as they went in, and quickly."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.store.conftest import Opener
from tests.store.descriptions import FIELD, description
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcDescription,
    ImportedDescription,
    UnitSummary,
)
from workshop_console.data.store import Store


def only_unit(store: Store, name: str = "ECU0") -> UnitSummary:
    (unit,) = store.catalogue.find_units(name)
    return unit


def test_a_description_comes_back_as_it_went_in(store: Store) -> None:
    given = description()
    kept = store.catalogue.add(given)
    assert store.catalogue.descriptions() == [kept]
    assert (kept.name, kept.file, kept.units, kept.problems, kept.shipped) == ("car", "car.pdx", 2, 2, False)
    assert (kept.vin_pattern, kept.vehicle_name) == (given.vin_pattern, given.vehicle_name)
    assert store.catalogue.problems(kept.key) == list(given.problems)
    units = store.catalogue.units(kept.key)
    assert [replace(unit, key=0, description="") for unit in units] == [unit.summary for unit in given.units]
    assert {unit.description for unit in units} == {"car"}
    base = store.catalogue.unit(units[0].key)
    assert base is not None
    assert replace(base, summary=given.units[0].summary) == given.units[0].descriptions[0]


def test_a_variant_stands_before_the_base(store: Store) -> None:
    store.catalogue.add(description())
    key = only_unit(store).key
    in_variant = store.catalogue.unit(key, "V1")
    assert in_variant is not None
    assert [(dtc.dtc, dtc.text) for dtc in in_variant.dtcs] == [
        (0x030000, "Fehler 0"),
        (0x030001, "Variante weiß es besser"),
        (0x030002, "Fehler 2"),
    ]
    assert [(did.did, did.label, did.fields) for did in in_variant.data_identifiers] == [
        (0xF190, "VIN", ()),
        (0x0100, "Newer", ()),
    ]
    assert len(in_variant.functions) == 2
    base = store.catalogue.unit(key, "a variant that adds nothing")
    assert base is not None
    assert base.data_identifiers[1].fields == (FIELD, FIELD)


def test_fault_descriptions_are_found_for_those_asked(store: Store) -> None:
    store.catalogue.add(description(dtcs=40))
    key = only_unit(store).key
    found = store.catalogue.fault_descriptions(key, "V1", [0x030001, 0x030002, 0xFFFFFF, 0x030002])
    assert {dtc: one.text for dtc, one in found.items()} == {
        0x030001: "Variante weiß es besser",
        0x030002: "Fehler 2",
    }
    assert store.catalogue.fault_descriptions(key, "", range(0x030000, 0x031000)).keys() == {
        0x030000 + n for n in range(40)
    }
    assert store.catalogue.fault_descriptions(key, "", []) == {}


def test_units_are_found_by_name_or_label_in_any_case(store: Store) -> None:
    store.catalogue.add(description("old", sha256="1"))
    store.catalogue.add(description("new", sha256="2"))
    assert [unit.description for unit in store.catalogue.find_units("ecu1")] == ["new", "old"]
    assert [unit.name for unit in store.catalogue.find_units(" STEUERGERÄT ä1 ")] == ["ECU1", "ECU1"]
    assert store.catalogue.find_units("ECU") == []
    assert store.catalogue.find_units("' OR 1=1 --\ud800") == []


def test_the_same_file_is_replaced_and_the_same_name_stays_beside(store: Store) -> None:
    store.catalogue.add(description(sha256="1"), shipped=True)
    again = store.catalogue.add(description(sha256="1", units=1))
    store.catalogue.add(description(sha256="2"))
    assert [(d.sha256, d.units) for d in store.catalogue.descriptions()] == [("2", 2), ("1", 1)]
    assert again.shipped, "what ships is not taken for the user's by importing it once more"


def test_what_another_console_works_with_stays_when_the_same_file_comes_again(store: Store) -> None:
    store.catalogue.add(description("first", sha256="1"))
    in_hand = store.catalogue.units(store.catalogue.descriptions()[0].key)
    store.catalogue.add(description("second", sha256="2"))
    again = store.catalogue.add(description("first", sha256="1", units=1))
    assert [unit.key for unit in store.catalogue.units(again.key)] == [in_hand[0].key]
    assert store.catalogue.unit(in_hand[1].key) is None
    assert [d.name for d in store.catalogue.descriptions()] == ["first", "second"], "newest first"
    assert [unit.description for unit in store.catalogue.find_units("ECU0")] == ["first", "second"]


def test_a_removed_description_leaves_nothing_behind(store: Store) -> None:
    kept = store.catalogue.add(description())
    unit = only_unit(store)
    store.catalogue.remove(kept.key)
    assert store.catalogue.descriptions() == []
    assert store.catalogue.units(kept.key) == []
    assert store.catalogue.unit(unit.key) is None
    assert store.catalogue.problems(kept.key) == []
    assert store.catalogue.fault_descriptions(unit.key, "", [0x030000]) == {}


def test_what_is_said_twice_is_kept_once_as_said_first(store: Store) -> None:
    given = description(units=1)
    base, variant = given.units[0].descriptions
    doubled = replace(
        base,
        dtcs=(*base.dtcs, DtcDescription(dtc=0x030000, display_code="", text="again")),
        data_identifiers=(*base.data_identifiers, DataIdentifier(did=0xF190, name="B", label="B", length=1)),
    )
    store.catalogue.add(replace(given, units=(replace(given.units[0], descriptions=(doubled, variant)),)))
    unit = store.catalogue.unit(only_unit(store).key)
    assert unit is not None
    assert [dtc.text for dtc in unit.dtcs] == ["Fehler 0", "Fehler 1", "Fehler 2"]
    assert [did.name for did in unit.data_identifiers] == ["VIN", "Temp", "B"], (
        "two records may share an identifier"
    )


def test_an_import_is_kept_whole_or_not_at_all(store: Store) -> None:
    given = description(units=30, dtcs=30)
    bad = replace(
        given.units[-1].descriptions[0],
        dtcs=(DtcDescription(dtc=2**70, display_code="", text="no number of 64 bits"),),
    )
    broken = replace(given, units=(*given.units[:-1], replace(given.units[-1], descriptions=(bad,))))
    with pytest.raises((ConsoleError, OverflowError)):
        store.catalogue.add(broken)
    assert store.catalogue.descriptions() == []
    assert store.catalogue.find_units("ECU1") == []
    store.catalogue.add(given)
    assert len(store.catalogue.units(store.catalogue.descriptions()[0].key)) == 30


def test_texts_that_sqlite_cannot_store_are_made_storable(store: Store) -> None:
    given = description(units=1)
    store.catalogue.add(replace(given, name="half \ud800 character"))
    assert store.catalogue.descriptions()[0].name == "half ? character"


@pytest.mark.soak
def test_one_of_sixty_units_is_read_in_a_few_milliseconds(opener: Opener) -> None:
    """The issue's figure is 100 ms for a fresh process; the store may take a small part of it."""
    writing = opener()
    large: ImportedDescription = description(units=60, dtcs=250)
    writing.catalogue.add(large)
    fresh = opener()
    times: list[float] = []
    for number in range(5):
        begun = time.perf_counter()
        key = fresh.catalogue.find_units(f"ECU{number}")[0].key
        unit = fresh.catalogue.unit(key, "V1")
        times.append(time.perf_counter() - begun)
        assert unit is not None
        assert len(unit.dtcs) == 250
    assert min(times) < 0.03
