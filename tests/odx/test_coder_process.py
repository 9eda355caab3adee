"""The coding process: killed, swapped, damaged, slow, hostile; and that it never outlives its console."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.odx.coding import HERE, SHIPPED, coder_for, kept, unit
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.odx.coder.pdx_coder import PdxCoder
from workshop_console.console.odx.coder.standard import IDENTIFIERS
from workshop_console.console.odx.limits import ImportLimits

SOMERSAULT = unit("somersault_base_variant")
STATUS = [("report_status", b"\x22\x00", bytes.fromhex("6200050600"))]
WAIT_S = 20.0


def until(holds: Callable[[], bool]) -> bool:
    """Wait for something that another process does."""
    deadline = time.monotonic() + WAIT_S
    while not (held := holds()) and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return held


def alive(process_id: int) -> bool:
    """Return whether the process is there and no zombie."""
    try:
        os.kill(process_id, 0)
        state = Path(f"/proc/{process_id}/stat")
        return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def processes(coder: PdxCoder) -> list[int]:
    """Return the processes of a coder, oldest first."""
    return [process.process_id for process in coder._processes.values()]


@pytest.fixture
def coder() -> Iterator[PdxCoder]:
    made = coder_for(HERE / "somersault.pdx")
    yield made
    made.close()


def copies(tmp_path: Path, count: int) -> list[Path]:
    """Return files with the same description and different contents: a zip may have a comment."""
    content = (HERE / "somersault.pdx").read_bytes()
    files = []
    for number in range(count):
        comment = b"%02d" % number
        assert content[-2:] == b"\0\0", "no comment yet"
        file = tmp_path / f"copy{number}.pdx"
        file.write_bytes(content[:-2] + len(comment).to_bytes(2, "little") + comment)
        files.append(file)
    return files


def test_a_killed_process_is_started_again_for_the_next_call(coder: PdxCoder) -> None:
    first = coder.decode(SOMERSAULT, "", STATUS)
    (process_id,) = processes(coder)
    os.kill(process_id, signal.SIGKILL)
    assert coder.decode(SOMERSAULT, "", STATUS) == first
    assert processes(coder) != [process_id]


def test_a_process_killed_in_the_middle_of_a_call_is_replaced(coder: PdxCoder) -> None:
    first = coder.decode(SOMERSAULT, "", STATUS)
    (process_id,) = processes(coder)
    os.kill(process_id, signal.SIGSTOP)
    threading.Timer(0.3, os.kill, (process_id, signal.SIGKILL)).start()
    assert coder.decode(SOMERSAULT, "", STATUS) == first


def test_a_process_that_says_nothing_is_ended_by_the_clock() -> None:
    coder = coder_for(HERE / "somersault.pdx", request_s=0.5)
    try:
        coder.forms(SOMERSAULT)
        (process_id,) = processes(coder)
        os.kill(process_id, signal.SIGSTOP)
        with pytest.raises(ConsoleError) as raised:
            coder.decode(SOMERSAULT, "", STATUS)
        assert raised.value.number == "WC-410"
        assert raised.value.facts == {"file": "somersault.pdx", "detail": "> 0.5 s"}
        assert not alive(process_id)
        assert coder.decode(SOMERSAULT, "", STATUS), "the next call has a new process"
    finally:
        coder.close()


def test_at_most_three_processes_live_and_the_oldest_goes(tmp_path: Path) -> None:
    coder = coder_for(*copies(tmp_path, 4))
    try:
        seen = []
        for key in (1, 2, 3):
            coder.forms(unit(SOMERSAULT.name, key))
            seen.append(processes(coder)[-1])
        coder.decode(unit(SOMERSAULT.name, 1), "", STATUS)
        coder.forms(unit(SOMERSAULT.name, 4))
        assert processes(coder)[:2] == [seen[2], seen[0]]
        assert len(processes(coder)) == 3
        assert until(lambda: not alive(seen[1]))
    finally:
        coder.close()
    assert processes(coder) == []


def test_closing_ends_the_processes_and_a_call_that_waits(coder: PdxCoder) -> None:
    coder.forms(SOMERSAULT)
    (process_id,) = processes(coder)
    os.kill(process_id, signal.SIGSTOP)
    caught: list[ConsoleError] = []

    def wait() -> None:
        try:
            coder.decode(SOMERSAULT, "", STATUS)
        except ConsoleError as error:
            caught.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert until(coder._one_call.locked)
    coder.close()
    waiting.join(WAIT_S)
    assert [error.number for error in caught] == ["WC-410"]
    assert until(lambda: not alive(process_id))
    coder.close()
    with pytest.raises(ConsoleError, match="WC-410"):
        coder.decode(SOMERSAULT, "", STATUS)


def test_the_process_ends_with_a_console_that_is_killed() -> None:
    program = """
        import sys, threading
        from tests.odx.coding import HERE, coder_for, unit
        coder = coder_for(HERE / "somersault.pdx")
        coder.forms(unit("somersault_base_variant"))
        print([p.process_id for p in coder._processes.values()][0], flush=True)
        threading.Event().wait()
    """
    console = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert console.stdout is not None
    process_id = int(console.stdout.readline())
    assert alive(process_id)
    console.kill()
    console.wait()
    console.stdout.close()
    assert until(lambda: not alive(process_id))


# -- files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [None, Path("/nowhere/at/all.pdx")])
def test_a_file_that_was_not_kept_is_told(path: Path | None) -> None:
    told = kept(HERE / "somersault.pdx", path=path)
    coder = PdxCoder(lambda _key: told)
    with pytest.raises(ConsoleError) as raised:
        coder.forms(SOMERSAULT)
    assert raised.value.number == ("WC-409" if path is None else "WC-108")
    assert raised.value.facts["file"] == "somersault.pdx"
    coder.close()


def test_a_unit_that_the_store_does_not_know_any_more_is_told() -> None:
    coder = PdxCoder(lambda _key: None)
    with pytest.raises(ConsoleError) as raised:
        coder.forms(SOMERSAULT)
    assert (raised.value.number, raised.value.facts) == ("WC-409", {"file": "handmade"})


def test_a_swapped_file_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "a.pdx"
    file.write_bytes((HERE / "somersault.pdx").read_bytes())
    imported = kept(file)
    file.write_bytes((HERE / "somersault_modified.pdx").read_bytes())
    coder = PdxCoder(lambda _key: imported)
    with pytest.raises(ConsoleError) as raised:
        coder.forms(SOMERSAULT)
    assert raised.value.number == "WC-409"
    file.write_bytes((HERE / "somersault.pdx").read_bytes())
    assert coder.forms(SOMERSAULT).records, "put right, it is used again"
    coder.close()


def test_a_damaged_file_is_told_each_time_and_read_once(tmp_path: Path) -> None:
    file = tmp_path / "a.pdx"
    content = bytearray((HERE / "somersault.pdx").read_bytes())
    content[200:400] = b"\xff" * 200
    file.write_bytes(content)
    coder = coder_for(file)
    for _ in range(2):
        with pytest.raises(ConsoleError) as raised:
            coder.forms(SOMERSAULT)
        assert raised.value.number == "WC-400"
    assert processes(coder) == []
    coder.close()


def test_memory_and_time_are_limited() -> None:
    for limits, number in ((ImportLimits(memory_mib=150), "WC-404"), (ImportLimits(seconds=0), "WC-403")):
        coder = coder_for(SHIPPED / "car.pdx", limits=limits)
        with pytest.raises(ConsoleError) as raised:
            coder.forms(unit("CDI_EngineControl"))
        assert (raised.value.number, raised.value.facts["file"]) == (number, "car.pdx")
        coder.close()


# -- a process gone wrong ------------------------------------------------------------------------------

FRAME = "import json, os, sys, threading\ndef say(text):\n  b = text.encode()\n"
FRAME += "  sys.stdout.buffer.write(len(b).to_bytes(4, 'big') + b); sys.stdout.buffer.flush()\n"
READY = FRAME + "say('{\"ready\": true}'); sys.stdin.buffer.read(4)\n"


@pytest.mark.parametrize(
    "program",
    [
        "print('hello')",
        "import sys; sys.exit(3)",
        "import os; os.abort()",
        FRAME + "say('[1]')",
        FRAME + 'say(\'{"error": {"number": 5, "facts": {}}}\')',
        FRAME + "sys.stdout.buffer.write(b'\\xff' * 1000)",
        READY + "say('{}')",
        READY + "say('[' * 100000)",
        READY + 'say(\'{"answer": {"unit": 5}}\')',
        READY + 'say(\'{"answer": {"unit": "a", "variant": "", "records": [{"label": 1}]}}\')',
        READY + "say('{\"answer\": 7}')",
        READY + "os.close(1); threading.Event().wait()",
    ],
)
def test_a_process_gone_wrong_is_a_numbered_message(
    coder: PdxCoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    (tmp_path / "impostor.py").write_text(program)
    real = subprocess.Popen

    def start(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        return real([sys.executable, str(tmp_path / "impostor.py")], **options)  # type: ignore[call-overload,no-any-return]  # passed on as they came

    monkeypatch.setattr("workshop_console.console.odx.coder.process.subprocess.Popen", start)
    with pytest.raises(ConsoleError) as raised:
        coder.forms(SOMERSAULT)
    assert raised.value.number == "WC-410"


def test_a_wrong_answer_to_decoding_is_a_numbered_message(
    coder: PdxCoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in (None, [], [[["a"]]], [[["a", "b", "c", "zz"]]], 5):
        monkeypatch.setattr(coder, "_ask", lambda _kept, _request, answer=answer: answer)
        with pytest.raises(ConsoleError, match="WC-410"):
            coder.decode(SOMERSAULT, "", STATUS)


def test_nothing_of_odxtools_comes_into_this_process() -> None:
    program = """
        import sys
        from tests.odx.coding import HERE, kept, unit
        from workshop_console.console.odx.coder.pdx_coder import PdxCoder
        for name in [name for name in sys.modules if name.startswith("odxtools")]:
            del sys.modules[name]
        coder = PdxCoder(lambda key: kept(HERE / "somersault.pdx"))
        coder.forms(unit("somersault_base_variant"))
        coder.close()
        sys.exit("odxtools" in sys.modules)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0


