"""What the table before flashing says."""

from __future__ import annotations

import pytest

from workshop_console.console.model.flash import CheckId, FlashCheck, Light
from workshop_console.i18n import flashing, texts


@pytest.mark.parametrize(
    ("language", "light", "found"),
    [
        ("de", Light.GREEN, "angeschlossen"),
        ("es", Light.GREEN, "conectado"),
        ("it", Light.YELLOW, "non collegato"),
        ("en", Light.YELLOW, "not connected"),
    ],
)
def test_the_charger_is_told_in_the_readers_language(language: str, light: Light, found: str) -> None:
    check = FlashCheck(id=CheckId.CHARGER, light=light, value="connected", expected="connected")
    with texts.speaking(language):
        assert flashing.found_text(check) == found


def test_a_charger_that_nobody_told_of_is_a_dash() -> None:
    assert flashing.found_text(FlashCheck(id=CheckId.CHARGER, light=Light.YELLOW)) == "-"


@pytest.mark.parametrize(
    ("check", "value", "found"),
    [
        (CheckId.CREDIT, "2026-11-22T12:00:00+00:00", "until 22/11/2026, "),
        (CheckId.CREDIT, "", "-"),
        (CheckId.READOUT, "12", "report 12"),
        (CheckId.READOUT, "", "-"),
    ],
)
def test_a_bare_time_or_number_says_what_it_is(check: CheckId, value: str, found: str) -> None:
    told = flashing.found_text(FlashCheck(id=check, light=Light.GREEN, value=value))
    assert told.startswith(found)
