"""Lists every action of the screens once; footer, help, palette and docs/keys.md follow from it.

`python -m workshop_console.console.commands` prints docs/keys.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.lean import dataclass
from workshop_console.i18n.texts import mark


@dataclass(frozen=True, kw_only=True)
class Command:
    """One action; label and help are English texts for `_`, screens may say them more exactly."""

    id: str
    keys: tuple[str, ...]
    """In Textual's names; the first is shown in the footer."""
    label: str
    """A word or two for the footer."""
    help: str
    everywhere: bool = False
    """Works on every screen and stands on the footer's last line."""
    seldom: bool = False
    """The footer does not list it; help and the list of actions do."""
    movement: bool = False
    """Moves within a screen; the footer does not list it."""


COMMANDS: tuple[Command, ...] = (
    Command(
        id="help",
        keys=("f1", "question_mark"),
        label=mark("Help"),
        help=mark("Help for what is on the screen; explains the message shown."),
        everywhere=True,
    ),
    Command(
        id="groups",
        keys=("f2", "g"),
        label=mark("Groups"),
        help=mark("Product groups and their credit."),
        everywhere=True,
    ),
    Command(
        id="back",
        keys=("f3", "escape"),
        label=mark("Back"),
        help=mark("Back to where you came from."),
        everywhere=True,
    ),
    Command(
        id="messages",
        keys=("f4", "m"),
        label=mark("Messages"),
        help=mark("All numbered messages, with search."),
        everywhere=True,
    ),
    Command(
        id="start",
        keys=("f5", "r"),
        label=mark("Start"),
        help=mark("Start, or run again."),
    ),
    Command(
        id="clear",
        keys=("f6", "c"),
        label=mark("Clear"),
        help=mark("Clear the fault memory, of one control unit or of all; asks first."),
    ),
    Command(
        id="save",
        keys=("f7", "p"),
        label=mark("Save"),
        help=mark("Save or print what is shown."),
    ),
    Command(
        id="language",
        keys=("f8", "l"),
        label=mark("Language"),
        help=mark("Choose the language."),
        everywhere=True,
    ),
    Command(
        id="vehicle",
        keys=("f9", "v"),
        label=mark("Vehicle"),
        help=mark("Choose vehicle and VCI."),
        everywhere=True,
    ),
    Command(
        id="quit",
        keys=("f10", "q"),
        label=mark("Quit"),
        help=mark("End the console; asks first when something runs."),
        everywhere=True,
    ),
    Command(
        id="open",
        keys=("enter",),
        label=mark("Open"),
        help=mark("Open the current line."),
    ),
    Command(
        id="filter",
        keys=("slash",),
        label=mark("Filter"),
        help=mark("Show only lines that hold what you type."),
    ),
    Command(
        id="faults_only",
        keys=("f",),
        label=mark("Faults"),
        help=mark("Show only lines with faults, or all again."),
    ),
    Command(
        id="mark",
        keys=("space",),
        label=mark("Mark"),
        help=mark("Mark the current line, or take the mark away."),
    ),
    Command(
        id="next_part",
        keys=("tab",),
        label=mark("Next part"),
        help=mark("Go to the next part of the screen."),
    ),
    Command(
        id="palette",
        keys=("ctrl+p",),
        label=mark("Actions"),
        help=mark("Every action by its name."),
        everywhere=True,
        seldom=True,
    ),
    Command(
        id="contrast",
        keys=("d",),
        label=mark("Contrast"),
        help=mark("High contrast for daylight, or the usual colours again; this is kept."),
        everywhere=True,
        seldom=True,
    ),
    Command(id="up", keys=("up", "k"), label=mark("Up"), help=mark("One line up."), movement=True),
    Command(id="down", keys=("down", "j"), label=mark("Down"), help=mark("One line down."), movement=True),
    Command(id="page_up", keys=("pageup",), label=mark("Page up"), help=mark("One page up."), movement=True),
    Command(
        id="page_down",
        keys=("pagedown",),
        label=mark("Page down"),
        help=mark("One page down."),
        movement=True,
    ),
    Command(id="first", keys=("home",), label=mark("First"), help=mark("To the first line."), movement=True),
    Command(id="last", keys=("end",), label=mark("Last"), help=mark("To the last line."), movement=True),
)
"""The order is that of the help and of the key table in the docs."""

BY_ID: dict[str, Command] = {command.id: command for command in COMMANDS}

CHOOSE_KEYS = "1234567890"
"""Choose an entry of a menu, 0 the tenth; these and the answer keys cannot be given to an action."""
CONFIRM_KEY = "y"
"""Confirms what writes to a vehicle, in every language."""
DECLINE_KEY = "n"

_BESIDE_CONFIRM = frozenset("tughx67")
"""Neighbours of Y on QWERTY and QWERTZ keyboards: none of them may open a question that Y confirms."""

KEY_NAMES: dict[str, str] = {
    "enter": mark("Enter"),
    "space": mark("Space"),
    "escape": mark("Esc"),
    "tab": mark("Tab"),
    "up": mark("Up arrow"),
    "down": mark("Down arrow"),
    "pageup": mark("PgUp"),
    "pagedown": mark("PgDn"),
    "home": mark("Home"),
    "end": mark("End"),
    "insert": mark("Insert"),
    "delete": mark("Delete"),
    "backspace": mark("Backspace"),
}
"""What is printed on the keys that have a word on them; texts for `_`."""

_CHARACTER_NAMES = {
    "question_mark": "?",
    "slash": "/",
    "full_stop": ".",
    "comma": ",",
    "minus": "-",
    "plus": "+",
}
_NAMES_OF_CHARACTERS = {character: name for name, character in _CHARACTER_NAMES.items()}
_SPELLINGS = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete"}