# -- standard identifiers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("did", "data", "text"),
    [
        (0xF190, b"W1K2060041F048211", "W1K2060041F048211"),
        (0xF187, b"A0009010001\x00\x00", "A0009010001"),
        (0xF188, b"\x01\x02\x03", "010203"),
        (0xF186, b"\x03", "extendedDiagnosticSession"),
        (0xF186, b"\x60", "0x60"),
        (0xF199, bytes.fromhex("20240315"), "2024-03-15"),
        (0xF18B, b"20240315", "2024-03-15"),
        (0xF18B, bytes.fromhex("240315"), "240315"),
        (0xF199, bytes.fromhex("20241315"), "20241315"),
        (0xF18C, b"\xff\xff", "FFFF"),
        (0xF18C, b"", ""),
        (0xF19E, b"EV_\x1b[31m", "45565F1B5B33316D"),
    ],
)
def test_standard_identifiers_are_known_of_any_unit(did: int, data: bytes, text: str) -> None:
    coder = PdxCoder(lambda _key: None)
    nobody = unit("0x1234", 0)
    (record,) = [record for record in coder.forms(nobody).records if record.did == did]
    assert record.values[0].kind is ParameterKind.TEXT
    answer = b"\x62" + record.request[1:] + data
    ((decoded,),) = coder.decode(nobody, "", [(record.service, record.request, answer)])
    assert (decoded.name, decoded.value, decoded.raw) == (IDENTIFIERS[did], text, data)
    assert processes(coder) == []


