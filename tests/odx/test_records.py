"""Data identifiers of hand-written descriptions: places, codings, conversions."""

from __future__ import annotations

import pytest

from tests.odx.conftest import Import
from tests.odx.handmade import (
    LIMITS,
    U8,
    U16,
    Service,
    base,
    can_address,
    coded,
    const,
    contents,
    document,
    dop,
    dops,
    echo,
    linear,
    only,
    reading,
    reasons,
    scales,
    texts,
    value,
)
from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import DataIdentifier, ImportedDescription
from workshop_console.console.odx.reasons import Reason


def record(description: ImportedDescription) -> DataIdentifier:
    (identifier,) = only(description).descriptions[0].data_identifiers
    return identifier


def values(description: ImportedDescription, data: str) -> dict[str, str]:
    return {v.name: v.value for v in decode_fields(record(description).fields, bytes.fromhex(data))}


def one_record(read: Import, *parameters: str, dictionary: str) -> ImportedDescription:
    inner = contents(reading("Record_Read", 0x1234, *parameters), dictionary=dictionary)
    return read(document(bases=base("Unit", inner, can_address(1, 2))))


def test_positions_follow_one_another_where_none_is_given(read: Import) -> None:
    description = one_record(
        read, value("a", "U8"), value("b", "U16"), value("c", "U8"), dictionary=dops(U8, U16)
    )
    assert (record(description).did, record(description).name) == (0x1234, "Record")
    assert record(description).length == 4
    assert values(description, "01020304") == {"a": "1", "b": "515", "c": "4"}


def test_structures_are_named_with_their_path(read: Import) -> None:
    structure = (
        '<STRUCTURES><STRUCTURE ID="S"><SHORT-NAME>S</SHORT-NAME><BYTE-SIZE>4</BYTE-SIZE><PARAMS>'
        f"{value('x', 'U8', 0)}{value('y', 'U8', 2)}</PARAMS></STRUCTURE></STRUCTURES>"
    )
    description = one_record(read, value("s", "S", 3), value("after", "U8"), dictionary=dops(U8) + structure)
    assert record(description).length == 5
    assert values(description, "0102030405") == {"s.x": "1", "s.y": "3", "after": "5"}


def test_a_field_of_fixed_size_is_numbered(read: Import) -> None:
    dictionary = (
        dops(U8)
        + '<STRUCTURES><STRUCTURE ID="S"><SHORT-NAME>S</SHORT-NAME><PARAMS>'
        + value("x", "U8", 0)
        + '</PARAMS></STRUCTURE></STRUCTURES><STATIC-FIELDS><STATIC-FIELD ID="F"><SHORT-NAME>F</SHORT-NAME>'
        '<BASIC-STRUCTURE-REF ID-REF="S"/><FIXED-NUMBER-OF-ITEMS>3</FIXED-NUMBER-OF-ITEMS>'
        "<ITEM-BYTE-SIZE>2</ITEM-BYTE-SIZE></STATIC-FIELD></STATIC-FIELDS>"
    )
    description = one_record(read, value("cell", "F", 3), dictionary=dictionary)
    assert record(description).length == 6
    assert values(description, "010002000300") == {"cell[1].x": "1", "cell[2].x": "2", "cell[3].x": "3"}


def test_what_repeats_to_the_end_is_raw_and_says_so(read: Import) -> None:
    dictionary = (
        dops(U8)
        + '<STRUCTURES><STRUCTURE ID="S"><SHORT-NAME>S</SHORT-NAME><PARAMS>'
        + value("x", "U8", 0)
        + '</PARAMS></STRUCTURE></STRUCTURES><END-OF-PDU-FIELDS><END-OF-PDU-FIELD ID="F">'
        '<SHORT-NAME>F</SHORT-NAME><BASIC-STRUCTURE-REF ID-REF="S"/></END-OF-PDU-FIELD></END-OF-PDU-FIELDS>'
    )
    description = one_record(read, value("first", "U8", 3), value("rest", "F", 4), dictionary=dictionary)
    assert record(description).length is None
    assert values(description, "010203") == {"first": "1"}
    assert reasons(description) == {Reason.FIELD_DYNAMIC}


def test_text_to_the_end_of_the_message(read: Import) -> None:
    text = (
        '<DIAG-CODED-TYPE BASE-DATA-TYPE="A_ASCIISTRING" TERMINATION="END-OF-PDU" '
        'xsi:type="MIN-MAX-LENGTH-TYPE"><MIN-LENGTH>0</MIN-LENGTH></DIAG-CODED-TYPE>'
    )
    description = one_record(
        read,
        value("text", "T", 3),
        dictionary=dops(
            dop("T", text, physical="A_UNICODE2STRING").replace("A_UNICODE2STRING", "A_ASCIISTRING")
        ),
    )
    assert record(description).length is None
    assert values(description, "414243") == {"text": "ABC"}


