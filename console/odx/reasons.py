"""Why a part of a description could not be used: the codes of ImportProblem.reason."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """One reason; the docstring of each is the English sentence that the catalogues translate."""

    FILE_UNREADABLE = "file-unreadable"
    """This file of the description cannot be read and was left out."""
    NOT_CONFORMING = "not-conforming"
    """The description breaks rules of the ODX standard; it was read as far as possible."""
    LAYER_UNREADABLE = "layer-unreadable"
    """This control unit or variant cannot be read and was left out."""
    SERVICE_UNREADABLE = "service-unreadable"
    """This diagnostic service cannot be read and was left out."""
    NO_ADDRESS = "no-address"
    """The description does not say how the control unit is reached."""
    ADDRESS_UNUSABLE = "address-unusable"
    """An address of the control unit is not valid and was left out."""
    ADDRESS_EXTENSION = "address-extension"
    """The control unit uses extended or mixed CAN addressing, which the console does not support."""
    TIMING_OUT_OF_RANGE = "timing-out-of-range"
    """A time limit in the description makes no sense; a usual value is used."""
    PATTERN_UNUSABLE = "pattern-unusable"
    """The condition that identifies this variant cannot be checked; the variant is not recognized by it."""
    NAME_USED_TWICE = "name-used-twice"
    """Two parts of the description have the same name; the first one is used."""
    IDENTIFIER_OPEN = "identifier-open"
    """The service has no fixed data identifier and is not offered."""
    FIELD_DYNAMIC = "field-dynamic"
    """Values of this record have no fixed place; only the raw bytes are shown from there on."""
    FIELD_ENCODING = "field-encoding"
    """The coding of a value is not supported; its raw bytes are shown."""
    FIELD_SCALE = "field-scale"
    """The conversion of a value is not supported; its raw bytes are shown."""
    TROUBLE_CODE_SIZE = "trouble-code-size"
    """A fault code is not two or three bytes long and was left out."""
    MORE = "more"
    """There are more problems than are listed."""
