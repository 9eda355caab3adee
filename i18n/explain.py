"""Sentences for what the model carries as numbers and keys, in the language spoken now."""

from __future__ import annotations

from workshop_console.console.model.dtc import Fault, FaultState, format_code
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.kept import EntryKind, OrderEntry
from workshop_console.console.model.negative_response import negative_response_name
from workshop_console.console.model.report import Change, UnitResult, UnitState, VariantMatch
from workshop_console.i18n.texts import _

_STANDARD_SECOND_CHARACTERS = {"P": "02", "C": "0", "B": "0", "U": "0"}
_MANUFACTURER_SECOND_CHARACTERS = {"P": "1", "C": "12", "B": "12", "U": "12"}
"""ISO 15031-6:2015, 5.3; P3, U3 are divided further down."""


def nrc_text(nrc: int) -> str:
    """Return why a request was refused: code, the standard's name and the words (ISO 14229-1, table A.1)."""
    return f"0x{nrc:02X} {negative_response_name(nrc)}: {nrc_words(nrc)}"


def nrc_reason(nrc: int) -> str:
    """Return the same with the words first, where a column may cut the end."""
    return f"{nrc_words(nrc)} (0x{nrc:02X} {negative_response_name(nrc)})"


def nrc_words(nrc: int) -> str:
    """Return only the words of a negative response code."""
    from workshop_console.i18n.codes import services

    if nrc in services.NEGATIVE_RESPONSES:
        return _(services.NEGATIVE_RESPONSES[nrc])
    if 0x38 <= nrc <= 0x4F:
        return _(services.BY_SECURED_TRANSMISSION)
    if 0x95 <= nrc <= 0xEF:
        return _(services.BY_CONDITIONS)
    if 0xF0 <= nrc <= 0xFE:
        return _(services.BY_MANUFACTURER)
    return _(services.RESERVED)


def service_name(service: int) -> str:
    """Return what a service does, with its identifier."""
    from workshop_console.i18n.codes import services

    name = services.SERVICES.get(service)
    return f"{_(name)} (0x{service:02X})" if name else f"0x{service:02X}"


def reason_text(reason: SilentReason | str, detail: str = "") -> str:
    """Return why there was no usable answer; a text that is no reason is returned as it is."""
    from workshop_console.i18n.codes import line

    key = reason.value if isinstance(reason, SilentReason) else reason
    if key not in line.SILENT_REASONS:
        return key
    words = _(line.SILENT_REASONS[key])
    if not detail:
        return words
    if key == SilentReason.GATEWAY_REFUSED:
        detail = _nack_words(detail)
    return f"{words} ({detail})"


def _nack_words(detail: str) -> str:
    from workshop_console.i18n.codes import line

    try:
        code = int(detail, 16)
    except ValueError:
        return detail
    words = line.DIAGNOSTIC_NACKS.get(code)
    return f"0x{code:02X} {_(words)}" if words else f"0x{code:02X}"


def routing_activation_text(code: int) -> str:
    """Return what a DoIP gateway answered to routing activation."""
    from workshop_console.i18n.codes import line

    words = line.ROUTING_ACTIVATIONS.get(code)
    return f"0x{code:02X}: {_(words)}" if words else f"0x{code:02X}"


def unit_state_text(state: UnitState) -> str:
    """Return how a control unit stands."""
    from workshop_console.i18n.codes import states

    return str(states.UNIT_STATES[state.value])


UNIT_STATE_LETTERS = {
    UnitState.OK: "✓",
    UnitState.FAULTS: "F",
    UnitState.SILENT: "–",
    UnitState.REFUSED: "X",
    UnitState.UNKNOWN_VARIANT: "?",
    UnitState.ERROR: "!",
}
"""One character, the same in every language; told beside the colour."""

UNIT_STATE_LETTERS_ASCII = {**UNIT_STATE_LETTERS, UnitState.OK: "+", UnitState.SILENT: "-"}


def unit_state_letter(state: UnitState, *, ascii_only: bool = False) -> str:
    """Return one character for a state."""
    return (UNIT_STATE_LETTERS_ASCII if ascii_only else UNIT_STATE_LETTERS)[state]


def unit_reason_text(result: UnitResult) -> str:
    """Return why a unit did not answer, or refused; empty when it answered."""
    if result.reason is not None:
        return reason_text(result.reason, result.detail)
    if result.nrc is not None:
        return nrc_text(result.nrc)
    return ""


def fault_state_text(state: FaultState) -> str:
    """Return current, stored, pending or not tested."""
    from workshop_console.i18n.codes import states

    return str(states.FAULT_STATES[state.value])


def status_bit_text(name: str) -> str:
    """Return what a status bit says, by the standard's name of it."""
    from workshop_console.i18n.codes import states

    words = states.STATUS_BITS.get(name)
    return _(words) if words else name


def variant_match_text(match: VariantMatch) -> str:
    """Return how well a variant was identified."""
    from workshop_console.i18n.codes import states

    return _(states.VARIANT_MATCHES[match.value])


def change_text(change: Change) -> str:
    """Return gone, new or still there."""
    from workshop_console.i18n.codes import states

    return str(states.CHANGES[change.value])


def entry_kind_text(kind: EntryKind) -> str:
    """Return what kind of thing was done."""
    from workshop_console.i18n.codes import order

    return str(order.ENTRY_KINDS[kind.value])


def entry_text(entry: OrderEntry) -> str:
    """Return what was done: its kind and, where it has one, its name."""
    kind = entry_kind_text(entry.kind)
    # A guided test has its name from the program, in English; all others have theirs from the vehicle.
    what = _(entry.what) if entry.kind is EntryKind.GUIDED_TEST else entry.what
    return f"{kind}: {what}" if what else kind


