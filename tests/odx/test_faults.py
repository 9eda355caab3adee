"""Fault codes and extended data records of hand-written descriptions."""

from __future__ import annotations

from tests.odx.conftest import Import
from tests.odx.handmade import (
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
    only,
    reasons,
    value,
)
from workshop_console.console.odx.reasons import Reason


def dtc_dop(name: str, *codes: tuple[str, int, str], bits: int = 24, linked: str = "") -> str:
    dtcs = "".join(
        f'<DTC ID="{name}.{short}"><SHORT-NAME>{short}</SHORT-NAME><TROUBLE-CODE>{number}</TROUBLE-CODE>'
        f"<TEXT>{text}</TEXT><LEVEL>2</LEVEL></DTC>"
        for short, number, text in codes
    )
    link = (
        f'<LINKED-DTC-DOPS><LINKED-DTC-DOP><DTC-DOP-REF ID-REF="{linked}"/></LINKED-DTC-DOP>'
        "</LINKED-DTC-DOPS>"
        if linked
        else ""
    )
    return (
        f'<DTC-DOP ID="{name}"><SHORT-NAME>{name}</SHORT-NAME>{coded(bits)}'
        '<PHYSICAL-TYPE BASE-DATA-TYPE="A_UINT32"/>'
        f"<COMPU-METHOD><CATEGORY>IDENTICAL</CATEGORY></COMPU-METHOD><DTCS>{dtcs}</DTCS>{link}</DTC-DOP>"
    )


def test_fault_codes_of_linked_and_short_kinds(read: Import) -> None:
    dictionary = (
        "<DTC-DOPS>"
        + dtc_dop("Own", ("A", 0x030111, "Misfire\n   cylinder 1"), linked="Linked")
        + dtc_dop("Linked", ("B", 0xC10087, "No engine &#x1b;message")).replace("&#x1b;", "\u200b")
        + dtc_dop("Short", ("C", 0x0420, "Catalyst"), bits=16)
        + dtc_dop("Long", ("D", 0x01020304, "four bytes"), bits=32)
        + "</DTC-DOPS>"
    )
    description = read(document(bases=base("Unit", contents(dictionary=dictionary), can_address(1, 2))))
    dtcs = {d.dtc: d for d in only(description).descriptions[0].dtcs}
    assert dtcs.keys() == {0x030111, 0xC10087, 0x042000}
    assert dtcs[0x030111].text == "Misfire cylinder 1"
    assert (dtcs[0x030111].display_code, dtcs[0x030111].priority) == ("P0301-11", 2)
    assert dtcs[0xC10087].text == "No engine \ufffdmessage"
    assert reasons(description) == {Reason.TROUBLE_CODE_SIZE}


HEAD_OF_ANSWER = (
    const("sid", 0x59, 0) + const("sub", 6, 1) + value("dtc", "U24", 2) + value("status", "U8", 5)
)
U24 = dop("U24", coded(24))


def test_extended_records_one_service_each(read: Import) -> None:
    request = const("sid", 0x19, 0) + const("sub", 6, 1) + value("dtc", "U24", 2) + const("number", 2, 5)
    service = Service("Counter", request, HEAD_OF_ANSWER + const("number", 2, 6) + value("count", "U8", 7))
    inner = contents(service, dictionary=dops(U8, U24))
    (layout,) = (
        only(read(document(bases=base("Unit", inner, can_address(1, 2))))).descriptions[0].extended_records
    )
    assert (layout.record_number, [(f.name, f.byte_position) for f in layout.fields]) == (2, [("count", 0)])


def test_extended_records_one_after_another_in_environment_data(read: Import) -> None:
    dictionary = (
        dops(U8, U16, U24)
        + '<ENV-DATA-DESCS><ENV-DATA-DESC ID="E"><SHORT-NAME>E</SHORT-NAME><PARAM-SNREF SHORT-NAME="dtc"/>'
        '<ENV-DATA-REFS><ENV-DATA-REF ID-REF="ED"/></ENV-DATA-REFS></ENV-DATA-DESC></ENV-DATA-DESCS>'
        '<ENV-DATAS><ENV-DATA ID="ED"><SHORT-NAME>ED</SHORT-NAME><PARAMS>'
        + const("n1", 1)
        + value("count", "U8")
        + const("n2", 2)
        + value("first", "U16")
        + value("last", "U16")
        + "</PARAMS><ALL-VALUE/></ENV-DATA></ENV-DATAS>"
    )
    request = const("sid", 0x19, 0) + const("sub", 6, 1) + value("dtc", "U24", 2) + value("number", "U8", 5)
    inner = contents(
        Service("Extended", request, HEAD_OF_ANSWER + value("data", "E", 6)), dictionary=dictionary
    )
    description = read(document(bases=base("Unit", inner, can_address(1, 2))))
    found = {
        layout.record_number: [(f.name, f.byte_position) for f in layout.fields]
        for layout in only(description).descriptions[0].extended_records
    }
    assert found == {1: [("count", 0)], 2: [("first", 0), ("last", 2)]}
