"""Standard identifiers (ISO 14229-1:2020, annex C, table C.1): known of any unit, without a description."""

from __future__ import annotations

from workshop_console.console.model.clean import clean_bytes_as_text
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.forms import ParameterKind, RecordForm, ValueForm

IDENTIFIERS: dict[int, str] = {
    0xF186: "activeDiagnosticSession",
    0xF187: "vehicleManufacturerSparePartNumber",
    0xF188: "vehicleManufacturerECUSoftwareNumber",
    0xF189: "vehicleManufacturerECUSoftwareVersionNumber",
    0xF18A: "systemSupplierIdentifier",
    0xF18B: "ECUManufacturingDate",
    0xF18C: "ECUSerialNumber",
    0xF18D: "supportedFunctionalUnits",
    0xF18E: "vehicleManufacturerKitAssemblyPartNumber",
    0xF18F: "regulationXSoftwareIdentificationNumbers",
    0xF190: "VIN",
    0xF191: "vehicleManufacturerECUHardwareNumber",
    0xF192: "systemSupplierECUHardwareNumber",
    0xF193: "systemSupplierECUHardwareVersionNumber",
    0xF194: "systemSupplierECUSoftwareNumber",
    0xF195: "systemSupplierECUSoftwareVersionNumber",
    0xF196: "exhaustRegulationOrTypeApprovalNumber",
    0xF197: "systemNameOrEngineType",
    0xF198: "repairShopCodeOrTesterSerialNumber",
    0xF199: "programmingDate",
    0xF19A: "calibrationRepairShopCodeOrCalibrationEquipmentSerialNumber",
    0xF19B: "calibrationDate",
    0xF19C: "calibrationEquipmentSoftwareNumber",
    0xF19D: "ECUInstallationDate",
    0xF19E: "ODXFile",
}
"""The standard's names, without the ending that they all share (DataIdentifier)."""

_SESSIONS = {
    0x01: "defaultSession",
    0x02: "programmingSession",
    0x03: "extendedDiagnosticSession",
    0x04: "safetySystemDiagnosticSession",
}
"""ISO 14229-1:2020, table 25."""
_ACTIVE_SESSION = 0xF186
_DATES = frozenset((0xF18B, 0xF199, 0xF19B, 0xF19D))
_PADDING = b"\x00\xff \xaa\xcc"
_LONGEST_TEXT = 256


def standard_records() -> tuple[RecordForm, ...]:
    """Return the records that any unit may have."""
    return tuple(
        RecordForm(
            service="",
            label=name,
            request=b"\x22" + did.to_bytes(2, "big"),
            did=did,
            length=1 if did == _ACTIVE_SESSION else None,
            values=(ValueForm(name=name, label=name, kind=ParameterKind.TEXT),),
        )
        for did, name in IDENTIFIERS.items()
    )


def decode_standard(request: bytes, response: bytes) -> tuple[DecodedValue, ...]:
    """Return what a positive response to a standard identifier says; empty when it is none."""
    did = int.from_bytes(request[1:3], "big")
    fits = len(request) == 3 and request[0] == 0x22 and response[:3] == b"\x62" + request[1:3]
    if not fits or did not in IDENTIFIERS:
        return ()
    data = response[3:]
    return (DecodedValue(name=IDENTIFIERS[did], value=_text(did, data), raw=data),)


def _text(did: int, data: bytes) -> str:
    if did == _ACTIVE_SESSION and len(data) == 1:
        return _SESSIONS.get(data[0], f"0x{data[0]:02X}")
    if did in _DATES and (date := _date(data)):
        return date
    core = data.rstrip(_PADDING)
    if core and all(0x20 <= byte < 0x7F for byte in core):
        return clean_bytes_as_text(core, longest=_LONGEST_TEXT)
    shown = data[: _LONGEST_TEXT // 2].hex().upper()
    return shown if 2 * len(data) <= _LONGEST_TEXT else shown + "…"


def _date(data: bytes) -> str:
    """Return a date sent as digits (BCD or ASCII; year, month, day); empty for any other form."""
    digits = data.hex() if len(data) == 4 else data.decode("latin-1") if len(data) == 8 else ""
    if not (digits.isascii() and digits.isdecimal()):
        return ""
    year, month, day = digits[:4], digits[4:6], digits[6:]
    plausible = "1980" <= year < "2100" and "01" <= month <= "12" and "01" <= day <= "31"
    return f"{year}-{month}-{day}" if plausible else ""