def key_text(key: str) -> str:
    """Return how `key` is shown; a word on a key is an English text for `_`."""
    if key in KEY_NAMES:
        return KEY_NAMES[key]
    if key in _CHARACTER_NAMES:
        return _CHARACTER_NAMES[key]
    if key.startswith("ctrl+"):
        return f"Ctrl+{key[5:].upper()}"
    return key.upper() if len(key) > 1 else key


def parse_key(text: str) -> str | None:
    """Return Textual's name of the key that `text` spells (`F5`, `Ctrl+P`, `Space`, `/`, `r`), or None."""
    text = text.strip()
    if len(text) == 1:
        if text.isascii() and text.isalpha():
            return text
        return _NAMES_OF_CHARACTERS.get(text)
    name = text.lower()
    name = _SPELLINGS.get(name, name)
    if name in KEY_NAMES or name in _CHARACTER_NAMES:
        return name
    if name.startswith("f") and name[1:].isdecimal() and 1 <= int(name[1:]) <= 24:
        return f"f{int(name[1:])}"
    if name.startswith("ctrl+") and len(name) == 6 and name[5].isascii() and name[5].isalpha():
        # These four are other keys to a terminal: Backspace, Tab, Enter twice.
        return None if name[5] in "hijm" else name
    return None


@dataclass(frozen=True, kw_only=True)
class Keymap:
    """Which key does what, the user's own keys included."""

    keys: Mapping[str, tuple[str, ...]]
    """Keys of each command id."""
    commands: Mapping[str, str]
    """Command id of each key."""

    def first(self, command_id: str) -> str:
        """Return the key that the footer shows."""
        return self.keys[command_id][0]


def make_keymap(
    chosen: Mapping[str, tuple[str, ...]], source: str = "[keys]"
) -> tuple[Keymap, tuple[ConsoleError, ...]]:
    """Return the keymap with the user's keys in it, and a WC-102 for each entry that cannot be used.

    A key that the user gives to one action is taken from the action that had it, unless that would leave
    an action without any key.
    """
    keys = {command.id: command.keys for command in COMMANDS}
    problems: list[ConsoleError] = []

    def refuse(action: str, value: str, expected: str) -> None:
        problems.append(
            ConsoleError(
                "WC-102",
                source=clean(source),
                key=clean(f"keys.{action}", longest=60),
                value=clean(value, longest=60),
                expected=expected,
            )
        )

    for action, texts in chosen.items():
        if action not in BY_ID:
            problems.append(
                ConsoleError("WC-106", source=clean(source), key=clean(f"keys.{action}", longest=60))
            )
            continue
        wanted: list[str] = []
        for text in texts:
            key = parse_key(text)
            if key is None or key in (CONFIRM_KEY, DECLINE_KEY):
                refuse(action, text, "F1 … F24, a … z, Ctrl+A … Ctrl+Z")
            elif action == "clear" and key in _BESIDE_CONFIRM:
                refuse(action, text, f"≠ {', '.join(sorted(_BESIDE_CONFIRM))}")
            elif key not in wanted:
                wanted.append(key)
        others = {
            other: tuple(key for key in own if key not in wanted)
            for other, own in keys.items()
            if other != action
        }
        stripped = [other for other, own in others.items() if not own]
        if not wanted:
            continue
        if stripped:
            refuse(action, ", ".join(texts), f"≠ {', '.join(stripped)}")
            continue
        keys = {
            command.id: tuple(wanted) if command.id == action else others[command.id] for command in COMMANDS
        }
    commands = {key: command_id for command_id, own in keys.items() for key in own}
    return Keymap(keys=keys, commands=commands), tuple(problems)


def keys_document() -> str:
    """Return docs/keys.md."""
    lines = [
        "# Keys",
        "",
        "Made from `console/commands.py` by `python -m workshop_console.console.commands`.",
        "Everything is done with the keyboard; the mouse is off.",
        "",
        "| key | also | id | what |",
        "|---|---|---|---|",
    ]
    for command in COMMANDS:
        first, *also = (f"`{key_text(key)}`" for key in command.keys)
        lines.append(f"| {first} | {' '.join(also)} | `{command.id}` | {command.help} |")
    lines += [
        "| `1` … `9`, `0` | | | Choose an entry of a menu; `0` is the tenth. In other lists: go to the line "
        "of this number, `4` `5` to line 45. |",
        "",
        "A question before something is written to the vehicle is confirmed with",
        f"`{CONFIRM_KEY}` in every language and declined with `{DECLINE_KEY}` or `Esc`; "
        "Enter never confirms it.",
        "",
        "Other keys can be given to an action in the settings file (`config.toml`), by its id:",
        "",
        "```toml",
        "[keys]",
        'start = ["F5", "s"]',
        'back = "F3"',
        "```",
        "",
        "What is given there replaces the keys that the action had. A key that another action had is taken",
        "from it, unless that would leave it without any. Keys are `F1` … `F24`, letters, `Ctrl+A` …",
        "`Ctrl+Z`, `/`, `?`, `.`, `,`, `+`, `-` and the words of the table; digits, "
        f"`{CONFIRM_KEY}` and `{DECLINE_KEY}` stay what they are.",
        "What cannot be used is told at the start (WC-102, WC-106) and leaves the usual keys.",
        "",
        "No action needs a function key: on a VT100 and over a serial line the second column does without.",
        "`Esc` is told from keys that send a sequence beginning with it by waiting: 50 ms, the time that",
        "three bytes take on a slow line, and a quarter of the measured round trip; half a second at most.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(keys_document(), end="")
