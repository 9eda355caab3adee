"""Judges what flashing units would be, before anything is changed: the table that the mechanic confirms."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import Address
from workshop_console.console.model.coding import CheckedCondition
from workshop_console.console.model.condition import Condition
from workshop_console.console.model.description import UnitSummary
from workshop_console.console.model.exchange import Exchange
from workshop_console.console.model.flash import (
    CheckId,
    FlashCheck,
    FlashFile,
    FlashSequence,
    FlashStep,
    FlashTarget,
    Light,
    Manifest,
    SoftwareIdentity,
)
from workshop_console.console.model.forms import UnitForms
from workshop_console.console.ports import Coder, VehicleLink
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.conditions import check_conditions
from workshop_console.console.procedures.events import Event, Progress, Step, StepBegan
from workshop_console.console.procedures.flash import requests as uds
from workshop_console.console.procedures.flash import trouble
from workshop_console.console.procedures.flash.assess import ask_identity
from workshop_console.console.procedures.flash.estimate import estimate_s
from workshop_console.console.procedures.flash.order import in_order
from workshop_console.console.procedures.flash.trouble import told
from workshop_console.console.procedures.scripts import UnitScript, UnitTask, run_scripts
from workshop_console.console.procedures.services import diagnostic_session

LEAST_V = 12.0
"""Battery voltage that flashing wants where the description asks for nothing else."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A unit and the file that it may be flashed with."""

    summary: UnitSummary
    address: Address
    variant: str
    file: FlashFile
    forms: UnitForms
    """`flash` None: the sequence of the standard is used."""

    @property
    def sequence(self) -> FlashSequence:
        """How it is flashed."""
        return self.forms.flash or FlashSequence()

    @property
    def label(self) -> str:
        """What the user calls it."""
        return self.summary.label or self.summary.name


def judge(
    link: VehicleLink,
    candidates: Sequence[Candidate],
    coder: Coder,
    cancellation: Cancellation,
    *,
    credit: FlashCheck,
    right: FlashCheck,
    readout: FlashCheck,
    space: FlashCheck,
    voltage_v: float | None = None,
) -> Generator[Event, None, tuple[FlashTarget, ...]]:
    """Ask the units what they are, and return the targets in the order in which they are to be flashed.

    No session stays open. Empty after a cancellation.

    Args:
        link: the line.
        candidates: what is wanted.
        coder: reads the values that conditions name.
        cancellation: ends it early.
        credit: whether there is credit.
        right: whether this user may flash.
        readout: whether a quick test was kept.
        space: whether there is room for the journal.
        voltage_v: battery voltage as the quick test found it, for units that tell none.

    Raises:
        ConsoleError: WC-728 when units need each other in a circle; WC-203 when the line is lost.
    """
    ordered = in_order([(candidate.file.manifest, candidate) for candidate in candidates])
    common = (credit, right, readout, space)
    targets = []
    for done, candidate in enumerate(ordered):
        yield StepBegan(step=Step.CHECKING_UNITS, detail=candidate.label)
        yield Progress(done=done, total=len(ordered))
        identity, conditions = _asked(link, candidate, cancellation)
        checks = (
            *_fit(candidate, identity),
            *_state(link, candidate, identity, conditions, coder, cancellation, voltage_v),
            *common,
        )
        if cancellation.requested:
            return ()
        if link.lost:
            raise ConsoleError("WC-203", uri=link.uri)
        targets.append(
            FlashTarget(
                unit=candidate.summary.name,
                label=candidate.label,
                address=candidate.address,
                timing=candidate.summary.timing,
                identity=identity,
                file=candidate.file,
                sequence=candidate.sequence,
                checks=checks,
                estimate_s=estimate_s(candidate.file.manifest, candidate.sequence, link.kind),
            )
        )
    yield Progress(done=len(ordered), total=len(ordered))
    return tuple(targets)


# -- what the unit says ------------------------------------------------------------------------------------


def _asked(
    link: VehicleLink, candidate: Candidate, cancellation: Cancellation
) -> tuple[SoftwareIdentity, Exchange | None]:
    """Return what a unit is, and its answer to the check of conditions (None: not asked)."""
    script = _ask(candidate.sequence)
    task = UnitTask(address=candidate.address, timing=candidate.summary.timing, script=script)
    ((_, result),) = run_scripts(link, [task], cancellation)
    return result


