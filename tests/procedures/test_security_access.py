"""Security access: one seed, one key, and nothing that locks a unit."""

from __future__ import annotations

import pytest

from tests.procedures.scripted import ScriptedLink, ScriptedUnit, unit_with
from workshop_console.console.model.address import DoipAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Exchange, Outcome, SilentReason
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.scripts import Conversation, UnitTask, run_scripts
from workshop_console.console.procedures.security_access import (
    FORGET_AFTER_S,
    Access,
    Attempts,
    KeyRing,
    Unlocking,
    unlock,
)

ADDRESS = DoipAddress(0x1001)
KEY = b"\xaa\xbb"


class Seconds:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Journal:
    """Remembers what was written down, and when."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    def begin(self, level: int, request: bytes) -> int:
        self.lines.append(("begin", level, request))
        return len(self.lines)

    def complete(self, entry_id: int, exchange: Exchange) -> None:
        self.lines.append(("complete", entry_id, exchange.outcome))


class Workplace:
    """One unit, a count of its false keys, and a key that somebody knows or does not."""

    def __init__(self, unit: ScriptedUnit, *, key: bytes | None = KEY) -> None:
        self.unit = unit
        self.clock = Seconds()
        self.attempts = Attempts(self.clock)
        self.journal = Journal()
        self.key = key
        self.failures: tuple[RaisedMessage, ...] = ()
        self.seeds: list[tuple[int, bytes]] = []

    def key_of(self, level: int, seed: bytes) -> tuple[bytes | None, tuple[RaisedMessage, ...]]:
        self.seeds.append((level, seed))
        return self.key, self.failures

    def unlock(self, level: int = 3) -> Unlocking:
        ring = KeyRing(unit="Engine", key_of=self.key_of, attempts=self.attempts, journal=self.journal)
        script = unlock(Conversation(), level, ring)
        link = ScriptedLink({ADDRESS: self.unit})
        task = UnitTask(address=ADDRESS, timing=Timing(), script=script)
        ((_, result),) = run_scripts(link, [task], Cancellation())
        return result


def numbers(result: Unlocking) -> list[str]:
    return [message.number for message in result.messages]


def facts(result: Unlocking) -> dict[str, object]:
    return dict(result.messages[-1].facts)


def test_the_key_for_the_seed_opens() -> None:
    place = Workplace(unit_with(x2703="6703 01020304", x2704AABB="6704"))
    result = place.unlock()
    assert result.open
    assert result.messages == ()
    assert place.seeds == [(3, b"\x01\x02\x03\x04")]
    assert place.unit.asked == [b"\x27\x03", b"\x27\x04" + KEY]


def test_a_seed_of_zeros_means_that_it_is_open_and_no_key_goes_out() -> None:
    place = Workplace(unit_with(x2703="6703 00000000"))
    assert place.unlock().open
    assert place.unit.asked == [b"\x27\x03"]
    assert place.seeds == []


def test_without_a_key_nothing_is_sent() -> None:
    place = Workplace(unit_with(x2703="6703 01020304"), key=None)
    place.failures = (RaisedMessage(number="WC-344"),)
    result = place.unlock()
    assert result.access is Access.NO_KEY
    assert numbers(result) == ["WC-344", "WC-340"]
    assert facts(result) == {"unit": "Engine", "level": "0x03"}
    assert place.unit.asked == [b"\x27\x03"]
    assert result.left == 2


def test_a_refused_key_is_told_with_what_is_left_and_not_tried_again() -> None:
    place = Workplace(unit_with(x2703="6703 01020304", x2704AABB="7F2735"))
    result = place.unlock()
    assert (result.access, result.left) == (Access.FALSE_KEY, 1)
    assert numbers(result) == ["WC-341"]
    assert facts(result)["left"] == 1
    assert len(place.unit.asked) == 2


def test_the_console_stops_before_the_unit_locks_itself_and_goes_on_after_an_hour() -> None:
    place = Workplace(unit_with(x2703="6703 01020304", x2704AABB="7F2735"))
    assert [place.unlock().left for _ in range(2)] == [1, 0]
    asked = len(place.unit.asked)
    stopped = place.unlock()
    assert stopped.access is Access.STOPPED
    assert numbers(stopped) == ["WC-343"]
    assert facts(stopped) == {"unit": "Engine", "level": "0x03", "left": 0, "minutes": 60}
    assert len(place.unit.asked) == asked, "the unit was asked all the same"
    assert place.unlock(5).access is Access.REFUSED, "another level counts for itself"
    place.clock.now += FORGET_AFTER_S
    assert place.unlock().access is Access.FALSE_KEY


def test_a_key_that_opens_makes_false_ones_forgotten() -> None:
    place = Workplace(unit_with(x2703="6703 01020304", x2704AABB=["7F2735", "6704", "7F2735"]))
    assert [place.unlock().left for _ in range(3)] == [1, 2, 1]


@pytest.mark.parametrize("answer", [SilentReason.NO_ANSWER, SilentReason.WRONG_SERVICE])
def test_a_key_that_nobody_answered_counts_as_a_false_one(answer: SilentReason) -> None:
    unit = unit_with(x2703="6703 01020304")
    unit.answers[b"\x27\x04" + KEY] = [answer]
    place = Workplace(unit)
    result = place.unlock()
    assert (result.access, result.left) == (Access.NO_ANSWER, 1)
    assert numbers(result) == ["WC-302"]


def test_too_many_attempts_and_a_delay_are_told_and_the_unit_is_left_alone_meanwhile() -> None:
    place = Workplace(unit_with(x2703=["6703 01020304", "7F2737", "6703 01020304"], x2704AABB="7F2736"))
    locked = place.unlock()
    assert (locked.access, locked.wait_s, locked.left) == (Access.DELAYED, 10, 1)
    assert numbers(locked) == ["WC-342"]
    place.clock.now += 4
    asked = len(place.unit.asked)
    waiting = place.unlock()
    assert (waiting.access, facts(waiting)["seconds"]) == (Access.DELAYED, 6)
    assert len(place.unit.asked) == asked
    place.clock.now += 7
    longer = place.unlock()
    assert (longer.access, longer.wait_s) == (Access.DELAYED, 20), "it waits longer than was thought"
    assert place.unit.asked[asked:] == [b"\x27\x03"]


@pytest.mark.parametrize(
    ("seed", "key", "nrc", "session"),
    [
        ("7F277E", "6704", "0x7E", True),
        ("7F277F", "6704", "0x7F", True),
        ("7F2733", "6704", "0x33", False),
        ("7F2711", "6704", "0x11", False),
        ("7F2722", "6704", "0x22", False),
        ("6703 01020304", "7F2724", "0x24", False),
        ("6703 01020304", "7F2713", "0x13", False),
    ],
)
def test_other_refusals_are_told_by_their_code_and_count_as_no_false_key(
    seed: str, key: str, nrc: str, session: bool
) -> None:
    place = Workplace(unit_with(x2703=seed, x2704AABB=key))
    result = place.unlock()
    assert (result.access, result.left) == (Access.REFUSED, 2)
    assert result.wrong_session is session
    assert numbers(result) == ["WC-303"]
    assert facts(result)["nrc"] == nrc


def test_a_key_is_written_down_before_it_goes_out() -> None:
    place = Workplace(unit_with(x2703="6703 01020304", x2704AABB="7F2735"))
    place.unlock()
    assert place.journal.lines == [("begin", 3, b"\x27\x04" + KEY), ("complete", 1, Outcome.NEGATIVE)]
