"""The state of a message that is decoded, and the ways in which that can end early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from odxtools.decodestate import DecodeState
from odxtools.encoding import Encoding
from odxtools.odxtypes import AtomicOdxType, DataType

from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.odx.coder.layout import MOST_STEPS

MOST_VALUES = 4_000


class UnusableError(Exception):
    """What follows in this message has no known place any more."""


class EnoughError(Exception):
    """The message has more values than anybody needs."""


class MismatchError(Exception):
    """A constant of the message is another: this is no message of that description."""


@dataclass
class RecordingState(DecodeState):
    """A message on its way: what was found, and where the last value came from.

    Text that is no text becomes marks instead of an error.
    """

    request: bytes = b""
    """What the message answers."""
    last: tuple[int, int] = (0, 0)
    """First byte and the byte after the last one."""
    values: list[DecodedValue] = field(default_factory=list)
    steps: int = 0

    def add(self, name: str, text: str, unit: str, raw: bytes) -> None:
        """Take a value over. Raises EnoughError."""
        if len(self.values) >= MOST_VALUES:
            raise EnoughError
        self.values.append(DecodedValue(name=name, value=text, unit=unit, raw=raw))

    def step(self) -> None:
        """Count a parameter. Raises EnoughError."""
        self.steps += 1
        if self.steps > 4 * MOST_STEPS:
            raise EnoughError

    def extract_atomic_value(
        self,
        *,
        bit_length: int,
        base_data_type: DataType,
        base_type_encoding: Encoding | None,
        is_highlow_byte_order: bool,
    ) -> AtomicOdxType:
        """See DecodeState."""
        start, bit = self.cursor_byte_position, self.cursor_bit_position
        try:
            value = super().extract_atomic_value(
                bit_length=bit_length,
                base_data_type=base_data_type,
                base_type_encoding=base_type_encoding,
                is_highlow_byte_order=is_highlow_byte_order,
            )
        except UnicodeDecodeError as error:
            # odxtools 11.7 decodes strictly; a text with one bad byte is still worth showing.
            encoding = "latin-1" if base_data_type is DataType.A_ASCIISTRING else error.encoding
            value = bytes(error.object).decode(encoding, errors="replace")
            self.cursor_byte_position = start + (bit_length + bit + 7) // 8
            self.cursor_bit_position = 0
        self.last = (start, self.cursor_byte_position)
        return value


def attempt(decode: Callable[[DecodeState], object], state: DecodeState) -> object:
    """Return what odxtools decodes. Raises UnusableError for whatever it runs into."""
    try:
        return decode(state)
    except MemoryError:
        raise
    except Exception:
        # Too short, not in the text table, outside the conversion, of a kind that it cannot decode.
        raise UnusableError from None
    finally:
        state.cursor_bit_position = 0
