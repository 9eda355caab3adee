"""Shows the picture of the last start while Python still imports the console, and keeps the next one.

This file imports next to nothing: what it shows, it shows before anything large is read. The driver that
draws the real picture takes over from here (`take_over`) and makes the next one (`stored_picture`).
"""

from __future__ import annotations

import atexit
import os
import sys
import time
import zlib

try:
    import termios
except ImportError:  # Windows: no picture
    termios = None  # type: ignore[assignment] # there is no other way to say so

TYPE_CHECKING = False  # as typing's, which is not imported for it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_APPLICATION = "workshop-console"
_FOLDER = "first-pictures"
_MAGIC = b"workshop-console picture 1\n"
_LARGEST_BYTES = 16_384
_MOST_CELLS_BYTES = 262_144
_MOST_FILES = 24
"""Sizes and terminals that pictures are kept of; the oldest go."""
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-")
_ENDS = frozenset(b"mHABCDGKXJbdr")
"""Last bytes of the sequences that pictures are made of."""
_MODES = (b"?1049h", b"?1049l", b"?25l", b"?25h", b"?7l", b"?7h")


class Picture:
    """A picture as it is kept."""

    def __init__(self, painting: bytes, leaving: bytes, cells: str) -> None:
        self.painting = painting
        """Paints it, from whatever was on the screen."""
        self.leaving = leaving
        """Leaves the terminal as it was found."""
        self.cells = cells
        """What it shows, as the grid reads it."""

    @property
    def repeats(self) -> bool:
        """Whether characters are repeated in it (REP)."""
        return any(part.lstrip(b"[0123456789").startswith(b"b") for part in self.painting.split(b"\x1b")[1:])

    def packed(self) -> bytes:
        """Return the content of its file."""
        parts = (self.painting, self.leaving, zlib.compress(self.cells.encode()))
        content = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return _MAGIC + zlib.crc32(content).to_bytes(4, "big") + content

    @classmethod
    def unpacked(cls, data: bytes) -> Picture | None:
        """Return the picture in a file; None when it is damaged, or holds what no picture of ours does."""
        start = len(_MAGIC) + 4
        content = data[start:]
        if not data.startswith(_MAGIC) or zlib.crc32(content).to_bytes(4, "big") != data[start - 4 : start]:
            return None
        parts = []
        while content:
            length = int.from_bytes(content[:4], "big")
            parts.append(content[4 : 4 + length])
            content = content[4 + length :]
        if len(parts) != 3 or not (_harmless(parts[0]) and _harmless(parts[1])):
            return None
        try:
            cells = zlib.decompressobj().decompress(parts[2], _MOST_CELLS_BYTES).decode()
        except (zlib.error, UnicodeDecodeError):
            return None
        return cls(parts[0], parts[1], cells)


class Shown:
    """A picture on the terminal that nobody took over yet."""

    def __init__(self, descriptor: int, size: tuple[int, int], attributes: list[Any]) -> None:
        self.descriptor = descriptor
        self.size = size
        self.attributes = attributes
        """The terminal's settings as they were found."""
        self.at = time.monotonic()
        self.picture: Picture | None = None
        self.unsent = b""
        """What the line did not take at once."""

    def close(self) -> None:
        """Leave the terminal to whoever took it over."""
        os.close(self.descriptor)

    def give_back(self) -> None:
        """Leave the terminal as it was found; what was typed stays."""
        if self.picture is not None:
            # CAN ends a sequence that was cut.
            _write(self.descriptor, (b"\x18" if self.unsent else b"") + self.picture.leaving)
        try:
            termios.tcsetattr(self.descriptor, termios.TCSANOW, self.attributes)
        except termios.error:
            pass  # the terminal is gone
        os.close(self.descriptor)


_keeps = False
"""Whether this process began with `show`: pictures are kept for those alone."""
_shown: Shown | None = None


