"""Variants of hand-written descriptions, and how they are told apart."""

from __future__ import annotations

import pytest

from tests.odx.conftest import Import
from tests.odx.handmade import (
    U8,
    Service,
    base,
    can_address,
    coded,
    contents,
    document,
    dop,
    dops,
    linear,
    only,
    pattern,
    reading,
    reasons,
    scales,
    texts,
    value,
    variant,
)
from workshop_console.console.model.description import ImportedDescription
from workshop_console.console.odx.reasons import Reason
from workshop_console.console.procedures.identify import rule_holds


def matching(description: ImportedDescription, answer: str) -> list[str]:
    payload = bytes.fromhex(answer)
    return [
        v.name
        for v in only(description).summary.variants
        if any(pattern and all(rule_holds(rule, payload) for rule in pattern) for pattern in v.patterns)
    ]


def two_variants(
    read: Import, identification: Service, dictionary: str, parameter: str, a: str, b: str
) -> ImportedDescription:
    return read(
        document(
            bases=base("Unit", contents(identification, dictionary=dictionary), can_address(1, 2)),
            variants=variant(
                "A", "Unit", patterns=pattern((identification_name(identification), parameter, a))
            )
            + variant("B", "Unit", patterns=pattern((identification_name(identification), parameter, b))),
        )
    )


def identification_name(_service: Service) -> str:
    return "Identification"


@pytest.mark.parametrize(
    ("described", "a", "b", "answer_a", "answer_b", "answer_none"),
    [
        (dop("T", coded(16)), "513", "514", "0201", "0202", "0102"),
        (dop("T", coded(16, IS_HIGHLOW_BYTE_ORDER="false")), "513", "514", "0102", "0202", "0201"),
        (dop("T", coded(12, IS_HIGHLOW_BYTE_ORDER="false")), "513", "514", "01F2", "0202", "0103"),
        (dop("T", coded(8), scales("LINEAR", linear(100, 1)), "A_INT32"), "101", "102", "01", "02", "65"),
        (dop("T", coded(16, "A_BYTEFIELD"), physical="A_BYTEFIELD"), "AB01", "ab02", "AB01", "AB02", "AC01"),
        (dop("T", coded(16, "A_ASCIISTRING"), physical="A_ASCIISTRING"), "X1", "X2", "5831", "5832", "5931"),
        (dop("T", coded(16, "A_INT32"), physical="A_INT32"), "-1", "-2", "FFFF", "FFFE", "0001"),
        (
            dop("T", coded(8), texts((">1", ">3", "old"), (">4", ">4", "new")), "A_UNICODE2STRING"),
            *("old", "new", "03", "04", "05"),
        ),
    ],
    ids=["number", "little endian", "twelve bits", "linear", "bytes", "text", "signed", "text table"],
)
def test_patterns_match_what_they_should(
    read: Import, described: str, a: str, b: str, answer_a: str, answer_b: str, answer_none: str
) -> None:
    identification = reading("Identification", 0xF100, value("id", "T", 3))
    description = two_variants(read, identification, dops(described), "id", a, b)
    assert reasons(description) == set()
    assert matching(description, "62F100" + answer_a) == ["A"]
    assert matching(description, "62F100" + answer_b) == ["B"]
    assert matching(description, "62F100" + answer_none) == []
    assert matching(description, "62F100") == []


def test_a_pattern_may_ask_for_several_things_along_a_path(read: Import) -> None:
    structure = (
        '<STRUCTURES><STRUCTURE ID="S"><SHORT-NAME>S</SHORT-NAME><PARAMS>'
        f"{value('major', 'U8', 0)}{value('minor', 'U8', 1)}</PARAMS></STRUCTURE></STRUCTURES>"
    )
    inner = contents(
        reading("Identification", 0xF100, value("version", "S", 3)), dictionary=dops(U8) + structure
    )
    both = pattern(("Identification", "version.major", "2"), ("Identification", "version.minor", "7"))
    other = pattern(("Identification", "version.major", "9"))
    description = read(
        document(
            bases=base("Unit", inner, can_address(1, 2)), variants=variant("V", "Unit", patterns=both + other)
        )
    )
    assert matching(description, "62F1000207") == ["V"]
    assert matching(description, "62F1000208") == []
    assert matching(description, "62F1000900") == ["V"]


@pytest.mark.parametrize(
    ("service", "parameter", "expected"),
    [("Missing", "id", "1"), ("Identification", "missing", "1"), ("Identification", "id", "many")],
)
def test_patterns_that_cannot_be_checked_are_told(
    read: Import, service: str, parameter: str, expected: str
) -> None:
    inner = contents(reading("Identification", 0xF100, value("id", "U8", 3)), dictionary=dops(U8))
    description = read(
        document(
            bases=base("Unit", inner, can_address(1, 2)),
            variants=variant("V", "Unit", patterns=pattern((service, parameter, expected))),
        )
    )
    assert only(description).summary.variants[0].patterns == ()
    assert reasons(description) == {Reason.PATTERN_UNUSABLE}


def test_a_variant_holds_only_what_differs_from_its_base(read: Import) -> None:
    inner = contents(
        reading("Same", 0x0001, value("v", "U8", 3)),
        reading("Changed", 0x0002, value("v", "U8", 3)),
        dictionary=dops(U8),
    )
    own = contents(reading("Changed", 0x0003, value("v", "U8V", 3)), dictionary=dops(dop("U8V", coded(8))))
    description = read(
        document(
            bases=base("Unit", inner, can_address(1, 2)),
            variants=variant("V", "Unit", own) + variant("W", "Unit"),
        )
    )
    whole, difference = only(description).descriptions
    assert {i.did for i in whole.data_identifiers} == {1, 2}
    assert (difference.variant, {i.did for i in difference.data_identifiers}) == ("V", {3})
