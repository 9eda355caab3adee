"""What is imported before the first frame stands: only what it needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal.line import Line

_NEVER_BEFORE_THE_FIRST_FRAME = {
    "bincopy",
    "can",
    "click",
    "cryptography",
    "defusedxml",
    "hashlib",
    "httpx",
    "isotp",
    "msgpack",
    "odxtools",
    "pdb",
    "plotext",
    "pygments",
    "reportlab",
    "serial",
    "sqlite_utils",
    "starlette",
    "textual_plotext",
    "tomllib",
    "udsoncan",
    "uvicorn",
    "xml",
}
_THIRD_PARTY = {"babel", "platformdirs", "rich", "textual", "typing_extensions"}
"""All that the first frame needs."""
_EDITABLE = {"_distutils_hack", "distutils"}
_GENERATED = {
    "workshop_console.console.model.address": {"CanAddress", "DoipAddress"},
    "workshop_console.console.terminal.pieces": {"Piece", "Row"},
    "workshop_console.console.terminal.shortest": {"_Run"},
}
"""Dataclasses of the standard library: objects of them are made by the dozen. All others are lean."""
_BEFORE_THE_PICTURE = {"platformdirs", "workshop_console"}

_AT_THE_FIRST_FRAME = """
import json, sys
import workshop_console.console.app as app
from workshop_console.console.start import main
def first_frame_stands(self, **_):
    generated = {{}}
    for name, module in sys.modules.items():
        for made in list(vars(module).values()) if name.startswith("workshop_console.") else ():
            own = isinstance(made, type) and made.__module__ == name
            if own and type(vars(made).get("__dataclass_fields__")) is dict:
                generated.setdefault(name, []).append(made.__name__)
    with open({file!r}, "w") as file:
        json.dump([list(sys.modules), generated], file)
    self.exit()
app.ConsoleApp.ask_credit = first_frame_stands
sys.argv[1:] = []
main()
"""


def _not_python(modules: list[str]) -> set[str]:
    names = {name.partition(".")[0] for name in modules}
    return {
        name for name in names - _EDITABLE - set(sys.stdlib_module_names) if not name.startswith(("_", "sys"))
    }


@pytest.mark.parametrize("driver", ["thin", "plain"])
def test_the_first_frame_waits_for_few_imports(driver: str, tmp_path: Path, own_home: Path) -> None:
    file = tmp_path / "modules.json"
    program = _AT_THE_FIRST_FRAME.format(file=str(file))
    settings = {"WORKSHOP_CONSOLE_HOME": str(own_home), "WORKSHOP_CONSOLE_LANG": "de"}
    for _ in range(2):  # the first builds the store
        with Line(
            [sys.executable, "-c", program], environment={**settings, "WORKSHOP_CONSOLE_DRIVER": driver}
        ) as line:
            assert line.until_ended() == 0
    modules, generated = json.loads(file.read_text())
    assert {name.partition(".")[0] for name in modules} & _NEVER_BEFORE_THE_FIRST_FRAME == set()
    assert _not_python(modules) <= {*_THIRD_PARTY, "workshop_console"}
    own = [name for name in modules if name.startswith("workshop_console.screens.")]
    assert "workshop_console.screens.quick_test" not in own
    assert len(modules) < 600
    classes = {(module, name) for module, names in generated.items() for name in names}
    allowed = {(module, name) for module, names in _GENERATED.items() for name in names}
    assert classes <= allowed, "workshop_console.console.model.lean has a dataclass for the start"


def test_the_picture_waits_for_next_to_nothing() -> None:
    program = (
        "import sys; before = set(sys.modules)\n"
        "import workshop_console.console.start\n"
        "from workshop_console.console.terminal import first_picture\n"
        "first_picture._file(80, 24, {'TERM': 'xterm'})\n"
        "print(' '.join(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"],
        capture_output=True,
        text=True,
        check=False,
    )
    if loaded.returncode:  # an editable installation is found by what -S leaves out
        loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    names = loaded.stdout.split()
    assert _not_python(names) <= _BEFORE_THE_PICTURE
    assert {"asyncio", "dataclasses", "inspect", "logging", "ssl", "subprocess"} & set(names) == set()
