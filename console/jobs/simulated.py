"""The simulated vehicles as children of the console: what `sim://NAME` stands for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.child import ChildProcess
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import ProductGroup

SIMULATED = "sim://"
"""How the VCI address of a simulated vehicle begins."""

_START_S = 30.0


@dataclass(frozen=True, kw_only=True)
class SimulatedKind:
    """What is known of a simulated vehicle before it runs."""

    name: str
    label: str
    group: ProductGroup
    line: str
    """doip | can"""


@dataclass(frozen=True, kw_only=True)
class SimulatedVehicle:
    """A simulated vehicle that runs."""

    uri: str
    """How it is reached over real sockets (doip://… or can://…)."""
    label: str


class ChildSimulations:
    """Starts `workshop-console simulate` and keeps it running until closed."""

    def __init__(
        self, names: Sequence[str], kind: Callable[[str], SimulatedKind], folder: Path | None = None
    ) -> None:
        """Know the vehicles.

        Args:
            names: the vehicles that ship.
            kind: what is known of one.
            folder: where each keeps the software of its control units, by its name; None: nowhere.
        """
        self._folder = folder
        self._names = tuple(names)
        self._kind = kind
        self._running: dict[str, tuple[ChildProcess, SimulatedVehicle]] = {}
        self._guard = threading.Lock()

    def names(self) -> Sequence[str]:
        """Return the vehicles that ship."""
        return self._names

    def name_for(self, group: ProductGroup) -> str:
        """Return the vehicle that `sim://` without a name stands for in a product group."""
        fits = (name for name in self._names if self._kind(name).group is group)
        return next(fits, self._names[0])

    def group(self, name: str) -> ProductGroup:
        """Return the product group of a vehicle. Raises ConsoleError WC-200 for a name that is none."""
        return self._checked(name).group

    def _checked(self, name: str) -> SimulatedKind:
        if name not in self._names:
            raise ConsoleError("WC-200", uri=clean(SIMULATED + name), detail=", ".join(self._names))
        return self._kind(name)

    def start(self, name: str) -> SimulatedVehicle:
        """Start a vehicle, or return it when it runs. Raises ConsoleError WC-200, WC-206."""
        kind = self._checked(name)
        with self._guard:
            child, vehicle = self._running.get(name, (None, None))
            if child is not None and vehicle is not None and child.running:
                return vehicle
            arguments = ["simulate", "--vehicle", name, "--ready-json", "--with-parent"]
            arguments += ["--doip", "127.0.0.1:0"] if kind.line == "doip" else ["--socketcand", "127.0.0.1:0"]
            if self._folder is not None:
                arguments += ["--nonvolatile", str(self._folder / name)]
            try:
                child = ChildProcess(f"simulate {name}", arguments)
                ready = child.ready(_START_S)
            except ConsoleError as error:
                raise ConsoleError("WC-206", detail=str(error.facts.get("detail", ""))) from error
            place = ready.get("doip" if kind.line == "doip" else "socketcand")
            if not isinstance(place, list) or len(place) != 2:
                child.close()
                raise ConsoleError("WC-206", detail=clean(f"{kind.line}: {place}"))
            host, port = place
            uri = (
                f"doip://{host}:{port}"
                if kind.line == "doip"
                else f"can://socketcand/can0?host={host}&port={port}"
            )
            vehicle = SimulatedVehicle(uri=uri, label=kind.label)
            self._running[name] = child, vehicle
            return vehicle

    def hand_on(self, name: str) -> tuple[SimulatedVehicle, int]:
        """Start a vehicle, if it does not run, and return it with the handle that keeps it running.

        It ends with the last process that holds a copy of the handle. Raises as start().
        """
        vehicle = self.start(name)
        with self._guard:
            child, _ = self._running[name]
            try:
                return vehicle, child.hand_on()
            except ConsoleError as error:
                raise ConsoleError("WC-206", detail=str(error.facts.get("detail", ""))) from error

    def close(self) -> None:
        """End all of them, but for those that somebody else keeps running."""
        with self._guard:
            running, self._running = self._running, {}
        for child, _ in running.values():
            with suppress(OSError):
                child.close()
