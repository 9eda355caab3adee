"""Numbers, dates and durations in the form of the language spoken now.

Dates come from Babel, imported at the first use: the first screen is drawn without it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from workshop_console.i18n.texts import _, language, ngettext

_LOCALES = {"en": "en_GB"}
"""English as a workshop in Europe writes it: day before month, 24 hours."""
_SEPARATORS = {"de": (".", ","), "en": (",", "."), "es": (".", ","), "it": (".", ",")}
"""Between thousands and before decimals, as CLDR has them (a test compares with Babel).

The first screen is full of figures and nothing else of Babel: importing it took 18 ms of the first frame.
"""
_WITHOUT_GROUPS_BELOW = {"es": 10_000}
"""Spanish writes four digits together (CLDR minimumGroupingDigits, which Babel 2.18 does not read)."""

MINUTES_PER_HOUR = 60
MINUTES_PER_DAY = 24 * 60


def _locale() -> str:
    lang = language()
    return _LOCALES.get(lang, lang)


def number(value: float, *, digits: int | None = None) -> str:
    """Return `value` with the language's separators; `digits` after the point, else up to 3."""
    if digits is None:
        shown = f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")
    else:
        shown = f"{value:,.{digits}f}"
    lang = language()
    thousands, decimals = _SEPARATORS[lang]
    if abs(value) < _WITHOUT_GROUPS_BELOW.get(lang, 0):
        thousands = ""
    return shown.replace(",", "\0").replace(".", decimals).replace("\0", thousands)


def measured(text: str) -> str:
    """Return a decoded value in the form of the language where `text` is a plain number and its unit: 12,4 V.

    Anything else stays as it is: a number without a unit may be a part number or a version.
    """
    digits, _space, unit = text.partition(" ")
    try:
        value = float(digits)
    except ValueError:
        return text
    places = len(digits.partition(".")[2])
    if not unit or f"{value:.{places}f}" != digits:
        return text  # leading zeros, powers of ten
    return f"{number(value, digits=places)} {unit}"


def minutes(amount: int) -> str:
    """Return minutes, with hours or days beside them where that reads better: 1.440 Minuten (1 Tag)."""
    words = ngettext("{n} minute", "{n} minutes", amount).format(n=number(amount))
    longer = longer_than_minutes(amount)
    return f"{words} ({longer})" if longer else words


def longer_than_minutes(amount: int) -> str:
    """Return hours or days for a number of minutes, or nothing where minutes read best (up to two hours)."""
    if amount < 2 * MINUTES_PER_HOUR:
        return ""
    if amount < MINUTES_PER_DAY:
        hours, rest = divmod(amount, MINUTES_PER_HOUR)
        if not rest:
            return _hours(hours)
        return _("{hours} h {minutes} min").format(hours=number(hours), minutes=number(rest))
    days, rest = divmod(amount, MINUTES_PER_DAY)
    hours = rest // MINUTES_PER_HOUR
    if not hours:
        return _days(days)
    return _("{days}, {hours}").format(days=_days(days), hours=_hours(hours))


def _hours(amount: int) -> str:
    return ngettext("{n} hour", "{n} hours", amount).format(n=number(amount))


def _days(amount: int) -> str:
    return ngettext("{n} day", "{n} days", amount).format(n=number(amount))


def minutes_short(amount: int) -> str:
    """Return minutes for a narrow column: 1.440 min."""
    return _("{n} min").format(n=number(amount))


def age(since: datetime, now: datetime) -> str:
    """Return how long ago `since` was, in the largest unit that fits: vor 3 Stunden."""
    passed = max(0, int((now - since).total_seconds()))
    if passed < 60:
        return _("just now")
    if passed < 3_600:
        amount = passed // 60
        return ngettext("{n} minute ago", "{n} minutes ago", amount).format(n=number(amount))
    if passed < 86_400:
        amount = passed // 3_600
        return ngettext("{n} hour ago", "{n} hours ago", amount).format(n=number(amount))
    amount = passed // 86_400
    return ngettext("{n} day ago", "{n} days ago", amount).format(n=number(amount))


def moment(time: datetime, *, zone: tzinfo | None = None) -> str:
    """Return date and time to the minute in the local zone (or `zone`): 21.11.26, 04:20."""
    from babel.dates import format_datetime

    return format_datetime(time.astimezone(zone), "short", locale=_locale())


def moment_to_the_second(time: datetime, *, zone: tzinfo | None = None) -> str:
    """Return date and time with seconds in the local zone (or `zone`)."""
    from babel.dates import format_datetime

    return format_datetime(time.astimezone(zone), "medium", locale=_locale())


def date(time: datetime, *, zone: tzinfo | None = None) -> str:
    """Return the date in the local zone (or `zone`)."""
    from babel.dates import format_date

    return format_date(time.astimezone(zone).date(), "medium", locale=_locale())


def clock_time(time: datetime, *, zone: tzinfo | None = None) -> str:
    """Return the time of day to the minute in the local zone (or `zone`)."""
    from babel.dates import format_time

    return format_time(time.astimezone(zone).time(), "short", locale=_locale())


def moment_of(text: str) -> str:
    """Return moment() of an ISO 8601 text (UTC where it names no zone), or nothing when it is none."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return ""
    return moment(time if time.tzinfo else time.replace(tzinfo=UTC))


def duration_ms(milliseconds: float) -> str:
    """Return a time that something took: 31 ms, 1,2 s, 2 min 5 s."""
    if milliseconds < 999.5:
        return _("{n} ms").format(n=number(round(milliseconds)))
    seconds = milliseconds / 1_000
    if seconds < 59.95:
        return _("{n} s").format(n=number(round(seconds, 1), digits=1))
    whole, rest = divmod(round(seconds), 60)
    return _("{minutes} min {seconds} s").format(minutes=number(whole), seconds=number(rest))


def voltage(volts: float) -> str:
    """Return a voltage: 12,6 V."""
    return f"{number(volts, digits=1)} V"


def file_size(size_bytes: int) -> str:
    """Return a size: 640 B, 12,5 kB, 3,1 MB (decimal units)."""
    if size_bytes < 1_000:
        return f"{number(size_bytes)} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1_000
        if size < 999.95 or unit == "GB":
            break
    return f"{number(round(size, 1), digits=1)} {unit}"


def until(time: datetime, now: datetime, *, zone: tzinfo | None = None) -> str:
    """Return a point in time ahead: the time of day when it is within a day, else date and time."""
    return (
        clock_time(time, zone=zone)
        if timedelta() <= time - now < timedelta(hours=20)
        else moment(time, zone=zone)
    )
