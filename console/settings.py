"""Settings: built-in values, the file, the environment, the command line; the later wins."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import Edition, ProductGroup
from workshop_console.console.model.lean import dataclass, replace

LANGUAGES = ("de", "en", "es", "it")
"""Languages with complete catalogues."""

_APPLICATION = "workshop-console"
_LARGEST_FILE_BYTES = 256 * 1024
_LONGEST_NAME = 60


@dataclass(frozen=True, kw_only=True)
class Folders:
    """Where files of the user live."""

    config: Path
    data: Path
    """The store: may be deleted at any time."""
    state: Path
    """Records (reports, journals), the local access server's database, the log: never deleted."""

    @classmethod
    def of_user(cls, environment: Mapping[str, str] = os.environ) -> Folders:
        """Return the user's folders, or those under WORKSHOP_CONSOLE_HOME."""
        if home := environment.get("WORKSHOP_CONSOLE_HOME"):
            root = Path(home).expanduser().absolute()
            return cls(config=root / "config", data=root / "data", state=root / "state")
        import platformdirs

        return cls(
            config=platformdirs.user_config_path(_APPLICATION, appauthor=False),
            data=platformdirs.user_data_path(_APPLICATION, appauthor=False),
            state=platformdirs.user_state_path(_APPLICATION, appauthor=False),
        )

    @property
    def config_file(self) -> Path:
        """The settings file; it need not exist."""
        return self.config / "config.toml"

    @property
    def guided_tests(self) -> Path:
        """Guided tests of the user's own; the folder need not exist."""
        return self.config / "guided"

    @property
    def flash_files(self) -> Path:
        """Flash files of the user's own, offered on the screen; the folder need not exist."""
        return self.config / "flash"

    @property
    def flash_keys(self) -> Path:
        """Public keys that flash files may be signed with; the folder need not exist."""
        return self.config / "flash-keys"

    @property
    def store_file(self) -> Path:
        """The store."""
        return self.data / "store.db"

    @property
    def descriptions(self) -> Path:
        """PDX files of the imported descriptions."""
        return self.data / "descriptions"

    @property
    def simulated(self) -> Path:
        """What the control units of simulated vehicles keep, a folder for each vehicle."""
        return self.data / "simulated"

    @property
    def jobs(self) -> Path:
        """Folders of the flash jobs, and the locks of the VCIs."""
        return self.state / "jobs"

    @property
    def records_file(self) -> Path:
        """Reports and readouts."""
        return self.state / "records.db"

    @property
    def backend_file(self) -> Path:
        """Database of the local access server."""
        return self.state / "access-server.db"

    @property
    def log_file(self) -> Path:
        """What support may ask for; no user reads it."""
        return self.state / "workshop-console.log"

    @property
    def exports(self) -> Path:
        """Where F7 writes."""
        return self.state / "exports"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user can choose. Every field is a key of config.toml."""

    lang: str = ""
    """One of LANGUAGES; empty: the system's. The console keeps here what was chosen on the screen."""
    edition: Edition = Edition.LITE
    vci: str = "sim://"
    group: ProductGroup = ProductGroup.PASSENGER_CARS
    """Product group that the command line works in."""
    access_server: str = "local"
    """local (a child process with demonstration packets), an http(s) address, or off."""
    access_timeout_s: float = 5.0
    tester_address: int = 0x0E80
    """Logical address of the tester on DoIP."""
    exports: str = ""
    """Folder for F7; empty: the state folder's."""
    ascii: bool = False
    """Draw with ASCII only."""
    contrast: bool = False
    """Draw with high contrast, for daylight; the console keeps here what was chosen on the screen."""
    mechanic: str = ""
    """Who is written into the order book; empty: the computer's user name."""
    flashing: bool = True
    """Whether control units may be flashed from this workplace."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Keys of the user's own: action id (docs/keys.md) to keys; console/commands.py checks them."""

    @property
    def who(self) -> str:
        """The mechanic, as the order book names him: cleaned and bounded; empty where nobody knows."""
        name = self.mechanic.strip()
        if not name:
            import getpass

            try:
                name = getpass.getuser()
            except (OSError, KeyError, ImportError):  # a user whom the system does not know by name
                name = ""
        return clean(name, longest=_LONGEST_NAME)


