"""Flash jobs are broken everywhere; afterwards each unit is new, old, or recovery makes it new."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from tests.flash.bench import LARGE_CODE, SMALL_CODE, Job, VirtualLine, flashable_unit, make_job
from tests.flash.proof import Tally, prove, requests_of
from workshop_console.console.model.flash import ExtraStep, FlashSequence, FlashStep, JobState
from workshop_console.console.procedures.flash.plan import job_state

FUNCTIONAL = ("8502", "2803", "2800", "8501")
"""Requests to all units, without the suppress bit."""
BREAKS = ("silent", "lost", "power-cut", "power-cut-during", "power-cut-after", "close", "close-after")
AFTERMATHS = ("at once", "after S3", "after a power cut")

ANY_SERVICE = (0x10, 0x11, 0x13, 0x21, 0x22, 0x25, 0x26, 0x31, 0x33, 0x78, 0x7F, 0x83, 0x92, 0x93)
"""Codes that every service may answer with (ISO 14229-1:2020, table A.1 and 8.7)."""
OF_SERVICE = {
    0x10: (0x12, 0x7E),
    0x11: (0x12, 0x34, 0x7E),
    0x14: (0x72,),
    0x19: (0x12, 0x7E),
    0x22: (0x14, 0x34),
    0x27: (0x12, 0x24, 0x35, 0x36, 0x37, 0x7E),
    0x28: (0x12, 0x7E),
    0x2E: (0x34, 0x72),
    0x31: (0x12, 0x24, 0x34, 0x72, 0x7E),
    0x34: (0x34, 0x70),
    0x36: (0x24, 0x71, 0x72, 0x73),
    0x37: (0x24, 0x70, 0x72),
    0x85: (0x12, 0x7E),
}
ALL_CODES = (
    *range(0x10, 0x15), 0x21, 0x22, *range(0x24, 0x27), 0x31, *range(0x33, 0x3B), *range(0x50, 0x5E),
    *range(0x70, 0x74), 0x78, 0x7E, 0x7F, *range(0x81, 0x95),
)  # fmt: skip

HASTY = "starts what is not whole"
"""A unit that tells its new part number as soon as that is in its memory."""
VARIANTS: dict[str, FlashSequence] = {
    "whole sequence": FlashSequence(),
    HASTY: FlashSequence(),
    "erased at once": FlashSequence(erase_all=True),
    "without checks": FlashSequence(
        leave_out=(FlashStep.CHECK_CONDITIONS, FlashStep.CHECK_MEMORY, FlashStep.FINGERPRINT)
    ),
    "with further steps": FlashSequence(
        add=(
            ExtraStep(after=FlashStep.FINGERPRINT, label="Further", request=b"\x31\x01\x0a\xbc"),
            ExtraStep(after=FlashStep.RESET, label="Vehicle", request=b"\x22\xf1\x90"),
        )
    ),
}

Record = Callable[[str, object], None]


def job_of(variant: str = "whole sequence", code_bytes: int = SMALL_CODE) -> Job:
    """Return a job on a unit with this sequence."""
    unit = flashable_unit(sequence=VARIANTS[variant])
    return make_job(unit, code_bytes=code_bytes, hasty=variant == HASTY)


def heads(requests: list[bytes]) -> list[str]:
    """Return how the different requests of a job begin, each once, blocks with their counters."""
    lengths = {0x31: 4, 0x22: 3, 0x2E: 3, 0x14: 1, 0x37: 1}
    return list(dict.fromkeys(r[: lengths.get(r[0], 2)].hex() for r in requests))


def steps_and_blocks(requests: list[bytes]) -> Iterator[int]:
    """Yield the places of all requests but blocks, and of three blocks of each segment."""
    places = dict(enumerate(requests, start=1))
    blocks: list[int] = []
    for place, request in places.items():
        if request[0] == 0x36:
            blocks.append(place)
            continue
        if blocks:
            yield from sorted({blocks[0], blocks[len(blocks) // 2], blocks[-1]})
            blocks = []
        yield place


def finish(tally: Tally, record: Record, what: str) -> None:
    """Have the numbers printed at the end of the test run, and fail for each unit that was lost."""
    record("proof", f"{what}: {tally.text()}")
    assert tally.tried
    assert tally.lost == []
    assert tally.lies == []


def killed(
    tally: Tally,
    variant: str,
    places: Iterator[int],
    requests: list[bytes],
    code_bytes: int = SMALL_CODE,
) -> None:
    """Kill jobs at these requests, before and after the unit got them."""
    for place, after, aftermath in itertools.product(places, (False, True), AFTERMATHS):
        job = job_of(variant, code_bytes)
        results = job.run(VirtualLine(job.vehicle, kill_at=place, kill_after=after))
        assert results is None
        if aftermath != AFTERMATHS[0]:
            job.vehicle.clock.pass_ms(6_000)
        if aftermath == AFTERMATHS[2]:
            job.vehicle.unit().cut_supply(400)
        name = f"{variant}, killed at {place} ({requests[place - 1][:4].hex()}) after={after}, {aftermath}"
        prove(job, results, name, tally)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_worker_that_is_killed_at_any_step_loses_no_unit(variant: str, record_property: Record) -> None:
    tally, requests = Tally(), requests_of(job_of(variant))
    killed(tally, variant, steps_and_blocks(requests), requests)
    finish(tally, record_property, f"killed, {variant}")


@pytest.mark.parametrize("what", BREAKS)
def test_silence_power_cuts_and_broken_lines_at_any_step_lose_no_unit(
    what: str, record_property: Record
) -> None:
    tally = Tally()
    steps = [head for head in heads(requests_of(job_of())) if not head.startswith("36")]
    for variant, times in itertools.product(("whole sequence", HASTY), (1, 0)):
        for head in (*steps, "3601", "3605", *FUNCTIONAL):
            job = job_of(variant)
            job.vehicle.break_at(head, what, times=times)
            results = job.run()
            assert results is not None
            if times == 1:
                assert job_state(results) is JobState.DONE, (what, head, results)
            prove(job, results, f"{variant}, {what} at {head}, times {times}", tally)
    finish(tally, record_property, what)


def test_a_line_that_stays_away_leaves_a_job_to_be_continued(record_property: Record) -> None:
    tally = Tally()
    requests = requests_of(job_of())
    for place in steps_and_blocks(requests):
        job = job_of()
        job.reopenings = lambda: None
        line = VirtualLine(job.vehicle)
        line.lose_at = place
        results = job.run(line)
        assert results is not None
        assert job_state(results) in (JobState.INTERRUPTED, JobState.DONE), (place, results)
        prove(job, results, f"line gone at {place} ({requests[place - 1][:4].hex()})", tally)
    assert tally.ends["interrupted"] > tally.tried * 3 // 4
    finish(tally, record_property, "line gone for good")


def refused(tally: Tally, codes: Callable[[int], tuple[int, ...]], variant: str = "whole sequence") -> None:
    """Answer each request with each code, once and always."""
    every = heads(requests_of(job_of(variant)))
    some = [head for head in every if not head.startswith("36") or head in ("3601", "3605")]
    for head in (*some, *FUNCTIONAL):
        for code, times in itertools.product(codes(int(head[:2], 16)), (1, 0)):
            job = job_of(variant)
            fault = job.vehicle.break_at(head, code, times=times)
            results = job.run()
            assert results is not None
            what = f"{variant}, 0x{code:02X} at {head}, times {times}"
            if fault.happened and not may_go_on(head, code, times):
                assert job_state(results) in (JobState.FAILED, JobState.INTERRUPTED), (what, results)
                named = [str(value) for result in results for _, value in (result.message or REFUSED).facts]
                assert f"0x{code:02X}" in named or head[:2] in ("22", "27") or code in (0x21, 0x78), what
            prove(job, results, what, tally)


class REFUSED:
    """No message at all."""

    facts: tuple[tuple[str, str], ...] = ()


def may_go_on(head: str, code: int, times: int) -> bool:
    """Return whether a job may end well although this was answered.

    0x21 is asked again, 0x78 waited for. Identification is asked until something tells it. A fault memory
    that cannot be read is not one that flashing spoiled. Whoever is not meant by a functional request must
    not refuse it. Who refuses tester present is there.
    """
    if head.startswith(("22", "3e")) or (head.startswith("1902") and code in (0x11, 0x12, 0x13, 0x31)):
        return True
    if head in FUNCTIONAL:
        return code in (0x11, 0x12, 0x31, 0x7E, 0x7F, 0x21, 0x78)
    return code in (0x21, 0x78) and (times == 1 or head.startswith(("14", "1902")))


def test_a_refusal_of_any_request_ends_the_job_as_failed_and_loses_no_unit(record_property: Record) -> None:
    tally = Tally()
    refused(tally, lambda service: (*ANY_SERVICE, *OF_SERVICE.get(service, ())))
    finish(tally, record_property, "refused")


def test_lost_frames_cost_time_and_no_unit(record_property: Record) -> None:
    tally = Tally()
    for seed, longest in itertools.product(range(8), (0x22, 0x102, 0x0FFF)):
        job = make_job(flashable_unit(longest_block=longest), code_bytes=LARGE_CODE)
        results = job.run(VirtualLine(job.vehicle, loss=0.002, seed=seed))
        assert results is not None
        assert job_state(results) is JobState.DONE, (seed, longest, results)
        prove(job, results, f"0.2 % of the frames lost, seed {seed}, blocks of {longest}", tally)
    finish(tally, record_property, "0.2 % of the frames lost")


# -- the whole of it ----------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_request_and_every_block_is_a_place_to_be_killed_at(
    variant: str, record_property: Record
) -> None:
    tally, requests = Tally(), requests_of(job_of(variant, code_bytes=LARGE_CODE))
    killed(tally, variant, iter(range(1, len(requests) + 1)), requests, code_bytes=LARGE_CODE)
    finish(tally, record_property, f"killed at every block, {variant}")


@pytest.mark.soak
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_code_at_every_request(variant: str, record_property: Record) -> None:
    tally = Tally()
    refused(tally, lambda _service: ALL_CODES, variant)
    finish(tally, record_property, f"refused with every code, {variant}")


@pytest.mark.soak
@pytest.mark.parametrize("what", BREAKS)
def test_everything_breaks_at_every_request_the_first_or_a_later_time(
    what: str, record_property: Record
) -> None:
    tally = Tally()
    for variant in VARIANTS:
        for head, first, times in itertools.product(
            (*heads(requests_of(job_of(variant))), *FUNCTIONAL), (1, 2), (1, 4, 0)
        ):
            job = job_of(variant)
            job.vehicle.break_at(head, what, first=first, times=times)
            prove(job, job.run(), f"{variant}, {what} at {head} from {first}, times {times}", tally)
    finish(tally, record_property, f"{what}, everywhere")


@pytest.mark.soak
def test_what_breaks_twice_and_is_killed_besides(record_property: Record) -> None:
    tally = Tally()
    requests = requests_of(job_of())
    every = heads(requests)
    for number, (head, what) in enumerate(itertools.product(every, BREAKS)):
        job = job_of()
        job.vehicle.break_at(head, what)
        other = every[(number * 7) % len(every)]
        job.vehicle.break_at(other, BREAKS[number % len(BREAKS)], first=1 + number % 2)
        place = 1 + (number * 13) % (len(requests) + 10)
        results = job.run(VirtualLine(job.vehicle, kill_at=place, loss=0.001, seed=number))
        prove(job, results, f"{what} at {head}, more at {other}, killed at {place}", tally)
    finish(tally, record_property, "several things at once")
