"""The journal: what is written is there for every other console, at once, and after damage and full disks."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.store.conftest import Opener
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.address import CanAddress, DoipAddress
from workshop_console.console.model.condition import Comparison, Condition
from workshop_console.console.model.flash import (
    CheckId,
    ExtraStep,
    FlashCheck,
    FlashFile,
    FlashPlan,
    FlashProgress,
    FlashSequence,
    FlashStep,
    FlashTarget,
    JobState,
    Light,
    Manifest,
    Segment,
    SoftwareIdentity,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.settings import Folders
from workshop_console.data.store import Store
from workshop_console.data.store import journal as stored_journal
from workshop_console.data.store.journal import PIECE_BYTES, PIECES

MESSAGE = RaisedMessage(number="WC-725", facts=(("unit", "Motor „1“"), ("nrc", "0x72"), ("block", 7)))
SEGMENT = Segment(
    name="APP", address=0x8000, length=64, offset=0, stored=48, crc32=0xFFFFFFFF, sha256="ab" * 32
)
TARGET = FlashTarget(
    unit="ENGINE",
    label="Engine",
    address=CanAddress(0x7E0, 0x7E8),
    identity=SoftwareIdentity(hardware="H1", software="S1", version="1.0", session=1),
    file=FlashFile(
        path="engine.hex",
        name="",
        manifest=Manifest(
            unit="ENGINE",
            hardware=("H1",),
            software_from=(),
            software="S2",
            version="2.0",
            segments=(replace(SEGMENT, data_format=0x10),),
            key_id="demo",
            needs=("GATEWAY",),
        ),
    ),
    sequence=FlashSequence(
        leave_out=(FlashStep.FINGERPRINT,),
        add=(ExtraStep(after=FlashStep.RESET, label="Wake", request=b"\x31\x01\x12\x34"),),
        voltage=Condition(text="Battery", value="Voltage", comparison=Comparison.AT_LEAST, limit="12.0"),
    ),
    checks=(FlashCheck(id=CheckId.VOLTAGE, light=Light.YELLOW, value="11.9 V", message=MESSAGE),),
    estimate_s=12.5,
)
PLAN = FlashPlan(
    vin="W1K2060041F048211",
    vehicle_name="Car",
    vci="doip://127.0.0.1:13400",
    vci_given="sim://car",
    who="Maria",
    targets=(TARGET, replace(TARGET, unit="GATEWAY", address=DoipAddress(0x1001))),
    functional_request=0x7DF,
)
RESULT = UnitResult(
    unit="ENGINE",
    end=UnitEnd.BOOT_LOADER,
    identity=SoftwareIdentity(boot_software="B1", application_valid=False),
    message=MESSAGE,
    step=FlashStep.TRANSFER,
)
PROGRESS = FlashProgress(
    unit="ENGINE",
    step=FlashStep.TRANSFER,
    segment="APP",
    block=7,
    blocks=20,
    done=700,
    total=2_000,
    rate=61_234.5,
    left_s=12.25,
    last_nrc=0x21,
    can_stop=False,
    warnings=(MESSAGE,),
)


def test_a_job_is_read_as_it_was_kept_by_another_console(opener: Opener) -> None:
    journal = opener().journal
    number = journal.create(PLAN)
    assert journal.run_begins(number) == 1
    journal.moved(number, PROGRESS)
    journal.end(number, JobState.FAILED, (RESULT,), MESSAGE)
    job = opener().journal.job(number)
    assert job is not None
    assert (job.job_id, job.kind, job.state, job.runs) == (number, "flash", JobState.FAILED, 1)
    assert (job.plan, job.progress, job.results, job.result) == (PLAN, PROGRESS, (RESULT,), MESSAGE)
    assert job.started <= (job.ended or job.started) <= datetime.now(UTC)


def test_jobs_are_listed_newest_first(store: Store) -> None:
    numbers = [store.journal.create(PLAN) for _ in range(3)]
    assert [job.job_id for job in store.journal.jobs()] == numbers[::-1]
    assert [job.state for job in store.journal.jobs()] == [JobState.PLANNED] * 3
    assert store.journal.job(99) is None
    assert store.journal.job(2**70) is None


def test_the_plan_is_kept_with_what_became_known_since(store: Store) -> None:
    number = store.journal.create(PLAN)
    later = replace(PLAN, vci="can://remote/ws://127.0.0.1:1/", targets=(replace(TARGET, payload="0.bin"),))
    store.journal.replace_plan(number, later)
    job = store.journal.job(number)
    assert job is not None
    assert job.plan == later


def test_an_entry_is_open_until_it_is_completed(store: Store) -> None:
    journal = store.journal
    number = journal.create(PLAN)
    first = journal.begin(number, "ENGINE", FlashStep.ERASE, "APP")
    second = journal.begin(number, "", FlashStep.COMMUNICATION_OFF)
    journal.begin(journal.create(PLAN), "ENGINE", FlashStep.RESET)
    journal.complete(first, "negative", "0x72")
    one, other = journal.entries(number)
    assert (one.step, one.unit, one.outcome, one.detail) == (FlashStep.ERASE, "ENGINE", "negative", "0x72")
    assert one.ended is not None
    assert one.began <= one.ended
    assert (other.entry_id, other.ended, other.outcome) == (second, None, "")
    assert journal.entries(number, after=first) == [other]


def test_a_detail_stays_where_the_answer_brings_none(store: Store) -> None:
    number = store.journal.create(PLAN)
    store.journal.complete(store.journal.begin(number, "ENGINE", FlashStep.TRANSFER, "APP"), "positive")
    assert [entry.detail for entry in store.journal.entries(number)] == ["APP"]


def test_what_could_not_be_kept_at_once_has_its_own_time(store: Store) -> None:
    number = store.journal.create(PLAN)
    then = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    entry = store.journal.begin(number, "ENGINE", FlashStep.RESET, began=then)
    store.journal.complete(entry, "positive", ended=then)
    assert [(e.began, e.ended) for e in store.journal.entries(number)] == [(then, then)]


def test_a_wish_holds_for_one_run(opener: Opener) -> None:
    worker, console = opener().journal, opener().journal
    number = worker.create(PLAN)
    worker.run_begins(number)
    assert not worker.stop_wished(number)
    console.wish_stop(number)
    console.wish_stop(number)
    assert worker.stop_wished(number)
    assert worker.run_begins(number) == 2
    assert not worker.stop_wished(number)


def test_stopping_is_no_end_and_ends_nothing_that_ended(store: Store) -> None:
    journal = store.journal
    number = journal.create(PLAN)
    journal.run_begins(number)
    journal.end(number, JobState.STOPPING)
    assert [(job.state, job.ended) for job in journal.jobs()] == [(JobState.STOPPING, None)]
    journal.end(number, JobState.STOPPED, (RESULT,))
    journal.end(number, JobState.STOPPING)
    assert [(job.state, job.results) for job in journal.jobs()] == [(JobState.STOPPED, (RESULT,))]


def test_an_interrupted_job_has_no_end(store: Store) -> None:
    number = store.journal.create(PLAN)
    store.journal.end(number, JobState.INTERRUPTED, (RESULT,), MESSAGE)
    assert [(j.state, j.ended, j.result) for j in store.journal.jobs()] == [
        (JobState.INTERRUPTED, None, MESSAGE)
    ]


def test_space_is_held_from_reserve_to_the_end(folders: Folders, store: Store) -> None:
    number = store.journal.create(PLAN)
    before = folders.records_file.stat().st_size
    store.journal.reserve(number)
    store.journal.reserve(number)
    assert folders.records_file.stat().st_size >= before + PIECES * PIECE_BYTES
    kept = "SELECT count(*), sum(length(filler)) FROM job_space"
    assert store.databases[2].read(lambda c: c.execute(kept).fetchone()) == (PIECES, PIECES * PIECE_BYTES)
    store.journal.end(number, JobState.DONE)
    assert store.databases[2].read(lambda c: c.execute(kept).fetchone()) == (0, None)


def test_many_threads_write_at_once(opener: Opener) -> None:
    journals = [opener().journal for _ in range(3)]
    number = journals[0].create(PLAN)

    def write(journal: object) -> None:
        for count in range(15):
            entry = journals[0].begin(number, "ENGINE", FlashStep.TRANSFER, str(count))
            journals[1].complete(entry, "positive")
            journals[2].moved(number, replace(PROGRESS, block=count))

    threads = [threading.Thread(target=write, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.outcome for entry in journals[0].entries(number)] == ["positive"] * 45


def test_a_row_that_cannot_be_understood_hides_no_other(store: Store) -> None:
    first, second = store.journal.create(PLAN), store.journal.create(PLAN)
    store.databases[2].write(lambda c: c.execute("UPDATE jobs SET plan = '{' WHERE job_id = ?", (first,)))
    assert [job.job_id for job in store.journal.jobs()] == [second]
    with pytest.raises(ConsoleError) as raised:
        store.journal.job(first)
    assert raised.value.number == "WC-748"


def test_where_nothing_can_be_kept_no_job_begins(folders: Folders, opener: Opener) -> None:
    folders.state.mkdir(parents=True)
    folders.records_file.mkdir()
    store = opener()
    with pytest.raises(ConsoleError) as raised:
        store.journal.create(PLAN)
    assert raised.value.number == "WC-615"
    assert store.journal.jobs() == []


_FULL_DISK = """
import resource, sys
from pathlib import Path
from tests.store.test_journal import PLAN, PROGRESS
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.flash import FlashStep, JobState
from workshop_console.console.settings import Folders
from workshop_console.data.store import open_store
from workshop_console.i18n.messages import SHIPPED

