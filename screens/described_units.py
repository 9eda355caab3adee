"""What an imported description says: its control units, and everything about one of them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

from textual.widget import Widget

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.description import (
    DataIdentifier,
    DescriptionSummary,
    UnitDescription,
    UnitSummary,
)
from workshop_console.console.model.dtc import format_code
from workshop_console.i18n import formats
from workshop_console.i18n.texts import _, ngettext
from workshop_console.screens.filtering import FilteredScreen
from workshop_console.screens.sheet import ListSheet
from workshop_console.widgets.table import Column, Row, Table

_PROBLEMS = "problems"


class DescribedUnits(ListSheet, FilteredScreen):
    """Lists the control units of one description, without a vehicle."""

    handles = ("open", "filter")

    def __init__(self, description: DescriptionSummary) -> None:
        super().__init__()
        self._description = description
        self._units: Sequence[UnitSummary] | None = None

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the description."""
        return self._description.name

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "The control units that this description knows. Enter shows the fault texts, identifiers and "
            "functions of one; the last line what could not be used."
        )

    def draw(self) -> None:
        """Draw the list."""
        if self._units is None:
            try:
                self._units = self.session.workshop.catalogue.units(self._description.key)
            except ConsoleError as error:
                self._units = ()
                self.console.tell(error)
        columns = (
            Column(title=_("Control unit"), width=28, grow=2, keeps_end=True),
            Column(title=_("Name"), width=20, grow=1),
            Column(title=_("Address"), width=15, grow=1),
            Column(title=_("Variants"), width=9, right=True),
        )
        rows = []
        for unit in self._units:
            addresses = ", ".join(map(str, unit.addresses)) or "-"
            if self.passes(unit.label, unit.name, addresses):
                cells = (unit.label or unit.name, unit.name, addresses, formats.number(len(unit.variants)))
                rows.append(Row(key=unit.key, cells=cells))
        if self._description.problems and not self.filter_words:
            count = self._description.problems
            text = ngettext("{n} part could not be used", "{n} parts could not be used", count)
            rows.append(Row(key=_PROBLEMS, cells=(), tail=text.format(n=formats.number(count))))
        self.query_one(Table).show(columns, rows, empty=_("No row fits the filter."))

    def open_row(self, key: Hashable) -> None:
        """Open a control unit, or the list of what could not be used."""
        if key == _PROBLEMS:
            from workshop_console.screens.descriptions import Problems

            self.console.show_screen(Problems(self._description))
        elif isinstance(key, int):
            unit = next(unit for unit in self._units or () if unit.key == key)
            self.console.show_screen(DescribedUnit(unit))


class DescribedUnit(ListSheet, FilteredScreen):
    """Lists what the description says of one control unit: faults, data identifiers, functions."""

    handles = ("filter",)

    def __init__(self, unit: UnitSummary) -> None:
        super().__init__()
        self._unit = unit
        self._described: UnitDescription | None = None

    def body(self) -> Iterable[Widget]:
        """Return the list and the line for the filter."""
        yield Table()
        yield from self.filter_line()

    def title_text(self) -> str:
        """Return the name of the unit."""
        return f"{self._unit.label or self._unit.name}  {', '.join(map(str, self._unit.addresses))}"

    def title_right(self) -> str:
        """Return the place in the list and what narrows it."""
        return self.with_filter(self.query_one(Table).position)

    def about(self) -> str:
        """Return what the screen is for."""
        return _("Everything that the description knows of this control unit, to read without a vehicle.")

    def _lines(self, unit: UnitDescription) -> Iterable[tuple[str, str, str]]:
        for dtc in unit.dtcs:
            yield _("Fault"), dtc.display_code or format_code(dtc.dtc), dtc.text
        for record in unit.data_identifiers:
            yield _("Identifier"), f"{record.did:04X}", _record_text(record)
        for function in unit.functions:
            yield _("Function"), function.request.hex(" ").upper(), function.label or function.name
        for variant in unit.summary.variants:
            yield _("Variant"), variant.name, variant.label

    def draw(self) -> None:
        """Draw the list."""
        if self._described is None:
            try:
                self._described = self.session.workshop.catalogue.unit(self._unit.key)
            except ConsoleError as error:
                self.console.tell(error)
        columns = (
            Column(title=_("Kind"), width=15),
            Column(title=_("Code"), width=14, grow=1),
            Column(title=_("Text"), width=44, grow=4),
        )
        lines = self._lines(self._described) if self._described else ()
        rows = [Row(key=index, cells=line) for index, line in enumerate(lines) if self.passes(*line)]
        empty = (
            _("No row fits the filter.") if self.filter_words else _("The description says nothing of it.")
        )
        self.query_one(Table).show(columns, rows, empty=empty)

    def status_text(self) -> str:
        """Say how much there is."""
        if self._described is None:
            return ""
        faults = len(self._described.dtcs)
        records = len(self._described.data_identifiers)
        return ", ".join(
            (
                ngettext("{n} fault code", "{n} fault codes", faults).format(n=formats.number(faults)),
                ngettext("{n} identifier", "{n} identifiers", records).format(n=formats.number(records)),
            )
        )


def _record_text(record: DataIdentifier) -> str:
    fields = ", ".join(field.label or field.name for field in record.fields)
    return f"{record.label or record.name}: {fields}" if fields else record.label or record.name
