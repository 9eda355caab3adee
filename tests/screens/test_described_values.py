"""What a description decodes: names in words, numbers in the form of the language."""

from __future__ import annotations

from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.decode import decode_fields
from workshop_console.console.model.description import FieldLayout
from workshop_console.console.model.dtc import DtcRecord, Fault
from workshop_console.console.model.forms import Condition
from workshop_console.i18n.texts import speaking
from workshop_console.screens.coding_bytes import condition_words
from workshop_console.screens.fault import fault_blocks
from workshop_console.widgets.text_page import laid_out

VOLTAGE = FieldLayout(
    name="BatteryVoltage", label="Battery voltage", byte_position=0, factor=0.1, digits=1, unit="V"
)


def test_a_snapshot_has_the_long_names_and_the_numbers_of_the_language() -> None:
    data = bytes((124,))
    record = DtcRecord(number=1, raw=data, values=decode_fields((VOLTAGE,), data))
    fault = Fault(dtc=0x030100, status=0x2F, snapshots=(record,), last_occurrence="48203 km")
    with speaking("it"):
        shown = "\n".join("".join(text for text, _tone in line) for line in laid_out(fault_blocks(fault), 78))
    assert "Battery voltage  12,4 V  (7C)" in shown
    assert "BatteryVoltage" not in shown
    assert "48.203 km" in shown


def test_the_value_of_a_condition_is_in_the_form_of_the_language() -> None:
    condition = Condition(text="Battery", value="Voltage", limit="11.5")
    with speaking("de"):
        text, _tone = condition_words(CheckedCondition(condition=condition, value="12.4 V", holds=True))
    assert text.endswith("(12,4 V)")
