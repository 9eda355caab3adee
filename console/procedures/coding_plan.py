"""Works out what a coding record is to become: the options that change, bit for bit, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.coding import CodingPlan, CodingReading, OptionChange
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.forms import CodingForm, ParameterKind, Translations
from workshop_console.console.model.kept import KeptCoding
from workshop_console.console.model.message import RaisedMessage, raised_by
from workshop_console.console.ports import Coder


def decode_coding(
    coder: Coder, unit: UnitSummary, variant: str, form: CodingForm, data: bytes
) -> tuple[DecodedValue, ...]:
    """Return what `data` says, by the service that writes it."""
    request = b"\x2e" + form.did.to_bytes(2, "big") + data
    return tuple(coder.decode_request(unit, variant, form.write.name, request))


def plan_changes(
    coder: Coder, reading: CodingReading, changes: Mapping[str, str], *, draft: bool = False
) -> CodingPlan:
    """Return what the record becomes when these options take these values; all other bits stay.

    `draft`: rules between options that are broken stand in the plan instead of being raised, because the
    next change may mend them.

    Raises:
        ConsoleError: WC-304 when the record was not read, WC-330 for a value or a combination that the
            description does not allow, WC-412 for an option that it does not know.
    """
    old = reading.data
    if old is None:
        raise ConsoleError("WC-304", unit=reading.unit_name, reason=SilentReason.EMPTY.value, raw="")
    wanted = {name: _allowed(reading, name, text) for name, text in changes.items()}
    before = reading.values
    wanted = {
        name: text for name, text in wanted.items() if not _equal(reading, name, text, before.get(name, ""))
    }
    if not wanted:
        return CodingPlan(before=reading, data=old)
    broken = _broken_rules(reading, before | wanted, set(wanted))
    if broken and not draft:
        raise broken[0]
    data = _merged(coder, reading, old, wanted)
    after = _decoded(coder, reading, data)
    for name, text in wanted.items():
        if not _became(reading, name, text, after.get(name, "")):
            rule = f"{text} → {after.get(name, '')}"
            raise _breaks(reading, name, text, rule)
    return CodingPlan(
        before=reading,
        data=data,
        changes=changes_between(coder, reading, data),
        broken=tuple(raised_by(error) for error in broken),
    )


def plan_restore(coder: Coder, reading: CodingReading, kept: KeptCoding) -> CodingPlan:
    """Return the plan that puts a kept coding back, bit for bit.

    Raises ConsoleError WC-334 when it is not one of this record of this unit of this vehicle.
    """
    fits = (
        reading.data is not None
        and (kept.vin, kept.unit, kept.name, kept.did)
        == (reading.vin, reading.unit.name, reading.form.name, reading.form.did)
        and len(kept.data) == len(reading.data)
    )
    if not fits:
        raise ConsoleError("WC-334", unit=reading.unit_name, coding=label_of(reading.form))
    messages: tuple[RaisedMessage, ...] = ()
    if kept.variant != reading.variant:
        facts = (
            ("unit", reading.unit_name),
            ("coding", label_of(reading.form)),
            ("before", kept.variant or "-"),
            ("now", reading.variant or "-"),
        )
        messages = (RaisedMessage(number="WC-335", facts=facts),)
    return CodingPlan(
        before=reading,
        data=kept.data,
        changes=changes_between(coder, reading, kept.data),
        restores=kept,
        messages=messages,
    )


def changes_between(coder: Coder, reading: CodingReading, data: bytes) -> tuple[OptionChange, ...]:
    """Return in which options `data` differs from what was read; one without a name stands for other bits."""
    before, after = reading.values, _decoded(coder, reading, data)
    units = {option.name: option.unit for option in reading.options}
    found = []
    for name in dict.fromkeys([*before, *after]):
        if before.get(name, "") != after.get(name, ""):
            parameter = reading.parameter(name)
            found.append(
                OptionChange(
                    option=name,
                    label=parameter.label if parameter else name,
                    before=before.get(name, ""),
                    after=after.get(name, ""),
                    unit=units.get(name, parameter.unit if parameter else ""),
                )
            )
    if not found and data != reading.data:
        old = (reading.data or b"").hex(" ").upper()
        found.append(OptionChange(option="", label="", before=old, after=data.hex(" ").upper()))
    return tuple(found)


def label_of(form: CodingForm) -> str:
    """Return what the record is called."""
    return form.label or form.name


def _decoded(coder: Coder, reading: CodingReading, data: bytes) -> dict[str, str]:
    options = decode_coding(coder, reading.unit, reading.variant, reading.form, data)
    return {option.name: option.value for option in options}


def _breaks(
    reading: CodingReading, option: str, value: str, rule: str, translations: Translations = ()
) -> ConsoleError:
    parameter = reading.parameter(option)
    label = parameter.label if parameter else option
    rules = {f"rule_{lang}": text for lang, text in translations}
    return ConsoleError("WC-330", unit=reading.unit_name, option=label, value=value, rule=rule, **rules)


def _allowed(reading: CodingReading, name: str, text: str) -> str:
    """Return `text` as the description spells it. Raises ConsoleError WC-330, WC-412."""
    parameter = reading.parameter(name)
    if parameter is None:
        names = ", ".join(p.name for p in reading.form.write.parameters)
        raise ConsoleError("WC-412", parameter=name, value=text, expected=names)
    if parameter.choices:
        choice = next((c for c in parameter.choices if c.casefold() == text.strip().casefold()), None)
        if choice is None:
            raise _breaks(reading, name, text, " | ".join(parameter.choices))
        return choice
    number = _number(text)
    low, high = parameter.low, parameter.high
    if number is not None and ((low is not None and number < low) or (high is not None and number > high)):
        span = f"{'' if low is None else f'{low:g}'} … {'' if high is None else f'{high:g}'}"
        raise _breaks(reading, name, text, f"{span.strip()} {parameter.unit}".rstrip())
    return text.strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _equal(reading: CodingReading, name: str, one: str, other: str) -> bool:
    """Return whether two texts are the same value: 5 is 5.0, and 0a is 0A."""
    parameter = reading.parameter(name)
    kind = parameter.kind if parameter is not None else ParameterKind.TEXT
    if kind is ParameterKind.NUMBER and (a := _number(one)) is not None and (b := _number(other)) is not None:
        return a == b
    if kind is ParameterKind.BYTES:
        return one.replace(" ", "").casefold() == other.replace(" ", "").casefold()
    return one == other


def _became(reading: CodingReading, name: str, wanted: str, shown: str) -> bool:
    """Return whether what is shown is what was wanted: numbers are shown rounded to their last digit."""
    a, b = _number(wanted), _number(shown)
    if a is None or b is None:
        return _equal(reading, name, wanted, shown)
    digits = min(len(wanted.partition(".")[2]), len(shown.partition(".")[2]))
    return abs(a - b) <= 0.5 * 10.0**-digits


def _broken_rules(reading: CodingReading, values: Mapping[str, str], changed: set[str]) -> list[ConsoleError]:
    """Return a WC-330 for each rule that a change breaks; what was broken before stays as it is."""
    found = []
    for rule in reading.form.dependencies:
        if not {rule.option, rule.needs} & changed:
            continue
        if values.get(rule.option) in rule.values and values.get(rule.needs) not in rule.allowed:
            needs = reading.parameter(rule.needs)
            described = f"{needs.label if needs else rule.needs} = {' | '.join(rule.allowed)}"
            found.append(
                _breaks(reading, rule.option, values[rule.option], rule.text or described, rule.translations)
            )
    return found


def _merged(coder: Coder, reading: CodingReading, old: bytes, wanted: dict[str, str]) -> bytes:
    """Return `old` with just the bits of the options in `wanted` changed.

    An encoded request has all options anew. Encoding what was read must give what was read: a bit where it
    does not belongs to a value that the description does not know (or knows several of), and stays, unless it
    belongs to an option that is changed.
    """
    present = _encodable(coder, reading, reading.values)
    same, _ = _encoded(coder, reading, present, len(old))
    new, mask = _encoded(coder, reading, present | wanted, len(old))
    merged = bytearray((o & ~m) | (n & m) for o, n, m in zip(old, new, mask, strict=True))
    stubborn = [
        (index, 1 << bit)
        for index in range(len(old))
        for bit in range(8)
        if (old[index] ^ same[index]) & mask[index] & (1 << bit)
    ]
    if stubborn:
        target = _decoded(coder, reading, new)
        for index, bit in stubborn:
            flipped = bytearray(new)
            flipped[index] ^= bit
            seen = _decoded(coder, reading, bytes(flipped))
            if all(seen.get(name) == target.get(name) for name in wanted):
                merged[index] = merged[index] & ~bit | old[index] & bit
    return bytes(merged)


def _encoded(
    coder: Coder, reading: CodingReading, values: Mapping[str, str], length: int
) -> tuple[bytes, bytes]:
    """Return data and mask after the identifier, as long as the record. Raises ConsoleError WC-330."""
    encoded = coder.encode(reading.unit, reading.variant, reading.form.write.name, values)
    data, mask = encoded.payload[3:], encoded.mask[3:]
    if len(data) > length:
        raise ConsoleError(
            "WC-330",
            unit=reading.unit_name,
            option=label_of(reading.form),
            value=f"{len(data)} bytes",
            rule=f"{length} bytes",
        )
    return data.ljust(length, b"\0"), mask.ljust(length, b"\0")


def _encodable(coder: Coder, reading: CodingReading, values: Mapping[str, str]) -> dict[str, str]:
    """Return `values` with a stand-in for each that the description has no code for; its bits stay anyway."""
    usable, replaced = dict(values), set[str]()
    for _ in range(2 * len(usable) + len(reading.form.write.parameters) + 1):
        try:
            coder.encode(reading.unit, reading.variant, reading.form.write.name, usable)
        except ConsoleError as error:
            name = str(error.facts.get("parameter", ""))
            if error.number != "WC-412" or name in replaced:
                raise
            replaced.add(name)
            parameter = reading.parameter(name)
            if parameter is None:
                if name not in usable:
                    raise
                del usable[name]
            else:
                usable[name] = _stand_in(parameter.choices, parameter.low)
        else:
            break
    return usable


def _stand_in(choices: Sequence[str], low: float | None) -> str:
    if choices:
        return choices[0]
    return f"{low:g}" if low is not None and low > 0 else "0"
