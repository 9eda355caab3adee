"""Fixtures for descriptions: hand-written ODX packed as PDX, and its import."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.odx.handmade import INDEX, SPEC, SUBSET
from workshop_console.console.model.description import ImportedDescription
from workshop_console.console.odx.importer import PdxImporter

Pack = Callable[..., Path]
Import = Callable[..., ImportedDescription]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Return a function that packs files (name to text or bytes) as PDX."""

    def build(files: dict[str, str | bytes], name: str = "handmade.pdx") -> Path:
        target = tmp_path / name
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        return target

    return build


@pytest.fixture
def read(pack: Pack) -> Import:
    """Return a function that imports documents, beside the communication parameters they refer to."""

    def run(*documents: str) -> ImportedDescription:
        files: dict[str, str | bytes] = {"index.xml": INDEX, "common.odx-cs": SUBSET, "spec.odx-c": SPEC}
        files |= {f"layer{number}.odx-d": content for number, content in enumerate(documents)}
        return PdxImporter().read(pack(files))

    return run
