"""Packs a database as PDX so that the same vehicle always gives the same bytes."""

from __future__ import annotations

import re
import tempfile
import zipfile
from pathlib import Path

from odxtools.writepdxfile import write_pdx_file

from workshop_console.console.odx.authoring.vehicle import build_database
from workshop_console.console.simulation.definition import VehicleDefinition

_CREATION_DATE = re.compile(rb'CREATION-DATE="[^"]*"')
_FIXED_DATE = b'CREATION-DATE="2024-01-01T00:00:00"'
_ZIP_DATE = (2024, 1, 1, 0, 0, 0)
_INDENTATION = re.compile(rb"\n\s+")


def write_pdx(vehicle: VehicleDefinition, file: Path) -> None:
    """Write the description of `vehicle` to `file`.

    odxtools 11.7 writes the current time into the index and into the archive, and indents deeply; both are
    taken out here.
    """
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "written.pdx"
        write_pdx_file(str(written), build_database(vehicle))
        with zipfile.ZipFile(written) as archive:
            contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in contents.items():
            if name == "index.xml":
                content = _CREATION_DATE.sub(_FIXED_DATE, content)
            info = zipfile.ZipInfo(name, _ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, _INDENTATION.sub(b"\n", content).lstrip())