def _ask(sequence: FlashSequence) -> UnitScript[tuple[SoftwareIdentity, Exchange | None]]:
    identity, _ = yield from ask_identity()
    if not identity.answered or identity.boot_loader or FlashStep.CHECK_CONDITIONS in sequence.leave_out:
        return identity, None
    if FlashStep.EXTENDED_SESSION not in sequence.leave_out:
        opened = yield diagnostic_session(uds.EXTENDED_SESSION)
        if not opened.positive:
            return identity, opened
    conditions = yield uds.routine(sequence.conditions_rid)
    yield diagnostic_session(uds.DEFAULT_SESSION)
    return identity, conditions


# -- fits ----------------------------------------------------------------------------------------------------


def _fit(candidate: Candidate, identity: SoftwareIdentity) -> tuple[FlashCheck, ...]:
    """Return whether the file is for this unit, its hardware and the software that is in it."""
    manifest, unit = candidate.file.manifest, candidate.summary.name
    hardware, software = _hardware(unit, manifest, identity), _software(unit, manifest, identity)
    message = None
    if not identity.answered:
        message = told("WC-736", unit=unit)
    elif manifest.unit != unit:
        message = told("WC-734", unit=unit, expected=manifest.unit)
    elif Light.RED in (hardware.light, software.light):
        message = hardware.message if hardware.light is Light.RED else software.message
    fits = FlashCheck(
        id=CheckId.FITS,
        light=Light.RED if message else Light.GREEN,
        value=unit,
        expected=manifest.unit,
        message=message,
    )
    return fits, hardware, software


def _hardware(unit: str, manifest: Manifest, identity: SoftwareIdentity) -> FlashCheck:
    expected = ", ".join(manifest.hardware)
    fits = identity.hardware in manifest.hardware and bool(identity.hardware)
    return FlashCheck(
        id=CheckId.HARDWARE,
        light=Light.GREEN if fits else Light.RED,
        value=identity.hardware,
        expected=expected,
        message=None
        if fits
        else told("WC-731", unit=unit, found=identity.hardware or "-", expected=expected),
    )


def _software(unit: str, manifest: Manifest, identity: SoftwareIdentity) -> FlashCheck:
    """Judge the software that is in the unit; in a boot loader there is none that could be unfit."""
    value = f"{identity.software} {identity.version}".strip()
    expected = ", ".join(manifest.software_from)
    light, message = Light.GREEN, None
    if identity.boot_loader:
        light, message = Light.YELLOW, told("WC-733", unit=unit, boot=identity.boot_software)
    elif not identity.software:
        light, message = Light.RED, told("WC-732", unit=unit, found="-", expected=expected or "-")
    elif identity.software == manifest.software and identity.version == manifest.version:
        light, message = Light.YELLOW, told("WC-738", unit=unit, software=value)
    elif manifest.software_from and identity.software not in manifest.software_from:
        light, message = Light.RED, told("WC-732", unit=unit, found=identity.software, expected=expected)
    return FlashCheck(id=CheckId.SOFTWARE, light=light, value=value, expected=expected, message=message)


# -- the state of the vehicle -----------------------------------------------------------------------------


def _state(
    link: VehicleLink,
    candidate: Candidate,
    identity: SoftwareIdentity,
    conditions: Exchange | None,
    coder: Coder,
    cancellation: Cancellation,
    voltage_v: float | None,
) -> tuple[FlashCheck, ...]:
    """Return how voltage, charger and conditions stand."""
    sequence = candidate.sequence
    wanted = [c for c in (sequence.voltage, sequence.charger, *sequence.conditions) if c is not None]
    asked = wanted if identity.answered and not identity.boot_loader else []
    found = {
        checked.condition: checked
        for checked in check_conditions(
            link, candidate.summary, candidate.address, candidate.forms, asked, coder, cancellation
        )
    }
    unit = candidate.summary.name
    checks = [
        _voltage(link, unit, sequence.voltage, found, voltage_v),
        _charger(unit, sequence.charger, found),
    ]
    checks += [_condition(unit, condition, found.get(condition)) for condition in sequence.conditions]
    if conditions is not None:
        checks.append(_own_word(candidate, conditions))
    elif not sequence.conditions and not identity.boot_loader:
        checks.append(FlashCheck(id=CheckId.CONDITIONS, light=Light.GREEN))
    return tuple(checks)


