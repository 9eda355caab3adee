"""The texts that a user reads, in the language chosen now.

Two gettext domains: `console` holds what screens and the command line say, `messages` the numbered messages
and the words for codes of the standards. A lookup asks the first, then the second, then gives the English.
"""

from __future__ import annotations

import gettext as _gettext
import io
import os
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.settings import LANGUAGES

SOURCE_LANGUAGE = "en"
DOMAINS = ("console", "messages")
FOLDER = Path(__file__).parent

_lock = threading.Lock()
_loaded: dict[str, _gettext.NullTranslations] = {}
_chosen: tuple[str, _gettext.NullTranslations] | None = None
_spoken: ContextVar[tuple[str, _gettext.NullTranslations] | None] = ContextVar("_spoken", default=None)
"""Set inside speaking(), for the thread or task that is in it."""


def set_language(lang: str) -> None:
    """Choose the language of every text drawn from now on. Raises ConsoleError WC-104."""
    global _chosen  # one language for the whole program, switched while it runs
    if lang not in LANGUAGES:
        raise ConsoleError("WC-104", value=clean(lang, longest=40))
    _chosen = (lang, _translations(lang))


def language() -> str:
    """Return the language chosen, English before anything was."""
    now = _spoken.get() or _chosen
    return now[0] if now else SOURCE_LANGUAGE


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Make the texts of this block be in `lang`, for the calling thread only. An unknown one is English."""
    known = lang if lang in LANGUAGES else SOURCE_LANGUAGE
    token = _spoken.set((known, _translations(known)))
    try:
        yield
    finally:
        _spoken.reset(token)


def _now() -> _gettext.NullTranslations:
    now = _spoken.get() or _chosen
    return now[1] if now else _translations(SOURCE_LANGUAGE)


def _(message: str, /) -> str:
    """Return `message` (English) in the language chosen."""
    return _now().gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int, /) -> str:
    """Return the form for `n` in the language chosen; placeholders stay for the caller to fill."""
    return _now().ngettext(singular, plural, n)


def pgettext(context: str, message: str, /) -> str:
    """Return `message` as `context` means it, in the language chosen."""
    return _now().pgettext(context, message)


def npgettext(context: str, singular: str, plural: str, n: int, /) -> str:
    """Return the form for `n` as `context` means it, in the language chosen."""
    return _now().npgettext(context, singular, plural, n)


def mark(message: str, /) -> str:
    """Return `message` as it is; tells the extraction that `_` will be asked for it later."""
    return message


class Lazy:
    """A text for tables made before the language is chosen: `str()` gives it in the one of the moment."""

    __slots__ = ("context", "message")

    def __init__(self, message: str, context: str = "") -> None:
        self.message = message
        self.context = context

    def __str__(self) -> str:
        return pgettext(self.context, self.message) if self.context else _(self.message)

    def __repr__(self) -> str:
        return f"Lazy({self.message!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lazy) and (self.message, self.context) == (other.message, other.context)

    def __hash__(self) -> int:
        return hash((self.message, self.context))


def _translations(lang: str) -> _gettext.NullTranslations:
    found = _loaded.get(lang)
    if found is not None:
        return found
    with _lock:
        if lang not in _loaded:
            first, *others = (_load(lang, domain) for domain in DOMAINS)
            for other in others:
                first.add_fallback(other)
            _loaded[lang] = first
        return _loaded[lang]


def _load(lang: str, domain: str) -> _gettext.NullTranslations:
    """Return one catalogue: compiled, or from its source where that is newer or the only one (a checkout)."""
    compiled = FOLDER / lang / "LC_MESSAGES" / f"{domain}.mo"
    source = compiled.with_suffix(".po")
    try:
        compiled_at = compiled.stat().st_mtime_ns
    except OSError:
        compiled_at = -1
    try:
        source_at = source.stat().st_mtime_ns
    except OSError:
        source_at = -1
    if compiled_at >= source_at and compiled_at >= 0:
        try:
            with compiled.open("rb") as file:
                return _gettext.GNUTranslations(file)
        except (
            OSError,
            ValueError,
            struct.error,
        ):  # damaged or cut off: the source, where there is one, tells the same
            pass
    if source_at < 0:
        return _gettext.NullTranslations()
    content = compile_catalogue(source, lang)
    _keep_compiled(compiled, content)
    return _gettext.GNUTranslations(io.BytesIO(content))


def compile_catalogue(source: Path, lang: str) -> bytes:
    """Return the .mo of the .po file `source`."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with source.open("rb") as file:
        catalogue = read_po(file, locale=lang, domain=source.stem)
    target = io.BytesIO()
    write_mo(target, catalogue)
    return target.getvalue()


def _keep_compiled(compiled: Path, content: bytes) -> None:
    """Save the next start the compiling, where the folder can be written."""
    try:
        handle, name = tempfile.mkstemp(dir=compiled.parent, prefix=".", suffix=".new")
    except OSError:
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(compiled)
    except OSError:
        Path(name).unlink(missing_ok=True)