def test_of_a_unit_without_description_nothing_else_is_known() -> None:
    coder = PdxCoder(lambda _key: None)
    nobody = unit("0x1234", 0)
    forms = coder.forms(nobody)
    assert [record.did for record in forms.records] == list(range(0xF186, 0xF19F))
    assert (forms.functions, forms.codings) == ((), ())
    for ask in (
        lambda: coder.encode(nobody, "", "Anything", {}),
        lambda: coder.decode_request(nobody, "", "Anything", b"\x2e"),
    ):
        with pytest.raises(ConsoleError, match="WC-411"):
            ask()
    nonsense = [
        ("", b"\x22\xf1\x90", b"\x7f\x22\x31"),
        ("", b"\x22\x01\x00", b"\x62\x01\x00\x05"),
        ("", b"", b""),
    ]
    assert list(coder.decode(nobody, "", nonsense)) == [(), (), ()]


def test_described_and_standard_records_are_decoded_in_one_call(coder: PdxCoder) -> None:
    vin = ("", b"\x22\xf1\x90", b"\x62\xf1\x90W1K")
    standard, described, none = coder.decode(SOMERSAULT, "", [vin, *STATUS, ("", b"\x22", b"")])
    assert [value.value for value in standard] == ["W1K"]
    assert [value.name for value in described][:2] == ["dizzyness_level", "happiness_level"]
    assert none == ()