root = Path(sys.argv[1])
folders = Folders(config=root, data=root, state=root)
journal = open_store(folders, texts=SHIPPED).journal
job = journal.create(PLAN)
if sys.argv[2] == "reserved":
    journal.reserve(job)
largest = max(file.stat().st_size for file in root.iterdir() if file.name.startswith("records"))
resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
for _ in range(1_500):
    try:
        journal.complete(journal.begin(job, "ENGINE", FlashStep.TRANSFER, "a segment"), "positive")
        journal.moved(job, PROGRESS)
    except ConsoleError as error:
        print(error.number)
        break
else:
    journal.end(job, JobState.DONE)
    print("all kept", len(journal.entries(job)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
@pytest.mark.parametrize(("space", "said"), [("reserved", "all kept 1500"), ("none", "WC-615")])
def test_a_disk_that_is_full_takes_what_was_reserved(tmp_path: Path, space: str, said: str) -> None:
    """The limit of a file's size stands for the full disk: the same write fails, with another word."""
    run = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(tmp_path / "home"), space],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent.parent,
    )
    assert run.stdout.strip() == said


def test_only_jobs_that_changed_are_read_again(opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, other = opener().journal, opener().journal
    first, second = journal.create(PLAN), journal.create(PLAN)
    journal.run_begins(second)
    read: list[str] = []
    understood = stored_journal._plan

    def counted(text: str) -> FlashPlan:
        read.append(text)
        return understood(text)

    monkeypatch.setattr(stored_journal, "_plan", counted)
    before = journal.jobs()
    assert (len(read), [job.job_id for job in before]) == (2, [second, first])
    other.moved(second, PROGRESS)
    now = journal.jobs()
    assert len(read) == 2
    assert now[1] is before[1]
    assert (now[0].progress, now[0].plan) == (PROGRESS, PLAN)
    other.replace_plan(second, replace(PLAN, vci="elsewhere"))
    other.run_begins(second)
    assert journal.jobs()[0] == other.job(second)
    assert journal.jobs()[0].plan.vci == "elsewhere"
