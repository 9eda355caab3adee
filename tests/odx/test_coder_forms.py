"""Forms, requests and answers of hand-written descriptions: what other tools may write."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.odx.coding import coder_for, unit
from tests.odx.conftest import Pack
from tests.odx.handmade import (
    INDEX,
    LIMITS,
    SPEC,
    SUBSET,
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
    reading,
    scales,
    texts,
    value,
)
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.forms import (
    CodingForm,
    Comparison,
    Condition,
    Dependency,
    FunctionForm,
    FunctionKind,
    ParameterKind,
    UnitForms,
)
from workshop_console.console.odx.coder.pdx_coder import PdxCoder

UNIT = unit("Unit")
SWITCH = dop("Switch", coded(1), texts((">0", ">0", "Off"), (">1", ">1", "On")), "A_UNICODE2STRING")
Make = Callable[..., "Described"]


class Described:
    """A coder on one unit of a hand-written description."""

    def __init__(self, coder: PdxCoder) -> None:
        self.coder = coder
        self.forms: UnitForms = coder.forms(UNIT)

    def decode(self, service: str, request: str, response: str) -> dict[str, str]:
        (values,) = self.coder.decode(UNIT, "", [(service, bytes.fromhex(request), bytes.fromhex(response))])
        return {v.name: f"{v.value} {v.unit}".rstrip() for v in values}

    def encode(self, service: str, **values: str) -> tuple[str, str]:
        encoded = self.coder.encode(UNIT, "", service, {k.replace("__", "."): v for k, v in values.items()})
        return encoded.payload.hex().upper(), encoded.mask.hex().upper()

    def refusal(self, service: str, **values: str) -> dict[str, object]:
        with pytest.raises(ConsoleError) as raised:
            self.encode(service, **values)
        assert raised.value.number == "WC-412"
        return dict(raised.value.facts)

    def function(self, name: str) -> FunctionForm:
        return next(f for f in self.forms.functions if f.name == name)

    @property
    def coding(self) -> CodingForm:
        (coding,) = self.forms.codings
        return coding


@pytest.fixture
def make(pack: Pack) -> Iterator[Make]:
    coders: list[PdxCoder] = []

    def build(*services: Service, dictionary: str = "", inner: str = "") -> Described:
        layer = base("Unit", contents(*services, dictionary=dictionary) + inner, can_address(1, 2))
        files: dict[str, str | bytes] = {"index.xml": INDEX, "common.odx-cs": SUBSET, "spec.odx-c": SPEC}
        coders.append(coder_for(pack({**files, "layer.odx-d": document(bases=layer)})))
        return Described(coders[-1])

    yield build
    for coder in coders:
        coder.close()


def sending(name: str, *request: str, response: str = "", notes: str = "", semantic: str = "") -> Service:
    """Return a service with any request; its first constant is the service identifier."""
    service = Service(name, "".join(request), response)
    head = f"<SHORT-NAME>{name}</SHORT-NAME>"
    service.diag_comm = service.diag_comm.replace(head, head + notes, 1)
    if semantic:
        service.diag_comm = service.diag_comm.replace(
            "<DIAG-SERVICE", f'<DIAG-SERVICE SEMANTIC="{semantic}"', 1
        )
    return service


def writing(name: str, did: int, *options: str, notes: str = "") -> Service:
    """Return the service that writes a coding."""
    return sending(name, const("sid", 0x2E, 0), const("did", did, 1, bits=16), *options, notes=notes)


def control(name: str, did: int, parameter: int, *more: str, notes: str = "") -> Service:
    """Return a service of 0x2F."""
    return sending(
        name,
        const("sid", 0x2F, 0),
        const("did", did, 1, bits=16),
        const("control", parameter, 3),
        *more,
        notes=notes,
    )


# -- actual values -------------------------------------------------------------------------------------


def test_a_record_tells_kinds_units_limits_and_digits(make: Make) -> None:
    limits = LIMITS.format(low=">0", high=">200")
    speed = dop("Speed", coded(8), scales("LINEAR", limits + linear(-10, 1, 2)), "A_FLOAT64", precision=1)
    made = make(
        reading("Drive_Read", 0x1234, value("speed", "Speed"), value("light", "Switch"), value("raw", "U16")),
        dictionary=dops(speed, SWITCH, U16),
    )
    (record,) = made.forms.records
    assert (record.did, record.length, record.request.hex()) == (0x1234, 4, "221234")
    speed_form, light, raw = record.values
    assert (speed_form.kind, speed_form.low, speed_form.high, speed_form.digits) == ("number", -5.0, 95.0, 1)
    assert (light.kind, light.choices) == (ParameterKind.CHOICE, ("Off", "On"))
    assert (raw.low, raw.high) == (None, None), "an expected range is described, not guessed from the bits"
    assert made.decode("Drive_Read", "221234", "6212340A010203") == {
        "speed": "0.0",
        "light": "On",
        "raw": "515",
    }


def test_fields_of_the_same_name_carry_their_record(make: Make) -> None:
    made = make(
        reading("Left_Read", 1, value("Pressure", "U8"), value("Only", "U8")),
        reading("Right_Read", 2, value("Pressure", "U8")),
        dictionary=dops(U8),
    )
    names = [v.name for record in made.forms.records for v in record.values]
    assert names == ["Left.Pressure", "Only", "Right.Pressure"]
    assert made.decode("Right_Read", "220002", "62000207") == {"Right.Pressure": "7"}
    assert made.forms.record_of("Left.Pressure") is made.forms.records[0]


def test_a_short_answer_gives_what_is_in_it_and_nonsense_gives_its_code(make: Make) -> None:
    made = make(
        reading("A_Read", 1, value("a", "U8"), value("s", "Two"), value("c", "U16")),
        dictionary=dops(U8, U16, dop("Two", coded(8), texts((">0", ">1", "ok")), "A_UNICODE2STRING")),
    )
    assert made.decode("A_Read", "220001", "620001050901") == {"a": "5", "s": "9"}
    assert made.decode("A_Read", "220001", "620001") == {}
    assert made.decode("A_Read", "220001", "62000205") == {}, "another identifier"
    assert made.decode("A_Read", "220001", "7F2231") == {}


def test_texts_with_bad_bytes_are_shown_with_marks(make: Make) -> None:
    text = dop("Text", coded(32, "A_UTF8STRING"), physical="A_UNICODE2STRING")
    made = make(reading("A_Read", 1, value("a", "Text"), value("b", "U8")), dictionary=dops(text, U8))
    assert made.decode("A_Read", "220001", "62000141FF1B4207") == {"a": "A\ufffd\u241bB", "b": "7"}


LISTS = (
    '<STRUCTURES><STRUCTURE ID="Item"><SHORT-NAME>Item</SHORT-NAME><PARAMS>'
    + value("x", "U8", 0)
    + value("y", "U8", 1)
    + "</PARAMS></STRUCTURE></STRUCTURES>"
    '<STATIC-FIELDS><STATIC-FIELD ID="Two"><SHORT-NAME>Two</SHORT-NAME><BASIC-STRUCTURE-REF ID-REF="Item"/>'
    "<FIXED-NUMBER-OF-ITEMS>2</FIXED-NUMBER-OF-ITEMS><ITEM-BYTE-SIZE>3</ITEM-BYTE-SIZE></STATIC-FIELD>"
    '</STATIC-FIELDS><END-OF-PDU-FIELDS><END-OF-PDU-FIELD ID="Rest"><SHORT-NAME>Rest</SHORT-NAME>'
    '<BASIC-STRUCTURE-REF ID-REF="Item"/></END-OF-PDU-FIELD></END-OF-PDU-FIELDS>'
)


def test_structures_and_lists_are_named_with_their_path(make: Make) -> None:
    made = make(
        reading("A_Read", 1, value("s", "Item"), value("two", "Two"), value("rest", "Rest")),
        dictionary=dops(U8) + LISTS,
    )
    (record,) = made.forms.records
    names = [v.name for v in record.values]
    assert names == ["s.x", "s.y", "two[1].x", "two[1].y", "two[2].x", "two[2].y", "rest[1].x", "rest[1].y"]
    assert record.length is None
    decoded = made.decode("A_Read", "220001", "620001 0102 030400 050600 0708 090A".replace(" ", ""))
    assert list(decoded.values()) == [str(number) for number in range(1, 11)]
    assert decoded["two[2].x"] == "5"
    assert decoded["rest[2].y"] == "10"


TABLE = (
    '<TABLES><TABLE ID="T"><SHORT-NAME>T</SHORT-NAME><KEY-DOP-REF ID-REF="U16"/>'
    '<TABLE-ROW ID="T.a"><SHORT-NAME>Alpha</SHORT-NAME><KEY>256</KEY><STRUCTURE-REF ID-REF="Item"/>'
    "</TABLE-ROW>"
    '<TABLE-ROW ID="T.b"><SHORT-NAME>Beta</SHORT-NAME><KEY>257</KEY><DATA-OBJECT-PROP-REF ID-REF="U8"/>'
    "</TABLE-ROW></TABLE></TABLES>"
)


def _key(name: str, identifier: str, position: int = 1) -> str:
    return (
        f'<PARAM xsi:type="TABLE-KEY" ID="{identifier}"><SHORT-NAME>{name}</SHORT-NAME>'
        f'<BYTE-POSITION>{position}</BYTE-POSITION><TABLE-REF ID-REF="T"/></PARAM>'
    )


def _content(name: str, key: str, position: int = 3) -> str:
    return (
        f'<PARAM xsi:type="TABLE-STRUCT"><SHORT-NAME>{name}</SHORT-NAME>'
        f'<BYTE-POSITION>{position}</BYTE-POSITION><TABLE-KEY-REF ID-REF="{key}"/></PARAM>'
    )


def test_each_row_of_a_table_of_identifiers_is_a_record_or_a_coding(make: Make) -> None:
    dictionary = dops(U8, U16) + LISTS.split("<STATIC-FIELDS>")[0] + TABLE
    made = make(
        Service(
            "Read",
            const("sid", 0x22, 0) + _key("did", "K1"),
            const("sid", 0x62, 0) + _key("did", "K2") + _content("data", "K2"),
        ),
        sending("Write", const("sid", 0x2E, 0), _key("did", "K3"), _content("data", "K3")),
        dictionary=dictionary,
    )
    assert [(r.service, r.did, r.length, [v.name for v in r.values]) for r in made.forms.records] == [
        ("Read.Alpha", 0x100, 2, ["x", "y"]),
        ("Read.Beta", 0x101, 1, ["Beta"]),
    ]
    assert made.decode("Read.Alpha", "220100", "6201000708") == {"x": "7", "y": "8"}
    assert made.decode("Read.Beta", "220101", "62010109") == {"Beta": "9"}
    assert made.decode("Read.Beta", "220101", "62010009") == {}
    assert [(c.did, [p.name for p in c.write.parameters]) for c in made.forms.codings] == [
        (0x100, ["x", "y"]),
        (0x101, ["Beta"]),
    ]
    assert made.encode("Write.Alpha", x="1", y="2") == ("2E01000102", "FFFFFFFFFF")
    assert made.encode("Write.Beta", Beta="3") == ("2E010103", "FFFFFFFF")


def test_services_with_constant_requests_are_read_only_where_they_only_read(make: Make) -> None:
    answer = const("sid", 0x61, 0) + value("v", "U8", 1)
    made = make(
        sending("Block", const("sid", 0x21, 0), const("id", 1, 1), response=answer),
        sending("OwnData", const("sid", 0xA5, 0), response=answer, semantic="CURRENTDATA"),
        sending("OwnDeed", const("sid", 0xA6, 0), response=answer, semantic="FUNCTION"),
        sending("OwnUnknown", const("sid", 0xA7, 0), response=answer),
        sending("Reset", const("sid", 0x11, 0), const("kind", 1, 1), response=answer),
        sending("Session", const("sid", 0x10, 0), const("kind", 3, 1), response=answer),
        sending("Erase", const("sid", 0x31, 0), const("sub", 1, 1), const("rid", 0xFF00, 2, bits=16)),
        dictionary=dops(U8),
    )
    assert [record.service for record in made.forms.records] == ["Block", "OwnData"]
    assert made.forms.records[0].did is None
    assert {function.name for function in made.forms.functions} == {"OwnDeed", "OwnUnknown", "Reset"}
    assert {function.kind for function in made.forms.functions} == {FunctionKind.OTHER}


# -- functions -----------------------------------------------------------------------------------------


def test_outputs_are_grouped_by_identifier_and_control_can_always_be_given_back(make: Make) -> None:
    made = make(
        control("Fan_Adjust", 0x400, 3, value("duty", "U8")),
        control("Fan_Return", 0x400, 0),
        control("Fan_Freeze", 0x400, 2),
        control("Fan_Reset", 0x400, 1),
        control("Lamp", 0x401, 3, value("state", "Switch")),
        dictionary=dops(U8, SWITCH),
    )
    fan, lamp = made.function("Fan"), made.function("Lamp")
    assert (fan.kind, fan.start.name) == (FunctionKind.OUTPUT, "Fan_Adjust")
    assert [s.name if s else None for s in (fan.freeze, fan.reset, fan.give_back)] == [
        "Fan_Freeze",
        "Fan_Reset",
        "Fan_Return",
    ]
    assert made.encode("Fan_Adjust", duty="50")[0] == "2F04000332"
    assert lamp.give_back is not None
    assert lamp.give_back.request == bytes.fromhex("2F040100")
    assert made.encode(lamp.give_back.name)[0] == "2F040100"
    assert lamp.freeze is None


def test_a_control_parameter_to_choose_makes_each_choice_a_service(make: Make) -> None:
    kind = dop(
        "Kind",
        coded(8),
        texts((">0", ">0", "return control"), (">1", ">1", "reset"), (">3", ">3", "adjust")),
        "A_UNICODE2STRING",
    )
    made = make(
        sending(
            "Fan",
            const("sid", 0x2F, 0),
            const("did", 0x400, 1, bits=16),
            value("what", "Kind", 3),
            value("duty", "U8", 4),
        ),
        dictionary=dops(U8, kind),
    )
    fan = made.function("Fan")
    assert [p.name for p in fan.start.parameters] == ["duty"]
    assert made.encode(fan.start.name, duty="7")[0] == "2F04000307"
    assert fan.give_back is not None
    assert fan.give_back.request == bytes.fromhex("2F040000")
    assert fan.give_back.parameters == (), "what takes a value is not given back blindly"


def test_routines_have_start_stop_and_results(make: Make) -> None:
    def routine(name: str, sub: int, response: str = "") -> Service:
        return sending(
            name,
            const("sid", 0x31, 0),
            const("sub", sub, 1),
            const("rid", 0x203, 2, bits=16),
            response=response,
        )

    result = const("sid", 0x71, 0) + echo(1, 3) + value("state", "Switch", 4)
    made = make(
        routine("PumpTest_Stop", 2),
        routine("PumpTest_Start", 1),
        routine("PumpTest_Results", 3, result),
        dictionary=dops(SWITCH),
    )
    pump = made.function("PumpTest")
    assert pump.kind is FunctionKind.ROUTINE
    assert (pump.start.name, pump.stop and pump.stop.name) == ("PumpTest_Start", "PumpTest_Stop")
    assert pump.results is not None
    assert [p.name for p in pump.results.results] == ["state"]
    assert made.decode("PumpTest_Results", "31030203", "7103020301") == {"state": "On"}
    assert made.decode("PumpTest_Results", "31030203", "7101020301") == {}


def test_special_data_groups_tell_conditions_warnings_and_related_values(make: Make) -> None:
    notes = (
        "<DESC><p>Drives &amp; turns</p> the fan.</DESC>"
        '<SDGS><SDG SI="Other"><SD SI="Warning">not ours</SD></SDG><SDG SI="WorkshopConsole">'
        '<SD SI="Warning">The fan\n starts.</SD><SD SI="Related">Speed</SD>'
        '<SDG SI="Condition"><SD SI="Text">Engine off</SD><SD SI="Value">Engine</SD>'
        '<SD SI="Comparison">&lt;=</SD><SD SI="Limit">0.5</SD></SDG>'
        '<SDG SI="Condition"><SD SI="Text">Hands off</SD></SDG>'
        '<SDG SI="Condition"><SD SI="Value">Engine</SD><SD SI="Comparison">about</SD></SDG>'
        "</SDG></SDGS>"
    )
    made = make(control("Fan", 0x400, 3, value("duty", "U8"), notes=notes), dictionary=dops(U8))
    fan = made.function("Fan")
    assert (fan.description, fan.warning, fan.related) == (
        "Drives & turns the fan.",
        "The fan starts.",
        ("Speed",),
    )
    assert fan.conditions == (
        Condition(text="Engine off", value="Engine", comparison=Comparison.AT_MOST, limit="0.5"),
        Condition(text="Hands off"),
    )


def test_warnings_and_conditions_may_be_told_in_several_languages(make: Make) -> None:
    notes = (
        '<SDGS><SDG SI="WorkshopConsole"><SD SI="Warning" TI="de-DE">Der Lüfter läuft.</SD>'
        '<SD SI="Warning">The fan starts.</SD><SD SI="Warning" TI="a very long one">odd</SD>'
        '<SDG SI="Condition"><SD SI="Text" TI="it">Motore spento</SD><SD SI="Text">Engine off</SD>'
        '<SD SI="Text" TI="de">Motor aus</SD></SDG></SDG></SDGS>'
    )
    fan = make(control("Fan", 0x400, 3, value("duty", "U8"), notes=notes), dictionary=dops(U8)).function(
        "Fan"
    )
    assert fan.warning == "The fan starts. odd"
    assert fan.warning_translations == (("de", "Der Lüfter läuft."),)
    assert fan.conditions == (
        Condition(text="Engine off", translations=(("de", "Motor aus"), ("it", "Motore spento"))),
    )


# -- codings -------------------------------------------------------------------------------------------


def test_the_mask_has_the_described_bits_only(make: Make) -> None:
    reserved = (
        '<PARAM xsi:type="RESERVED"><SHORT-NAME>gap</SHORT-NAME><BYTE-POSITION>4</BYTE-POSITION>'
        "<BIT-LENGTH>8</BIT-LENGTH></PARAM>"
    )
    nibble = dop("Nibble", coded(4))
    made = make(
        writing(
            "Lamps_Write",
            0x200,
            value("left", "Switch", 3, bit=1),
            value("level", "Nibble", 3, bit=4),
            reserved,
            value("last", "U8", 6),
        ),
        dictionary=dops(SWITCH, nibble, U8),
    )
    assert (made.coding.name, made.coding.did) == ("Lamps", 0x200)
    payload, mask = made.encode("Lamps_Write", left="On", level="15", last="9")
    assert (payload, mask) == ("2E0200F2000009", "FFFFFFF20000FF")


@pytest.mark.parametrize(
    ("attributes", "mask_bits", "text", "payload", "mask"),
    [
        ({}, "", "4660", "1234", "FFFF"),
        ({"IS_HIGHLOW_BYTE_ORDER": "false"}, "", "4660", "3412", "FFFF"),
        ({}, "0FF0", "4660", "0230", "0FF0"),
        ({"IS_HIGHLOW_BYTE_ORDER": "false"}, "0FF0", "4660", "3002", "F00F"),
        ({"IS_HIGHLOW_BYTE_ORDER": "false"}, "00FF", "255", "FF00", "FF00"),
    ],
)
def test_masks_follow_byte_order_and_bit_masks(
    make: Make, attributes: dict[str, str], mask_bits: str, text: str, payload: str, mask: str
) -> None:
    kind = coded(16, **attributes)
    if mask_bits:
        kind = kind.replace("</BIT-LENGTH>", f"</BIT-LENGTH><BIT-MASK>{mask_bits}</BIT-MASK>")
    made = make(writing("A_Write", 1, value("a", "Word")), dictionary=dops(dop("Word", kind)))
    assert made.encode("A_Write", a=text) == ("2E0001" + payload, "FFFFFF" + mask)


def test_padding_of_structures_and_lists_is_not_described(make: Make) -> None:
    dictionary = (
        dops(U8)
        + '<STRUCTURES><STRUCTURE ID="Wide"><SHORT-NAME>Wide</SHORT-NAME><BYTE-SIZE>3</BYTE-SIZE><PARAMS>'
        + value("x", "U8", 0)
        + "</PARAMS></STRUCTURE>"
        + LISTS.removeprefix("<STRUCTURES>")
    )
    made = make(
        writing("A_Write", 1, value("s", "Wide"), value("two", "Two"), value("end", "U8")),
        dictionary=dictionary,
    )
    values = {"s.x": "1", "end": "9"}
    values |= {f"two[{index}].{part}": "2" for index in (1, 2) for part in "xy"}
    encoded = made.coder.encode(UNIT, "", "A_Write", values)
    assert encoded.payload.hex() == "2e000101000002020002020009"
    assert encoded.mask.hex() == "ffffffff0000ffff00ffff00ff"
    with pytest.raises(ConsoleError) as raised:
        made.coder.encode(UNIT, "", "A_Write", {**values, "two[4].x": "2"})
    assert raised.value.number == "WC-412"


def test_lists_take_as_many_items_as_are_given(make: Make) -> None:
    made = make(writing("A_Write", 1, value("rest", "Rest")), dictionary=dops(U8) + LISTS)
    assert made.encode("A_Write") == ("2E0001", "FFFFFF")
    values = {"rest[1].x": "1", "rest[1].y": "2", "rest[2].x": "3", "rest[2].y": "4"}
    assert made.coder.encode(UNIT, "", "A_Write", values).payload.hex() == "2e000101020304"


def test_limits_choices_and_types_are_told(make: Make) -> None:
    percent = dop("Percent", coded(8), scales("LINEAR", linear(0, 0.5)), "A_FLOAT64", precision=1)
    signed = dop("Signed", coded(8, "A_INT32"), physical="A_INT32")
    code = dop("Code", coded(24, "A_BYTEFIELD"), physical="A_BYTEFIELD")
    name = dop("Name", coded(32, "A_ASCIISTRING"), physical="A_UNICODE2STRING")
    made = make(
        writing(
            "A_Write",
            1,
            value("percent", "Percent"),
            value("signed", "Signed"),
            value("code", "Code"),
            value("name", "Name"),
            value("light", "Switch"),
            value("extra", "U8", default="7"),
        ),
        dictionary=dops(percent, signed, code, name, SWITCH, U8),
    )
    good = {"percent": "12.5", "signed": "-3", "code": "0a 0B0c", "name": "AB", "light": "On"}
    assert made.encode("A_Write", **good)[0] == "2E000119FD0A0B0C414220200107"
    forms = {form.name: form for form in made.coding.write.parameters}
    assert (forms["percent"].low, forms["percent"].high, forms["extra"].default) == (0.0, 127.5, "7")
    assert (forms["code"].shortest, forms["code"].longest, forms["name"].longest) == (3, 3, 4)
    for option, bad, expected in (
        ("percent", "127.6", "0.0 … 127.5"),
        ("percent", "1e999", "0.0 … 127.5"),
        ("percent", "12,5", "0.0 … 127.5"),
        ("percent", "", "0.0 … 127.5"),
        ("signed", "128", "-128 … 127"),
        ("signed", "1.5", "-128 … 127"),
        ("code", "0A0B", "00 … FF (3)"),
        ("code", "xyz", "00 … FF (3)"),
        ("name", "ABCDE", "abc (4)"),
        ("name", "\u20ac", "abc (4)"),
        ("light", "on", "Off, On"),
        ("extra", "0x100", "0 … 255"),
    ):
        facts = made.refusal("A_Write", **{**good, option: bad})
        assert facts == {"parameter": option, "value": bad, "expected": expected}
    assert made.refusal("A_Write", **good, other="1")["parameter"] == "other"
    missing = {key: text for key, text in good.items() if key != "light"}
    assert made.refusal("A_Write", **missing) == {"parameter": "light", "value": "", "expected": "Off, On"}


def test_dependencies_between_options_are_read(make: Make) -> None:
    notes = (
        '<SDGS><SDG SI="WorkshopConsole"><SDG SI="Dependency"><SD SI="Text">needs fog lamps</SD>'
        '<SD SI="Option">corner</SD><SD SI="OptionValue">On</SD><SD SI="Needs">fog</SD>'
        '<SD SI="Allowed">On</SD></SDG><SDG SI="Dependency"><SD SI="Option">corner</SD></SDG></SDG></SDGS>'
    )
    made = make(
        writing("A_Write", 1, value("corner", "Switch"), value("fog", "Switch"), notes=notes),
        dictionary=dops(SWITCH),
    )
    assert made.coding.dependencies == (
        Dependency(option="corner", values=("On",), needs="fog", allowed=("On",), text="needs fog lamps"),
    )


def test_a_request_that_is_no_request_of_the_service_says_nothing(make: Make) -> None:
    made = make(writing("A_Write", 1, value("a", "U8"), value("b", "U8")), dictionary=dops(U8))
    decode = made.coder.decode_request
    whole = decode(UNIT, "", "A_Write", bytes.fromhex("2E00010203"))
    assert [(v.name, v.value, v.raw.hex()) for v in whole] == [("a", "2", "02"), ("b", "3", "03")]
    assert decode(UNIT, "", "A_Write", bytes.fromhex("2E00020203")) == ()
    assert [v.value for v in decode(UNIT, "", "A_Write", bytes.fromhex("2E000102"))] == ["2"]
    assert decode(UNIT, "", "A_Write", b"") == ()


# -- states --------------------------------------------------------------------------------------------

CHARTS = (
    '<STATE-CHARTS><STATE-CHART ID="SE"><SHORT-NAME>Session</SHORT-NAME><SEMANTIC>SESSION</SEMANTIC>'
    '<STATE-TRANSITIONS><STATE-TRANSITION ID="SE.t"><SHORT-NAME>t</SHORT-NAME>'
    '<SOURCE-SNREF SHORT-NAME="Normal"/><TARGET-SNREF SHORT-NAME="Special"/></STATE-TRANSITION>'
    '</STATE-TRANSITIONS><START-STATE-SNREF SHORT-NAME="Normal"/><STATES>'
    '<STATE ID="SE.n"><SHORT-NAME>Normal</SHORT-NAME></STATE>'
    '<STATE ID="SE.s"><SHORT-NAME>Special</SHORT-NAME></STATE>'
    '<STATE ID="SE.e"><SHORT-NAME>Extended</SHORT-NAME></STATE></STATES></STATE-CHART>'
    '<STATE-CHART ID="SA"><SHORT-NAME>Security</SHORT-NAME><SEMANTIC>SECURITY</SEMANTIC>'
    '<START-STATE-SNREF SHORT-NAME="Locked"/><STATES>'
    '<STATE ID="SA.0"><SHORT-NAME>Locked</SHORT-NAME></STATE>'
    '<STATE ID="SA.3"><SHORT-NAME>Level_03</SHORT-NAME></STATE></STATES></STATE-CHART></STATE-CHARTS>'
)


def test_sessions_and_security_level_come_from_state_charts(make: Make) -> None:
    session = sending("Session", const("sid", 0x10, 0), const("sub", 0x43, 1))
    session.diag_comm = session.diag_comm.replace(
        "<REQUEST-REF",
        '<STATE-TRANSITION-REFS><STATE-TRANSITION-REF ID-REF="SE.t"/></STATE-TRANSITION-REFS><REQUEST-REF',
    )
    write = writing("A_Write", 1, value("a", "U8"))
    write.diag_comm = write.diag_comm.replace(
        "<REQUEST-REF",
        "<PRE-CONDITION-STATE-REFS>"
        + "".join(f'<PRE-CONDITION-STATE-REF ID-REF="{state}"/>' for state in ("SE.s", "SE.e", "SA.3"))
        + "</PRE-CONDITION-STATE-REFS><REQUEST-REF",
    )
    made = make(
        session, write, control("Fan", 0x400, 3, value("duty", "U8")), dictionary=dops(U8), inner=CHARTS
    )
    assert (made.coding.write.sessions, made.coding.write.security_level) == ((0x03, 0x43), 3)
    assert (made.function("Fan").start.sessions, made.function("Fan").start.security_level) == ((), 0)


# -- what is rare --------------------------------------------------------------------------------------


def test_a_structure_that_holds_itself_ends(make: Make) -> None:
    endless = (
        '<STRUCTURES><STRUCTURE ID="Loop"><SHORT-NAME>Loop</SHORT-NAME><PARAMS>'
        + value("x", "U8")
        + "".join(value(f"inner{number}", "Loop") for number in range(5))
        + "</PARAMS></STRUCTURE></STRUCTURES>"
    )
    made = make(
        reading("A_Read", 1, value("s", "Loop")),
        reading("B_Read", 2, value("b", "U8")),
        dictionary=dops(U8) + endless,
    )
    names = [v.name for record in made.forms.records for v in record.values]
    assert "b" in names
    assert len(names) <= 2_001
    assert made.decode("A_Read", "220001", "620001" + "07" * 40)["s.inner0.x"] == "7"


def test_fault_codes_are_shown_as_codes(make: Make) -> None:
    faults = (
        '<DTC-DOPS><DTC-DOP ID="Faults"><SHORT-NAME>Faults</SHORT-NAME>'
        + coded(24)
        + '<PHYSICAL-TYPE BASE-DATA-TYPE="A_UINT32"/>'
        "<COMPU-METHOD><CATEGORY>IDENTICAL</CATEGORY></COMPU-METHOD><DTCS>"
        '<DTC ID="D1"><SHORT-NAME>D1</SHORT-NAME><TROUBLE-CODE>196881</TROUBLE-CODE>'
        "<DISPLAY-TROUBLE-CODE>P0301-11</DISPLAY-TROUBLE-CODE><TEXT>misfire</TEXT></DTC></DTCS></DTC-DOP></DTC-DOPS>"
    )
    made = make(
        reading("Last_Read", 1, value("last", "Faults"), value("next", "Faults"), value("n", "U8")),
        sending("Ask", const("sid", 0xA8, 0), value("fault", "Faults")),
        dictionary=faults + dops(U8),
    )
    decoded = made.decode("Last_Read", "220001", "620001" + "030111" + "C12345" + "05")
    assert decoded == {"last": "P0301-11", "next": "U0123-45", "n": "5"}
    assert made.encode("Ask", fault="P0301-11")[0] == "A8030111"
    assert made.refusal("Ask", fault="P0999")["expected"] == "P0301-11"


def test_a_multiplexer_shows_the_case_that_its_key_names(make: Make) -> None:
    parts = (
        LISTS.split("<STATIC-FIELDS>")[0]
        + '<MUXS><MUX ID="M"><SHORT-NAME>M</SHORT-NAME><BYTE-POSITION>1</BYTE-POSITION><SWITCH-KEY>'
        '<BYTE-POSITION>0</BYTE-POSITION><DATA-OBJECT-PROP-REF ID-REF="U8"/></SWITCH-KEY><CASES>'
        '<CASE><SHORT-NAME>pair</SHORT-NAME><STRUCTURE-REF ID-REF="Item"/><LOWER-LIMIT>1</LOWER-LIMIT>'
        "<UPPER-LIMIT>2</UPPER-LIMIT></CASE><CASE><SHORT-NAME>none</SHORT-NAME>"
        "<LOWER-LIMIT>3</LOWER-LIMIT><UPPER-LIMIT>3</UPPER-LIMIT></CASE></CASES></MUX></MUXS>"
    )
    made = make(reading("A_Read", 1, value("m", "M")), dictionary=dops(U8) + parts)
    assert [v.name for v in made.forms.records[0].values] == ["m.pair.x", "m.pair.y"]
    assert made.decode("A_Read", "220001", "620001020506") == {"m.pair.x": "5", "m.pair.y": "6"}
    assert made.decode("A_Read", "220001", "62000103") == {}
    assert made.decode("A_Read", "220001", "62000109") == {}


def test_a_counted_field_has_as_many_items_as_it_says_and_the_answer_holds(make: Make) -> None:
    parts = (
        LISTS.split("<STATIC-FIELDS>")[0]
        + '<DYNAMIC-LENGTH-FIELDS><DYNAMIC-LENGTH-FIELD ID="N"><SHORT-NAME>N</SHORT-NAME>'
        '<BASIC-STRUCTURE-REF ID-REF="Item"/><OFFSET>1</OFFSET><DETERMINE-NUMBER-OF-ITEMS>'
        '<BYTE-POSITION>0</BYTE-POSITION><DATA-OBJECT-PROP-REF ID-REF="U8"/></DETERMINE-NUMBER-OF-ITEMS>'
        "</DYNAMIC-LENGTH-FIELD></DYNAMIC-LENGTH-FIELDS>"
    )
    made = make(reading("A_Read", 1, value("n", "N")), dictionary=dops(U8) + parts)
    decoded = made.decode("A_Read", "220001", "620001" + "02" + "01020304")
    assert decoded == {"n[1].x": "1", "n[1].y": "2", "n[2].x": "3", "n[2].y": "4"}
    assert list(made.decode("A_Read", "220001", "620001" + "FF" + "010203")) == ["n[1].x", "n[1].y", "n[2].x"]


def test_texts_of_any_length_end_where_they_say(make: Make) -> None:
    text = (
        '<DIAG-CODED-TYPE BASE-DATA-TYPE="A_ASCIISTRING" TERMINATION="ZERO" xsi:type="MIN-MAX-LENGTH-TYPE">'
        "<MAX-LENGTH>8</MAX-LENGTH><MIN-LENGTH>2</MIN-LENGTH></DIAG-CODED-TYPE>"
    )
    dictionary = dops(dop("Text", text, physical="A_UNICODE2STRING"), U8)
    made = make(
        reading("A_Read", 1, value("text", "Text"), value("n", "U8")),
        writing("A_Write", 1, value("text", "Text"), value("n", "U8")),
        dictionary=dictionary,
    )
    assert made.forms.records[0].length is None
    assert made.decode("A_Read", "220001", "620001" + "41424300" + "07") == {"text": "ABC", "n": "7"}
    assert made.encode("A_Write", text="ABC", n="7") == ("2E0001" + "41424300" + "07", "FF" * 8)
    assert made.refusal("A_Write", text="A", n="7")["expected"] == "abc (2 … 8)"
    assert made.refusal("A_Write", text="ABCDEFGHI", n="7")["parameter"] == "text"


def test_what_odxtools_cannot_handle_is_left_out(make: Make) -> None:
    dynamic = '<PARAM xsi:type="DYNAMIC"><SHORT-NAME>d</SHORT-NAME></PARAM>'
    made = make(
        sending("Odd", const("sid", 0x2E, 0), const("did", 1, 1, bits=16), dynamic),
        sending("Nothing"),
        sending("Open", value("anything", "U8")),
        reading("A_Read", 1, value("a", "U8")),
        dictionary=dops(U8),
    )
    assert [record.service for record in made.forms.records] == ["A_Read"]
    assert (made.forms.functions, made.forms.codings) == ((), ())
