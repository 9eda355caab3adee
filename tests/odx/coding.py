"""Coders on PDX files of a test, with odxtools beside them to compare with."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import odxtools
from odxtools.database import Database
from odxtools.diagnostictroublecode import DiagnosticTroubleCode

from workshop_console.console.model.description import UnitSummary
from workshop_console.console.odx.coder.pdx_coder import KeptPdx, PdxCoder
from workshop_console.console.odx.limits import DEFAULT_LIMITS, ImportLimits

HERE = Path(__file__).parent / "data"
SHIPPED = Path(__file__).parents[2] / "data" / "vehicles"


def kept(file: Path, **changed: object) -> KeptPdx:
    """Return `file` as it was imported."""
    fields: dict[str, Any] = {
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "path": file,
    }
    return KeptPdx(**fields | changed)


def coder_for(*files: Path, limits: ImportLimits = DEFAULT_LIMITS, request_s: float = 30.0) -> PdxCoder:
    """Return a coder; units of the first file have key 1, of the second one key 2 …"""
    known = {key: kept(file) for key, file in enumerate(files, 1)}
    return PdxCoder(known.get, limits, request_s=request_s)


def unit(name: str, key: int = 1) -> UnitSummary:
    """Return as much of a unit as the coder looks at."""
    return UnitSummary(key=key, name=name, label=f"Unit {name}", addresses=(), description="handmade")


def loaded(file: Path) -> Database:
    """Return what odxtools reads from `file`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return odxtools.load_pdx_file(str(file))


def flat(value: object, name: str = "") -> dict[str, object]:
    """Return what odxtools decoded by the names that the coder gives."""
    if isinstance(value, dict):
        parts = [(f"{name}.{key}" if name else str(key), part) for key, part in value.items()]
    elif isinstance(value, tuple):
        parts = [(f"{name}.{value[0]}", value[1])]
    elif isinstance(value, list):
        parts = [(f"{name}[{index}]", part) for index, part in enumerate(value, 1)]
    else:
        return {name: value.trouble_code if isinstance(value, DiagnosticTroubleCode) else value}
    return {path: leaf for inner, part in parts for path, leaf in flat(part, inner).items()}
