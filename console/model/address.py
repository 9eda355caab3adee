"""How a control unit is reached on DoIP and on CAN."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DOIP = re.compile(r"0[xX]([0-9a-fA-F]{1,4})")
_CAN = re.compile(r"0[xX]([0-9a-fA-F]{1,8})/0[xX]([0-9a-fA-F]{1,8})")


@dataclass(frozen=True, order=True, slots=True)
class DoipAddress:
    """Logical address of a control unit (ISO 13400-2, 16 bits)."""

    logical: int

    def __hash__(self) -> int:  # a key wherever exchanges are kept: the generated one makes a tuple each time
        return self.logical

    def __str__(self) -> str:
        return f"0x{self.logical:04X}"


@dataclass(frozen=True, order=True, slots=True)
class CanAddress:
    """Request and response identifiers (ISO 15765-2 normal addressing); 29 bits when `extended`."""

    request: int
    response: int
    extended: bool = False

    def __str__(self) -> str:
        return f"0x{self.request:X}/0x{self.response:X}"


Address = DoipAddress | CanAddress


def parse_address(text: str) -> Address | None:
    """Return the address that `text` spells (`0x1234`, `0x7E0/0x7E8`), or None when it spells none."""
    text = text.strip()
    if match := _CAN.fullmatch(text):
        request, response = (int(part, 16) for part in match.groups())
        if max(request, response) > 0x1FFFFFFF or request == response:
            return None
        return CanAddress(request, response, extended=max(request, response) > 0x7FF)
    if match := _DOIP.fullmatch(text):
        return DoipAddress(int(match.group(1), 16))
    return None
