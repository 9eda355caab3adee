"""A PassThru device as a bus of python-can, so that the CAN line works over it like over any other."""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections import deque

import can

from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.j2534.api import (
    CAN_29_BIT_ID,
    CAN_ID_BOTH,
    CAN_PROTOCOL,
    PASS_FILTER,
    TX_MSG_TYPE,
    Ioctl,
    PassThruError,
    PassThruLibrary,
    PassThruMessage,
    Status,
)
from workshop_console.console.links.j2534.devices import installed_devices
from workshop_console.console.links.uri import VciAddress
from workshop_console.console.model.clean import clean

DEFAULT_BITRATE = 500_000
_MESSAGES_AT_ONCE = 16
_PLAUSIBLE_MV = range(1, 60_000)


class PassThruBus(can.BusABC):
    """Raw CAN over a PassThru device (SAE J2534-1:2004)."""

    def __init__(self, library: PassThruLibrary, *, device: str = "", bitrate: int = DEFAULT_BITRATE) -> None:
        """Open the device and a CAN channel that lets every frame through. Raises PassThruError."""
        self._library = library
        self._device = ctypes.c_ulong()
        self._channel = ctypes.c_ulong()
        self._connected = False
        self._messages = (PassThruMessage * _MESSAGES_AT_ONCE)()
        self._frames: deque[can.Message] = deque()
        name = ctypes.create_string_buffer(device.encode()) if device else None
        library.call("PassThruOpen", name, ctypes.byref(self._device))
        try:
            library.call(
                "PassThruConnect",
                self._device,
                CAN_PROTOCOL,
                CAN_ID_BOTH,
                bitrate,
                ctypes.byref(self._channel),
            )
            self._connected = True
            for flags in (0, CAN_29_BIT_ID):
                self._pass_all(flags)
            library.call("PassThruIoctl", self._channel, Ioctl.CLEAR_RX_BUFFER, None, None)
        except BaseException:
            self._give_back()
            raise
        self.channel_info = f"J2534 {device}"
        super().__init__(channel=device or "j2534")

    def battery_voltage(self) -> float | None:
        """Return the voltage at pin 16 of the diagnostic socket, or None when the device cannot tell."""
        millivolts = ctypes.c_ulong()
        try:
            self._library.call(
                "PassThruIoctl", self._device, Ioctl.READ_VBATT, None, ctypes.byref(millivolts)
            )
        except PassThruError:
            return None
        return millivolts.value / 1000 if millivolts.value in _PLAUSIBLE_MV else None

    def send(self, msg: can.Message, timeout: float | None = None) -> None:
        """Transmit a frame. Raises CanOperationError when the device does not take it."""
        data = msg.arbitration_id.to_bytes(4, "big") + bytes(msg.data)
        message = _message(data, CAN_29_BIT_ID if msg.is_extended_id else 0)
        count = ctypes.c_ulong(1)
        try:
            self._library.call(
                "PassThruWriteMsgs",
                self._channel,
                ctypes.byref(message),
                ctypes.byref(count),
                _milliseconds(timeout),
            )
        except PassThruError as error:
            raise can.CanOperationError(str(error), error.code) from error
        if count.value != 1:
            raise can.CanOperationError("PassThruWriteMsgs", Status.ERR_BUFFER_FULL)

    def _recv_internal(self, timeout: float | None) -> tuple[can.Message | None, bool]:
        if not self._frames:
            # ReadMsgs waits until it has as many as are asked for: so one is waited for, and what else is
            # there already is taken with it.
            self._read(1, _milliseconds(timeout))
            if self._frames:
                self._read(_MESSAGES_AT_ONCE, 0)
        return (self._frames.popleft() if self._frames else None), False

    def _read(self, most: int, timeout_ms: int) -> None:
        count = ctypes.c_ulong(most)
        try:
            self._library.call(
                "PassThruReadMsgs",
                self._channel,
                self._messages,
                ctypes.byref(count),
                timeout_ms,
                accept=(Status.ERR_BUFFER_EMPTY, Status.ERR_TIMEOUT, Status.ERR_BUFFER_OVERFLOW),
            )
        except PassThruError as error:
            raise can.CanOperationError(str(error), error.code) from error
        for message in self._messages[: min(count.value, most)]:
            frame = _frame(message)
            if frame is not None:
                self._frames.append(frame)

    def shutdown(self) -> None:
        """Give the channel and the device back."""
        super().shutdown()
        self._give_back()

    def _give_back(self) -> None:
        for name, handle in (("PassThruDisconnect", self._channel), ("PassThruClose", self._device)):
            if name == "PassThruDisconnect" and not self._connected:
                continue
            with contextlib.suppress(PassThruError):  # unplugged: there is nothing to give back
                self._library.call(name, handle)
        self._connected = False

    def _pass_all(self, flags: int) -> None:
        """Let every frame of one length of identifiers through: without a filter none is."""
        nothing = _message(bytes(4), flags)
        number = ctypes.c_ulong()
        self._library.call(
            "PassThruStartMsgFilter",
            self._channel,
            PASS_FILTER,
            ctypes.byref(nothing),
            ctypes.byref(nothing),
            None,
            ctypes.byref(number),
        )


def open_pass_thru(vci: VciAddress) -> PassThruBus:
    """Return the open bus of a PassThru device.

    Raises ConsoleError WC-205 (library), WC-213 (in use), WC-209 (anything else that the device reports).
    """
    file = installed_devices().get(vci.library, vci.library)
    bitrate = vci.options.get("bitrate", DEFAULT_BITRATE)
    if isinstance(bitrate, bool) or not isinstance(bitrate, int) or not 5_000 <= bitrate <= 1_000_000:
        raise ConsoleError("WC-200", uri=vci.uri, detail=f"bitrate={clean(bitrate, longest=20)}")
    library = PassThruLibrary(file)
    try:
        return PassThruBus(library, device=str(vci.options.get("device", "")), bitrate=bitrate)
    except PassThruError as error:
        if error.code in (Status.ERR_DEVICE_IN_USE, Status.ERR_CHANNEL_IN_USE):
            raise ConsoleError("WC-213", uri=vci.uri) from None
        raise ConsoleError(
            "WC-209",
            library=clean(file),
            code=error.name,
            detail=clean(f"{error.function} {error.detail}".rstrip(), longest=200),
        ) from None


def _message(data: bytes, flags: int) -> PassThruMessage:
    message = PassThruMessage(ProtocolID=CAN_PROTOCOL, TxFlags=flags, DataSize=len(data))
    ctypes.memmove(message.Data, data, len(data))
    return message


def _frame(message: PassThruMessage) -> can.Message | None:
    """Return the CAN frame that the device received, or None for echoes and nonsense."""
    size = int(message.DataSize)
    if message.RxStatus & TX_MSG_TYPE or not 4 <= size <= 12:
        return None
    data = bytes(message.Data[:size])
    return can.Message(
        arbitration_id=int.from_bytes(data[:4], "big") & 0x1FFFFFFF,
        is_extended_id=bool(message.RxStatus & CAN_29_BIT_ID),
        timestamp=message.Timestamp / 1_000_000,
        data=bytearray(data[4:]),
    )


def _milliseconds(timeout_s: float | None) -> int:
    return 1_000 if timeout_s is None else max(0, math.ceil(timeout_s * 1000))
