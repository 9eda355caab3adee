"""Words for the states of control units and faults."""

from __future__ import annotations

from workshop_console.i18n.texts import Lazy, mark

UNIT_STATES = {
    "ok": Lazy("In order", "unit"),
    "faults": Lazy("Faults", "unit"),
    "silent": Lazy("No answer", "unit"),
    "refused": Lazy("Refused", "unit"),
    "unknown-variant": Lazy("Unknown variant", "unit"),
    "error": Lazy("Unusable answer", "unit"),
}
"""Value of UnitState."""

FAULT_STATES = {
    "current": Lazy("current", "fault"),
    "stored": Lazy("stored", "fault"),
    "pending": Lazy("pending", "fault"),
    "not-tested": Lazy("not tested", "fault"),
}
"""Value of FaultState."""

STATUS_BITS = {
    "testFailed": mark("Fails now"),
    "testFailedThisOperationCycle": mark("Failed in this cycle"),
    "pendingDTC": mark("Failed in this or the last cycle"),
    "confirmedDTC": mark("Confirmed and stored"),
    "testNotCompletedSinceLastClear": mark("Not tested since clearing"),
    "testFailedSinceLastClear": mark("Failed since clearing"),
    "testNotCompletedThisOperationCycle": mark("Not tested in this cycle"),
    "warningIndicatorRequested": mark("Warning lamp requested"),
}
"""Name of a status bit (ISO 14229-1:2020, D.2): what it says."""

VARIANT_MATCHES = {
    "exact": mark("Variant recognised"),
    "only": mark("Only variant described, not compared"),
    "none": mark("No described variant fits"),
    "undescribed": mark("No description"),
}
"""Value of VariantMatch."""

CHANGES = {
    "gone": Lazy("gone", "fault"),
    "new": Lazy("new", "fault"),
    "still": Lazy("still there", "fault"),
}
"""Value of Change."""

PRODUCT_GROUPS = {
    "passenger-cars": mark("Mercedes-Benz passenger cars"),
    "vans": mark("Vans"),
    "smart": mark("smart"),
    "eq": mark("EQ"),
    "maybach": mark("Maybach"),
    "trucks": mark("Trucks"),
}
"""Value of ProductGroup."""

AREAS = {
    "start": mark("At the start"),
    "credit": mark("Time credit"),
    "general": mark("General errors"),
    "vehicle": mark("Connection to the vehicle"),
    "unit": mark("Control units"),
    "flash": mark("Flashing"),
    "description": mark("Descriptions (PDX)"),
    "access": mark("Access server"),
    "store": mark("Store and reports"),
    "program": mark("Program and settings"),
}
"""Key of an area of messages."""
