"""Numbers, dates and durations in the form of each language."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel.numbers import format_decimal

from workshop_console.i18n import formats
from workshop_console.i18n.texts import speaking

NOW = datetime(2026, 3, 9, 14, 5, 6, tzinfo=UTC)
ROME = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("lang", "form", "shown"),
    [
        ("de", lambda: formats.number(1_234_567.5), "1.234.567,5"),
        ("en", lambda: formats.number(1_234_567.5), "1,234,567.5"),
        ("es", lambda: formats.number(1_234), "1234"),
        ("es", lambda: formats.number(12_345), "12.345"),
        ("it", lambda: formats.number(0.5, digits=2), "0,50"),
        ("de", lambda: formats.number(-1_234), "-1.234"),
        ("es", lambda: formats.measured("12.40 V"), "12,40 V"),
        ("it", lambda: formats.measured("48203 km"), "48.203 km"),
        ("en", lambda: formats.measured("-7.5 °C"), "-7.5 °C"),
        ("de", lambda: formats.measured("2069807043"), "2069807043"),
        ("de", lambda: formats.measured("22.50"), "22.50"),
        ("de", lambda: formats.measured("007 km"), "007 km"),
        ("de", lambda: formats.measured("nan V"), "nan V"),
        ("de", lambda: formats.measured("in order"), "in order"),
        ("de", lambda: formats.minutes(1), "1 Minute"),
        ("de", lambda: formats.minutes(119), "119 Minuten"),
        ("de", lambda: formats.minutes(120), "120 Minuten (2 Stunden)"),
        ("de", lambda: formats.minutes(1_500), "1.500 Minuten (1 Tag, 1 Stunde)"),
        ("de", lambda: formats.minutes(1_445), "1.445 Minuten (1 Tag)"),
        ("es", lambda: formats.minutes(525_600), "525.600 minutos (365 días)"),
        ("en", lambda: formats.minutes(0), "0 minutes"),
        ("de", lambda: formats.age(NOW - timedelta(seconds=59), NOW), "gerade eben"),
        ("de", lambda: formats.age(NOW - timedelta(hours=3, minutes=59), NOW), "vor 3 Stunden"),
        ("en", lambda: formats.age(NOW - timedelta(minutes=1), NOW), "1 minute ago"),
        ("it", lambda: formats.age(NOW - timedelta(days=1), NOW), "1 giorno fa"),
        ("es", lambda: formats.age(NOW - timedelta(days=40), NOW), "hace 40 días"),
        ("es", lambda: formats.age(NOW + timedelta(days=1), NOW), "ahora mismo"),
        ("de", lambda: formats.moment(NOW, zone=ROME), "09.03.26, 15:05"),
        ("en", lambda: formats.moment(NOW, zone=UTC), "09/03/2026, 14:05"),
        ("de", lambda: formats.date(NOW, zone=UTC), "09.03.2026"),
        ("it", lambda: formats.clock_time(NOW, zone=ROME), "15:05"),
        ("de", lambda: formats.until(NOW + timedelta(hours=2), NOW, zone=UTC), "16:05"),
        ("de", lambda: formats.until(NOW + timedelta(days=2), NOW, zone=UTC), "11.03.26, 14:05"),
        ("de", lambda: formats.until(NOW - timedelta(hours=1), NOW, zone=UTC), "09.03.26, 13:05"),
        ("de", lambda: formats.duration_ms(30.4), "30 ms"),
        ("de", lambda: formats.duration_ms(999.7), "1,0 s"),
        ("en", lambda: formats.duration_ms(1_250), "1.2 s"),
        ("it", lambda: formats.duration_ms(125_000), "2 min 5 s"),
        ("es", lambda: formats.duration_ms(59_960), "1 min 0 s"),
        ("de", lambda: formats.voltage(12.64), "12,6 V"),
        ("de", lambda: formats.file_size(999), "999 B"),
        ("de", lambda: formats.file_size(12_540), "12,5 kB"),
        ("de", lambda: formats.file_size(999_960), "1,0 MB"),
        ("en", lambda: formats.file_size(5_000_000_000_000), "5,000.0 GB"),
        ("de", lambda: formats.moment_of("nonsense"), ""),
    ],
)
def test_the_form_of_the_language(lang: str, form: Callable[[], str], shown: str) -> None:
    with speaking(lang):
        assert form() == shown


@pytest.mark.parametrize("lang", ["de", "en", "es", "it"])
def test_numbers_are_as_babel_writes_them(lang: str) -> None:
    with speaking(lang):
        for value in (0, 7, -7, 999, 12_345, -1_234_567, 0.5, 12_345.25, -98_765.125):
            locale = {"en": "en_GB"}.get(lang, lang)
            assert formats.number(value) == format_decimal(value, locale=locale)
            assert formats.number(value, digits=2) == format_decimal(
                value, format="#,##0.00", locale=locale, group_separator=True
            )


def test_a_time_of_the_store_without_a_zone_is_utc() -> None:
    with speaking("de"):
        assert formats.moment_of("2026-03-09T14:05:06") == formats.moment(NOW)


def test_texts_and_formats_cost_nothing_until_a_figure_is_drawn() -> None:
    """Babel, and the store's big helper, are not loaded by importing what every start imports."""
    script = (
        "import sys\n"
        "import workshop_console.i18n.texts, workshop_console.i18n.formats, workshop_console.i18n.explain\n"
        "import workshop_console.i18n.messages, workshop_console.data.store\n"
        "workshop_console.i18n.formats.minutes(12345)\n"
        "print([m for m in ('babel', 'tomllib', 'sqlite_utils', 'httpx') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
