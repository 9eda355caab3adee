"""Texts of descriptions in the language spoken now, where the description has them in it."""

from __future__ import annotations

from workshop_console.console.model.forms import Condition, Dependency, FunctionForm, Translations
from workshop_console.i18n.texts import language


def condition_text(condition: Condition) -> str:
    """Return what must hold."""
    return _in_language(condition.text, condition.translations)


def warning_text(function: FunctionForm) -> str:
    """Return what moves or can hurt; empty: nothing is described."""
    return _in_language(function.warning, function.warning_translations)


def dependency_text(rule: Dependency) -> str:
    """Return a rule between options; empty: not told in words."""
    return _in_language(rule.text, rule.translations)


def _in_language(text: str, translations: Translations) -> str:
    return dict(translations).get(language(), text)
