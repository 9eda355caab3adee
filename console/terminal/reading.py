"""Reads the device in the event loop: what came, what was cut, no more than the app can take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from workshop_console.console.terminal.device import Device
from workshop_console.console.terminal.input import Decoder, Input, PlaceReported, StatusReported
from workshop_console.console.terminal.pacing import ANSWER, Answers, Pacer

_MOST_KEYS = 64
"""After so many keys at once the app handles them before more are read."""
_STATUS = (StatusReported(),)


class Reading:
    """Hands over what the terminal sends, from `start` to `stop`."""

    def __init__(
        self,
        decoder: Decoder,
        took: Callable[[Sequence[Input]], None],
        safely: Callable[[Callable[[], None]], None],
        afterwards: Callable[[Callable[[], None]], object],
    ) -> None:
        """`safely` does something and deals with its errors; `afterwards` does it when the app took all."""
        self._decoder, self._took = decoder, took
        self._safely, self._afterwards = safely, afterwards
        self._loop: asyncio.AbstractEventLoop | None = None
        self._device: Device | None = None
        self._expiring: asyncio.TimerHandle | None = None

    def start(self, loop: asyncio.AbstractEventLoop, device: Device) -> None:
        """Read from now on."""
        self._loop, self._device = loop, device
        loop.add_reader(device.descriptor, self._safely, self._readable)

    def stop(self) -> None:
        """Read no more."""
        device, self._device = self._device, None
        if self._loop is not None and device is not None:
            self._loop.remove_reader(device.descriptor)
        if self._expiring is not None:
            self._expiring.cancel()
            self._expiring = None

    def hear_out(self, device: Device, pacer: Pacer, longest_s: float) -> None:
        """Read the answers that are still on the way: they would end up in the shell's command line."""
        end = time.monotonic() + min(longest_s, 0.05 + 2 * pacer.round_trip_s)
        while pacer.expects and pacer.answers is Answers.COME and (left := end - time.monotonic()) > 0:
            for found in self._decoder.feed(device.read_for(left), time.monotonic()):
                if isinstance(found, (StatusReported, PlaceReported)):
                    pacer.answered(time.monotonic())

    def _readable(self) -> None:
        if self._device is None:
            return
        data = self._device.read()
        if data == ANSWER and self._decoder.idle:
            self._took(_STATUS)  # by far the most frequent input
        else:
            self._hand_over(self._decoder.feed(data, time.monotonic()))

    def _expire(self) -> None:
        self._expiring = None
        self._hand_over(self._decoder.expire(time.monotonic()))

    def _hand_over(self, found: Sequence[Input]) -> None:
        self._took(found)
        loop, device = self._loop, self._device
        if loop is None or device is None:
            return  # it was given back meanwhile
        if self._expiring is not None:
            self._expiring.cancel()
            self._expiring = None
        wait_s = self._decoder.wait_s(time.monotonic())
        if wait_s is not None:
            self._expiring = loop.call_later(wait_s, self._safely, self._expire)
        if len(found) > _MOST_KEYS:
            loop.remove_reader(device.descriptor)
            self._afterwards(self._go_on)

    def _go_on(self) -> None:
        if self._loop is not None and self._device is not None:
            self._loop.add_reader(self._device.descriptor, self._safely, self._readable)
