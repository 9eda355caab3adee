"""Joins the bus to any interface of python-can: `--can INTERFACE:CHANNEL[?key=value&...]`."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qsl

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.simulation.bus.bus import SimulatedBus
from workshop_console.console.simulation.bus.frame import Frame
from workshop_console.console.simulation.event_loop import EventLoop

_MOST_UNSENT_FRAMES = 10_000
"""Frames that wait for a slow interface; those beyond are lost on it, as on a real adapter."""
_MOST_WAITING_FRAMES = 4_096
"""Frames from the interface that wait for the bus; those beyond are lost."""
_POLL_S = 0.2
"""How long the reader waits at a time: how long closing may take."""
_ECHO_WINDOW_S = 2.0
_ECHOING = frozenset({"udp_multicast"})
"""Interfaces of python-can 4.6 that deliver what this very process has sent."""


class JoinedInterface:
    """A party on the bus that stands for everybody on a python-can interface."""

    def __init__(self, loop: EventLoop, bus: SimulatedBus, spec: str) -> None:
        """Open the interface. Raises ConsoleError WC-103 (spec) or WC-204 (interface)."""
        interface, channel, arguments = parse_interface(spec)
        import can  # late: nothing else of the simulation needs it

        self._can = can
        self._loop = loop
        self._bus = bus
        try:
            self._interface = can.Bus(interface=interface, channel=channel, **arguments)
        except Exception as error:  # interfaces raise what they like
            raise ConsoleError("WC-204", uri=clean(spec), detail=clean(error)) from None
        self._echoes: deque[tuple[float, int, bytes]] | None = deque() if interface in _ECHOING else None
        self._echo_lock = threading.Lock()
        self._unsent: queue.Queue[Frame | None] = queue.Queue(_MOST_UNSENT_FRAMES)
        self._waiting = 0
        self._received: deque[Frame] = deque()
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=target, name=f"can-{interface}", daemon=True)
            for target in (self._read, self._write)
        ]
        bus.join(self)
        for thread in self._threads:
            thread.start()

    def hear(self, frame: Frame) -> None:
        """Pass a frame of another party on."""
        with contextlib.suppress(queue.Full):
            self._unsent.put_nowait(frame)

    def sent(self) -> None:
        """Learn that a frame from the interface is over."""
        self._waiting -= 1

    def close(self) -> None:
        """Leave the interface."""
        self._closed.set()
        self._bus.leave(self)
        with contextlib.suppress(queue.Full):
            self._unsent.put_nowait(None)
        for thread in self._threads:
            thread.join(5 * _POLL_S)
        with contextlib.suppress(Exception):  # a broken interface may not even close well
            self._interface.shutdown()

    def _write(self) -> None:
        while (frame := self._unsent.get()) is not None and not self._closed.is_set():
            message = self._can.Message(
                arbitration_id=frame.identifier,
                data=frame.data,
                is_extended_id=frame.extended,
                is_fd=frame.fd,
                bitrate_switch=frame.fast,
            )
            if self._echoes is not None:
                with self._echo_lock:
                    self._echoes.append((time.monotonic(), frame.identifier, frame.data))
            # An interface that takes no frame (bus off, cable out) loses it, as a real one does.
            with contextlib.suppress(Exception):
                self._interface.send(message, timeout=1.0)

    def _read(self) -> None:
        while not self._closed.is_set():
            try:
                message = self._interface.recv(_POLL_S)
            except Exception:  # broken input or a cable pulled: try again, not in a tight loop
                self._closed.wait(_POLL_S)
                continue
            if message is None or message.is_error_frame or message.is_remote_frame:
                continue
            frame = Frame(
                message.arbitration_id,
                bytes(message.data),
                message.is_extended_id,
                message.is_fd,
                message.is_fd and message.bitrate_switch,
            )
            if self._is_echo(frame) or len(self._received) >= _MOST_WAITING_FRAMES:
                continue
            self._received.append(frame)
            if len(self._received) == 1:  # else the loop is on its way already
                self._loop.post(self._take)

    def _take(self) -> None:
        while self._received:
            # The last one stays in until it is taken, so that the reader knows whether to call again.
            frame = self._received[0]
            if self._waiting < _MOST_WAITING_FRAMES and not self._closed.is_set():
                self._waiting += 1
                self._bus.send(self, frame)
            self._received.popleft()

    def _is_echo(self, frame: Frame) -> bool:
        if self._echoes is None:
            return False
        with self._echo_lock:
            oldest = time.monotonic() - _ECHO_WINDOW_S
            while self._echoes and self._echoes[0][0] < oldest:
                self._echoes.popleft()
            for position, (_, identifier, data) in enumerate(self._echoes):
                if identifier == frame.identifier and data == frame.data:
                    del self._echoes[position]
                    return True
        return False


def parse_interface(spec: str) -> tuple[str, str, dict[str, Any]]:
    """Return interface, channel and further arguments of `INTERFACE:CHANNEL[?key=value&...]`.

    Raises ConsoleError WC-103 when it is no such text.
    """
    interface, separator, rest = spec.partition(":")
    channel, _, query = rest.partition("?")
    if not interface or not separator or not channel:
        raise ConsoleError("WC-103", detail=clean(f"--can {spec} (INTERFACE:CHANNEL[?KEY=VALUE&…])"))
    return interface, channel, {key: _value(text) for key, text in parse_qsl(query, keep_blank_values=True)}


def _value(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (lambda digits: int(digits, 0), float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
