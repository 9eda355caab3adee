"""Keys that are typed while the console starts: all are obeyed, in their order, whenever they come."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.terminal.line import Line
from tests.terminal.test_first_picture import CONSOLE, environment, primed, started

__all__ = ["primed"]

DOWN, UP, F2, F3, F4, F8 = b"\x1b[B", b"\x1bOA", b"\x1bOQ", b"\x1b[13~", b"\x1bOS", b"\x1b[19~"
ESCAPE, ENTER = b"\x1b", b"\r"
WALK = [b"1", ENTER, F3, DOWN, DOWN, ENTER, F2, b"1", F4, b"/", b"W", b"C", b"-", b"1", b"0", b"5", ENTER]
KEYS = st.sampled_from([b"1", b"2", b"0", ENTER, DOWN, UP, F2, F3, F4, F8, ESCAPE, b"m", b"?", b"x", b"/"])


def console(home: Path, folder: Path) -> Line:
    """Start a console of its own that was started before."""
    return Line(CONSOLE, environment=environment(Path(shutil.copytree(home, folder))))


def at(line: Line, moment_s: float) -> None:
    """Go on until a moment."""
    line.until(lambda: time.monotonic() >= moment_s)


def one_by_one(home: Path, folder: Path, keys: Sequence[bytes]) -> str:
    """Return the picture after keys that are typed with patience."""
    with console(home, folder) as line:
        started(line)
        line.until_idle()
        for key in keys:
            line.press(key)
            line.until_idle()
        return line.emulator.text()


def leads_to(
    picture: str, home: Path, folder: Path, keys: Sequence[bytes], moments_s: Sequence[float]
) -> None:
    """See the picture, after keys that are typed at moments after the start and all that they led to."""
    with console(home, folder) as line:
        start = time.monotonic()
        for key, moment_s in zip(keys, moments_s, strict=True):
            at(line, start + moment_s)
            line.press(key)
        line.until_idle()
        assert line.emulator.text() == picture


@pytest.fixture(scope="module")
def walked(primed: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the picture that the walk leads to."""
    return one_by_one(primed, tmp_path_factory.mktemp("walk") / "home", WALK)


@pytest.mark.parametrize("first_s", [0.0, 0.15, 0.4])
def test_a_walk_that_is_typed_at_once(primed: Path, tmp_path: Path, walked: str, first_s: float) -> None:
    leads_to(walked, primed, tmp_path / "own", WALK, [first_s] * len(WALK))


@pytest.mark.soak
@pytest.mark.parametrize("first_ms", range(0, 1000, 40))
@pytest.mark.parametrize("between_ms", [0, 7, 60])
def test_a_walk_at_any_moment(
    primed: Path, tmp_path: Path, walked: str, first_ms: int, between_ms: int
) -> None:
    moments_s = [(first_ms + number * between_ms) / 1000 for number in range(len(WALK))]
    leads_to(walked, primed, tmp_path / "own", WALK, moments_s)


@pytest.mark.soak
@given(keys=st.lists(st.tuples(KEYS, st.integers(0, 300)), min_size=2, max_size=8))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_keys_at_any_moments(
    primed: Path, tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[bytes, int]]
) -> None:
    folder = tmp_path_factory.mktemp("keys")
    moments_s, moment_ms = [], 0
    for _key, after_ms in keys:
        moment_ms += after_ms
        moments_s.append(moment_ms / 1000)
    typed = [key for key, _after_ms in keys]
    leads_to(one_by_one(primed, folder / "slow", typed), primed, folder / "quick", typed, moments_s)
