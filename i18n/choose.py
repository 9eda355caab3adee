"""Chooses the language: what was asked for, else the system's, else English."""

from __future__ import annotations

from collections.abc import Mapping

from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n.texts import SOURCE_LANGUAGE


def choose_language(chosen: str, environment: Mapping[str, str]) -> str:
    """Return the language to use.

    Args:
        chosen: what settings hold (the command line and WORKSHOP_CONSOLE_LANG are folded in); may be empty.
        environment: where the system's locale stands (LC_ALL before LC_MESSAGES before LANG, as POSIX says).
    """
    if chosen in LANGUAGES:
        return chosen
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environment.get(name):
            found = _language_of(value)
            if found in LANGUAGES:
                return found
            break  # the first one that is set decides, also when it names a language that we lack
    return _of_windows(environment)


def _language_of(locale_name: str) -> str:
    return locale_name.replace("-", "_").split(".")[0].split("@")[0].split("_")[0].lower()


def _of_windows(environment: Mapping[str, str]) -> str:
    """Return the language of the Windows user interface; English elsewhere (Windows sets no LANG)."""
    if environment.get("OS") == "Windows_NT":
        import locale

        found = _language_of(locale.getlocale()[0] or "")
        spoken = {"german": "de", "spanish": "es", "italian": "it"}.get(found, found)
        if spoken in LANGUAGES:
            return spoken
    return SOURCE_LANGUAGE
