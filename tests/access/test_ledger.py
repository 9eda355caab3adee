"""Packets and leases: what is spent, and that it is spent once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from workshop_console.console.backend.demonstration import DEMONSTRATION_PACKETS
from workshop_console.console.backend.ledger import (
    KeyReusedError,
    Ledger,
    LedgerUnavailableError,
    NewPacket,
    NoCreditError,
)
from workshop_console.console.backend.packets import MINUTES, Duration
from workshop_console.console.backend.time_floor import ForwardClock
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import ProductGroup

CARS, VANS, SMART, MAYBACH = (
    ProductGroup.PASSENGER_CARS,
    ProductGroup.VANS,
    ProductGroup.SMART,
    ProductGroup.MAYBACH,
)
START = 1_800_000_000


@dataclass
class Time:
    """Wall and monotonic clock that a test moves."""

    wall: float = START
    ticks: float = 100.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds

    def clock(self) -> ForwardClock:
        return ForwardClock(lambda: self.wall, lambda: self.ticks)


def open_ledger(file: Path, time: Time, *packets: NewPacket) -> Ledger:
    return Ledger(file, first_packets=packets, clock=time.clock())


def minutes(ledger: Ledger, group: ProductGroup = CARS) -> int:
    return ledger.balances([group])[1][0].minutes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sub" / "access.db"


@pytest.mark.parametrize("duration", list(Duration))
def test_a_packet_is_worth_its_length_until_its_first_lease_and_then_runs_by_wall_clock(
    file: Path, duration: Duration
) -> None:
    time = Time()
    ledger = open_ledger(file, time, NewPacket(group=CARS, duration=duration))
    time.passes(100_000)
    assert minutes(ledger) == MINUTES[duration]
    lease, new = ledger.lease(CARS, key="k" * 8, vin="")
    assert new
    assert (lease.begun_at, lease.until) == (time.wall, time.wall + MINUTES[duration] * 60)
    time.passes(61)
    assert minutes(ledger) == MINUTES[duration] - 2  # whole minutes, rounded down
    time.passes(MINUTES[duration] * 60 - 62)
    assert minutes(ledger) == 0
    balance = ledger.balances([CARS])[1][0]
    assert balance.until is not None
    time.passes(1)
    balance = ledger.balances([CARS])[1][0]
    assert (balance.minutes, balance.until, balance.ever) == (0, None, True)


def test_a_running_packet_gives_leases_until_its_end_without_spending(file: Path) -> None:
    time = Time()
    hours = [NewPacket(group=CARS, duration=Duration.HOUR)] * 2
    ledger = open_ledger(file, time, *hours)
    first, _ = ledger.lease(CARS, key="first-key", vin="")
    time.passes(600)
    second, _ = ledger.lease(CARS, key="second-key", vin="")
    assert second.until == first.until
    assert second.lease_id != first.lease_id
    assert minutes(ledger) == 50 + 60


def test_the_packet_that_was_bought_first_begins_first(file: Path) -> None:
    time = Time()
    ledger = open_ledger(file, time, NewPacket(group=CARS, duration=Duration.DAY))
    time.passes(5)
    ledger.add_packet(NewPacket(group=CARS, duration=Duration.HOUR), key="a-later-one")
    lease, _ = ledger.lease(CARS, key="first-key", vin="")
    assert lease.until - lease.begun_at == 24 * 3600


def test_packets_of_other_groups_are_not_touched(file: Path) -> None:
    ledger = open_ledger(file, Time(), *DEMONSTRATION_PACKETS)
    ledger.lease(CARS, key="first-key", vin="")
    assert minutes(ledger, VANS) == MINUTES[Duration.WEEK]


@pytest.mark.parametrize(("group", "ever"), [(SMART, False), (MAYBACH, True)])
def test_no_credit_tells_whether_there_ever_was_some(file: Path, group: ProductGroup, ever: bool) -> None:
    ledger = open_ledger(file, Time(), *DEMONSTRATION_PACKETS)
    with pytest.raises(NoCreditError) as caught:
        ledger.lease(group, key="first-key", vin="")
    assert caught.value.ever is ever
    ledger.add_packet(NewPacket(group=group, duration=Duration.HOUR), key="bought-now")
    lease, new = ledger.lease(group, key="first-key", vin="")
    assert new, "a refusal uses no key up"
    assert lease.group is group


def test_a_repeated_key_returns_the_lease_even_after_its_end_and_spends_nothing(file: Path) -> None:
    time = Time()
    ledger = open_ledger(file, time, *[NewPacket(group=CARS, duration=Duration.HOUR)] * 2)
    first, _ = ledger.lease(CARS, key="first-key", vin="WDB1")
    time.passes(3600)
    again, new = ledger.lease(CARS, key="first-key", vin="another")
    assert again == first
    assert not new
    assert minutes(ledger) == 60
    with pytest.raises(KeyReusedError):
        ledger.lease(VANS, key="first-key", vin="")


def test_a_packet_is_added_once_for_a_key(file: Path) -> None:
    ledger = open_ledger(file, Time())
    hour = NewPacket(group=SMART, duration=Duration.HOUR)
    assert ledger.add_packet(hour, key="sale-0001")[1]
    assert not ledger.add_packet(hour, key="sale-0001")[1]
    assert minutes(ledger, SMART) == 60
    with pytest.raises(KeyReusedError):
        ledger.add_packet(NewPacket(group=SMART, duration=Duration.DAY), key="sale-0001")


def test_a_clock_set_back_while_running_gives_no_credit(file: Path) -> None:
    time = Time()
    ledger = open_ledger(file, time, NewPacket(group=CARS, duration=Duration.HOUR))
    ledger.lease(CARS, key="first-key", vin="")
    time.passes(1800)
    time.wall -= 1_000_000
    assert minutes(ledger) == 30
    time.ticks += 1800
    assert minutes(ledger) == 0


def test_a_clock_set_back_between_two_starts_gives_no_credit(file: Path) -> None:
    time = Time()
    ledger = open_ledger(file, time, NewPacket(group=CARS, duration=Duration.HOUR))
    ledger.lease(CARS, key="first-key", vin="")
    time.passes(3000)
    assert minutes(ledger) == 10  # asking keeps the time, too
    ledger.close()
    later = Time(wall=START - 1_000_000, ticks=5.0)
    ledger = open_ledger(file, later)
    assert minutes(ledger) == 10
    later.ticks += 601
    assert minutes(ledger) == 0


def test_a_new_start_keeps_what_is_there_and_adds_no_demonstration(file: Path) -> None:
    time = Time()
    ledger = open_ledger(file, time, *DEMONSTRATION_PACKETS)
    lease, _ = ledger.lease(CARS, key="first-key", vin="WDB1")
    ledger.close()
    ledger = open_ledger(file, time, *DEMONSTRATION_PACKETS)
    assert ledger.find_lease(lease.lease_id) == lease
    assert minutes(ledger) == 44700
    assert ledger.find_lease("nothing") is None


_TAKE_LEASES = """
import sys
from pathlib import Path
from workshop_console.console.backend.ledger import Ledger, NoCreditError
from workshop_console.console.backend.time_floor import ForwardClock
from workshop_console.console.model.credit import ProductGroup
file, name, start = sys.argv[1:]
wall = float(start)
ledger = Ledger(Path(file), clock=ForwardClock(lambda: wall, lambda: 0.0))
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    wall += 1800
    try:
        lease, new = ledger.lease(ProductGroup.EQ, key=f"{name}-{number:06}", vin="")
    except NoCreditError:
        print("none")
        continue
    again, new_again = ledger.lease(ProductGroup.EQ, key=f"{name}-{number:06}", vin="")
    assert new and again == lease and not new_again
    print(lease.begun_at, lease.until)
