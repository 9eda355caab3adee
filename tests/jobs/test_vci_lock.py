"""The VCI: shared by consoles, alone for a flash job, free again however its holder ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.held_file import adopt, held_alone, hold, note_of
from workshop_console.console.jobs.vci_lock import VciLock

VCI = "doip://192.0.2.1"


def refused(lock: VciLock, *, alone: bool) -> ConsoleError:
    with pytest.raises(ConsoleError) as raised:
        lock.take(VCI, 9) if alone else lock.share(VCI)
    return raised.value


def test_consoles_share_a_vci(tmp_path: Path) -> None:
    lock = VciLock(tmp_path)
    assert lock.share(VCI) is not None
    assert lock.share(VCI) is not None


def test_a_job_waits_for_nobody_who_diagnoses(tmp_path: Path) -> None:
    lock = VciLock(tmp_path)
    held = lock.share(VCI)
    assert held is not None
    assert refused(lock, alone=True).number == "WC-741"
    held.release()
    assert lock.take(VCI, 9)


def test_who_comes_while_a_job_has_the_vci_is_told_its_number(tmp_path: Path) -> None:
    lock = VciLock(tmp_path)
    held = lock.take(VCI, 4)
    for error in (refused(lock, alone=False), refused(lock, alone=True)):
        assert (error.number, error.facts["job"]) == ("WC-740", 4)
    held.release()
    held.release()
    assert lock.share(VCI) is not None


def test_two_ways_to_write_an_address_are_one_vci(tmp_path: Path) -> None:
    lock = VciLock(tmp_path, key=lambda uri: uri.partition("?")[0])
    held = lock.take(VCI, 4)
    with pytest.raises(ConsoleError):
        lock.share(VCI + "?x=1")
    assert lock.share("doip://192.0.2.2") is not None
    held.release()


def test_diagnosis_goes_on_where_no_lock_can_be_kept_and_flashing_does_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    lock = VciLock(tmp_path / "file" / "locks")
    assert lock.share(VCI) is None
    assert refused(lock, alone=True).number == "WC-742"


def test_a_child_goes_on_holding_what_was_passed_on(tmp_path: Path) -> None:
    file = tmp_path / "worker.lock"
    held = hold(file, alone=True)
    assert held is not None
    held.note("12")
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        pass_fds=(held.handle,),
    )
    held.release()
    assert held_alone(file)
    assert note_of(file) == "12"
    assert hold(file, alone=True) is None
    child.kill()
    child.communicate()
    assert not held_alone(file)
    assert hold(file, alone=True) is not None


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert not held_alone(tmp_path / "worker.lock")
    assert list(tmp_path.iterdir()) == []


def test_what_was_taken_over_is_not_passed_on_again(tmp_path: Path) -> None:
    handle = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(handle, True)
    held = adopt(handle)
    assert not os.get_inheritable(held.handle)
    held.release()
    with pytest.raises(ValueError, match="released"):
        _ = held.handle
