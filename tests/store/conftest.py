"""A store in a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from workshop_console.console.settings import Folders
from workshop_console.data.store import Store, open_store
from workshop_console.i18n.messages import SHIPPED

Opener = Callable[[], Store]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(config=tmp_path / "config", data=tmp_path / "data", state=tmp_path / "state")


@pytest.fixture
def opener(folders: Folders) -> Iterator[Opener]:
    """Open the store as each start of the console does; all of them are closed at the end."""
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(open_store(folders, texts=SHIPPED))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(opener: Opener) -> Store:
    found = opener()
    assert found.problems == []
    return found
