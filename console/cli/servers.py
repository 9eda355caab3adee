"""`simulate` and `backend`: the other two programs of this one."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from workshop_console.console.cli.exit_codes import ExitCode
from workshop_console.console.cli.session import Session
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.i18n.texts import _

_kept: list[object] = []
"""What is held until this process is gone."""
_DEFAULT_DOIP = "127.0.0.1:13400"
_DEFAULT_SOCKETCAND = "127.0.0.1:29536"


def endpoint(text: str) -> tuple[str, int]:
    """Return host and port of HOST:PORT. Raises ConsoleError WC-103."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 0xFFFF or not host:
        raise ConsoleError("WC-103", detail=clean(f"{text}: HOST:PORT"))
    return host.removeprefix("[").removesuffix("]"), int(port)


def simulate_command(options: Mapping[str, Any]) -> int:
    """Be a vehicle until told to stop."""
    from workshop_console.console.jobs.simulated_folder import SimulatedFolder
    from workshop_console.console.simulation.changes import changed
    from workshop_console.console.simulation.load import load_vehicle, vehicle_names
    from workshop_console.console.simulation.server import run

    name = options["vehicle"]
    if name not in vehicle_names():
        raise ConsoleError(
            "WC-103", detail=f"--vehicle {clean(name, longest=60)} ({', '.join(vehicle_names())})"
        )
    vehicle = changed(load_vehicle(name), options["settings"])
    doip = endpoint(options["doip"]) if options["doip"] else None
    socketcand = endpoint(options["socketcand"]) if options["socketcand"] else None
    if doip is None and socketcand is None and not options["buses"]:
        doip, socketcand = endpoint(_DEFAULT_DOIP), endpoint(_DEFAULT_SOCKETCAND)
    folder = SimulatedFolder(Path(options["nonvolatile"])) if options["nonvolatile"] else None
    held = folder.take() if folder is not None else None
    stop = threading.Event()
    _stop_on_signals(stop)
    if options["with_parent"]:
        unused = folder.until_unused if folder is not None else None
        threading.Thread(target=_stop_with_input, args=(stop, unused), daemon=True).start()

    def ready(bound: Mapping[str, object]) -> None:
        if held is not None:
            held.note(json.dumps(bound))
        if options["ready_json"]:
            print(json.dumps(bound), flush=True)
            return
        print(_("Simulated vehicle: {name}").replace("{name}", f"{vehicle.label}, {vehicle.vin}"))
        for address in _addresses(bound):
            print(f"  --vci {address}")
        print(_("Ctrl+C ends it."), flush=True)

    run(
        vehicle,
        doip=doip,
        socketcand=socketcand,
        can=options["buses"],
        pace=options["pace"],
        pace_data=options["pace_data"],
        block_size=options["block_size"],
        faults=options["line_faults"],
        answer_after_ms=options["answer_after"],
        seed=options["seed"] or 0,
        stats_file=Path(options["stats_json"]) if options["stats_json"] else None,
        nonvolatile=Path(options["nonvolatile"]) if options["nonvolatile"] else None,
        as_delivered=options["as_delivered"],
        ready=ready,
        stop=stop,
    )
    return ExitCode.DONE


def _addresses(bound: Mapping[str, object]) -> list[str]:
    """Return the VCI addresses under which the vehicle is reached."""
    found = []
    match bound.get("doip"):
        case [host, port]:
            found.append(f"doip://{host}:{port}")
    match bound.get("socketcand"):
        case [host, port]:
            found.append(f"'can://socketcand/can0?host={host}&port={port}'")
    return found


def backend_command(session: Session, options: Mapping[str, Any]) -> int:
    """Be the access server until told to stop."""
    from workshop_console.console.backend.serve import run_backend

    def ready(url: str) -> None:
        if options["ready_json"]:
            print(json.dumps({"url": url}), flush=True)
            return
        print(_("Access server: {address}").replace("{address}", url))
        print(_("Ctrl+C ends it."), flush=True)

    database = options["database"]
    run_backend(
        listen=options["listen"],
        database=database or session.folders.backend_file,
        demo=not options["no_demo"],
        messages_file=Path(options["messages"]) if options["messages"] else None,
        operator_key=options["operator_key"],
        ready=ready,
        with_parent=options["with_parent"],
    )
    return ExitCode.DONE


def _stop_on_signals(stop: threading.Event) -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)


def _stop_with_input(
    stop: threading.Event, unused: Callable[[threading.Event], object] | None = None
) -> None:
    """Wait for the end of standard input: the parent went away, however it did; then for other users."""
    try:
        # os.read, not sys.stdin: a thread that waits in a buffered reader aborts Python when it ends.
        while os.read(sys.stdin.fileno(), 4096):
            pass
    except (OSError, ValueError):
        pass
    last = unused(stop) if unused is not None else None
    _kept.append(last)
    stop.set()
