"""The PDX of a description stands beside the store, or the import is refused whole."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from typing import Any, cast

import pytest

from tests.procedures.scripted import Described
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditDesk
from workshop_console.console.jobs.description_files import DescriptionFiles
from workshop_console.console.jobs.vehicle_line import VehicleLine
from workshop_console.console.model.credit import Edition, ProductGroup
from workshop_console.console.model.description import DescriptionSummary, ImportedDescription

CONTENT = b"PK and so on"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Importer:
    """Reads any file as an empty description."""

    def read(self, file: Path, progress: object = None) -> ImportedDescription:
        return ImportedDescription(name="D", file=file.name, sha256=SHA256, units=())


class Refusing(Described):
    """A store that takes nothing."""

    def add(self, description: ImportedDescription, *, shipped: bool = False) -> DescriptionSummary:
        raise ConsoleError("WC-604", file="store.db")


def line(catalogue: Described, files: DescriptionFiles) -> VehicleLine:
    def never(*_: object) -> object:
        raise AssertionError("an import asks nobody")

    return VehicleLine(
        vci="sim://",
        group=ProductGroup.PASSENGER_CARS,
        edition=Edition.LITE,
        catalogue=catalogue,
        desk=cast(CreditDesk, None),
        open_link=cast(Any, never),
        discover=cast(Any, never),
        check_vci=cast(Any, never),
        simulations=cast(Any, never),
        importer=Importer(),
        shipped=lambda _vin: None,
        files=files,
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "car.pdx"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture
def files(tmp_path: Path) -> DescriptionFiles:
    return DescriptionFiles(lambda: tmp_path / "kept")


def test_an_imported_file_is_kept_and_goes_with_its_description(
    source: Path, files: DescriptionFiles, tmp_path: Path
) -> None:
    catalogue = Described()
    working = line(catalogue, files)
    kept = working.import_file(source)
    assert files.path(SHA256) == tmp_path / "kept" / f"{SHA256}.pdx"
    assert [file.name for file in (tmp_path / "kept").iterdir()] == [f"{SHA256}.pdx"]
    working.forget(kept)
    assert files.path(SHA256) is None
    assert catalogue.descriptions() == []


def test_when_the_store_takes_nothing_the_file_goes_too(source: Path, files: DescriptionFiles) -> None:
    with pytest.raises(ConsoleError, match="WC-604"):
        line(Refusing(), files).import_file(source)
    assert files.path(SHA256) is None


def test_what_was_kept_before_stays_when_the_store_takes_nothing(
    source: Path, files: DescriptionFiles
) -> None:
    files.keep(source, SHA256)
    with pytest.raises(ConsoleError, match="WC-604"):
        line(Refusing(), files).import_file(source)
    assert files.path(SHA256) is not None


def test_a_full_disk_refuses_the_import_whole(
    source: Path, files: DescriptionFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("workshop_console.console.jobs.files.os.fsync", full)
    catalogue = Described()
    with pytest.raises(ConsoleError, match="WC-604"):
        line(catalogue, files).import_file(source)
    assert catalogue.descriptions() == []
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_file_that_changed_since_it_was_read_is_refused(source: Path, files: DescriptionFiles) -> None:
    source.write_bytes(CONTENT + b"!")
    with pytest.raises(ConsoleError) as raised:
        files.keep(source, SHA256)
    assert (raised.value.number, raised.value.facts["detail"]) == ("WC-108", "SHA-256")


def test_a_kept_file_that_was_damaged_is_put_right(source: Path, files: DescriptionFiles) -> None:
    assert files.keep(source, SHA256)
    place = files.path(SHA256)
    assert place is not None
    place.write_bytes(b"")
    assert files.keep(source, SHA256)
    assert place.read_bytes() == CONTENT
    assert not files.keep(source, SHA256), "it is here already"


def test_a_file_that_is_gone_is_told(tmp_path: Path, files: DescriptionFiles) -> None:
    with pytest.raises(ConsoleError, match="WC-108"):
        files.keep(tmp_path / "nowhere.pdx", SHA256)
    files.forget(SHA256)
