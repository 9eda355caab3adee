"""The simulated vehicles as children of the console: what `sim://NAME` stands for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.child import ChildProcess
from workshop_console.console.jobs.held_file import HeldFile
from workshop_console.console.jobs.simulated_folder import SimulatedFolder
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import ProductGroup
from workshop_console.console.model.lean import dataclass

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
        self._joined: dict[str, tuple[HeldFile, SimulatedVehicle]] = {}
        """Vehicles of other consoles, and what keeps them going."""
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
        """Start a vehicle, or return it when it runs, here or as a child of another console.

        Raises ConsoleError WC-200, WC-206, WC-214 (another process has its folder and cannot be joined).
        """
        kind = self._checked(name)
        with self._guard:
            child, vehicle = self._running.get(name, (None, None))
            if child is not None and vehicle is not None and child.running:
                return vehicle
            if self._folder is None:
                return self._start_child(kind, [])
            return self._start_or_join(kind, self._folder / name)

    def _start_or_join(self, kind: SimulatedKind, place: Path) -> SimulatedVehicle:
        """Join the vehicle that has the folder, or be the console that starts it."""
        folder = SimulatedFolder(place)
        held, joined = self._joined.pop(kind.name, (None, None))
        if held is not None and joined is not None:
            if folder.runs and self._uri(kind, folder.bound(_START_S)) == joined.uri:
                self._joined[kind.name] = held, joined
                return joined
            held.release()
        with ExitStack() as stack:
            users = folder.use()
            stack.callback(users.release)
            bound = folder.bound(_START_S)
            if bound is None:
                try:
                    return self._start_child(kind, ["--nonvolatile", str(place)])
                except ConsoleError:
                    bound = folder.bound(_START_S)  # another console was quicker
                    if bound is None:
                        raise
            if bound.get("vehicle") != kind.name or not (uri := self._uri(kind, bound)):
                raise ConsoleError("WC-214", folder=clean(place), detail=clean(f"{bound}", longest=300))
            vehicle = SimulatedVehicle(uri=uri, label=kind.label)
            self._joined[kind.name] = users, vehicle
            stack.pop_all()
            return vehicle

    def _start_child(self, kind: SimulatedKind, more: Sequence[str]) -> SimulatedVehicle:
        arguments = ["simulate", "--vehicle", kind.name, "--ready-json", "--with-parent", *more]
        arguments += ["--doip", "127.0.0.1:0"] if kind.line == "doip" else ["--socketcand", "127.0.0.1:0"]
        try:
            child = ChildProcess(f"simulate {kind.name}", arguments)
            ready = child.ready(_START_S)
        except ConsoleError as error:
            raise ConsoleError("WC-206", detail=str(error.facts.get("detail", ""))) from error
        uri = self._uri(kind, ready)
        if not uri:
            child.close()
            raise ConsoleError("WC-206", detail=clean(f"{kind.line}: {ready}", longest=300))
        vehicle = SimulatedVehicle(uri=uri, label=kind.label)
        self._running[kind.name] = child, vehicle
        return vehicle

    @staticmethod
    def _uri(kind: SimulatedKind, bound: Mapping[str, Any] | None) -> str:
        """Return how a vehicle is reached by what it says of itself; empty: it is not."""
        match (bound or {}).get("doip" if kind.line == "doip" else "socketcand"):
            case [str(host), int(port)]:
                if kind.line == "doip":
                    return f"doip://{host}:{port}"
                return f"can://socketcand/can0?host={host}&port={port}"
        return ""

    def hand_on(self, name: str) -> tuple[SimulatedVehicle, int]:
        """Start a vehicle, if it does not run, and return it with the handle that keeps it running.

        It ends with the last process that holds a copy of the handle. Raises as start().
        """
        vehicle = self.start(name)
        with self._guard:
            if name in self._joined:
                return vehicle, self._joined[name][0].handle
            child, _ = self._running[name]
            try:
                return vehicle, child.hand_on()
            except ConsoleError as error:
                raise ConsoleError("WC-206", detail=str(error.facts.get("detail", ""))) from error

    def close(self) -> None:
        """End all of them, but for those that somebody else keeps running."""
        with self._guard:
            running, self._running = self._running, {}
            joined, self._joined = self._joined, {}
        for held, _ in joined.values():
            held.release()
        for name, (child, _) in running.items():
            if self._folder is not None and SimulatedFolder(self._folder / name).used:
                with suppress(ConsoleError):
                    child.hand_on()  # to whoever joined: it ends with the last one
            with suppress(OSError):
                child.close()
