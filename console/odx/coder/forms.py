"""Makes the lists and forms of one control unit from its services."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from odxtools.diaglayers.basevariant import BaseVariant
from odxtools.diaglayers.ecuvariant import EcuVariant
from odxtools.parameters.valueparameter import ValueParameter

from workshop_console.console.model.forms import (
    CodingForm,
    FunctionForm,
    FunctionKind,
    ParameterForm,
    ParameterKind,
    RecordForm,
    ServiceForm,
    UnitForms,
    ValueForm,
)
from workshop_console.console.odx.coder import services
from workshop_console.console.odx.coder.encoding import free_places
from workshop_console.console.odx.coder.flashing import flash_sequence_of, routines_of
from workshop_console.console.odx.coder.layout import Bound, Place, places
from workshop_console.console.odx.coder.notes import Notes, notes_of, plain_description
from workshop_console.console.odx.coder.physical import Physical
from workshop_console.console.odx.coder.services import Sorted, constant_start, positive_parameters
from workshop_console.console.odx.coder.states import StateReader
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.extraction.records import RecordReader, name_of

_Made = TypeVar("_Made")

Layer = BaseVariant | EcuVariant

RETURN_SUFFIX = ".ReturnControl"
"""Ends the name of a service that nobody describes and the identifier gives."""
_READ_WORDS = re.compile(r"(?i)^(?:read[_ ])|(?:[_ .]read)$")
_WRITE_WORDS = re.compile(r"(?i)^(?:write[_ ]|code: )|(?:[_ .]write)$")
_LOOSE_ENDS = " _-.,:;(/"
_MOST_ROW_NAMES = 4_096


@dataclass(kw_only=True)
class UnitIndex:
    """One unit in one variant: its forms, and the services behind their names."""

    forms: UnitForms
    services: dict[str, Bound]
    value_names: dict[str, dict[str, str]] = field(default_factory=dict)
    """By service: the unit-wide name of each value of a record."""
    made: dict[str, bytes] = field(default_factory=dict)
    """Requests that no service describes, by name."""


def index_layer(layer: Layer, unit: str, variant: str) -> UnitIndex:
    """Return what a layer offers; what odxtools cannot handle is left out."""
    found = services.sort_services(layer.diag_services)
    return _Indexer(layer, found).index(unit, variant)


class _Indexer:
    def __init__(self, layer: Layer, found: Sorted) -> None:
        self._found = found
        self._flash = next(iter(_usable([partial(flash_sequence_of, layer)])), None)
        self._states = next(
            iter(_usable([partial(StateReader, layer.state_charts, layer.diag_services)])),
            StateReader((), ()),
        )
        self._lengths = RecordReader(Problems())
        self._made: dict[str, bytes] = {}
        self._bounds: dict[str, Bound] = {}
        self._physical: dict[int, Physical] = {}

    def index(self, unit: str, variant: str) -> UnitIndex:
        records, value_names = self._records()
        forms = UnitForms(
            unit=unit,
            variant=variant,
            records=records,
            functions=self._functions(),
            codings=_usable(partial(self._coding, *coding) for coding in self._found.codings),
            flash=self._flash,
        )
        return UnitIndex(forms=forms, services=self._bounds, value_names=value_names, made=self._made)

    # -- actual values -----------------------------------------------------------------------------

    def _records(self) -> tuple[tuple[RecordForm, ...], dict[str, dict[str, str]]]:
        read = _usable(partial(_contents, *record) for record in self._found.records)
        seen = Counter(
            place.name for _, _, contents in read for place in {p.name: p for p in contents}.values()
        )
        taken: set[str] = set()
        records, value_names = [], {}
        for bound, request, contents in read:
            stem = _READ_WORDS.sub("", bound.name) or bound.name
            names: dict[str, str] = {}
            for place in contents:
                name = place.name if seen[place.name] == 1 else f"{stem}.{place.name}"
                while name in taken:
                    name = (
                        f"{bound.name}.{place.name}" if not name.startswith(f"{bound.name}.") else name + "_"
                    )
                taken.add(name)
                names[place.name] = name
            for form in _usable([partial(self._record, bound, request, contents, names)]):
                records.append(form)
                value_names[bound.name] = names
                self._bounds[bound.name] = bound
        return tuple(records), value_names

    def _record(
        self, bound: Bound, request: bytes, contents: Sequence[Place], names: dict[str, str]
    ) -> RecordForm:
        single = request[0] == services.READ and len(request) == 3
        return RecordForm(
            service=bound.name,
            label=_READ_WORDS.sub("", bound.label) or bound.label,
            request=request,
            did=int.from_bytes(request[1:], "big") if single else None,
            length=next(iter(_usable([partial(self._length, bound)])), None) if single else None,
            values=tuple(self._value(place, names[place.name]) for place in contents),
        )

    def _length(self, bound: Bound) -> int | None:
        """Return the bytes of data after the identifier, or None where that varies."""
        row = bound.row
        if row is None:
            return self._lengths.lay_out(positive_parameters(bound), "").length_from(3)
        layout = (
            self._lengths.lay_out(row.structure.parameters, "")
            if row.structure is not None
            else self._lengths.single(row.dop, row, "")
        )
        if row.structure is not None and row.structure.byte_size is not None:
            layout.end = row.structure.byte_size
        return layout.length_from(0)

    def _value(self, place: Place, name: str) -> ValueForm:
        if place.dop is None:
            return ValueForm(
                name=name, label=place.label, kind=ParameterKind.CHOICE, choices=_row_names(place)
            )
        physical = self._shown(place)
        low, high = physical.described_range
        return ValueForm(
            name=name,
            label=place.label,
            kind=physical.kind,
            unit=physical.unit,
            low=low,
            high=high,
            digits=physical.digits,
            choices=physical.choices,
        )

    def _shown(self, place: Place) -> Physical:
        assert place.dop is not None  # noqa: S101  # the callers asked
        return self._physical.setdefault(id(place.dop), Physical(place.dop))

    # -- functions ---------------------------------------------------------------------------------

    def _functions(self) -> tuple[FunctionForm, ...]:
        makers: list[Callable[[], FunctionForm]] = []
        of_flashing = routines_of(self._flash)
        routines = {rid: group for rid, group in self._found.routines.items() if rid not in of_flashing}
        for kind, groups in (
            (FunctionKind.OUTPUT, self._found.outputs),
            (FunctionKind.ROUTINE, routines),
        ):
            makers += [partial(self._group, kind, *group) for group in groups.items()]
        makers += [partial(self._other, bound) for bound in self._found.others]
        forms: dict[str, FunctionForm] = {}
        for form in _usable(makers):
            name = form.start.name if form.name in forms else form.name
            forms.setdefault(name, _named(form, name))
        return tuple(forms.values())

    def _group(self, kind: FunctionKind, identifier: int, controls: dict[int, Bound]) -> FunctionForm:
        bounds = [controls[control] for control in sorted(controls)]
        order: tuple[int, ...]
        if kind is FunctionKind.OUTPUT:
            order = (services.ADJUST, services.FREEZE, services.RESET, services.RETURN_CONTROL)
        else:
            order = (services.START, services.RESULTS, services.STOP)
        first = next((controls[control] for control in order if control in controls), bounds[0])
        notes = notes_of([first, *(bound for bound in bounds if bound is not first)])
        forms = {control: self._service(bound) for control, bound in controls.items()}
        name = _stem([bound.name for bound in bounds]) or first.name
        label = _stem([bound.label for bound in bounds]) or first.label
        start = forms[next(control for control, bound in controls.items() if bound is first)]
        common = _Common(name=name, label=label, kind=kind, start=start, notes=notes)
        if kind is FunctionKind.ROUTINE:
            # A routine that cannot be started is a service of its own.
            if services.START not in controls:
                return common.form(kind=FunctionKind.OTHER)
            return common.form(stop=forms.get(services.STOP), results=forms.get(services.RESULTS))
        give_back = forms.get(services.RETURN_CONTROL)
        if give_back is None or give_back.parameters:
            give_back = self._make_return(name, identifier, start)
        return common.form(
            freeze=_unless(forms.get(services.FREEZE), start),
            reset=_unless(forms.get(services.RESET), start),
            give_back=give_back,
        )

    def _make_return(self, name: str, identifier: int, like: ServiceForm) -> ServiceForm:
        """Return returnControlToECU of an identifier whose description has none (ISO 14229-1:2020, 13.2)."""
        request = bytes((services.OUTPUT_CONTROL, *identifier.to_bytes(2, "big"), services.RETURN_CONTROL))
        made = f"{name}{RETURN_SUFFIX}"
        self._made[made] = request
        return ServiceForm(
            name=made,
            label=like.label,
            request=request,
            sessions=like.sessions,
            security_level=like.security_level,
        )

    def _other(self, bound: Bound) -> FunctionForm:
        start = self._service(bound)
        notes = notes_of([bound])
        return _Common(
            name=bound.name, label=bound.label, kind=FunctionKind.OTHER, start=start, notes=notes
        ).form()

    def _service(self, bound: Bound) -> ServiceForm:
        form = ServiceForm(
            name=bound.name,
            label=bound.label,
            request=constant_start(bound),
            parameters=tuple(self._parameter(place) for place in free_places(bound)),
            results=tuple(
                self._parameter(place, answer=True) for place in places(positive_parameters(bound), bound.row)
            ),
            sessions=self._states.sessions(bound.service),
            security_level=self._states.security_level(bound.service),
        )
        self._bounds[bound.name] = bound
        return form

    def _parameter(self, place: Place, *, answer: bool = False) -> ParameterForm:
        description = _plain(getattr(place.parameter, "description", None))
        if place.dop is None:
            return ParameterForm(
                name=place.name,
                label=place.label,
                kind=ParameterKind.CHOICE,
                choices=_row_names(place),
                description=description,
            )
        physical = self._shown(place)
        low, high = physical.described_range if answer else physical.possible_range
        default = None
        if isinstance(place.parameter, ValueParameter) and place.parameter.physical_default_value is not None:
            default = physical.text_of(place.parameter.physical_default_value)
        return ParameterForm(
            name=place.name,
            label=place.label,
            kind=physical.kind,
            unit=physical.unit,
            choices=physical.choices,
            low=low,
            high=high,
            digits=physical.digits,
            default=default,
            description=description,
            shortest=physical.lengths[0],
            longest=physical.lengths[1],
        )

    # -- codings -----------------------------------------------------------------------------------

    def _coding(self, bound: Bound, identifier: int) -> CodingForm:
        notes = notes_of([bound])
        return CodingForm(
            name=_WRITE_WORDS.sub("", bound.name) or bound.name,
            label=_WRITE_WORDS.sub("", bound.label) or bound.label,
            did=identifier,
            write=self._service(bound),
            dependencies=notes.dependencies,
            conditions=notes.conditions,
        )


@dataclass(frozen=True, kw_only=True)
class _Common:
    """What each function form has."""

    name: str
    label: str
    kind: FunctionKind
    start: ServiceForm
    notes: Notes

    def form(self, *, kind: FunctionKind | None = None, **others: ServiceForm | None) -> FunctionForm:
        return FunctionForm(
            name=self.name,
            label=self.label,
            kind=kind or self.kind,
            start=self.start,
            description=self.notes.description,
            warning=self.notes.warning,
            warning_translations=self.notes.warning_translations,
            conditions=self.notes.conditions,
            related=self.notes.related,
            **others,
        )


def _usable(makers: Iterable[Callable[[], _Made]]) -> tuple[_Made, ...]:
    """Return what `makers` make; those that odxtools cannot handle are left out."""
    made = []
    for make in makers:
        try:
            made.append(make())
        except MemoryError:
            raise
        except Exception:  # noqa: S112  # odxtools raises whatever a file that breaks the standard makes it
            continue
    return tuple(made)


def _contents(bound: Bound, request: bytes) -> tuple[Bound, bytes, tuple[Place, ...]]:
    """Return a reading service with its values, each name once."""
    found = {place.name: place for place in places(positive_parameters(bound), bound.row)}
    return bound, request, tuple(found.values())


def _named(form: FunctionForm, name: str) -> FunctionForm:
    return form if form.name == name else replace(form, name=name)


def _unless(form: ServiceForm | None, start: ServiceForm) -> ServiceForm | None:
    return None if form is start else form


def _stem(names: Sequence[str]) -> str:
    """Return what the names begin with, cut where a word ends; empty when that is nothing."""
    if len(names) < 2:
        return ""
    stem = _common_start(names)
    if not all(_word_ends(name, len(stem)) for name in names):
        cut = max((stem.rfind(mark) for mark in _LOOSE_ENDS), default=-1)
        stem = stem[:cut] if cut > 0 else ""
    return stem.rstrip(_LOOSE_ENDS)


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = next(
        (i for i, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:same]


def _word_ends(name: str, position: int) -> bool:
    """Return whether a word ends before `position`: Fan|_Return, Fan|Return, Fan."""
    rest, before = name[position:], name[:position]
    if not before:
        return False
    return (
        not rest
        or before[-1] in _LOOSE_ENDS
        or rest[0] in _LOOSE_ENDS
        or (rest[0].isupper() and before[-1].islower())
    )


def _row_names(place: Place) -> tuple[str, ...]:
    rows = place.table.table_rows if place.table is not None else []
    return tuple(name_of(row) for row in rows[:_MOST_ROW_NAMES])


def _plain(description: object) -> str:
    return plain_description(getattr(description, "text", None))