def show() -> None:
    """Show the stored picture, if there is one for this terminal, language and settings.

    The terminal's settings are for keys from here on, so that what is typed meanwhile is kept and obeyed.
    """
    global _keeps, _shown  # one terminal per process
    if termios is None or not (os.isatty(0) and os.isatty(1)):
        return
    _keeps = True
    try:
        if os.ttyname(0) != os.ttyname(1):
            return
        size = terminal_size(0)
        picture = _read(_file(*size))
        if picture is None:
            return
        descriptor = os.open(os.ttyname(0), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (OSError, RuntimeError):  # RuntimeError: a user without a home folder
        return
    try:
        shown = Shown(descriptor, size, termios.tcgetattr(descriptor))
        _take_keys(descriptor)
    except termios.error:
        os.close(descriptor)
        return
    _shown = shown
    atexit.register(give_back)
    shown.picture = picture
    shown.unsent = picture.painting[_write(descriptor, picture.painting) :]


def give_back() -> bool:
    """Leave the terminal as it was found, unless the driver took over; return whether that was to do."""
    global _shown
    shown, _shown = _shown, None
    if shown is not None:
        shown.give_back()
    return shown is not None


def take_over() -> Shown | None:
    """Return what is shown and give it up to the caller, who closes the descriptor."""
    global _shown
    shown, _shown = _shown, None
    return shown


def is_kept() -> bool:
    """Return whether this process shows and keeps pictures."""
    return _keeps


def is_missing(columns: int, rows: int) -> bool:
    """Return whether the next start at this size has nothing to show yet."""
    try:
        return _read(_file(columns, rows)) is None
    except (OSError, RuntimeError):
        return True


def keep(picture: Picture, columns: int, rows: int) -> bool:
    """Keep a picture for the next start; a full disk or a folder that is read only: there is none."""
    data = picture.packed()
    if len(data) > _LARGEST_BYTES or Picture.unpacked(data) is None:
        return False
    new = ""
    try:
        file = _file(columns, rows)
        folder = os.path.dirname(file)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        new = f"{file}.{os.getpid()}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            complete = os.write(descriptor, data) == len(data)
        finally:
            os.close(descriptor)
        if complete:
            os.replace(new, file)
            _drop_oldest(folder)
            return True
    except (OSError, RuntimeError):
        complete = False
    if new:
        _drop(new)
    return False


def terminal_size(descriptor: int) -> tuple[int, int]:
    """Return columns and rows; a serial line knows none."""
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except OSError:
        columns = rows = 0
    return columns or _number("COLUMNS") or 80, rows or _number("LINES") or 24


def _number(name: str) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdigit() and len(text) < 5 else 0


def _file(columns: int, rows: int, environment: Mapping[str, str] = os.environ) -> str:
    """Return the file of the picture; raises OSError for a terminal whose name is none."""
    terminal = environment.get("TERM", "")
    if not terminal or len(terminal) > 40 or not _NAME.issuperset(terminal):
        raise OSError("TERM")
    if home := environment.get("WORKSHOP_CONSOLE_HOME"):
        root = os.path.abspath(os.path.expanduser(home))
        config, state = os.path.join(root, "config"), os.path.join(root, "state")
    else:
        import platformdirs

        config = platformdirs.user_config_dir(_APPLICATION, appauthor=False)
        state = platformdirs.user_state_dir(_APPLICATION, appauthor=False)
    asked = [f"{name}={value}" for name, value in sorted(environment.items()) if _matters(name)]
    try:
        found = os.stat(os.path.join(config, "config.toml"))
        asked.append(f"{found.st_size} {found.st_mtime_ns}")
    except OSError:
        asked.append("")
    key = zlib.crc32("\0".join([*asked, *sys.argv[1:]]).encode("utf-8", "surrogateescape"))
    return os.path.join(state, _FOLDER, f"{columns}x{rows}-{terminal}-{key:08x}")


def _matters(name: str) -> bool:
    if name.startswith(("LC_", "WORKSHOP_CONSOLE_")):
        return name != "WORKSHOP_CONSOLE_HOME"  # a stick that is carried from one computer to the next
    return name in ("LANG", "LANGUAGE", "NO_COLOR", "COLORTERM")


def _read(file: str) -> Picture | None:
    """Return the picture in a file of the user's own; a damaged one is dropped."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        found = os.fstat(descriptor)
        own = found.st_uid == os.getuid() and not found.st_mode & 0o022
        data = os.read(descriptor, _LARGEST_BYTES + 1) if own else b""
    except OSError:
        data = b""
    finally:
        os.close(descriptor)
    picture = Picture.unpacked(data) if len(data) <= _LARGEST_BYTES else None
    if picture is None:
        _drop(file)
    return picture


def _drop(file: str) -> None:
    try:
        os.unlink(file)
    except OSError:
        pass  # it stays, and is looked at again


def _drop_oldest(folder: str) -> None:
    files = sorted(
        ((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path) for entry in os.scandir(folder)),
        reverse=True,
    )
    for _, file in files[_MOST_FILES:]:
        _drop(file)


def _harmless(data: bytes) -> bool:
    """Return whether there are characters, moves and attributes only."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if any("\x7f" <= character <= "\x9f" for character in text):
        return False
    _text, *sequences = data.split(b"\x1b")
    for sequence in sequences:
        if not sequence.startswith(b"["):
            return False
        if sequence.startswith(b"[?"):
            if not sequence[1:].startswith(_MODES):
                return False
        elif not _ENDS.issuperset(sequence[1:].lstrip(b"0123456789;")[:1] or b"\0"):
            return False
    return not any(byte < 0x20 and byte not in b"\b\n\r\x1b" for byte in data)


def _take_keys(descriptor: int) -> None:
    """Take each key as it comes, unchanged, without showing it; Ctrl+C still ends the program."""
    attributes = termios.tcgetattr(descriptor)
    attributes[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    attributes[0] &= ~(termios.ISTRIP | termios.INPCK | termios.PARMRK)
    attributes[1] &= ~termios.OPOST
    attributes[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
    control = list(attributes[6])
    control[termios.VMIN], control[termios.VTIME] = 1, 0
    # Stopping or dropping the program now would leave the terminal to the shell like this.
    control[termios.VSUSP] = control[termios.VQUIT] = b"\0"
    attributes[6] = control
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)


def _write(descriptor: int, data: bytes) -> int:
    try:
        return os.write(descriptor, data)
    except OSError:  # it takes nothing now, or is gone
        return 0
