"""The one thread of the simulation."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Iterator
from functools import partial
from time import monotonic
from typing import Any, cast

import pytest

from workshop_console.console.simulation.event_loop import SLEEPS, EventLoop
from workshop_console.console.simulation.scheduler import Timer
from workshop_console.console.simulation.security import key_of


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    one = EventLoop()
    yield one
    one.close()


def test_timers_come_in_the_order_of_their_times(loop: EventLoop) -> None:
    seen: list[str] = []
    start = loop.now()
    loop.call_at(start + 0.02, lambda: seen.append("second"))
    loop.call_at(start + 0.01, lambda: seen.append("first"))
    loop.call_at(start + 0.015, lambda: seen.append("never")).cancel()
    loop.call_at(start + 0.03, loop.stop)
    loop.run()
    assert seen == ["first", "second"]


def test_short_waits_are_short(loop: EventLoop) -> None:
    late: list[float] = []
    for _ in range(50):
        due = loop.now() + 0.0003
        loop.call_at(due, partial(lambda due: late.append(monotonic() - due), due))
        while loop.waiting_timers:
            loop.turn(1.0)
    assert min(late) < 0.0006, "waits are rounded up to whole milliseconds"


def test_a_callback_that_fails_does_not_end_the_others(
    loop: EventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("broken callback")

    loop.call_later(0, fail)
    loop.post(fail)
    loop.at_end_of_turn(fail)
    loop.call_later(0.01, loop.stop)
    with caplog.at_level(logging.ERROR):
        loop.run()
    assert len(caplog.records) == 3


def test_other_threads_wake_the_loop(loop: EventLoop) -> None:
    seen: list[int] = []

    def note(number: int) -> None:
        seen.append(number)
        if len(seen) == 20:
            loop.stop()

    threads = [threading.Thread(target=loop.post, args=(partial(note, number),)) for number in range(20)]
    for thread in threads:
        thread.start()
    start = monotonic()
    loop.run()
    assert monotonic() - start < 10
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(20))


def test_cancelled_timers_are_sorted_out(loop: EventLoop) -> None:
    kept: list[Timer] = []
    for number in range(50_000):
        timer = loop.call_later(3_600, lambda: None)
        if number % 1_000:
            timer.cancel()
        else:
            kept.append(timer)
    assert loop.waiting_timers < 2_500
    assert all(timer.callback is not None for timer in kept)


def test_a_socket_closed_by_an_earlier_callback_is_not_called(loop: EventLoop) -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    called: list[int] = []

    def ready(number: int, _events: int) -> None:
        called.append(number)
        for near, _ in pairs:
            loop.unwatch(near)
        loop.stop()

    for number, (near, far) in enumerate(pairs):
        loop.watch(near, selectors.EVENT_READ, partial(ready, number))
        far.send(b"x")
    loop.run()
    assert len(called) == 1
    for near, far in pairs:
        near.close()
        far.close()


class _Looks:
    """Counts the looks of a loop that do not wait."""

    def __init__(self, loop: EventLoop) -> None:
        self._selector = loop._selector
        self.count = 0
        loop._selector = cast("Any", self)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def select(self, timeout: float | None = None) -> Any:
        self.count += 1
        return self._selector.select(timeout)


def test_what_does_not_come_soon_is_waited_for_asleep(loop: EventLoop) -> None:
    looks = _Looks(loop)
    awake = 0
    turns = 10 * (SLEEPS + 1)
    for _ in range(turns):
        before = looks.count
        loop.turn(0.001)
        awake += looks.count > before
    assert awake == 10


def test_what_follows_at_once_is_waited_for_awake(loop: EventLoop) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        got: list[bytes] = []
        loop.watch(ours, selectors.EVENT_READ, lambda _events: got.append(ours.recv(1)))
        looks = _Looks(loop)
        for _ in range(SLEEPS + 100):
            theirs.send(b"x")
            loop.turn(5.0)
        loop.unwatch(ours)
        assert len(got) == SLEEPS + 100
        assert looks.count == 100


@pytest.mark.parametrize(
    ("seed", "secret", "level", "key"),
    [
        ("00000000", 0x00000000, 0x01, "5eed5eed"),
        ("12345678", 0x4D420001, 0x01, "1dda0bdf"),
        ("ffffffff", 0x4D420001, 0x11, "5eeac468"),
    ],
)
def test_the_example_key_algorithm_is_the_documented_one(
    seed: str, secret: int, level: int, key: str
) -> None:
    mixed = int(seed, 16) ^ secret
    bits = f"{mixed:032b}"
    rotated = int(bits[level % 32 :] + bits[: level % 32], 2)
    by_hand = f"{(rotated + 0x5EED5EED) % 2**32:08x}"
    assert key_of(bytes.fromhex(seed), secret, level).hex() == by_hand == key
