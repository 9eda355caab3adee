"""Control units on an in-process CAN bus: can-isotp's own threads, or frames by hand."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import can
import isotp

from workshop_console.console.links.can.bus import open_bus
from workshop_console.console.links.can.link import CanLink
from workshop_console.console.links.uri import parse_vci

_channels = itertools.count(1)


def fresh_channel() -> str:
    """Return the name of a virtual bus that no other test uses."""
    return f"links-{next(_channels)}"


def open_can(uri: str, **options: Any) -> CanLink:
    """Return a link on a bus of python-can."""
    vci = parse_vci(uri)
    return CanLink(open_bus(vci), uri=vci.uri, iso_tp=vci.iso_tp, **options)


class StackUnit:
    """A control unit on can-isotp's own transport layer, which nobody here wrote."""

    def __init__(
        self,
        channel: str,
        request: int,
        response: int,
        respond: Callable[[bytes], bytes | None],
        **params: Any,
    ) -> None:
        self._bus = can.Bus(interface="virtual", channel=channel, ignore_config=True)
        self._notifier = can.Notifier(self._bus, [], timeout=0.02)
        mode = isotp.AddressingMode.Normal_29bits if response > 0x7FF else isotp.AddressingMode.Normal_11bits
        address = isotp.Address(mode, txid=response, rxid=request)
        self._stack = isotp.NotifierBasedCanStack(self._bus, self._notifier, address=address, params=params)
        self._respond = respond
        self._closing = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> StackUnit:
        self._stack.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._thread.join(5)
        self._stack.stop()
        self._notifier.stop(1)
        self._bus.shutdown()

    def _serve(self) -> None:
        while not self._closing:
            request = self._stack.recv(block=True, timeout=0.05)
            if request is not None:
                response = self._respond(bytes(request))
                if response is not None:
                    self._stack.send(response)


class FrameUnit:
    """A control unit that answers frames with frames, as a script says."""

    def __init__(
        self, channel: str, behave: Callable[[FrameUnit, int, bytes], None], *, extended: bool = False
    ) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self._extended = extended
        self._behave = behave
        self._closing = False
        self._bus = can.Bus(interface="virtual", channel=channel, ignore_config=True)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> FrameUnit:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._thread.join(5)
        self._bus.shutdown()

    def send(self, identifier: int, *frames: str) -> None:
        for frame in frames:
            self._bus.send(
                can.Message(
                    arbitration_id=identifier,
                    is_extended_id=self._extended,
                    data=bytes.fromhex(frame),
                )
            )

    def _serve(self) -> None:
        while not self._closing:
            message = self._bus.recv(0.05)
            if message is not None:
                self.frames.append((message.arbitration_id, bytes(message.data)))
                self._behave(self, message.arbitration_id, bytes(message.data))
