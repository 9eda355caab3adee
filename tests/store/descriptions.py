"""Descriptions for tests: small, and as large as a real vehicle's."""

from __future__ import annotations

from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.description import (
    DataIdentifier,
    DtcDescription,
    DtcRecordLayout,
    FieldLayout,
    FunctionDescription,
    ImportedDescription,
    ImportedUnit,
    ImportProblem,
    MatchRule,
    TextRange,
    Timing,
    UnitDescription,
    UnitSummary,
    ValueKind,
    Variant,
)

FIELD = FieldLayout(
    name="Temp",
    label="Temperature",
    byte_position=1,
    bit_position=2,
    bit_length=None,
    kind=ValueKind.SIGNED,
    little_endian=True,
    factor=0.5,
    offset=-40,
    divisor=2,
    texts=(TextRange(low=250, high=255.5, text="not «valid»"),),
    unit="°C",
    digits=1,
)


def description(
    name: str = "car", *, units: int = 2, dtcs: int = 3, sha256: str = "a" * 64
) -> ImportedDescription:
    return ImportedDescription(
        name=name,
        file=f"{name}.pdx",
        sha256=sha256,
        units=tuple(_unit(number, dtcs) for number in range(units)),
        problems=(
            ImportProblem(where="ECU1/Read", reason="field-scale", detail="RAT-FUNC"),
            ImportProblem(where="ECU2", reason="no-address"),
        ),
        vin_pattern="WDD213.{11}",
        vehicle_name="Car of the tests",
    )


def _unit(number: int, dtcs: int) -> ImportedUnit:
    summary = UnitSummary(
        key=0,
        name=f"ECU{number}",
        label=f"Steuergerät Ä{number}",
        addresses=(DoipAddress(0x1000 + number), CanAddress(0x18DA00F1 + number, 0x18DAF100, extended=True)),
        functional_request=0x7DF,
        timing=Timing(
            p2_ms=100 + number, p2_star_ms=6_000, pending_budget_ms=20_000, busy_budget_ms=1_000, retries=2
        ),
        variants=(
            Variant(
                name="V1",
                label="Variant 1",
                patterns=(
                    (
                        MatchRule(
                            request=b"\x22\xf1\x00",
                            position=3,
                            bit_position=0,
                            bit_length=16,
                            expected=b"\x00\x01",
                        ),
                    ),
                    (),
                ),
            ),
            Variant(name="V2", label="", patterns=()),
        ),
    )
    base = UnitDescription(
        summary=summary,
        variant="",
        dtcs=tuple(
            DtcDescription(
                dtc=0x030000 + n, display_code=f"P03{n:02X}", text=f"Fehler {n}", priority=n % 4 or None
            )
            for n in range(dtcs)
        ),
        data_identifiers=(
            DataIdentifier(did=0xF190, name="VIN", label="VIN", length=17),
            DataIdentifier(did=0x0100, name="Temp", label="Temperature", length=None, fields=(FIELD, FIELD)),
        ),
        extended_records=(DtcRecordLayout(record_number=1, fields=(FIELD,)),),
        functions=(
            FunctionDescription(name="Fan", label="Fan", kind="actuator", request=b"\x2f\x01\x02\x03"),
            FunctionDescription(name="Check", label="Self test", kind="routine", request=b"\x31\x01"),
        ),
    )
    variant = UnitDescription(
        summary=summary,
        variant="V1",
        dtcs=(DtcDescription(dtc=0x030001, display_code="", text="Variante weiß es besser"),),
        data_identifiers=(DataIdentifier(did=0x0100, name="Temp", label="Newer", length=2),),
    )
    return ImportedUnit(summary=summary, descriptions=(base, variant))
