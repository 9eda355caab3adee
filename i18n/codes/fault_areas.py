"""What the letter and the digits of a fault code stand for (ISO 15031-6:2015, 5.3; SAE J2012-DA)."""

from __future__ import annotations

from workshop_console.i18n.texts import mark

SYSTEMS = {
    "P": mark("Powertrain"),
    "C": mark("Chassis"),
    "B": mark("Body"),
    "U": mark("Network"),
}
"""Letter: system."""

STANDARD_CODE = mark("standard code")
MANUFACTURER_CODE = mark("code of the manufacturer")
RESERVED_CODE = mark("code not assigned")

POWERTRAIN_AREAS = {
    "0": mark("fuel and air metering, auxiliary emission controls"),
    "1": mark("fuel and air metering"),
    "2": mark("fuel and air metering, injectors"),
    "3": mark("ignition or misfire"),
    "4": mark("auxiliary emission controls"),
    "5": mark("vehicle speed, idle speed and auxiliary inputs"),
    "6": mark("computer and auxiliary outputs"),
    "7": mark("transmission"),
    "8": mark("transmission"),
    "9": mark("transmission"),
    "A": mark("hybrid and electric drive"),
    "B": mark("hybrid and electric drive"),
    "C": mark("hybrid and electric drive"),
}
"""Third character of a P code."""

NETWORK_AREAS = {
    "0": mark("electrical network"),
    "1": mark("communication between control units"),
    "2": mark("communication between control units"),
    "3": mark("software of control units"),
    "4": mark("data from other control units"),
    "5": mark("data from other control units"),
}
"""Third character of a U0 code."""
