"""The importer keeps the clock, and believes nothing that its worker says."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.odx.conftest import Pack
from tests.odx.handmade import base, can_address, document
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.description import ImportedDescription
from workshop_console.console.odx import wire
from workshop_console.console.odx.generate import SHIPPED
from workshop_console.console.odx.importer import PdxImporter
from workshop_console.console.odx.limits import ImportLimits
from workshop_console.console.odx.reasons import Reason

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", ["somersault", "somersault_modified"])
def test_the_example_of_the_odxtools_project(name: str) -> None:
    description = PdxImporter().read(DATA / f"{name}.pdx")
    (unit,) = description.units
    assert description.name == "somersault_database"
    assert unit.summary.addresses == (CanAddress(0x7B, 0x1C8),)
    assert unit.summary.timing.busy_budget_ms == 1_000
    names = [variant.name for variant in unit.summary.variants]
    assert names[:2] == ["somersault_lazy", "somersault_assiduous"]
    assert {p.reason for p in description.problems} == {Reason.IDENTIFIER_OPEN}
    assert "do_forward_flips" in {function.name for function in unit.descriptions[0].functions}


def test_progress_names_the_units() -> None:
    names: list[str] = []
    description = PdxImporter().read(SHIPPED / "van.pdx", names.append)
    assert names == ["", *(unit.summary.name for unit in description.units)]


def test_what_is_sent_comes_back_the_same() -> None:
    import json

    description = PdxImporter().read(SHIPPED / "car.pdx")
    assert wire.loads(json.loads(wire.dumps(description))) == description
    assert len(description.sha256) == 64


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pdx", tmp_path):
        with pytest.raises(ConsoleError) as caught:
            PdxImporter().read(path)
        assert caught.value.number == "WC-108"


def test_a_name_with_controls_is_shown_harmless(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError) as caught:
        PdxImporter().read(tmp_path / "a\x1b[31m.pdx")
    assert "\x1b" not in str(caught.value)


def test_a_folder_named_like_the_program_is_not_run(
    pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "workshop_console" / "console" / "odx"
    trap.mkdir(parents=True)
    (trap / "worker.py").write_text("print('{\"error\": 1}')")
    monkeypatch.chdir(tmp_path)
    file = pack({"a.odx-d": document(bases=base("Unit", comparams=can_address(1, 2)))})
    assert PdxImporter().read(file).units[0].summary.name == "Unit"


def worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str) -> None:
    """Have the importer start `program` in place of its worker."""
    (tmp_path / "impostor.py").write_text(textwrap.dedent(program))
    real = subprocess.Popen

    def start(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        return real([sys.executable, str(tmp_path / "impostor.py"), *command[-2:]], **options)  # type: ignore[call-overload,no-any-return]  # passed on as they came

    monkeypatch.setattr("workshop_console.console.odx.importer.subprocess.Popen", start)


@pytest.mark.parametrize(
    ("program", "number"),
    [
        ("print('hello')", "WC-408"),
        ("print('[1, 2]')", "WC-408"),
        ("print('{}')", "WC-408"),
        ("print('{\"description\": {}}')", "WC-408"),
        ('print(\'{"description": {"name": 1, "file": 2}}\')', "WC-408"),
        ('print(\'{"error": {"number": 5, "facts": {}}}\')', "WC-408"),
        ("print('[' * 100_000)", "WC-408"),
        ("import sys; sys.exit(3)", "WC-408"),
        ("import os; os.abort()", "WC-408"),
        ("while True: print('x' * 100_000)", "WC-408"),
        ("import sys\nwhile True: sys.stdout.write('x' * 100_000)", "WC-408"),
        ("import threading; threading.Event().wait()", "WC-403"),
        ("import os, threading; os.close(1); threading.Event().wait()", "WC-408"),
        ("while True: pass", "WC-403"),
    ],
)
def test_a_worker_gone_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str, number: str
) -> None:
    worker(monkeypatch, tmp_path, program)
    file = tmp_path / "a.pdx"
    file.write_bytes(b"PK")
    started = time.monotonic()
    with pytest.raises(ConsoleError) as caught:
        PdxImporter(ImportLimits(seconds=1 if number == "WC-403" else 60, answer_mib=2)).read(file)
    assert caught.value.number == number
    assert time.monotonic() - started < 30


def test_a_worker_is_gone_after_its_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = """
        import os, pathlib, sys, threading
        pathlib.Path(sys.argv[1]).with_suffix(".pid").write_text(str(os.getpid()))
        threading.Event().wait()
    """
    worker(monkeypatch, tmp_path, program)
    file = tmp_path / "a.pdx"
    file.write_bytes(b"PK")
    with pytest.raises(ConsoleError, match="WC-403"):
        PdxImporter(ImportLimits(seconds=2)).read(file)
    if os.name == "posix":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "a.pid").read_text()), 0)


def test_an_interrupt_ends_the_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = """
        import os, pathlib, sys, threading
        pathlib.Path(sys.argv[1]).with_suffix(".pid").write_text(str(os.getpid()))
        print('{"progress": "Unit"}', flush=True)
        threading.Event().wait()
    """
    worker(monkeypatch, tmp_path, program)
    file = tmp_path / "a.pdx"
    file.write_bytes(b"PK")

    def interrupt(_name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        PdxImporter().read(file, interrupt)
    if os.name == "posix":
        with pytest.raises(ProcessLookupError):
            os.kill(int((tmp_path / "a.pid").read_text()), 0)


def test_an_interpreter_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "a.pdx"
    file.write_bytes(b"PK")
    monkeypatch.setattr("workshop_console.console.odx.importer.sys.executable", str(tmp_path / "nowhere"))
    with pytest.raises(ConsoleError) as caught:
        PdxImporter().read(file)
    assert caught.value.number == "WC-110"


def test_reading_leaves_odxtools_out_of_this_process() -> None:
    program = """
        import sys
        from pathlib import Path
        from workshop_console.console.odx.importer import PdxImporter
        PdxImporter().read(Path(sys.argv[1]))
        sys.exit("odxtools" in sys.modules or "lxml" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(SHIPPED / "van.pdx")], check=False, timeout=60
    )
    assert done.returncode == 0


def test_a_description_is_kept_as_plain_values() -> None:
    assert isinstance(PdxImporter().read(SHIPPED / "van.pdx"), ImportedDescription)