"""


def test_several_processes_that_ask_at_once_never_begin_two_packets_for_the_same_time(file: Path) -> None:
    ledger = Ledger(
        file,
        first_packets=[NewPacket(group=ProductGroup.EQ, duration=Duration.HOUR)] * 12,
        clock=Time().clock(),
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _TAKE_LEASES, str(file), f"process-{number}", str(START)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert [len(lines) for lines in said] == [40, 40, 40]
    leases = {line for lines in said for line in lines} - {"none"}
    ends = sorted(tuple(map(int, line.split())) for line in leases)
    assert len(ends) == 12, "every packet was used, and by no more than one span of time"
    for (_, until), (begun, _) in pairwise(ends):
        assert begun >= until
    assert minutes(ledger, ProductGroup.EQ) <= 60


def test_a_locked_database_is_told_and_nothing_is_spent(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.backend.ledger._BUSY_TIMEOUT_S", 0.05)
    ledger = open_ledger(file, Time(), NewPacket(group=CARS, duration=Duration.HOUR))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailableError, match="locked"):
        ledger.lease(CARS, key="first-key", vin="")
    assert minutes(ledger) == 60, "reading goes on"
    with pytest.raises(ConsoleError) as caught:
        open_ledger(file, Time())
    assert caught.value.number == "WC-605"
    other.execute("ROLLBACK")
    other.close()
    assert ledger.lease(CARS, key="first-key", vin="")[1]


def _damaged(file: Path) -> None:
    file.write_bytes(b"this is a letter, not a database\n" * 200)


def _cut(file: Path) -> None:
    open_ledger(file, Time(), *DEMONSTRATION_PACKETS * 200).close()
    file.write_bytes(file.read_bytes()[:-5000])


def _foreign(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.close()


def _newer(file: Path) -> None:
    open_ledger(file, Time()).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _folder(file: Path) -> None:
    file.mkdir()


@pytest.mark.parametrize(
    ("make", "number"),
    [
        (_damaged, "WC-507"),
        (_cut, "WC-507"),
        (_foreign, "WC-507"),
        (_newer, "WC-603"),
        (_folder, "WC-107"),
    ],
)
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(file: Path, make: object, number: str) -> None:
    file.parent.mkdir()
    assert callable(make)
    make(file)
    before = file.read_bytes() if file.is_file() else b""
    with pytest.raises(ConsoleError) as caught:
        open_ledger(file, Time(), *DEMONSTRATION_PACKETS)
    assert caught.value.number == number
    assert caught.value.facts["file"] == str(file)
    assert (file.read_bytes() if file.is_file() else b"") == before


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConsoleError) as caught:
        open_ledger(tmp_path / "file" / "access.db", Time())
    assert caught.value.number == "WC-107"


def test_a_row_that_no_version_wrote_is_told_as_trouble_of_the_database(file: Path) -> None:
    ledger = open_ledger(file, Time(), *DEMONSTRATION_PACKETS)
    other = sqlite3.connect(file)
    other.execute("UPDATE packets SET duration = 'decade'")
    other.commit()
    other.close()
    with pytest.raises(LedgerUnavailableError):
        ledger.balances([CARS])


_FULL_DISK = """
import resource, sys
from pathlib import Path
from workshop_console.console.backend.ledger import Ledger, LedgerUnavailableError, NewPacket
from workshop_console.console.backend.packets import Duration
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import ProductGroup
file = Path(sys.argv[1])
ledger = Ledger(file, first_packets=[NewPacket(group=ProductGroup.EQ, duration=Duration.HOUR)])
ledger.keep_time()
used = max(path.stat().st_size for path in file.parent.iterdir())
resource.setrlimit(resource.RLIMIT_FSIZE, (used, used))
try:
    ledger.lease(ProductGroup.EQ, key="first-key", vin="x" * 64)
except LedgerUnavailableError as error:
    print("lease:", error)
print("minutes:", ledger.balances([ProductGroup.EQ])[1][0].minutes)
try:
    hour = NewPacket(group=ProductGroup.EQ, duration=Duration.HOUR)
    Ledger(file.parent / "second.db", first_packets=[hour] * 5000)
except ConsoleError as error:
    print("new:", error.number)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of the file size")
def test_a_full_disk_spends_nothing_and_reading_goes_on(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["minutes"] == "60"
    assert said["lease"]
    assert said["new"] in ("WC-604", "WC-107")
    ledger = Ledger(file)
    assert ledger.lease(ProductGroup.EQ, key="first-key", vin="")[1], "with room again the same key works"
