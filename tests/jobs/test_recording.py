"""Recordings are read back as they were written; damage and hostile files are told, not passed on."""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.recording import Recorder, Recording, read_recording, recordings
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import ParameterKind
from workshop_console.console.model.values import ValueName, ValueReading

VIN = "W1K2060041F048211"
SPEED = ValueReading(
    name=ValueName(unit="ENGINE", address="0x7E0/0x7E8", value="Speed"),
    label="Engine speed",
    unit_label="Engine control",
    kind=ParameterKind.NUMBER,
    unit="1/min",
    low=650.0,
    high=900.5,
)
STATE = ValueReading(
    name=ValueName(unit="0x1010", address="0x1010", value="State"),
    label="State",
    unit_label="0x1010",
    kind=ParameterKind.CHOICE,
)
ROWS = (SPEED, STATE)


def texts(*cells: str, at: float = 0.0) -> tuple[ValueReading, ...]:
    return tuple(replace(row, text=text, at=at) for row, text in zip(ROWS, cells, strict=True))


def recorded(file: Path, *samples: tuple[str, str]) -> Path:
    """Write a recording with a sample every tenth of a second."""
    recorder = Recorder(file, ROWS, vin=VIN, vehicle="Car")
    zero = recorder.zero
    for number, cells in enumerate(samples):
        recorder.write(texts(*cells, at=zero + number / 10), zero + number / 10)
    recorder.close()
    return file


def refused(file: Path) -> ConsoleError:
    with pytest.raises(ConsoleError) as raised:
        read_recording(file)
    return raised.value


def descriptors_of(file: Path) -> list[int]:
    """Return what this process has open on `file`."""
    found = []
    for descriptor in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # the one of this very listing is gone by now
            if descriptor.readlink() == file:
                found.append(int(descriptor.name))
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "values.csv"


def test_what_was_recorded_is_played(file: Path) -> None:
    recording = read_recording(recorded(file, ("795", "idle"), ("1200.5", "idle"), ("650", "driving")))
    assert (recording.vin, recording.vehicle, recording.length_ms) == (VIN, "Car", 200)
    assert [row.name for row in recording.rows] == [SPEED.name, STATE.name]
    speed = recording.rows[0]
    assert (speed.label, speed.unit_label, speed.unit) == ("Engine speed", "Engine control", "1/min")
    assert (speed.low, speed.high) == (650.0, 900.5)
    played = list(recording.play())
    assert [(sample.ms, rows[0].number, rows[1].text) for sample, rows in played] == [
        (0, 795.0, "idle"),
        (100, 1200.5, "idle"),
        (200, 650.0, "driving"),
    ]
    assert (played[1][1][0].least, played[1][1][0].greatest) == (795.0, 1200.5)
    assert played[1][1][0].outside
    assert [rows[1].at for _, rows in played] == [0.0, 0.1, 0.2]


def test_a_mark_stands_in_the_next_row_also_when_nothing_changed(file: Path) -> None:
    recorder = Recorder(file, ROWS, vin="", vehicle="")
    same = texts("1", "2")
    recorder.write(same, recorder.zero)
    recorder.write(same, recorder.zero + 1)
    recorder.mark("noise")
    recorder.write(same, recorder.zero + 2)
    recorder.close()
    assert [(sample.ms, sample.mark) for sample in read_recording(file).samples] == [(0, ""), (2000, "noise")]


def test_the_file_is_plain_csv_with_times_in_utc(file: Path) -> None:
    recorded(file, ("795", 'said "go", then'))
    assert b"\r\n" in file.read_bytes()
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.reader(source))
    assert [row[0] for row in rows[:8]] == [
        "workshop-console recording",
        "unit",
        "address",
        "value",
        "measure",
        "expected from",
        "expected to",
        "time",
    ]
    assert rows[4][3:] == ["1/min", ""]
    assert rows[8][0].endswith("+00:00")
    assert rows[8][3:] == ["795", 'said "go", then']


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-x", "@SUM(A1)", "'=1", "''"])
def test_no_cell_is_run_by_a_spreadsheet(file: Path, text: str) -> None:
    recorded(file, ("-5", text))
    with file.open(encoding="utf-8", newline="") as source:
        cells = list(csv.reader(source))[8]
    assert cells[3:] == ["-5", "'" + text]
    assert read_recording(file).samples[0].texts == ("-5", text)


TEXTS = st.text(max_size=40).map(lambda text: clean(text))


@given(samples=st.lists(st.tuples(TEXTS, TEXTS), max_size=6, unique=True))
def test_any_texts_come_back(
    tmp_path_factory: pytest.TempPathFactory, samples: list[tuple[str, str]]
) -> None:
    file = recorded(tmp_path_factory.mktemp("recording") / "values.csv", *samples)
    assert [sample.texts for sample in read_recording(file).samples] == samples


def test_each_row_is_in_the_file_when_it_is_written(file: Path) -> None:
    recorder = Recorder(file, ROWS, vin="", vehicle="")
    recorder.write(texts("1", "2"), recorder.zero)
    assert len(read_recording(file).samples) == 1
    recorder.close()


