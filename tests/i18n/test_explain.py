"""Words for codes: every code that the model can carry has some, in every language."""

from __future__ import annotations

import pytest

from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.dtc import STATUS_BIT_NAMES, Fault, FaultState, parse_code
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.negative_response import NEGATIVE_RESPONSE_NAMES
from workshop_console.console.model.report import Change, UnitState, VariantMatch
from workshop_console.console.odx.reasons import Reason
from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n import explain
from workshop_console.i18n.codes import generic_faults, services
from workshop_console.i18n.messages import AREAS
from workshop_console.i18n.texts import speaking


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_of_the_model_has_words(lang: str) -> None:
    with speaking(lang):
        for key, shown in [
            *((reason.value, explain.reason_text(reason)) for reason in SilentReason),
            *((reason.value, explain.import_reason_text(reason.value)) for reason in Reason),
            *((name, explain.status_bit_text(name)) for name in STATUS_BIT_NAMES.values()),
            *((match.value, explain.variant_match_text(match)) for match in VariantMatch),
            *((area, explain.area_name(area)) for area in AREAS),
        ]:
            assert shown != key
            assert " " in shown or shown[0].isupper(), key
        assert all(explain.unit_state_text(state) for state in UnitState)
        assert all(explain.fault_state_text(state) for state in FaultState)
        assert all(explain.change_text(change) for change in Change)
        assert all(explain.group_name(group) for group in ProductGroup)


def test_unit_states_are_told_apart_by_their_letters() -> None:
    for ascii_only in (False, True):
        letters = [explain.unit_state_letter(state, ascii_only=ascii_only) for state in UnitState]
        assert len(set(letters)) == len(UnitState)
        assert all(len(letter) == 1 for letter in letters)
    assert all(explain.unit_state_letter(state, ascii_only=True).isascii() for state in UnitState)


def test_every_negative_response_has_words() -> None:
    assert set(services.NEGATIVE_RESPONSES) == set(NEGATIVE_RESPONSE_NAMES)
    with speaking("de"):
        assert explain.nrc_text(0x33) == "0x33 securityAccessDenied: Zugriff verweigert (Sicherheitszugriff)"
        assert (
            explain.nrc_reason(0x33) == "Zugriff verweigert (Sicherheitszugriff) (0x33 securityAccessDenied)"
        )
        assert explain.nrc_words(0xF5) == "Bedingungen des Herstellers nicht erfüllt"
        assert explain.nrc_words(0xA0) == "Besondere Bedingungen nicht erfüllt"
        assert explain.nrc_words(0x4F) == "Von der gesicherten Übertragung abgelehnt"
        assert all(explain.nrc_text(nrc) for nrc in range(256))


@pytest.mark.parametrize("failure_type", range(256))
def test_every_failure_type_byte_has_words(failure_type: int) -> None:
    with speaking("de"):
        assert explain.failure_type_text(failure_type)


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("P0301-11", "Aussetzer an Zylinder 1: Kurzschluss nach Masse"),
        ("P0301-00", "Aussetzer an Zylinder 1"),
        ("P0399-13", "Antrieb, genormter Code, Zündung oder Aussetzer: Stromkreis unterbrochen"),
        ("P1234-00", "Antrieb, Code des Herstellers, Kraftstoff- und Luftzumessung, Einspritzventile"),
        ("P2A00-00", "Antrieb, genormter Code, Hybrid- und Elektroantrieb"),
        ("P3000-00", "Antrieb, Code des Herstellers"),
        ("P3400-00", "Antrieb, genormter Code"),
        ("C0035-00", "Fahrwerk, genormter Code"),
        ("C1234-4A", "Fahrwerk, Code des Herstellers: Falsches Bauteil verbaut"),
        ("C3000-00", "Fahrwerk, Code nicht vergeben"),
        ("B2ABC-F3", "Karosserie, Code des Herstellers: Fehlerart des Herstellers"),
        ("U0100-87", "Keine Kommunikation mit dem Motorsteuergerät A: Botschaft fehlt"),
        ("U0999-00", "Vernetzung, genormter Code"),
        ("U0555-00", "Vernetzung, genormter Code, Daten anderer Steuergeräte"),
        ("U1000-0A", "Vernetzung, Code des Herstellers: Fehlerart nicht vergeben"),
    ],
)
def test_a_code_explains_itself(code: str, shown: str) -> None:
    dtc = parse_code(code)
    assert dtc is not None
    with speaking("de"):
        assert explain.explain_code(dtc) == shown


@pytest.mark.parametrize("lang", LANGUAGES)
def test_any_code_is_explained_in_any_language(lang: str) -> None:
    with speaking(lang):
        for high in range(0, 0x10000, 37):
            assert explain.explain_code(high << 8 | high & 0xFF)


def test_generic_codes_are_standard_ones() -> None:
    assert len(generic_faults.GENERIC_FAULTS) > 120
    for code in generic_faults.GENERIC_FAULTS:
        assert code >> 12 in (0x0, 0xC), f"{code:04X} is not P0 or U0"


def test_a_fault_is_told_by_its_description_first() -> None:
    assert explain.fault_text(Fault(dtc=0x030111, status=1, text="Zündkerze")) == "Zündkerze"
    with speaking("es"):
        assert explain.fault_text(Fault(dtc=0x030111, status=1)).startswith("Fallos de combustión")


def test_a_gateway_s_refusal_is_told_with_its_code() -> None:
    with speaking("en"):
        shown = explain.reason_text(SilentReason.GATEWAY_REFUSED, "0x05")
    assert shown == "The gateway refused the message (0x05 Gateway out of memory)"


def test_what_is_no_reason_is_shown_as_it_is() -> None:
    assert explain.reason_text("[/red] something else", "") == "[/red] something else"
    assert explain.group_name("bikes") == "bikes"