def outcome_text(outcome: str) -> str:
    """Return what came of an entry of the order book, a negative response code in words."""
    from workshop_console.i18n.codes import order

    if (nrc := refusal_of(outcome)) is not None:
        return _("Refused: {reason}").format(reason=nrc_text(nrc))
    return str(order.OUTCOMES.get(outcome, outcome))


def short_outcome_text(outcome: str) -> str:
    """Return what came of an entry in a word or two."""
    from workshop_console.i18n.codes import order

    if (nrc := refusal_of(outcome)) is not None:
        return f"{order.SHORT_OUTCOMES['refused']} {nrc:02X}"
    return str(order.SHORT_OUTCOMES.get(outcome, outcome))


def refusal_of(outcome: str) -> int | None:
    """Return the negative response code that an outcome names, or None."""
    word, _space, code = outcome.partition(" 0x")
    try:
        nrc = int(code, 16) if word == "refused" else -1
    except ValueError:
        return None
    return nrc if 0 <= nrc <= 0xFF else None


def entry_details(entry: OrderEntry) -> list[tuple[str, str]]:
    """Return the details of an entry with the names that a person reads."""
    from workshop_console.i18n.codes import order

    if entry.kind is EntryKind.GUIDED_TEST:
        return [guided_detail(name, value) for name, value in entry.details]
    known = {
        EntryKind.CLEARING: order.CLEARING_DETAILS,
        EntryKind.FLASHING: order.FLASHING_DETAILS,
    }.get(entry.kind, {})
    return [(_(known.get(name, "")) or name, value) for name, value in entry.details]


def guided_detail(name: str, value: str) -> tuple[str, str]:
    """Return a step of a guided test and what came out, as kept (jobs.guided_tests.details_of)."""
    from workshop_console.i18n import formats
    from workshop_console.i18n.codes import guided

    name = _(guided.DETAILS.get(name, name))
    before, bracket, code = value.rpartition("[")
    if bracket and value.endswith("]"):
        words = guided_word(code[:-1])
        if words:
            return name, f"{formats.measured(before.strip())} ({words})" if before else words
    return name, _(value)


def guided_word(code: str) -> str:
    """Return a judgement, or what became of an actuation, in a word or two; empty for neither."""
    from workshop_console.i18n.codes import guided

    words = guided.JUDGEMENTS.get(code) or guided.DRIVEN.get(code)
    return str(words) if words else ""


def group_name(group: str) -> str:
    """Return the name of a product group (a ProductGroup or its value)."""
    from workshop_console.i18n.codes import states

    words = states.PRODUCT_GROUPS.get(str(group))
    return _(words) if words else str(group)


def area_name(area: str) -> str:
    """Return the name of an area of messages."""
    from workshop_console.i18n.codes import states

    words = states.AREAS.get(area)
    return _(words) if words else area


def import_reason_text(reason: str) -> str:
    """Return why a part of a description was not used (reason codes of the importer)."""
    from workshop_console.i18n.codes import import_problems

    words = import_problems.IMPORT_PROBLEMS.get(reason)
    return _(words) if words else reason


def failure_type_text(failure_type: int) -> str:
    """Return how a fault shows, by the third byte of its code (SAE J2012-DA)."""
    from workshop_console.i18n.codes import failure_types

    if failure_type in failure_types.FAILURE_TYPES:
        return _(failure_types.FAILURE_TYPES[failure_type])
    if failure_type >= 0xF0:
        return _(failure_types.MANUFACTURER_FAILURE_TYPE)
    return _(failure_types.RESERVED_FAILURE_TYPE)


def explain_code(dtc: int) -> str:
    """Return what a 24-bit fault code says by itself: its meaning where it is common, else its structure."""
    from workshop_console.i18n.codes import generic_faults

    failure_type = dtc & 0xFF
    meaning = generic_faults.GENERIC_FAULTS.get(dtc >> 8)
    words = _(meaning) if meaning else code_structure(dtc)
    return f"{words}: {failure_type_text(failure_type)}" if failure_type else words


def code_structure(dtc: int) -> str:
    """Return system, who defines the code and its area: Powertrain, standard code, ignition or misfire."""
    from workshop_console.i18n.codes import fault_areas

    code = format_code(dtc)
    letter, second, third = code[0], code[1], code[2]
    parts = [_(fault_areas.SYSTEMS[letter])]
    # P3000 to P33FF and U3000 to U33FF are not the same thing in every edition; these are ISO 15031-6:2015's.
    if second in _STANDARD_SECOND_CHARACTERS[letter] or (letter in "PU" and second == "3" and third >= "4"):
        parts.append(_(fault_areas.STANDARD_CODE))
    elif second in _MANUFACTURER_SECOND_CHARACTERS[letter] or (letter in "PU" and second == "3"):
        parts.append(_(fault_areas.MANUFACTURER_CODE))
    else:
        parts.append(_(fault_areas.RESERVED_CODE))
    areas: dict[str, str] = {}
    if letter == "P" and second in "012":
        areas = fault_areas.POWERTRAIN_AREAS
    elif letter == "U" and second == "0":
        areas = fault_areas.NETWORK_AREAS
    if third in areas:
        parts.append(_(areas[third]))
    return ", ".join(parts)


def fault_text(fault: Fault) -> str:
    """Return the text of a fault: what its description says, else what the code says by itself."""
    return fault.text or explain_code(fault.dtc)