def _voltage(
    link: VehicleLink,
    unit: str,
    condition: Condition | None,
    found: dict[Condition, CheckedCondition],
    voltage_v: float | None,
) -> FlashCheck:
    checked = found.get(condition) if condition is not None else None
    if checked is not None and condition is not None and checked.holds is not None:
        return _measured(CheckId.VOLTAGE, unit, condition, checked)
    volts = voltage_v if voltage_v is not None else link.identity().voltage_v
    try:
        least = float(condition.limit) if condition is not None else LEAST_V
    except ValueError:
        least = LEAST_V
    if volts is None:
        facts = condition.facts if condition is not None else {"condition": f"{least:g} V"}
        message = told("WC-735", unit=unit, value="-", **facts)
        return FlashCheck(id=CheckId.VOLTAGE, light=Light.YELLOW, expected=f"{least:g} V", message=message)
    light = Light.GREEN if volts >= least else Light.RED
    value, expected = f"{volts:.1f} V", f"≥ {least:g} V"
    low = told("WC-320", unit=unit, condition=expected, value=value) if light is Light.RED else None
    return FlashCheck(id=CheckId.VOLTAGE, light=light, value=value, expected=expected, message=low)


def _charger(unit: str, condition: Condition | None, found: dict[Condition, CheckedCondition]) -> FlashCheck:
    """Judge the charger: flashing is possible without one, where somebody answers for the battery."""
    checked = found.get(condition) if condition is not None else None
    if condition is None or checked is None or checked.holds is None:
        facts = condition.facts if condition is not None else {"condition": "-"}
        message = told("WC-735", unit=unit, value="-", **facts)
        return FlashCheck(id=CheckId.CHARGER, light=Light.YELLOW, message=message)
    if checked.holds:
        return FlashCheck(
            id=CheckId.CHARGER, light=Light.GREEN, value=checked.value, expected=condition.limit
        )
    message = told("WC-735", unit=unit, value=checked.value, **condition.facts)
    return FlashCheck(
        id=CheckId.CHARGER,
        light=Light.YELLOW,
        value=checked.value,
        expected=condition.limit,
        message=message,
    )


def _condition(unit: str, condition: Condition, checked: CheckedCondition | None) -> FlashCheck:
    if checked is not None and checked.holds is not None:
        return _measured(CheckId.CONDITIONS, unit, condition, checked)
    message = told("WC-735", unit=unit, value="-", **condition.facts)
    return FlashCheck(id=CheckId.CONDITIONS, light=Light.YELLOW, condition=condition, message=message)


def _measured(check: CheckId, unit: str, condition: Condition, checked: CheckedCondition) -> FlashCheck:
    """Judge what the unit measured itself."""
    message = None
    if not checked.holds:
        message = told("WC-320", unit=unit, value=checked.value, **condition.facts)
    return FlashCheck(
        id=check,
        light=Light.GREEN if checked.holds else Light.RED,
        value=checked.value,
        condition=condition,
        message=message,
    )


def _own_word(candidate: Candidate, answer: Exchange) -> FlashCheck:
    """Judge the unit's own answer to whether it may be programmed."""
    unit, step = candidate.summary.name, FlashStep.CHECK_CONDITIONS
    result = uds.routine_result(answer) if answer.positive else 0
    if answer.positive and not result:
        return FlashCheck(id=CheckId.CONDITIONS, light=Light.GREEN)
    if answer.positive:
        message = told("WC-724", unit=unit, result=f"0x{result:02X}")
    elif answer.nrc is not None:
        message = trouble.refused(unit, step, answer.nrc)
    else:
        message = trouble.silent(unit, step, answer)
    return FlashCheck(id=CheckId.CONDITIONS, light=Light.RED, message=message)
