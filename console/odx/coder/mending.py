"""Mends what odxtools 11.7.1 encodes wrongly; in the coding process only."""

from __future__ import annotations

from odxtools.basicstructure import BasicStructure
from odxtools.compositecodec import composite_codec_encode_into_pdu
from odxtools.encodestate import EncodeState
from odxtools.exceptions import EncodeError
from odxtools.odxtypes import ParameterValue


def mend_odxtools() -> None:
    """Have structures with a BYTE-SIZE encoded as ISO 22901-1, 7.3.6.10 has them.

    odxtools 11.7.1 counts the padding from the beginning of the message in place of that of the structure, so
    that what follows the structure is put over it.
    """
    BasicStructure.encode_into_pdu = _encode_structure  # type: ignore[method-assign]  # this is the mending


def _encode_structure(
    self: BasicStructure, physical_value: ParameterValue | None, encode_state: EncodeState
) -> None:
    start = encode_state.cursor_byte_position
    composite_codec_encode_into_pdu(self, physical_value, encode_state)
    if self.byte_size is None:
        return
    end = start + self.byte_size
    if encode_state.cursor_byte_position > end:
        raise EncodeError(f"{self.short_name} is longer than its {self.byte_size} bytes")
    if (missing := end - len(encode_state.coded_message)) > 0:
        encode_state.coded_message += bytes(missing)
        encode_state.used_mask += bytes(missing)
    encode_state.cursor_byte_position = end
