"""Reads the fault codes of a layer from its DTC-DOPs."""

from __future__ import annotations

from odxtools.compumethods.identicalcompumethod import IdenticalCompuMethod
from odxtools.diaglayers.diaglayer import DiagLayer
from odxtools.diagnostictroublecode import DiagnosticTroubleCode
from odxtools.dtcdop import DtcDop

from workshop_console.console.model.clean import clean
from workshop_console.console.model.description import DtcDescription
from workshop_console.console.model.dtc import format_code
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.reasons import Reason

_LARGEST_CODE = 0xFF_FFFF


class FaultReader:
    """Reads DTC-DOPs; each one once, however many layers inherit it."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._known: dict[int, dict[int, DtcDescription]] = {}

    def read(self, layer: DiagLayer) -> dict[int, DtcDescription]:
        """Return the fault codes that apply to `layer` by their 24 bits, linked ones included."""
        found: dict[int, DtcDescription] = {}
        for dop in layer.diag_data_dictionary_spec.dtc_dops:
            known = self._known.get(id(dop))
            if known is None:
                where = f"{layer.short_name}/{dop.short_name}"
                known = {}
                with self._problems.guard(where, Reason.SERVICE_UNREADABLE):
                    self._read(dop, known, where)
                self._known[id(dop)] = known
            for number, description in known.items():
                found.setdefault(number, description)
        return found

    def _read(self, dop: DtcDop, found: dict[int, DtcDescription], where: str) -> None:
        bits = dop.diag_coded_type.get_static_bit_length() or 24
        # Two-byte codes (ISO 15031-5) stand in the upper bytes; the failure type byte is then 0x00.
        shift = 8 if bits == 16 else 0
        if bits > 24 and any(dtc.trouble_code > _LARGEST_CODE for dtc in dop.dtcs):
            self._problems.add(where, Reason.TROUBLE_CODE_SIZE, f"{bits} bit")
        for dtc in dop.dtcs:
            code: object = dtc.trouble_code
            if not isinstance(dop.compu_method, IdenticalCompuMethod):
                code = dop.compu_method.convert_physical_to_internal(dtc.trouble_code)
            if not isinstance(code, int) or not 0 <= code << shift <= _LARGEST_CODE:
                self._problems.add(f"{where}/{dtc.short_name}", Reason.TROUBLE_CODE_SIZE, code)
                continue
            found.setdefault(code << shift, _description(dtc, code << shift))


def _description(dtc: DiagnosticTroubleCode, code: int) -> DtcDescription:
    text = str(dtc.text) if dtc.text is not None else ""
    level = dtc.level
    return DtcDescription(
        dtc=code,
        display_code=clean((dtc.display_trouble_code or "").strip(), longest=24) or format_code(code),
        text=clean(" ".join(text.split()) or dtc.long_name or dtc.short_name),
        priority=level if level is not None and 0 <= level <= 0xFF else None,
    )
