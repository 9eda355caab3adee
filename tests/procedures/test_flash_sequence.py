"""One unit is flashed: its steps, its blocks, what goes wrong on the way, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flash.bench import (
    CODE,
    LARGE_CODE,
    LONGEST_BLOCK,
    Job,
    VirtualLine,
    flashable_unit,
    make_job,
)
from tests.simulation.workbench import make_unit
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.flash import (
    Bystander,
    ExtraStep,
    FlashProgress,
    FlashSequence,
    FlashStep,
    JobState,
    UnitEnd,
    UnitResult,
)
from workshop_console.console.procedures.flash.crew import LINE_PATIENCE_S
from workshop_console.console.procedures.flash.plan import job_state
from workshop_console.console.simulation.definition import DtcDefinition

WHOLE = [
    "extended-session",
    "check-conditions",
    "fault-setting-off",
    "communication-off",
    "programming-session",
    "security-access",
    "fingerprint",
    *("erase", "request-download", "transfer", "transfer-exit", "check-memory") * 2,
    "check-dependencies",
    "reset",
    "communication-on",
    "fault-setting-on",
    "identify",
]


def only(results: tuple[UnitResult, ...] | None) -> UnitResult:
    assert results is not None
    (result,) = results
    return result


def steps(job: Job) -> list[str]:
    return [entry.step.value for entry in job.log.noted]


def number(result: UnitResult) -> str:
    return result.message.number if result.message else ""


def without_identification(line: VirtualLine | None) -> list[bytes]:
    assert line is not None
    return [request for request in line.sent if request[0] != 0x22]


def test_the_steps_of_the_standard_in_their_order() -> None:
    job = make_job()
    result = only(job.run())
    assert result.end is UnitEnd.NEW
    assert result.message is None
    assert steps(job) == [*WHOLE, "clear-faults"]
    assert {entry.outcome for entry in job.log.noted} == {"positive"}
    assert job.line is not None
    assert job.line.to_all == [
        b"\x10\x83",
        b"\x85\x82",
        b"\x28\x83\x01",
        b"\x28\x80\x01",
        b"\x85\x81",
        b"\x10\x81",
    ]
    assert job.vehicle.truth() is UnitEnd.NEW
    assert job.vehicle.unit().software.fingerprint == bytes.fromhex("261121") + b"WSC1"


def test_blocks_are_as_long_as_the_unit_takes_and_their_counter_wraps() -> None:
    job = make_job(code_bytes=LARGE_CODE)
    assert only(job.run()).end is UnitEnd.NEW
    assert job.line is not None
    blocks = [request for request in job.line.sent if request[0] == 0x36]
    first = blocks[: -(-LARGE_CODE // (LONGEST_BLOCK - 2))]
    assert {len(block) for block in first[:-1]} == {LONGEST_BLOCK}
    assert [block[1] for block in first] == [count & 0xFF for count in range(1, len(first) + 1)]
    assert blocks[len(first)][1] == 1, "each download counts anew"
    transfers = [entry.detail for entry in job.log.noted if entry.step is FlashStep.TRANSFER]
    assert transfers[0] == f"CODE {len(first)}/{len(first)}"


def test_progress_counts_blocks_and_bytes_and_says_when_stopping_is_possible() -> None:
    job = make_job(flashable_unit(block_ms=5), code_bytes=LARGE_CODE)
    job.run()
    told = job.log.told
    total = job.plan.targets[0].file.manifest.stored
    assert told[-1].done == told[-1].total == total
    assert {progress.blocks for progress in told if progress.segment == "CODE" and progress.block} == {282}
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    erased = [p.can_stop for p in told if p.step in (FlashStep.ERASE, FlashStep.TRANSFER)]
    assert erased
    assert not any(erased)
    assert told[0].can_stop
    assert told[-1].can_stop
    assert max(p.pending for p in told if p.step is FlashStep.ERASE) > 0, "erasing takes longer than P2"


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        ((FlashStep.CHECK_CONDITIONS,), "check-conditions"),
        ((FlashStep.FINGERPRINT,), "fingerprint"),
        ((FlashStep.CHECK_MEMORY,), "check-memory"),
        ((FlashStep.SECURITY_ACCESS,), "security-access"),
        ((FlashStep.FAULT_SETTING_OFF, FlashStep.FAULT_SETTING_ON), "fault-setting-off"),
        ((FlashStep.COMMUNICATION_OFF, FlashStep.COMMUNICATION_ON), "communication-off"),
        ((FlashStep.CLEAR_FAULTS,), "clear-faults"),
        ((FlashStep.RESET,), "reset"),
    ],
)
def test_a_description_leaves_steps_out(left_out: tuple[FlashStep, ...], missing: str) -> None:
    job = make_job(flashable_unit(sequence=FlashSequence(leave_out=left_out)))
    assert only(job.run()).end is UnitEnd.NEW
    assert missing not in steps(job)
    assert job.vehicle.truth() is UnitEnd.NEW


def test_a_description_adds_steps_in_their_places() -> None:
    further = ExtraStep(after=FlashStep.FINGERPRINT, label="Further", request=b"\x31\x01\x0a\xbc")
    last = ExtraStep(after=FlashStep.IDENTIFY, label="Last", request=b"\x3e\x00")
    job = make_job(flashable_unit(sequence=FlashSequence(add=(further, last))))
    assert only(job.run()).end is UnitEnd.NEW
    sent = without_identification(job.line)
    assert sent.index(further.request) < next(i for i, r in enumerate(sent) if r[:4] == b"\x31\x01\xff\x00")
    assert last.request in sent
    labels = [entry.detail for entry in job.log.noted if entry.detail in ("Further", "Last")]
    assert labels == ["Further", "Last"]


def test_erasing_everything_at_once() -> None:
    job = make_job(flashable_unit(sequence=FlashSequence(erase_all=True)))
    assert only(job.run()).end is UnitEnd.NEW
    assert without_identification(job.line).count(b"\x31\x01\xff\x00") == 1


def test_a_block_without_answer_is_sent_again_with_its_counter_and_written_once() -> None:
    job = make_job()
    lost = job.vehicle.break_at("3604", "lost", times=3)
    assert only(job.run()).end is UnitEnd.NEW
    assert lost.happened == 3
    assert steps(job).count("erase") == 2, "nothing had to be erased again"


def test_a_short_loss_of_the_line_goes_on_with_the_same_block() -> None:
    job = make_job()
    job.vehicle.break_at("3604", "close-after")
    assert only(job.run()).end is UnitEnd.NEW
    assert steps(job).count("erase") == 2


def test_a_line_that_comes_back_after_minutes_needs_nobody() -> None:
    job = make_job()
    job.vehicle.break_at("3604", "close")
    began = job.vehicle.clock.now()
    job.reopenings = lambda: VirtualLine(job.vehicle) if job.vehicle.clock.now() > began + 240 else None
    assert only(job.run()).end is UnitEnd.NEW
    assert any(progress.waits_for_unit for progress in job.log.told)
    assert not job.log.told[-1].waits_for_unit
    assert steps(job).count("erase") == 3, "one segment was begun anew: its download lapsed"


def test_a_line_that_stays_away_ends_the_run_and_not_the_job() -> None:
    job = make_job()
    job.vehicle.break_at("3604", "close")
    began = job.vehicle.clock.now()
    job.reopenings = lambda: None
    results = job.run()
    assert only(results).end is UnitEnd.UNKNOWN
    assert number(only(results)) == "WC-722"
    assert job_state(results or ()) is JobState.INTERRUPTED
    assert LINE_PATIENCE_S <= job.vehicle.clock.now() - began < LINE_PATIENCE_S + 60
    assert job.log.noted[-1].outcome, "every step that began has an end"


def test_a_stop_while_the_line_is_away_waits_a_minute_for_it() -> None:
    job = make_job()
    job.vehicle.break_at("3604", "close")
    job.log.stop = lambda: bool(job.line is not None and job.line.lost)
    job.reopenings = lambda: None
    began = job.vehicle.clock.now()
    assert only(job.run()).end is UnitEnd.UNKNOWN
    assert job.vehicle.clock.now() - began < 100


def test_a_unit_that_loses_its_supply_for_minutes_is_waited_for() -> None:
    job = make_job()
    clock = job.vehicle.clock
    job.vehicle.break_at("3604", "silent", times=1)
    unit = job.vehicle.unit()
    clock.call_later(1.9, lambda: unit.cut_supply(200_000))
    assert only(job.run()).end is UnitEnd.NEW
    assert any(progress.waits_for_unit for progress in job.log.told)


def test_a_unit_that_restarts_between_two_blocks_is_begun_anew() -> None:
    job = make_job(flashable_unit(block_ms=20), code_bytes=LARGE_CODE)
    restarts = [1]

    def restart(progress: FlashProgress) -> None:
        if progress.step is FlashStep.TRANSFER and progress.block > 20 and restarts:
            restarts.clear()
            job.vehicle.unit().reset(0)

    assert only(job.run(after=restart)).end is UnitEnd.NEW
    assert steps(job).count("erase") == 3


def test_0x78_is_waited_for_with_a_limit() -> None:
    job = make_job()
    job.vehicle.break_at("3101ff00", 0x78, times=0)
    began = job.vehicle.clock.now()
    result = only(job.run())
    assert result.step is FlashStep.ERASE
    assert dict(result.message.facts)["reason"] == "pending-for-ever" if result.message else False
    assert 120 < job.vehicle.clock.now() - began < 600


def test_a_slow_unit_gets_the_time_that_its_description_says() -> None:
    job = make_job(flashable_unit(p2_ms=2_500, answer_after_ms=1_400))
    assert only(job.run()).end is UnitEnd.NEW
    assert {entry.outcome for entry in job.log.noted} == {"positive"}
    assert steps(job) == [*WHOLE, "clear-faults"]


def test_0x21_is_asked_again() -> None:
    job = make_job()
    for request in ("1002", "3101ff00", "34", "3602", "37", "31010202", "3101ff01", "1101"):
        job.vehicle.break_at(request, 0x21, times=2)
    assert only(job.run()).end is UnitEnd.NEW


def test_a_refusal_after_erase_leaves_the_boot_loader_and_recovery_keeps_what_is_proven() -> None:
    job = make_job()
    job.vehicle.break_at("34", 0x72, first=2)
    result = only(job.run())
    assert result.end is UnitEnd.BOOT_LOADER
    assert result.step is FlashStep.REQUEST_DOWNLOAD
    assert dict(result.message.facts)["nrc"] == "0x72" if result.message else False
    assert only(job.run(again=True)).end is UnitEnd.NEW
    erased = [r for r in without_identification(job.line) if r[:4] == b"\x31\x01\xff\x00"]
    assert len(erased) == 1, "the first segment was proven whole"
    assert CODE[0].to_bytes(4, "big") not in erased[0]


def test_what_the_journal_calls_whole_is_erased_again_where_the_unit_does_not_agree() -> None:
    job = make_job()
    job.vehicle.break_at("34", 0x72, first=2)
    job.run()
    software = job.vehicle.unit().software
    software.begin_erase(((CODE[0], CODE[1]),))
    assert only(job.run(again=True)).end is UnitEnd.NEW
    assert len([r for r in without_identification(job.line) if r[:4] == b"\x31\x01\xff\x00"]) == 2


def test_a_unit_that_is_new_and_checked_is_not_erased_again() -> None:
    job = make_job()
    assert job.run(VirtualLine(job.vehicle)) is not None
    again = only(job.run(again=True))
    assert again.end is UnitEnd.NEW
    assert not any(r[:1] in (b"\x34", b"\x36") for r in without_identification(job.line))


def test_a_unit_that_calls_itself_new_has_to_prove_it() -> None:
    job = make_job()
    job.vehicle.break_at("3101ff01", "power-cut-after")
    job.vehicle.break_at("1002", 0x22, first=2, times=0)
    assert only(job.run()).end is UnitEnd.UNKNOWN, "it says that it is new; that it is whole nobody saw"
    job.vehicle.faults.clear()
    assert only(job.run(again=True)).end is UnitEnd.NEW
    sent = without_identification(job.line)
    assert b"\x31\x01\xff\x01" in sent
    assert not any(r[0] == 0x34 for r in sent)


def test_a_refused_reset_is_named_and_the_unit_is_new_all_the_same() -> None:
    job = make_job()
    job.vehicle.break_at("1101", 0x22)
    result = only(job.run())
    assert result.end is UnitEnd.NEW
    assert result.step is FlashStep.RESET
    assert job_state((result,)) is JobState.FAILED


def test_conditions_that_do_not_hold_end_it_before_anything_is_changed() -> None:
    job = make_job()
    job.vehicle.break_at("31010203", 0x22)
    result = only(job.run())
    assert (result.end, result.step) == (UnitEnd.OLD, FlashStep.CHECK_CONDITIONS)
    assert job.line is not None
    assert job.line.to_all == []


def test_a_vehicle_that_does_not_want_to_be_quiet_is_left_alone() -> None:
    job = make_job()
    job.vehicle.break_at("2803", 0x22)
    result = only(job.run())
    assert (result.end, result.step, number(result)) == (UnitEnd.OLD, FlashStep.COMMUNICATION_OFF, "WC-737")
    assert job.line is not None
    assert job.line.to_all[-3:] == [b"\x28\x80\x01", b"\x85\x81", b"\x10\x81"], "it is woken again"


def test_a_vehicle_that_does_not_want_to_be_quiet_does_not_hold_up_a_recovery() -> None:
    job = make_job()
    job.vehicle.break_at("34", 0x72)
    job.run()
    job.vehicle.break_at("2803", 0x22)
    assert only(job.run(again=True)).end is UnitEnd.NEW
    assert [warning.number for warning in job.log.told[-1].warnings] == ["WC-737"]


def test_another_hardware_than_planned_is_not_touched() -> None:
    job = make_job()
    target = job.plan.targets[0]
    manifest = replace(target.file.manifest, hardware=("1111111111",))
    job.plan = replace(job.plan, targets=(replace(target, file=replace(target.file, manifest=manifest)),))
    result = only(job.run())
    assert (result.end, number(result)) == (UnitEnd.OLD, "WC-731")
    assert without_identification(job.line) == []


@pytest.mark.parametrize("place", [0, 200, -1])
def test_a_payload_that_changed_on_the_disk_is_not_begun(place: int) -> None:
    job = make_job()
    content = bytearray(job.payloads["ME_Engine"].content)
    content[place] ^= 1
    job.payloads["ME_Engine"].content = bytes(content)
    result = only(job.run())
    assert (result.end, number(result)) == (UnitEnd.OLD, "WC-729")
    assert "erase" not in steps(job)


def test_a_disk_that_fails_for_a_while_ends_nothing() -> None:
    job = make_job()

    def fail(_progress: object) -> None:
        if steps(job).count("transfer") == 1 and not fail.done:  # type: ignore[attr-defined]
            fail.done = True  # type: ignore[attr-defined]
            job.payloads["ME_Engine"].fails = 8

    fail.done = False  # type: ignore[attr-defined]
    assert only(job.run(after=fail)).end is UnitEnd.NEW
    assert "WC-729" in [warning.number for warning in job.log.told[-1].warnings]


@pytest.mark.parametrize("step", ["extended-session", "programming-session", "security-access", "erase"])
def test_what_cannot_be_written_down_is_not_begun(step: str) -> None:
    job = make_job()
    job.log.fails = lambda begun: begun.value == step
    result = only(job.run())
    assert (result.end, number(result)) == (UnitEnd.OLD, "WC-615")
    job.log.fails = lambda _begun: False
    assert only(job.run(again=True)).end is UnitEnd.NEW


def test_a_stop_before_erase_leaves_the_unit_as_it_was() -> None:
    job = make_job()
    job.log.stop = lambda: "fingerprint" in steps(job)
    result = only(job.run())
    assert (result.end, number(result)) == (UnitEnd.OLD, "WC-726")
    assert job_state((result,)) is JobState.STOPPED
    assert "erase" not in steps(job)
    assert job.vehicle.unit().session == 1


def test_a_stop_after_erase_waits_for_the_unit_to_be_whole_and_says_so() -> None:
    job = make_job()
    job.log.stop = lambda: "erase" in steps(job)
    assert only(job.run()).end is UnitEnd.NEW
    told = [(w.number, dict(w.facts)) for w in job.log.told[-1].warnings]
    assert told == [("WC-727", {"unit": "ME_Engine"})]


def test_a_wrong_key_is_sent_once() -> None:
    job = make_job()
    job.key_secret = 0x1234
    result = only(job.run())
    assert (result.end, result.step, number(result)) == (UnitEnd.OLD, FlashStep.SECURITY_ACCESS, "WC-341")
    assert len([r for r in without_identification(job.line) if r[:2] == b"\x27\x02"]) == 1


def test_keys_that_went_unanswered_do_not_hold_up_a_recovery() -> None:
    job = make_job()
    job.vehicle.break_at("34", 0x72)
    job.run()
    assert job.attempts is not None
    for _ in range(5):
        job.attempts.false_key(0x01)
    assert only(job.run(again=True)).end is UnitEnd.NEW


def test_only_faults_that_flashing_made_are_cleared() -> None:
    missed = DtcDefinition(dtc=0xC01001, text="No message")
    other = flashable_unit("ESP", 0x1002, dtcs=(*make_unit().dtcs, missed))
    job = make_job(flashable_unit(), other)
    address = list(job.vehicle.units)[1]
    line = VirtualLine(job.vehicle)
    before = remembered(job, address)
    job.plan = replace(
        job.plan,
        targets=job.plan.targets[:1],
        bystanders=(Bystander(unit="ESP", address=address, before=tuple(before)),),
    )
    job.vehicle.unit("ESP").fault_memory.miss(missed.dtc)
    assert missed.dtc in remembered(job, address)
    assert only(job.run(line)).end is UnitEnd.NEW
    assert remembered(job, address) == before
    assert before, "there were faults to be kept"
    assert b"\x14\xc0\x10\x01" in line.sent


def remembered(job: Job, address: DoipAddress) -> list[int]:
    """Return the faults that a unit remembers."""
    answers: list[bytes] = []

    def hear(payload: bytes, /, *, broken_off: bool = False) -> None:
        answers.append(payload)

    job.vehicle.requests[address](b"\x19\x02\x0d", hear)
    job.vehicle.clock.pass_ms(500)
    records = answers[-1][3:]
    return [int.from_bytes(records[at : at + 3], "big") for at in range(0, len(records) - 3, 4)]


@pytest.mark.parametrize("what", ["silent", "close", "lost"])
def test_a_reset_that_is_lost_on_its_way_is_sent_again(what: str) -> None:
    job = make_job()
    job.vehicle.break_at("1101", what)
    result = only(job.run())
    assert (result.end, result.message) == (UnitEnd.NEW, None)
