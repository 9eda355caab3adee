"""Which exit code a numbered message means."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """The fixed exit codes of the command line."""

    DONE = 0
    FAILURES = 1
    """Done, with failures that the output names."""
    WRONG_USE = 2
    NO_VEHICLE = 3
    REFUSED = 4
    """Credit, rights, conditions."""
    ACCESS_SERVER = 5
    INTERRUPTED = 130


_EXACT = {
    "WC-101": ExitCode.WRONG_USE,
    "WC-102": ExitCode.WRONG_USE,
    "WC-103": ExitCode.WRONG_USE,
    "WC-104": ExitCode.WRONG_USE,
    "WC-109": ExitCode.WRONG_USE,
    "WC-200": ExitCode.WRONG_USE,
    "WC-300": ExitCode.WRONG_USE,
    "WC-301": ExitCode.WRONG_USE,
    "WC-305": ExitCode.WRONG_USE,
    "WC-606": ExitCode.WRONG_USE,
    "WC-614": ExitCode.WRONG_USE,
    "WC-609": ExitCode.WRONG_USE,
    "WC-303": ExitCode.REFUSED,
    "WC-306": ExitCode.REFUSED,
    "WC-320": ExitCode.REFUSED,
    "WC-321": ExitCode.REFUSED,
    "WC-330": ExitCode.REFUSED,
    "WC-331": ExitCode.REFUSED,
    "WC-333": ExitCode.REFUSED,
    "WC-334": ExitCode.WRONG_USE,
    "WC-340": ExitCode.REFUSED,
    "WC-341": ExitCode.REFUSED,
    "WC-342": ExitCode.REFUSED,
    "WC-343": ExitCode.REFUSED,
    "WC-411": ExitCode.WRONG_USE,
    "WC-412": ExitCode.WRONG_USE,
    "WC-311": ExitCode.INTERRUPTED,
    "WC-505": ExitCode.REFUSED,
    "WC-740": ExitCode.NO_VEHICLE,
    "WC-741": ExitCode.NO_VEHICLE,
    "WC-742": ExitCode.FAILURES,
    "WC-744": ExitCode.WRONG_USE,
    "WC-747": ExitCode.WRONG_USE,
    "WC-749": ExitCode.WRONG_USE,
    "WC-750": ExitCode.INTERRUPTED,
    "WC-755": ExitCode.WRONG_USE,
    "2173-42": ExitCode.REFUSED,
    "2173-44": ExitCode.REFUSED,
    "2221-45": ExitCode.REFUSED,
    "2221-54": ExitCode.REFUSED,
    "2221-47": ExitCode.ACCESS_SERVER,
    "2173-39": ExitCode.ACCESS_SERVER,
    "2173-40": ExitCode.ACCESS_SERVER,
}

_HINTS = frozenset(
    {
        "WC-106",
        "WC-308",
        "WC-309",
        "WC-310",
        "WC-335",
        "WC-344",
        "WC-407",
        "WC-504",
        "WC-600",
        "WC-607",
        "WC-753",
        "2173-43",
    }
)
"""Messages that go with a job that was done."""


def exit_code(number: str) -> ExitCode:
    """Return the exit code of a run that this message ended."""
    if number in _EXACT:
        return _EXACT[number]
    if number in _HINTS:
        return ExitCode.DONE
    if number.startswith("WC-7"):
        return ExitCode.REFUSED
    if number.startswith("WC-2"):
        return ExitCode.NO_VEHICLE
    if number.startswith("WC-5"):
        return ExitCode.ACCESS_SERVER
    return ExitCode.FAILURES


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that says most: an interruption before trouble with the vehicle, and so on."""
    order = (
        ExitCode.INTERRUPTED,
        ExitCode.WRONG_USE,
        ExitCode.NO_VEHICLE,
        ExitCode.REFUSED,
        ExitCode.ACCESS_SERVER,
        ExitCode.FAILURES,
    )
    found = set(codes)
    return next((code for code in order if code in found), ExitCode.DONE)
