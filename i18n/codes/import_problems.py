"""Why parts of a description were not used."""

from __future__ import annotations

from workshop_console.i18n.texts import mark

IMPORT_PROBLEMS = {
    "file-unreadable": mark("This file of the description cannot be read and was left out."),
    "not-conforming": mark(
        "The description breaks rules of the ODX standard; it was read as far as possible."
    ),
    "layer-unreadable": mark("This control unit or variant cannot be read and was left out."),
    "service-unreadable": mark("This diagnostic service cannot be read and was left out."),
    "no-address": mark("The description does not say how the control unit is reached."),
    "address-unusable": mark("An address of the control unit is not valid and was left out."),
    "address-extension": mark(
        "The control unit uses extended or mixed CAN addressing, which the console does not support."
    ),
    "timing-out-of-range": mark("A time limit in the description makes no sense; a usual value is used."),
    "pattern-unusable": mark(
        "The condition that identifies this variant cannot be checked; the variant is not recognized by it."
    ),
    "name-used-twice": mark("Two parts of the description have the same name; the first one is used."),
    "identifier-open": mark("The service has no fixed data identifier and is not offered."),
    "field-dynamic": mark(
        "Values of this record have no fixed place; only the raw bytes are shown from there on."
    ),
    "field-encoding": mark("The coding of a value is not supported; its raw bytes are shown."),
    "field-scale": mark("The conversion of a value is not supported; its raw bytes are shown."),
    "trouble-code-size": mark("A fault code is not two or three bytes long and was left out."),
    "more": mark("There are more problems than are listed."),
}
"""Reason code of the importer (console/odx/reasons.py): why."""
