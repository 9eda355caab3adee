"""The shipped numbered messages in every language, and their placeholders filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from workshop_console.console.errors import Fact
from workshop_console.console.model.credit import Edition
from workshop_console.console.model.message import NumberedMessage
from workshop_console.console.settings import LANGUAGES
from workshop_console.i18n.system_errors import in_words
from workshop_console.i18n.texts import DOMAINS, FOLDER, _, ngettext, speaking

CATALOGUE = FOLDER.parent / "data" / "messages" / "catalogue.toml"
AREAS = (
    "start",
    "credit",
    "general",
    "vehicle",
    "unit",
    "flash",
    "description",
    "access",
    "store",
    "program",
)
"""In the order of the message screen."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class ShippedMessages:
    """What the store is filled with (data.store.ShippedTexts)."""

    def fingerprint(self) -> str:
        """Return a digest of the files that the texts come from."""
        import hashlib

        digest = hashlib.blake2b(digest_size=16)
        for file in self._files():
            if file.exists():
                digest.update(file.read_bytes())
        return digest.hexdigest()

    @staticmethod
    def _files() -> Iterator[Path]:
        yield CATALOGUE
        for lang in LANGUAGES:
            for domain in DOMAINS[1:]:
                for suffix in (".mo", ".po"):
                    yield FOLDER / lang / "LC_MESSAGES" / (domain + suffix)

    def messages(self) -> Iterator[tuple[Edition, NumberedMessage]]:
        """Yield every message in every language and edition, in the order of areas and numbers."""
        for lang in LANGUAGES:
            for edition in Edition:
                for message in shipped_messages(lang, edition):
                    yield edition, message


SHIPPED = ShippedMessages()


@cache
def _entries() -> dict[str, dict[str, Any]]:
    """Return the entries of the catalogue in the order they are listed in."""
    import tomllib

    with CATALOGUE.open("rb") as file:
        entries: dict[str, dict[str, Any]] = tomllib.load(file)["messages"]
    return dict(sorted(entries.items(), key=lambda item: AREAS.index(item[1]["area"])))


def _message(number: str, entry: Mapping[str, Any], lang: str, edition: Edition) -> NumberedMessage:
    """Return one entry with the words of the edition before the common ones, in the language spoken now."""
    own = {**entry, **entry.get("editions", {}).get(edition.value, {})}
    return NumberedMessage(
        number=number,
        area=entry["area"],
        title=_(own["title"]),
        when=_(own["when"]),
        cause=_(own["cause"]),
        remedy=tuple(_(step) for step in own["remedy"]),
        lang=lang,
    )


def shipped_messages(lang: str, edition: Edition) -> list[NumberedMessage]:
    """Return the shipped catalogue in one language, placeholders unfilled; needs no store."""
    with speaking(lang):
        return [_message(number, entry, lang, edition) for number, entry in _entries().items()]


def shipped_message(number: str, lang: str, edition: Edition) -> NumberedMessage | None:
    """Return one shipped message, placeholders unfilled; needs no store."""
    entry = _entries().get(number)
    if entry is None:
        return None
    with speaking(lang):
        return _message(number, entry, lang, edition)


def fill(message: NumberedMessage, facts: Mapping[str, Fact]) -> NumberedMessage:
    """Return `message` with its placeholders replaced by `facts`, in the form of its language.

    A fact that is missing is shown as "…". Facts are plain text: braces in them stay braces. Of a fact that
    is there in several languages (`condition` and `condition_de`) the one in the message's is taken.
    """
    with speaking(message.lang):
        own = {name: facts.get(f"{name}_{message.lang}", value) for name, value in facts.items()}
        shown = {name: fact_text(name, value, number=message.number) for name, value in own.items()}

    def filled(text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: shown.get(found.group(1), "…"), text)

    return replace(
        message,
        title=filled(message.title),
        when=filled(message.when),
        cause=filled(message.cause),
        remedy=tuple(map(filled, message.remedy)),
    )


def fact_text(name: str, value: Fact, *, number: str = "") -> str:
    """Return how the fact `name` reads in the language spoken now.

    What is a figure or a key of the model becomes words (minutes, product group, reason, service, response
    code, time); everything else stays as it is.
    """
    from workshop_console.i18n import explain, formats

    if name == "value":
        return formats.measured(str(value))
    if name == "minutes" and isinstance(value, (int, float)):
        return formats.minutes(int(value))
    if name == "as_of":
        return formats.moment_of(str(value)) or str(value)
    if name == "state" and number.startswith("WC-74"):
        from workshop_console.i18n.codes import flashing

        return str(flashing.STATES.get(str(value), value))
    if name == "step":
        from workshop_console.i18n.codes import flashing

        return _(flashing.STEPS[str(value)]) if value in flashing.STEPS else str(value)
    if name == "group":
        return explain.group_name(str(value))
    if name == "detail":
        return in_words(str(value))
    if name == "reason":
        return explain.reason_text(str(value))
    if name == "nrc":
        nrc = _number(value)
        return str(value) if nrc is None else explain.nrc_text(nrc)
    if name == "service":
        service = _number(value)
        return str(value) if service is None else explain.service_name(service)
    if name == "code" and number in ("WC-202", "WC-212"):
        code = _number(value)
        return str(value) if code is None else explain.routing_activation_text(code)
    if name == "limit" and str(value).endswith(" files"):
        amount = int(str(value).removesuffix(" files"))
        return ngettext("{n} file", "{n} files", amount).format(n=formats.number(amount))
    if name in ("count", "done", "total", "seconds", "mib") and isinstance(value, (int, float)):
        return formats.number(value)
    if name == "expected" and value == "text":
        return _("text without control characters")
    return str(value)


def _number(value: Fact) -> int | None:
    if isinstance(value, int):
        return value
    try:
        return int(str(value), 16)
    except ValueError:
        return None
