"""Vehicle and VCI: what the console is connected to."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import partial
from typing import ClassVar

from textual.widget import Widget

from workshop_console.console.jobs.recent import recent_addresses, remember_address
from workshop_console.console.jobs.simulated import SIMULATED
from workshop_console.console.model.vehicle import DoipEntity, VehicleIdentity
from workshop_console.i18n.texts import _, mark, ngettext
from workshop_console.screens.sheet import Sheet
from workshop_console.screens.status import job_name, vehicle_text
from workshop_console.widgets.entry import Entry
from workshop_console.widgets.table import Column, Row, Table

_TYPE = "type"


class VehicleChoice(Sheet[None]):
    """Lists simulated vehicles, addresses used before and what was found in the network; Enter connects."""

    handles = ("open", "start")
    words: ClassVar = {
        "open": (mark("Connect"), mark("Use this VCI and test the connection.")),
        "start": (mark("Search"), mark("Search the network for vehicles (DoIP).")),
    }

    def __init__(self) -> None:
        super().__init__()
        self._found: Sequence[DoipEntity] | None = None
        self._recent: tuple[str, ...] = ()

    def body(self) -> Iterable[Widget]:
        """Return the list and the line to type in."""
        yield Table()
        yield Entry()

    def title_text(self) -> str:
        """Return the name of the screen."""
        return _("Vehicle and VCI")

    def about(self) -> str:
        """Return what the screen is for."""
        return _(
            "Enter connects and tests the line at once. Addresses: sim://NAME, doip://HOST[:PORT], "
            "can://INTERFACE/CHANNEL?bitrate=500000, j2534://LIBRARY. Nothing is written to the vehicle."
        )

    def cannot(self, command_id: str) -> str:
        """Return why a command does not work now."""
        if command_id == "open" and self.session.running:
            return _("something still runs")
        return ""

    def prepare(self) -> None:
        """Read the addresses used before."""
        self._recent = recent_addresses(self.session.workshop.folders)

    def begin(self) -> None:
        """Put the cursor on the VCI in use."""
        self.query_one(Table).move_to(self.session.workshop.line.vci)

    def _entries(self) -> list[tuple[str, str]]:
        workshop = self.session.workshop
        entries = [(workshop.line.vci, _("in use"))]
        entries += [
            (f"{SIMULATED}{name}", _("simulated vehicle")) for name in workshop.line.simulated_vehicles()
        ]
        entries += [(uri, _("used before")) for uri in self._recent]
        for entity in self._found or ():
            host = f"[{entity.host}]" if ":" in entity.host else entity.host
            uri = f"doip://{host}:{entity.port}"
            entries.append((uri, _("found: VIN {vin}").format(vin=entity.vin or "-")))
        unique: dict[str, str] = {}
        for uri, text in entries:
            if uri in unique and text not in unique[uri]:
                unique[uri] += f", {text}"
            else:
                unique.setdefault(uri, text)
        return list(unique.items())

    def draw(self) -> None:
        """Draw the list."""
        columns = (Column(title="VCI", width=34, grow=2), Column(title="", width=30, grow=1))
        now = self.session.workshop.line.vci
        rows = [Row(key=uri, cells=(uri, text), marked=uri == now) for uri, text in self._entries()]
        rows.append(Row(key=_TYPE, cells=(_("Type an address …"), "")))
        self.query_one(Table).show(columns, rows)

    def status_text(self) -> str:
        """Say what is connected."""
        return super().status_text() or vehicle_text(self.session)

    def open_row(self, key: Hashable) -> None:
        """Connect, or let an address be typed."""
        if key == _TYPE:
            value = self.session.workshop.line.vci
            self.query_one(Entry).open(_("VCI address:"), "" if value.startswith(SIMULATED) else value)
        else:
            self._connect(str(key))

    def on_entry_submitted(self, message: Entry.Submitted) -> None:
        """Connect to what was typed."""
        if message.value.strip():
            self._close_entry()
            self._connect(message.value.strip())

    def _close_entry(self) -> None:
        self.query_one(Entry).close()
        self.query_one(Table).focus()

    def do_back(self) -> None:
        """Close the line to type in first."""
        if self.query_one(Entry).is_open:
            self._close_entry()
        else:
            super().do_back()

    def _connect(self, uri: str) -> None:
        if running := self.session.running:
            self.console.say(lambda: _("Something still runs: {job}.").format(job=job_name(running)))
            return
        self.console.ask_leaving(partial(self._connect_now, uri))

    def _connect_now(self, uri: str) -> None:
        workshop, session = self.session.workshop, self.session

        def work() -> VehicleIdentity:
            vehicle = workshop.line.change_vci(uri)
            remember_address(workshop.folders, uri)
            return vehicle

        def connected(_vehicle: VehicleIdentity) -> None:
            session.forget_vehicle()
            self.console.return_to_menu()
            self._recent = recent_addresses(workshop.folders)
            self.console.say(lambda: _("Connected: {vehicle}").format(vehicle=vehicle_text(session)))

        self.console.say(lambda: _("Connecting: {uri}").format(uri=uri))
        self.console.in_background(work, connected)

    def do_start(self) -> None:
        """Search the network."""
        self.console.say(lambda: _("Searching the network for vehicles …"))
        self.console.in_background(self.session.workshop.line.discover, self._discovered)

    def _discovered(self, found: Sequence[DoipEntity]) -> None:
        self._found = found
        self.console.say(
            lambda: ngettext(
                "{n} vehicle found in the network.", "{n} vehicles found in the network.", len(found)
            ).format(n=len(found))
        )
