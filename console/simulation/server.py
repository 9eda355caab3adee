"""Runs one simulated vehicle on real sockets until it is told to stop."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from workshop_console.console.errors import ConsoleError, Fact
from workshop_console.console.model.clean import clean
from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.isotp import BLOCK_SIZE, UnitsOnCan
from workshop_console.console.simulation.bus.joined_interface import JoinedInterface
from workshop_console.console.simulation.bus.socketcand import SocketcandServer
from workshop_console.console.simulation.definition import VehicleDefinition
from workshop_console.console.simulation.doip.gateway import DoipGateway
from workshop_console.console.simulation.ecu.unit import SimulatedUnit
from workshop_console.console.simulation.ecu.vehicle import VehicleState
from workshop_console.console.simulation.event_loop import EventLoop
from workshop_console.console.simulation.line_faults import (
    LineFaults,
    parse_faults,
    parse_frame_loss,
    parse_request_faults,
)
from workshop_console.console.simulation.listener import Endpoint
from workshop_console.console.simulation.nonvolatile import NonVolatileFolder
from workshop_console.console.simulation.request_faults import RequestFaults


def run(
    definition: VehicleDefinition,
    *,
    doip: Endpoint | None = None,
    socketcand: Endpoint | None = None,
    can: Sequence[str] = (),
    pace: int | None = None,
    pace_data: int = 2_000_000,
    block_size: int = BLOCK_SIZE,
    faults: Sequence[str] = (),
    request_faults: RequestFaults | None = None,
    answer_after_ms: int | None = None,
    seed: int = 0,
    stats_file: Path | None = None,
    nonvolatile: Path | None = None,
    as_delivered: bool = False,
    ready: Callable[[dict[str, object]], None],
    stop: threading.Event,
) -> None:
    """Be the vehicle until `stop` is set; `stop` is set as well when the simulation ends by itself.

    Args:
        definition: the vehicle.
        doip: where the DoIP gateway listens (TCP and UDP); port 0: a free one. None: no gateway.
        socketcand: where clients of the CAN bus connect; None: nowhere.
        can: interfaces of python-can that join the bus, `INTERFACE:CHANNEL[?key=value&...]`.
        pace: bit rate that the bus keeps; None: frames take no time.
        pace_data: the same for the second part of FD frames with bit rate switch.
        block_size: consecutive frames that units on CAN take in one go; 0: all.
        faults: specs as line_faults.py lists them.
        request_faults: faults at single requests, which the caller may change meanwhile; those of
            `faults` are added.
        answer_after_ms: time that every unit takes for any answer, without 0x78; None: as defined.
        seed: makes chance (lost answers, seeds) repeatable.
        nonvolatile: folder where units keep their software over the end of the simulation; None: nowhere.
        as_delivered: forget what is kept there, and begin with the units as they were delivered.
        stats_file: gets frames and bus time as JSON at the end.
        ready: called once with what was bound: {"vehicle", "vin", "line", "doip": [host, port] | None,
            "socketcand": [host, port] | None, "can": [spec, ...]}.
        stop: ends the simulation when set, from any thread.

    Raises:
        ConsoleError: WC-103 a wrong fault or interface, WC-204 an interface that cannot be opened, WC-206 an
            address that cannot be used, WC-107 statistics or a folder that cannot be written.
    """
    with contextlib.ExitStack() as cleanup:
        loop = EventLoop()
        cleanup.callback(loop.close)
        line_faults, close_fault = parse_faults(faults, definition.units)
        at_requests = parse_request_faults(faults, definition.units)
        if at_requests and request_faults is None:
            request_faults = RequestFaults()
        if request_faults is not None:
            request_faults.add(*at_requests)
        switched_on = LineFaults(line_faults, loop, seed=seed, requests=request_faults)
        bus = SimulatedBus(
            loop,
            bitrate=pace or definition.bitrate,
            paced=pace is not None,
            data_bitrate=pace_data,
            loss=parse_frame_loss(faults),
            seed=seed,
        )
        on_can = UnitsOnCan(bus, loop, functional=definition.can_functional, block_size=block_size)
        gateway = None
        if doip is not None:
            gateway = DoipGateway(loop, definition, doip, faults=switched_on, close_fault=close_fault)
            cleanup.callback(gateway.close)
        kept = NonVolatileFolder(nonvolatile) if nonvolatile is not None else None
        if kept is not None and as_delivered:
            kept.clear()
        vehicle = VehicleState(engine_runs=definition.engine_runs)
        for unit_definition in definition.units:
            unit = SimulatedUnit(
                unit_definition,
                loop,
                odometer_km=definition.odometer_km,
                answer_after_ms=answer_after_ms,
                seed=seed,
                vehicle=vehicle,
                kept=kept.unit(unit_definition.name) if kept is not None and unit_definition.memory else None,
            )
            requests = switched_on.around(unit)
            if not unit_definition.silent and not switched_on.silences(unit_definition.name):
                endpoint = on_can.add(
                    requests,
                    unit_definition.can_request,
                    unit_definition.can_response,
                    away=unit.is_away,
                    longest=unit.longest_request,
                )
                unit.on_reset.append(endpoint.abort)
            if gateway is not None:
                gateway.units[unit_definition.logical] = requests
                gateway.longest[unit_definition.logical] = unit.longest_request
        server = None
        if socketcand is not None:
            server = SocketcandServer(loop, bus, socketcand, close_fault=close_fault)
            cleanup.callback(server.close)
        if request_faults is not None:
            request_faults.close_line = partial(_close_lines, gateway, server)
        for spec in can:
            cleanup.callback(JoinedInterface(loop, bus, spec).close)
        cleanup.callback(stop.set)
        threading.Thread(target=_stop_loop, args=(stop, loop), name="stop", daemon=True).start()
        ready(
            {
                "vehicle": definition.name,
                "vin": definition.vin,
                "line": definition.line,
                "doip": list(gateway.endpoint) if gateway is not None else None,
                "socketcand": list(server.endpoint) if server is not None else None,
                "can": list(can),
            }
        )
        loop.run()
    if stats_file is not None:
        _write_statistics(stats_file, bus)


def _close_lines(gateway: DoipGateway | None, server: SocketcandServer | None) -> None:
    if gateway is not None:
        gateway.disconnect()
    if server is not None:
        server.disconnect()


def _stop_loop(stop: threading.Event, loop: EventLoop) -> None:
    stop.wait()
    loop.stop()


def _write_statistics(file: Path, bus: SimulatedBus) -> None:
    counted = bus.statistics
    first_at = counted.first_at if counted.first_at is not None else counted.last_at
    figures: dict[str, Fact] = {
        "frames": counted.frames,
        "bits": counted.bits,
        "bus_ms": round(counted.busy_s * 1000, 3),
        "span_ms": round((counted.last_at - first_at) * 1000, 3),
    }
    try:
        file.write_text(json.dumps(figures) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConsoleError("WC-107", file=clean(file), detail=clean(error.strerror or error)) from None
