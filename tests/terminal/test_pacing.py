"""One frame on its way; what to do when its answer does not come."""

from __future__ import annotations

import pytest

from workshop_console.console.terminal.pacing import Answers, Pacer


@pytest.fixture
def pacer() -> Pacer:
    pacer = Pacer(1000.0)
    pacer.sent(10, 0.0, asked=True)
    pacer.answered(0.2)
    return pacer


def test_a_frame_waits_for_the_answer_to_the_last_one(pacer: Pacer) -> None:
    assert pacer.wait_s(1.0) == 0
    pacer.sent(1800, 1.0, asked=True)
    assert pacer.wait_s(1.1) > 0
    pacer.answered(3.0)
    assert pacer.wait_s(3.0) == 0


def test_a_few_bytes_wait_for_nothing(pacer: Pacer) -> None:
    for step in range(4):
        assert pacer.wait_s(1.0 + step / 100) == 0
        pacer.sent(20, 1.0 + step / 100, asked=True)
    assert pacer.wait_s(1.05) > 0


def test_an_answer_that_was_lost_is_asked_for_again_and_rarer_each_time(pacer: Pacer) -> None:
    pacer.sent(500, 10.0, asked=True)
    assert not pacer.overdue(12.0)
    now, gaps = 10.0, []
    for _ in range(8):
        before = now
        now += pacer.wait_s(now)
        assert pacer.overdue(now)
        pacer.asked_again(now)
        gaps.append(now - before)
    assert gaps == sorted(gaps)
    assert gaps[-1] == 60.0
    pacer.answered(now + 0.1)
    assert pacer.wait_s(now + 0.1) == 0


def test_a_link_that_is_dead_for_an_hour_is_sent_a_few_requests_only(pacer: Pacer) -> None:
    pacer.sent(500, 0.0, asked=True)
    now, requests = 0.0, 0
    while now < 3600:
        now += pacer.wait_s(now)
        assert pacer.overdue(now)
        pacer.asked_again(now)
        requests += 1
    assert requests < 70


def test_a_terminal_that_never_answers_gets_frames_at_a_rate() -> None:
    pacer = Pacer(1000.0)
    pacer.sent(1000, 0.0, asked=True)
    assert pacer.wait_s(0.0) == pytest.approx(4.0)
    assert not pacer.overdue(4.1)
    assert pacer.answers is Answers.NEVER
    assert pacer.wait_s(4.1) == 0
    pacer.sent(2000, 4.1, asked=False)
    assert pacer.wait_s(4.1) == pytest.approx(1.9)


def test_a_terminal_that_answers_late_is_believed_again() -> None:
    pacer = Pacer(1000.0)
    pacer.sent(100, 0.0, asked=True)
    pacer.overdue(10.0)
    assert not pacer.asks(10.0)
    assert pacer.asks(40.0)
    pacer.sent(100, 40.0, asked=True)
    pacer.answered(41.0)
    assert pacer.answers is Answers.COME


def test_an_answer_nobody_asked_for_means_nothing() -> None:
    pacer = Pacer(1000.0)
    pacer.answered(1.0)
    assert pacer.answers is Answers.UNKNOWN


def test_the_wait_for_the_rest_of_an_escape_sequence_fits_the_line(pacer: Pacer) -> None:
    assert Pacer(1e9).escape_wait_s() == pytest.approx(0.05)
    assert Pacer(30.0).escape_wait_s() == pytest.approx(0.15)
    assert pacer.escape_wait_s() == pytest.approx(0.103)
    pacer.round_trip_s = 9.0
    assert pacer.escape_wait_s() == 0.5