def test_length_before_the_value(read: Import) -> None:
    text = (
        '<DIAG-CODED-TYPE BASE-DATA-TYPE="A_BYTEFIELD" xsi:type="LEADING-LENGTH-INFO-TYPE">'
        "<BIT-LENGTH>8</BIT-LENGTH></DIAG-CODED-TYPE>"
    )
    description = one_record(
        read, value("blob", "T", 3), dictionary=dops(dop("T", text, physical="A_BYTEFIELD"))
    )
    assert values(description, "02AABB") == {"blob": "AABB"}


@pytest.mark.parametrize(
    ("raw", "text"),
    [("00", "off"), ("01", "low"), ("04", "low"), ("05", "high"), ("06", "high"), ("FF", "high")],
)
def test_text_tables_with_open_and_infinite_limits(read: Import, raw: str, text: str) -> None:
    method = texts(
        (">0", ">0", "off"),
        (' INTERVAL-TYPE="OPEN">0', ' INTERVAL-TYPE="OPEN">5', "low"),
        (">5", ' INTERVAL-TYPE="INFINITE">', "high"),
    )
    description = one_record(
        read, value("v", "T", 3), dictionary=dops(dop("T", coded(8), method, "A_UNICODE2STRING"))
    )
    assert values(description, raw) == {"v": text}


def test_a_text_table_with_a_default(read: Import) -> None:
    method = texts((">0", ">0", "off"), default="reserved")
    description = one_record(
        read, value("v", "T", 3), dictionary=dops(dop("T", coded(8), method, "A_UNICODE2STRING"))
    )
    assert (values(description, "00"), values(description, "77")) == ({"v": "off"}, {"v": "reserved"})


@pytest.mark.parametrize(
    ("coded_type", "method", "physical", "precision", "raw", "expected"),
    [
        (coded(8), scales("LINEAR", linear(-40, 1)), "A_INT32", None, "7D", "85"),
        (coded(8), scales("LINEAR", linear(0, 1, 2)), "A_INT32", None, "05", "2"),
        (coded(8), scales("LINEAR", linear(0, 0.5)), "A_FLOAT64", 1, "05", "2.5"),
        (
            coded(16, IS_HIGHLOW_BYTE_ORDER="false"),
            scales("LINEAR", linear(1, 2)),
            "A_FLOAT64",
            None,
            "0100",
            "3",
        ),
        (coded(16, "A_INT32"), "", "A_INT32", None, "FFFE", "-2"),
        (coded(16, BASE_TYPE_ENCODING="BCD-P"), "", "A_UINT32", None, "2024", "2024"),
        (coded(32, "A_FLOAT32"), "", "A_FLOAT32", 1, "41480000", "12.5"),
        (coded(24, "A_ASCIISTRING"), "", "A_ASCIISTRING", None, "414200", "AB"),
        (coded(32, "A_UNICODE2STRING"), "", "A_UNICODE2STRING", None, "00C4007A", "Äz"),
    ],
)
def test_values(
    read: Import, coded_type: str, method: str, physical: str, precision: int | None, raw: str, expected: str
) -> None:
    identical = dop("T", coded_type, physical=physical, precision=precision)
    described = dop("T", coded_type, method, physical, precision) if method else identical
    description = one_record(read, value("v", "T", 3), dictionary=dops(described))
    assert values(description, raw) == {"v": expected}
    assert reasons(description) == set()


def masked(bits: int, mask: str) -> str:
    return coded(bits).replace("</BIT-LENGTH>", f"</BIT-LENGTH><BIT-MASK>{mask}</BIT-MASK>")


