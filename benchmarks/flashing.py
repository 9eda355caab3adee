"""Flash jobs: throughput beside the line's limit and beside another tester, cost of the journal, memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from benchmarks.bus_limit import bus_time_s
from benchmarks.figures import Figure
from benchmarks.flash_job import VERSIONS, Flashed, contents, flash_bench
from benchmarks.other_client import RELEASED, transfer_s, without_debug_string
from benchmarks.vehicle import vehicle

_MIB = 1024 * 1024
_BITRATE, _DATA_BITRATE = 500_000, 2_000_000
_AREAS = ((0x0008_0000, 0x4_0000), (0x0010_0000, 0x1000))
"""Of the van's engine control unit: all of its first area, the begin of its second one."""
_BLOCK_LENGTH = 0x0FFF
_VAN_UNIT, _CAR_UNIT, _CAR_LOGICAL = "CDI_EngineControl", "HU_HeadUnit", 0x1023
_CAR_AREA = 0x1000_0000
_RUNS, _DOIP_RUNS, _LARGE_RUNS = 3, 5, 3
_DOIP_MIB, _MEMORY_MIB = 16, 64
_SHARE_OF_CAN, _SHARE_OF_CAN_FD = 95.0, 90.0
_TIMES_RELEASED, _TIMES_SILENT = 5.0, 1.5
_JOURNAL_PERCENT, _MEMORY_GOAL_MIB = 3.0, 120.0


def _over_can(*, fd: bool) -> Iterator[Figure]:
    """The line's limit is the bus time of the frames that a perfect sender needs for the same bytes."""
    limits = [
        bus_time_s(
            contents(_AREAS, version),
            _BLOCK_LENGTH,
            bitrate=_BITRATE,
            data_bitrate=_DATA_BITRATE if fd else None,
        )
        for version in VERSIONS
    ]
    name = "CAN FD at 500 kbit/s and 2 Mbit/s" if fd else "CAN at 500 kbit/s"
    jobs: list[Flashed] = []
    timed: list[Flashed] = []
    with (
        vehicle("van", line="socketcand", answer_after_ms=0, pace=_BITRATE, block_size=0, fd=fd) as running,
        flash_bench(running, "van") as bench,
    ):
        plans = bench.plans(_VAN_UNIT, _AREAS)
        for run in range(_RUNS):
            jobs.append(bench.run(plans[run % 2]))
            if not fd:
                timed.append(bench.run(plans[(run + 1) % 2], timed=True))
    shares = [100 * limits[run % 2] / job.transfer_s for run, job in enumerate(jobs)]
    yield Figure(
        name=f"flashing {jobs[0].stored // 1024} KiB, {name}, block size 0, STmin 0",
        measured=f"{_rates([job.rate for job in jobs], 1e3)} kB/s",
        compared=f"{jobs[0].stored / median(limits) / 1e3:.1f} kB/s: bus time of the frames needed",
        value=median(shares),
        goal=_SHARE_OF_CAN_FD if fd else _SHARE_OF_CAN,
        runs=_RUNS,
        unit="%",
        at_least=True,
    )
    if not fd:
        yield _journal_cost(timed, line=name)


def _over_doip() -> Iterator[Figure]:
    """Three testers take turns at one unit."""
    areas = ((_CAR_AREA, _DOIP_MIB * _MIB),)
    silent_class = without_debug_string()
    ours: list[float] = []
    released: list[float] = []
    silent: list[float] = []
    with (
        vehicle("car", line="doip", answer_after_ms=0) as running,
        flash_bench(running, "car") as bench,
    ):
        plans = bench.plans(_CAR_UNIT, areas)
        (part,) = contents(areas, VERSIONS[0])
        for run in range(_DOIP_RUNS):
            ours.append(bench.run(plans[run % 2]).rate)
            for connecting, rates in ((RELEASED, released), (silent_class, silent)):
                seconds = transfer_s(running, connecting, logical=_CAR_LOGICAL, unit=_CAR_UNIT, part=part)
                rates.append(len(part.content) / seconds)
    name = f"flashing {_DOIP_MIB} MiB over DoIP on loopback, blocks of 4 KiB"
    for rates, other, goal in (
        (released, "as released", _TIMES_RELEASED),
        (silent, "without its debug string", _TIMES_SILENT),
    ):
        yield Figure(
            name=name,
            measured=f"{_rates(ours, 1e6)} MB/s",
            compared=f"udsoncan with doipclient {other}, {_rates(rates, 1e6)} MB/s",
            value=median(ours) / median(rates),
            goal=goal,
            runs=_DOIP_RUNS,
            at_least=True,
        )


def _journal_cost(jobs: Sequence[Flashed], *, line: str) -> Figure:
    """Time of all its calls, also of those that blocks do not wait for.

    Jobs with and without a journal differ less than two equal jobs do on a machine that has other work.
    """
    spent = [1e3 * job.journal_s for job in jobs]
    lasted = [job.download_s for job in jobs]
    return Figure(
        name=f"cost of the journal, {jobs[0].stored // 1024:,} KiB, {line}",
        measured=f"{median(spent):.1f} ms in its calls ({min(spent):.1f}–{max(spent):.1f})",
        compared=f"transfer of {median(lasted):.2f} s ({min(lasted):.2f}–{max(lasted):.2f})",
        value=median(100 * job.journal_s / job.download_s for job in jobs),
        goal=_JOURNAL_PERCENT,
        runs=len(jobs),
        unit="%",
    )


def _large() -> Iterator[Figure]:
    """A file as large as those of head units."""
    jobs: list[Flashed] = []
    timed: list[Flashed] = []
    with vehicle("car", line="doip", answer_after_ms=0) as running, flash_bench(running, "car") as bench:
        plans = bench.plans(_CAR_UNIT, ((_CAR_AREA, _MEMORY_MIB * _MIB),))
        for _ in range(_LARGE_RUNS):
            jobs.append(bench.run(plans[0]))
            timed.append(bench.run(plans[1], timed=True))
    peak = max(job.peak_bytes for job in jobs) / _MIB
    yield Figure(
        name=f"memory of the flash worker, file of {_MEMORY_MIB} MiB",
        measured=f"{peak:.1f} MiB at most (VmHWM)",
        compared="the goal",
        value=peak,
        goal=_MEMORY_GOAL_MIB,
        runs=len(jobs),
        unit="MiB",
    )
    yield _journal_cost(timed, line="DoIP on loopback")


def _rates(rates: Sequence[float], unit: float) -> str:
    """Return median and range."""
    return f"{median(rates) / unit:.1f} ({min(rates) / unit:.1f}–{max(rates) / unit:.1f})"


def measure() -> Iterator[Figure]:
    """Yield the figures."""
    yield from _over_can(fd=False)
    yield from _over_can(fd=True)
    yield from _over_doip()
    yield from _large()