def test_a_last_row_that_was_cut_anywhere_is_left_out(file: Path) -> None:
    whole = recorded(file, ("795", "idle"), ("1200", 'Leerlauf "ä"')).read_bytes()
    begin = whole[:-2].rindex(b"\r\n") + 2
    assert len(read_recording(file).samples) == 2
    for length in range(begin, len(whole)):
        file.write_bytes(whole[:length])
        assert [sample.texts for sample in read_recording(file).samples] == [("795", "idle")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_recording_with_its_message(file: Path) -> None:
    recorder = Recorder(file, ROWS, vin="", vehicle="")
    (descriptor,) = descriptors_of(file)
    with Path("/dev/full").open("w") as full:
        os.dup2(full.fileno(), descriptor)
    with pytest.raises(ConsoleError) as raised:
        recorder.write(texts("1", "2"), recorder.zero)
    assert raised.value.number == "WC-604"
    recorder.write(texts("3", "4"), recorder.zero + 1)
    recorder.close()


def test_a_file_that_is_there_is_not_written_over(file: Path) -> None:
    recorded(file, ("1", "2"))
    before = file.read_bytes()
    with pytest.raises(ConsoleError) as raised:
        recorded(file, ("3", "4"))
    assert raised.value.number == "WC-107"
    assert file.read_bytes() == before


HEAD = (
    "workshop-console recording,1,2026-01-01T00:00:00+00:00,VIN,Car\r\n"
    "unit,,,E\r\naddress,,,E 0x1001\r\nvalue,,,V\r\nmeasure,,,\r\n"
    "expected from,,,\r\nexpected to,,,\r\ntime,ms,mark,V\r\n"
)
ROW = "2026-01-01T00:00:00+00:00,5,,1\r\n"


def parsed(file: Path, content: str | bytes) -> Recording:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_recording(file)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        pytest.param("", 1, id="empty"),
        pytest.param("a,b\r\n", 1, id="another CSV"),
        pytest.param(b"\x00\xff\xfe" * 50, 1, id="no text"),
        pytest.param(HEAD.replace(",1,", ",2,", 1), 1, id="a newer format"),
        pytest.param(HEAD.replace("2026-01-01T", "yesterday "), 1, id="no time"),
        pytest.param(HEAD[: HEAD.index("measure") + 3], 6, id="cut in the heading"),
        pytest.param(HEAD.replace("measure,,,", "measure,,,,"), 8, id="widths differ"),
        pytest.param(HEAD.replace(",,,E\r", ",," + ",E" * 501 + "\r"), 8, id="too many columns"),
        pytest.param(HEAD + ROW + "x,y\r\n" + ROW, 10, id="a short row in the middle"),
        pytest.param(HEAD + ROW.replace(",5,", ",-5,") + ROW, 9, id="before the start"),
        pytest.param(HEAD + ROW.replace(",5,", ",٥,") + ROW, 9, id="other digits"),
        pytest.param(HEAD + ROW.replace(",5,", f",{'9' * 400},") + ROW, 9, id="a time without end"),
        pytest.param(HEAD + ROW.replace(",5,", ",6,") + ROW, 10, id="time runs back"),
        pytest.param(HEAD + ROW.replace(",1\r", ',"' + "1" * 200_000), 9, id="a quote without end"),
    ],
)
def test_what_is_no_recording_is_told_with_its_line(file: Path, content: str | bytes, line: int) -> None:
    with pytest.raises(ConsoleError) as raised:
        parsed(file, content)
    assert raised.value.number == "WC-361"
    assert raised.value.facts["line"] == line


def test_controls_in_a_recording_become_visible(file: Path) -> None:
    recording = parsed(file, HEAD + ROW.replace(",1\r", ",\x1b]0;title\x07\r"))
    assert "\x1b" not in recording.samples[0].texts[0]


def test_a_recording_edited_by_hand_may_have_empty_lines_and_a_byte_order_mark(file: Path) -> None:
    assert len(parsed(file, "\ufeff" + HEAD + ROW + "\r\n" + ROW + "\r\n").samples) == 2


def test_a_file_too_large_to_play_is_not_read(file: Path) -> None:
    file.parent.mkdir()
    with file.open("wb") as target:
        target.truncate(300 * 1024 * 1024)
    assert refused(file).number == "WC-361"


def test_a_file_that_is_not_there_is_told(file: Path) -> None:
    assert refused(file).number == "WC-108"


def test_recordings_of_a_folder_are_listed_newest_first(tmp_path: Path) -> None:
    for number, name in enumerate(("old.csv", "new.csv", "report.html")):
        (tmp_path / name).write_text("")
        os.utime(tmp_path / name, (number, number))
    assert [file.name for file in recordings(tmp_path)] == ["new.csv", "old.csv"]
    assert recordings(tmp_path / "none") == []


def test_a_recording_of_a_nameless_zone_is_utc(file: Path) -> None:
    assert parsed(file, HEAD.replace("+00:00", "")).started.tzinfo is not None


def test_the_number_of_a_part_is_played_as_a_text(tmp_path: Path) -> None:
    recording = read_recording(recorded(tmp_path / "a.csv", ("700", "2069474332"), ("700", "12")))
    played = [rows[1].number for _sample, rows in recording.play()]
    assert played == [None, 12.0]
