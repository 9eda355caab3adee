"""The functions of a PassThru library (SAE J2534-1:2004, API 04.04), through ctypes.

Written against the standard rather than on udsoncan's: that one (1.26.1) speaks ISO 15765 with one unit only,
keeps its functions in module globals, and cannot be imported outside Windows.
"""

from __future__ import annotations

import ctypes
import sys
from enum import IntEnum
from typing import Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean

MESSAGE_BYTES = 4128
"""Data field of PASSTHRU_MSG."""
CAN_PROTOCOL = 5
"""ProtocolID of raw CAN."""
CAN_29_BIT_ID = 0x00000100
"""Flag of messages and of channels: identifiers of 29 bits."""
CAN_ID_BOTH = 0x00000800
"""Connect flag: identifiers of both lengths."""
TX_MSG_TYPE = 0x00000001
"""Receive status: an echo of what was sent."""
PASS_FILTER = 1


class Ioctl(IntEnum):
    """Functions of PassThruIoctl (SAE J2534-1, 7.3)."""

    READ_VBATT = 0x03
    CLEAR_RX_BUFFER = 0x08


class Status(IntEnum):
    """Return values (SAE J2534-1, table 19)."""

    NO_ERROR = 0x00
    ERR_NOT_SUPPORTED = 0x01
    ERR_INVALID_CHANNEL_ID = 0x02
    ERR_INVALID_PROTOCOL_ID = 0x03
    ERR_NULL_PARAMETER = 0x04
    ERR_INVALID_IOCTL_VALUE = 0x05
    ERR_INVALID_FLAGS = 0x06
    ERR_FAILED = 0x07
    ERR_DEVICE_NOT_CONNECTED = 0x08
    ERR_TIMEOUT = 0x09
    ERR_INVALID_MSG = 0x0A
    ERR_INVALID_TIME_INTERVAL = 0x0B
    ERR_EXCEEDED_LIMIT = 0x0C
    ERR_INVALID_MSG_ID = 0x0D
    ERR_DEVICE_IN_USE = 0x0E
    ERR_INVALID_IOCTL_ID = 0x0F
    ERR_BUFFER_EMPTY = 0x10
    ERR_BUFFER_FULL = 0x11
    ERR_BUFFER_OVERFLOW = 0x12
    ERR_PIN_INVALID = 0x13
    ERR_CHANNEL_IN_USE = 0x14
    ERR_MSG_PROTOCOL_ID = 0x15
    ERR_INVALID_FILTER_ID = 0x16
    ERR_NO_FLOW_CONTROL = 0x17
    ERR_NOT_UNIQUE = 0x18
    ERR_INVALID_BAUDRATE = 0x19
    ERR_INVALID_DEVICE_ID = 0x1A


class PassThruMessage(ctypes.Structure):
    """PASSTHRU_MSG; on CAN the data begin with the identifier in four bytes."""

    _fields_ = (
        ("ProtocolID", ctypes.c_ulong),
        ("RxStatus", ctypes.c_ulong),
        ("TxFlags", ctypes.c_ulong),
        ("Timestamp", ctypes.c_ulong),
        ("DataSize", ctypes.c_ulong),
        ("ExtraDataIndex", ctypes.c_ulong),
        ("Data", ctypes.c_ubyte * MESSAGE_BYTES),
    )


class PassThruError(Exception):
    """Says which function of the library reported what."""

    def __init__(self, function: str, code: int, detail: str) -> None:
        super().__init__(function, code, detail)
        self.function = function
        self.code = code
        self.detail = detail

    @property
    def name(self) -> str:
        """The standard's name of the code."""
        return Status(self.code).name if self.code in list(Status) else f"0x{self.code:02X}"

    def __str__(self) -> str:
        return f"{self.function}: {self.name} {self.detail}".rstrip()


_POINTER = ctypes.c_void_p
_LONG = ctypes.c_ulong
_FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "PassThruOpen": (_POINTER, ctypes.POINTER(_LONG)),
    "PassThruClose": (_LONG,),
    "PassThruConnect": (_LONG, _LONG, _LONG, _LONG, ctypes.POINTER(_LONG)),
    "PassThruDisconnect": (_LONG,),
    "PassThruReadMsgs": (_LONG, ctypes.POINTER(PassThruMessage), ctypes.POINTER(_LONG), _LONG),
    "PassThruWriteMsgs": (_LONG, ctypes.POINTER(PassThruMessage), ctypes.POINTER(_LONG), _LONG),
    "PassThruStartMsgFilter": (
        _LONG,
        _LONG,
        ctypes.POINTER(PassThruMessage),
        ctypes.POINTER(PassThruMessage),
        ctypes.POINTER(PassThruMessage),
        ctypes.POINTER(_LONG),
    ),
    "PassThruIoctl": (_LONG, _LONG, _POINTER, _POINTER),
    "PassThruGetLastError": (ctypes.c_char_p,),
}


class PassThruLibrary:
    """A loaded PassThru library."""

    def __init__(self, file: str) -> None:
        """Load it. Raises ConsoleError WC-205 when it cannot be loaded or lacks a function."""
        try:
            # The functions of 32-bit Windows libraries clean the stack themselves (stdcall).
            if sys.platform == "win32":
                self._library = ctypes.WinDLL(file)
            else:
                self._library = ctypes.CDLL(file)
            for name, arguments in _FUNCTIONS.items():
                function = getattr(self._library, name)
                function.argtypes = arguments
                function.restype = ctypes.c_long
        except (OSError, AttributeError) as error:
            raise ConsoleError("WC-205", library=clean(file), detail=clean(error, longest=200)) from None

    def call(self, name: str, *arguments: Any, accept: tuple[int, ...] = ()) -> int:
        """Call a function and return its status. Raises PassThruError unless that is 0 or in `accept`."""
        status = int(getattr(self._library, name)(*arguments)) & 0xFF
        if status != Status.NO_ERROR and status not in accept:
            raise PassThruError(name, status, self._last_error())
        return status

    def _last_error(self) -> str:
        text = ctypes.create_string_buffer(512)  # the standard says 80; some libraries write more
        self._library.PassThruGetLastError(text)
        return clean(text.value[:80].decode("latin-1"), longest=80)
