"""Exports are whole or not there."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.files import free_name, write_text


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "new" / "report.html"
    assert write_text(file, "one") == file
    write_text(file, "two é")
    assert file.read_text("utf-8") == "two é"
    assert [entry.name for entry in file.parent.iterdir()] == ["report.html"]


def test_a_folder_in_the_way_is_said_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(ConsoleError) as raised:
        write_text(tmp_path / "report.html", "text")
    assert raised.value.number == "WC-107"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_what_is_no_ordinary_file_is_written_into(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert write_text(pipe, "text") == pipe
        assert os.read(reader, 100) == b"text"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.html").symlink_to(tmp_path / "report.html")
    write_text(tmp_path / "link.html", "text")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "report.html").read_text() == "text"


@pytest.mark.parametrize("name", ["file\0name", "x" * 300])
def test_an_impossible_name_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConsoleError) as raised:
        write_text(tmp_path / name, "text")
    assert raised.value.number == "WC-107"


def test_a_full_disk_is_said_and_the_old_file_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConsoleError) as raised:
        write_text(file, "new")
    assert raised.value.number == "WC-604"
    assert file.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_names_are_free_and_harmless(tmp_path: Path) -> None:
    when = datetime(2026, 3, 1, 8, tzinfo=UTC)
    first = free_name(tmp_path, "quick-test", "../W1K\x1b[31m", when, "html")
    assert first.parent == tmp_path
    assert first.name.startswith("quick-test-W1K31m-2026")
    first.write_text("")
    assert free_name(tmp_path, "quick-test", "../W1K\x1b[31m", when, "html") != first
