"""What a coding record becomes: the wanted options change, every other bit stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.procedures.coded import OPTIONS, UNIT, VIN, BitCoder, Bits, reading_of
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.forms import Dependency
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.procedures.coding_plan import changes_between, plan_changes, plan_restore

CODER = BitCoder()


def allowed(option: Bits) -> st.SearchStrategy[str]:
    if option.texts:
        return st.sampled_from(list(option.texts.values()))
    return st.integers(0, 60).map(str)


WANTED = st.fixed_dictionaries({}, optional={option.name: allowed(option) for option in OPTIONS})


@given(data=st.binary(min_size=3, max_size=3), wanted=WANTED)
def test_only_bits_of_the_changed_options_change(data: bytes, wanted: dict[str, str]) -> None:
    plan = plan_changes(CODER, reading_of(CODER, data), wanted)
    touched = bytearray(3)
    for option in OPTIONS:
        if option.name in wanted:
            assert option.decode(plan.data) == wanted[option.name]
            if option.decode(data) != wanted[option.name]:
                touched[option.byte] |= option.mask
    assert all(not (old ^ new) & ~mask for old, new, mask in zip(data, plan.data, touched, strict=True))
    assert {change.option for change in plan.changes} == {
        option.name for option in OPTIONS if option.decode(data) != option.decode(plan.data)
    }


def test_a_value_that_nobody_describes_stays_while_another_option_changes() -> None:
    data = bytes((0b0000_1100, 0x00, 0x00))  # lamps: 3 has no text
    plan = plan_changes(CODER, reading_of(CODER, data), {"Running": "on"})
    assert plan.data == bytes((0b0000_1101, 0x00, 0x00))


def test_an_undescribed_value_is_replaced_whole_by_a_described_one() -> None:
    data = bytes((0b1001_1110, 0x00, 0x00))
    plan = plan_changes(CODER, reading_of(CODER, data), {"Lamps": "halogen"})
    assert plan.data == bytes((0b1001_0010, 0x00, 0x00))


def test_of_several_codes_for_one_text_the_one_that_is_there_stays() -> None:
    data = bytes((0b0100_0000, 0x00, 0x00))  # sound: 2, and 1 reads the same
    plan = plan_changes(CODER, reading_of(CODER, data), {"Running": "on", "Sound": "some"})
    assert plan.data == bytes((0b0100_0001, 0x00, 0x00))


def test_nothing_to_change_is_no_change() -> None:
    reading = reading_of(CODER, b"\xff\xff\xff")
    plan = plan_changes(CODER, reading, {"Running": "ON"})
    assert (plan.data, plan.changes, plan.changed_bytes) == (b"\xff\xff\xff", (), ())


@pytest.mark.parametrize(
    ("changes", "number", "fact"),
    [
        ({"Running": "dimmed"}, "WC-330", "off | on"),
        ({"Home": "61"}, "WC-330", "0 … 60 s"),
        ({"Home": "-1"}, "WC-330", "0 … 60 s"),
        ({"Home": "five"}, "WC-412", ""),
        ({"Nothing": "1"}, "WC-412", "Running, Lamps, Sound, Home"),
    ],
)
def test_what_the_description_does_not_allow_is_refused(
    changes: dict[str, str], number: str, fact: str
) -> None:
    with pytest.raises(ConsoleError) as caught:
        plan_changes(CODER, reading_of(CODER, bytes(3)), changes)
    assert caught.value.number == number
    assert caught.value.facts.get("rule", caught.value.facts.get("expected")) == fact


RULE = Dependency(
    option="Lamps", values=("beam",), needs="Running", allowed=("on",), text="needs running light"
)


@pytest.mark.parametrize(
    ("data", "changes", "fits"),
    [
        (b"\x00\0\0", {"Lamps": "beam"}, False),
        (b"\x00\0\0", {"Lamps": "beam", "Running": "on"}, True),
        (b"\x09\0\0", {"Running": "off"}, False),
        (b"\x09\0\0", {"Running": "off", "Lamps": "LED"}, True),
        (
            b"\x08\0\0",
            {"Home": "5"},
            True,
        ),  # broken before, by somebody else: not the business of this change
        (b"\x01\0\0", {"Lamps": "LED"}, True),
    ],
)
def test_rules_between_options_hold(data: bytes, changes: dict[str, str], fits: bool) -> None:
    coder = BitCoder(dependencies=(RULE,))
    reading = reading_of(coder, data)
    if fits:
        assert plan_changes(coder, reading, changes).changes
        return
    with pytest.raises(ConsoleError) as caught:
        plan_changes(coder, reading, changes)
    assert (caught.value.number, caught.value.facts["rule"]) == ("WC-330", "needs running light")


def test_a_record_shorter_than_its_description_is_not_written() -> None:
    with pytest.raises(ConsoleError) as caught:
        plan_changes(CODER, reading_of(CODER, b"\x00\x00"), {"Running": "on"})
    assert caught.value.number == "WC-330"


def test_bytes_beyond_the_description_stay() -> None:
    plan = plan_changes(CODER, reading_of(CODER, b"\0\0\0\xaa\xbb"), {"Running": "on"})
    assert plan.data == b"\x01\0\0\xaa\xbb"


def test_a_difference_that_no_option_shows_is_told_in_bytes() -> None:
    (change,) = changes_between(CODER, reading_of(CODER, b"\x00\x00\x00"), b"\x00\x00\x01")
    assert (change.option, change.before, change.after) == ("", "00 00 00", "00 00 01")


KEPT = KeptCoding(
    coding_id=4,
    time=reading_of(CODER, bytes(3)).time,
    vin=VIN,
    unit=UNIT.name,
    address="0x1001",
    variant="A",
    name="Light",
    did=0x0201,
    data=b"\xf7\xff\xff",
    options=(),
)


def test_a_kept_coding_is_put_back_bit_for_bit() -> None:
    plan = plan_restore(CODER, reading_of(CODER, bytes(3)), KEPT)
    assert (plan.data, plan.restores, plan.messages) == (KEPT.data, KEPT, ())
    assert {change.option for change in plan.changes} == {"Running", "Lamps", "Sound", "Home"}


def test_a_kept_coding_of_another_variant_warns() -> None:
    plan = plan_restore(CODER, reading_of(CODER, bytes(3)), replace(KEPT, variant="B"))
    assert [message.number for message in plan.messages] == ["WC-335"]


@pytest.mark.parametrize(
    "other",
    [{"vin": "X"}, {"unit": "DOOR"}, {"name": "Other"}, {"did": 0x0202}, {"data": b"\0\0"}],
)
def test_a_kept_coding_of_something_else_is_refused(other: dict[str, object]) -> None:
    with pytest.raises(ConsoleError) as caught:
        plan_restore(CODER, reading_of(CODER, bytes(3)), replace(KEPT, **other))  # type: ignore[arg-type]  # fields
    assert caught.value.number == "WC-334"