def _read_file(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _LARGEST_FILE_BYTES:
            raise ConsoleError("WC-101", file=clean(file), line=0, detail="> 256 KiB")
        if file.is_fifo():  # nobody may ever write into it
            raise ConsoleError("WC-108", file=clean(file), detail="FIFO")
        text = file.read_bytes().decode("utf-8-sig")  # Windows' editors put a mark before the text
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConsoleError("WC-101", file=clean(file), line=0, detail=f"UTF-8: byte {error.start}") from None
    except OSError as error:
        raise ConsoleError("WC-108", file=clean(file), detail=clean(error.strerror or error)) from None
    import tomllib  # most users have no file, and the first screen is waited for

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"at line (\d+)", str(error))
        line = int(place.group(1)) if place else 0
        raise ConsoleError("WC-101", file=clean(file), line=line, detail=clean(error)) from None


def _convert(source: str, key: str, value: object) -> object:
    """Return `value` as the field's type. Raises ConsoleError WC-102 that names source, key and choices."""

    def refuse(expected: str) -> ConsoleError:
        return ConsoleError(
            "WC-102", source=clean(source), key=clean(key), value=clean(value), expected=expected
        )

    default = getattr(Settings(), key)
    if isinstance(default, (Edition, ProductGroup)):
        kind = type(default)
        try:
            return kind(str(value))
        except ValueError:
            raise refuse(", ".join(kind)) from None
    if isinstance(default, Mapping):
        return _convert_keys(value, refuse)
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("1", "true", "yes", "0", "false", "no", ""):
            return str(value).lower() in ("1", "true", "yes")
        raise refuse("true, false")
    if isinstance(default, int):
        try:
            number = value if isinstance(value, int) else int(str(value), 0)
        except ValueError:
            number = -1
        if isinstance(value, bool) or not 0 <= number <= 0xFFFF:
            raise refuse("0x0001 … 0xFFFF")
        return number
    if isinstance(default, float):
        try:
            seconds = float(str(value))
        except ValueError:
            seconds = -1.0
        if not 0.1 <= seconds <= 120:
            raise refuse("0.1 … 120")
        return seconds
    if not isinstance(value, str) or len(value) > 2_000 or any(ord(c) < 0x20 for c in value):
        raise refuse("text")
    if key == "lang" and value and value not in LANGUAGES:
        raise refuse(", ".join(LANGUAGES))
    if (
        key == "access_server"
        and value not in ("local", "off")
        and not value.startswith(("http://", "https://"))
    ):
        raise refuse("local, off, http://…, https://…")
    return value


def _convert_keys(value: object, refuse: Callable[[str], ConsoleError]) -> Mapping[str, tuple[str, ...]]:
    """Return the table [keys]: each action has one key or a list of keys."""
    keys: dict[str, tuple[str, ...]] = {}
    if not isinstance(value, Mapping):
        raise refuse('[keys] start = ["F5", "s"]')
    for action, texts in value.items():
        wanted = [texts] if isinstance(texts, str) else texts
        if not isinstance(wanted, list) or not all(isinstance(text, str) for text in wanted):
            raise refuse(f'{clean(action, longest=40)} = "F5", {clean(action, longest=40)} = ["F5", "s"]')
        keys[str(action)] = tuple(wanted)
    return keys


def load_settings(
    folders: Folders,
    *,
    environment: Mapping[str, str] = os.environ,
    command_line: Mapping[str, object] | None = None,
) -> tuple[Settings, tuple[ConsoleError, ...]]:
    """Return the settings and what was wrong in them; a wrong value leaves the one below it in force.

    A key `some_key` is WORKSHOP_CONSOLE_SOME_KEY in the environment. Values of None are not given.
    Raises ConsoleError WC-102 for a wrong value on the command line: nothing else was meant.
    """
    problems: list[ConsoleError] = []
    try:
        from_file = _read_file(folders.config_file)
    except ConsoleError as error:
        from_file = {}
        problems.append(error)
    known = set(Settings.__annotations__)
    for key in sorted(from_file.keys() - known):
        problems.append(ConsoleError("WC-106", source=clean(folders.config_file), key=clean(key)))
    settings = Settings()
    layers: list[tuple[str, Mapping[str, object]]] = [
        (str(folders.config_file), {k: v for k, v in from_file.items() if k in known}),
        (
            "WORKSHOP_CONSOLE_…",
            {
                key: environment[name]
                for key in known
                if (name := f"WORKSHOP_CONSOLE_{key.upper()}") in environment and environment[name]
            },
        ),
    ]
    for source, values in layers:
        for key, value in values.items():
            try:
                settings = replace(settings, **{key: _convert(source, key, value)})  # type: ignore[arg-type]  # checked by _convert
            except ConsoleError as error:
                problems.append(error)
    for key, value in (command_line or {}).items():
        if value is not None:
            settings = replace(settings, **{key: _convert("--" + key.replace("_", "-"), key, value)})  # type: ignore[arg-type]  # as above
    return settings, tuple(problems)