@pytest.mark.parametrize(
    ("coded_type", "method", "raw", "shown", "reason"),
    [
        (masked(16, "00FF"), "", "12345678", {"v": "52", "next": "86"}, None),
        (masked(16, "0FFF"), "", "F2345678", {"v": "564", "next": "86"}, None),
        (masked(16, "FFFF"), "", "12345678", {"v": "4660", "next": "86"}, None),
        (masked(16, "F00F"), "", "12345678", {"v": "1234", "next": "86"}, Reason.FIELD_ENCODING),
        (
            coded(16, "A_INT32", BASE_TYPE_ENCODING="SM"),
            "",
            "800156",
            {"v": "8001", "next": "86"},
            Reason.FIELD_ENCODING,
        ),
        (coded(16), "TWO", "000156", {"v": "0001", "next": "86"}, Reason.FIELD_SCALE),
    ],
)
def test_codings_that_need_more_than_a_shift(
    read: Import, coded_type: str, method: str, raw: str, shown: dict[str, str], reason: Reason | None
) -> None:
    two = scales(
        "SCALE-LINEAR",
        LIMITS.format(low=">0", high=">9") + linear(0, 1),
        LIMITS.format(low=">10", high=">99") + linear(0, 2),
    )
    base_type = "A_INT32" if "A_INT32" in coded_type else "A_UINT32"
    described = dop("T", coded_type, two, "A_FLOAT64") if method else dop("T", coded_type, physical=base_type)
    description = one_record(read, value("v", "T", 3), value("next", "U8"), dictionary=dops(described, U8))
    assert values(description, raw) == shown
    assert reasons(description) == ({reason} if reason else set())


def test_identifiers_from_two_bytes_a_constant_value_or_a_default(read: Import) -> None:
    sid, response = const("sid", 0x22, 0), const("sid", 0x62, 0) + echo() + value("v", "U8", 3)
    physical = (
        '<PARAM xsi:type="PHYS-CONST"><SHORT-NAME>did</SHORT-NAME><BYTE-POSITION>1</BYTE-POSITION>'
        '<PHYS-CONSTANT-VALUE>513</PHYS-CONSTANT-VALUE><DOP-REF ID-REF="U16"/></PARAM>'
    )
    inner = contents(
        Service("Bytes", sid + const("high", 0x01, 1) + const("low", 0x02, 2), response),
        Service("Physical", sid + physical, response),
        Service("Default", sid + value("did", "U16", 1, default="769"), response),
        Service("Open", sid + value("did", "U16", 1), response),
        Service("Three", sid + const("a", 1, 1) + const("b", 2, 2) + const("c", 3, 3), response),
        dictionary=dops(U8, U16),
    )
    description = read(document(bases=base("Unit", inner, can_address(1, 2))))
    found = {i.name: i.did for i in only(description).descriptions[0].data_identifiers}
    assert found == {"Bytes": 0x0102, "Physical": 0x0201, "Default": 0x0301}
    assert {p.where for p in description.problems if p.reason == Reason.IDENTIFIER_OPEN} == {
        "Unit/Open",
        "Unit/Three",
    }


def test_identifiers_from_a_table(read: Import) -> None:
    table = (
        '<STRUCTURES><STRUCTURE ID="S"><SHORT-NAME>S</SHORT-NAME><PARAMS>'
        f"{value('x', 'U8', 0)}{value('y', 'U16', 1)}</PARAMS></STRUCTURE></STRUCTURES>"
        '<TABLES><TABLE ID="TAB"><SHORT-NAME>TAB</SHORT-NAME><KEY-DOP-REF ID-REF="U16"/>'
        '<TABLE-ROW ID="R1"><SHORT-NAME>Speed</SHORT-NAME><LONG-NAME>Vehicle speed</LONG-NAME>'
        "<KEY>4660</KEY>"
        '<DATA-OBJECT-PROP-REF ID-REF="U16"/></TABLE-ROW>'
        '<TABLE-ROW ID="R2"><SHORT-NAME>Pair</SHORT-NAME><KEY>4661</KEY>'
        '<STRUCTURE-REF ID-REF="S"/></TABLE-ROW>'
        "</TABLE></TABLES>"
    )
    key = (
        '<PARAM ID="{}" xsi:type="TABLE-KEY"><SHORT-NAME>key</SHORT-NAME><BYTE-POSITION>1</BYTE-POSITION>'
        '<TABLE-REF ID-REF="TAB"/></PARAM>'
    )
    rows = (
        '<PARAM xsi:type="TABLE-STRUCT"><SHORT-NAME>row</SHORT-NAME><BYTE-POSITION>3</BYTE-POSITION>'
        '<TABLE-KEY-REF ID-REF="K2"/></PARAM>'
    )
    service = Service(
        "ReadByIdentifier",
        const("sid", 0x22, 0) + key.format("K1"),
        const("sid", 0x62, 0) + key.format("K2") + rows,
    )
    inner = contents(service, dictionary=dops(U8, U16) + table)
    description = read(document(bases=base("Unit", inner, can_address(1, 2))))
    speed, pair = only(description).descriptions[0].data_identifiers
    assert (speed.did, speed.label, speed.length) == (4660, "Vehicle speed", 2)
    assert (pair.did, pair.length, [f.name for f in pair.fields]) == (4661, 3, ["x", "y"])
