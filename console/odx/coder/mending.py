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
    structure: BasicStructure, physical_value: ParameterValue | None, state: EncodeState
) -> None:
    start = state.cursor_byte_position
    composite_codec_encode_into_pdu(structure, physical_value, state)
    if structure.byte_size is None:
        return
    end = start + structure.byte_size
    if state.cursor_byte_position > end:
        raise EncodeError(f"{structure.short_name} is longer than its {structure.byte_size} bytes")
    if (missing := end - len(state.coded_message)) > 0:
        state.coded_message += bytes(missing)
        state.used_mask += bytes(missing)
    state.cursor_byte_position = end
