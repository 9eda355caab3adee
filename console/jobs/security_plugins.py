"""Finds the plug-ins that make keys for security access (docs/security-access.md); asks them with limits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workshop_console.console.model.clean import clean
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.ports import SecurityPlugin

GROUP = "workshop_console.security"
"""Entry point group; each entry is a function (unit, level, seed) that returns the key or None."""
LONGEST_ANSWER_S = 5.0
LONGEST_KEY_BYTES = 255

_OWN = "simulated-vehicles"
"""Name of the shipped entry point; it is asked last, so that a workshop's own plug-in wins."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class NamedPlugin:
    """A plug-in and where it comes from; it is loaded when it is first asked."""

    name: str
    load: Callable[[], SecurityPlugin]


def installed_plugins() -> Sequence[NamedPlugin]:
    """Return the installed plug-ins by name, the shipped example last."""
    from importlib.metadata import entry_points

    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name == _OWN, entry.name))
    return [NamedPlugin(name=clean(entry.name, longest=60), load=entry.load) for entry in found]


class SecurityPlugins:
    """Asks the plug-ins one after the other until one knows the key.

    Args:
        plugins: returns those that there are; called with the first question.
        longest_s: time that each gets.
    """

    def __init__(
        self,
        plugins: Callable[[], Iterable[NamedPlugin]] = installed_plugins,
        *,
        longest_s: float = LONGEST_ANSWER_S,
    ) -> None:
        self._plugins = plugins
        self._longest_s = longest_s

    def key(self, unit: str, level: int, seed: bytes) -> tuple[bytes | None, tuple[RaisedMessage, ...]]:
        """Return the key, None where no plug-in knows it, and WC-344 for each plug-in that failed."""
        failures: list[RaisedMessage] = []
        for plugin in self._plugins():
            key, failure = self._ask(plugin, unit, level, seed)
            if failure:
                facts = (("name", plugin.name), ("detail", clean(failure, longest=200)))
                failures.append(RaisedMessage(number="WC-344", facts=facts))
            if key is not None:
                return key, tuple(failures)
        return None, tuple(failures)

    def _ask(self, plugin: NamedPlugin, unit: str, level: int, seed: bytes) -> tuple[bytes | None, str]:
        """Return the key and why there is none, if something went wrong."""
        answers: list[object] = []
        errors: list[BaseException] = []

        def ask() -> None:
            try:
                answers.append(plugin.load()(unit, level, seed))
            except BaseException as error:  # whatever it raises, the console goes on
                errors.append(error)

        # A thread that never comes back cannot be ended; it must at least not keep the console.
        thread = threading.Thread(target=ask, name=f"security-{plugin.name}", daemon=True)
        thread.start()
        thread.join(self._longest_s)
        if errors:
            _log.warning("security plug-in %s", plugin.name, exc_info=errors[0])
            return None, f"{type(errors[0]).__name__}: {errors[0]}"
        if not answers:
            return None, f"> {self._longest_s:g} s"
        return _usable(answers[0])


def _usable(answer: object) -> tuple[bytes | None, str]:
    if answer is None:
        return None, ""
    if not isinstance(answer, (bytes, bytearray)):
        return None, f"{type(answer).__name__} ≠ bytes"
    if not 0 < len(answer) <= LONGEST_KEY_BYTES:
        return None, f"{len(answer)} bytes"
    return bytes(answer), ""
