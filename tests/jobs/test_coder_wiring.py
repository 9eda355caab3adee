"""The coder as the console builds it: which file it reads for a unit of the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.description_files import DescriptionFiles
from workshop_console.console.late_adapters import LateCoder
from workshop_console.console.odx.importer import PdxImporter
from workshop_console.console.settings import Folders
from workshop_console.console.wiring import _description_files, _kept_pdx
from workshop_console.data.store import Store, open_store
from workshop_console.i18n.messages import SHIPPED

SHIPPED_CAR = Path(__file__).parents[2] / "data" / "vehicles" / "van.pdx"
SOMERSAULT = Path(__file__).parents[1] / "odx" / "data" / "somersault.pdx"


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(config=tmp_path / "config", data=tmp_path / "data", state=tmp_path / "state")


def opened(folders: Folders) -> tuple[Store, DescriptionFiles, LateCoder]:
    store = open_store(folders, texts=SHIPPED)
    files, _ = _description_files(store, folders)
    return store, files, LateCoder(lambda key: _kept_pdx(store, files, key))


def test_a_unit_of_the_store_is_coded_by_its_kept_file(folders: Folders) -> None:
    store, files, coder = opened(folders)
    description = PdxImporter().read(SOMERSAULT)
    kept = store.catalogue.add(description)
    (unit,) = store.catalogue.units(kept.key)
    assert store.catalogue.description_of(unit.key) == kept
    with pytest.raises(ConsoleError) as raised:
        coder.forms(unit)
    assert (raised.value.number, raised.value.facts) == ("WC-409", {"file": "somersault.pdx"})
    files.keep(SOMERSAULT, description.sha256)
    assert [record.service for record in coder.forms(unit, "somersault_lazy").records] == ["report_status"]
    store.catalogue.remove(kept.key)
    assert store.catalogue.description_of(unit.key) is None
    with pytest.raises(ConsoleError, match="WC-409"):
        coder.forms(unit)
    coder.close()
    store.close()


def test_a_shipped_description_that_was_not_kept_is_read_where_it_ships(folders: Folders) -> None:
    store, _, coder = opened(folders)
    kept = store.catalogue.add(PdxImporter().read(SHIPPED_CAR), shipped=True)
    unit = store.catalogue.units(kept.key)[0]
    assert coder.forms(unit).records
    coder.close()
    store.close()


def test_without_a_store_on_disk_files_go_with_the_console(folders: Folders) -> None:
    folders.data.parent.mkdir(parents=True, exist_ok=True)
    folders.data.write_text("in the way of the folder")
    store = open_store(folders, texts=SHIPPED)
    assert store.in_memory
    files, close = _description_files(store, folders)
    description = PdxImporter().read(SOMERSAULT)
    assert files.keep(SOMERSAULT, description.sha256)
    place = files.path(description.sha256)
    assert place is not None
    close()
    assert not place.exists()
    store.close()


def test_a_coder_that_was_closed_before_its_first_call_starts_nothing(folders: Folders) -> None:
    store, files, coder = opened(folders)
    description = PdxImporter().read(SOMERSAULT)
    files.keep(SOMERSAULT, description.sha256)
    kept = store.catalogue.add(description)
    coder.close()
    with pytest.raises(ConsoleError, match="WC-410"):
        coder.forms(store.catalogue.units(kept.key)[0])
    store.close()
