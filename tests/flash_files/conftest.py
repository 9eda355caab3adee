"""A folder with a trusted key for every test of flash files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flash_files.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench.build(tmp_path)
