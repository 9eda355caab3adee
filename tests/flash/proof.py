"""Breaks flash jobs, looks at what the units really hold, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.flash.bench import Job, VirtualLine
from workshop_console.console.model.flash import JobState, UnitEnd, UnitResult
from workshop_console.console.procedures.flash.plan import job_state

MOST_RECOVERIES = 3


@dataclass
class Tally:
    """What became of the jobs that were broken."""

    tried: int = 0
    ends: dict[str, int] = field(default_factory=dict)
    recovered: int = 0
    lost: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)

    def text(self) -> str:
        ends = ", ".join(f"{count} {end}" for end, count in sorted(self.ends.items()))
        return (
            f"{self.tried} jobs broken ({ends}); {self.recovered} recovered, "
            f"{len(self.lost)} units lost, {len(self.lies)} reported wrongly"
        )


def prove(job: Job, results: tuple[UnitResult, ...] | None, what: str, tally: Tally) -> None:
    """Compare what was reported with what the units hold, recover, and count."""
    tally.tried += 1
    end = "killed" if results is None else job_state(results).value
    tally.ends[end] = tally.ends.get(end, 0) + 1
    _compare(job, results, what, tally)
    job.vehicle.faults.clear()
    job.reopenings = None
    if results is not None and job_state(results) is JobState.DONE:
        return
    for _ in range(MOST_RECOVERIES):
        job.vehicle.clock.pass_ms(1_000 * seconds_to_wait(results or ()))
        again = job.run(again=True)
        assert again is not None
        _compare(job, again, f"{what}, recovery", tally)
        if all(result.end is UnitEnd.NEW for result in again):
            tally.recovered += 1
            return
        results = again
    tally.lost.append(f"{what}: {again}")


def _compare(job: Job, results: Sequence[UnitResult] | None, what: str, tally: Tally) -> None:
    for result in results or ():
        truth = job.vehicle.truth(result.unit)
        told = result.end
        if told is not truth and told is not UnitEnd.UNKNOWN:
            tally.lies.append(f"{what}: {result.unit} said to be {told}, is {truth}: {result}")
        if told is not UnitEnd.NEW and (result.message is None or result.step is None):
            tally.lies.append(f"{what}: {result.unit} is {told} and nobody says why")


def requests_of(job: Job) -> list[bytes]:
    """Return the requests of a job that nothing breaks."""
    results = job.run()
    assert results is not None
    assert job_state(results) is JobState.DONE, results
    assert isinstance(job.line, VirtualLine)
    return job.line.sent


def seconds_to_wait(results: Sequence[UnitResult]) -> int:
    """Return how long the messages of a run ask to wait: after false keys."""
    waits = [0]
    for result in results:
        facts = dict(result.message.facts) if result.message is not None else {}
        waits.append(int(facts.get("seconds", 0)) + 60 * int(facts.get("minutes", 0)))
    return max(waits)
