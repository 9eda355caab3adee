"""One line of the table that make bench prints."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured, beside what it is compared to.

    `ratio` is measured over compared unless the goal is an absolute one.
    """

    name: str
    measured: str
    compared: str
    value: float
    goal: float
    runs: int
    unit: str = "×"
    at_least: bool = False
    """The goal is a least value, not a greatest."""

    @property
    def reached(self) -> bool:
        """Whether the goal is reached."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def line(self) -> str:
        """Return the table row."""
        mark = "reached" if self.reached else "MISSED"
        return (
            f"| {self.name} | {self.measured} | {self.compared} | {self.value:.2f} {self.unit} "
            f"| {'≥' if self.at_least else '≤'} {self.goal:g} {self.unit} | {mark} | {self.runs} |"
        )


HEADER = "| figure | measured | compared to | value | goal | | runs |\n|---|---|---|---|---|---|---|"


def spread(seconds: list[float]) -> str:
    """Return median and range in milliseconds."""
    return f"{median(seconds) * 1e3:.0f} ms ({min(seconds) * 1e3:.0f}–{max(seconds) * 1e3:.0f})"
