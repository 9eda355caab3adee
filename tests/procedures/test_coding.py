"""Writing a coding: read again, kept, written once, read back; and everything that can go wrong between."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.procedures.coded import (
    ADDRESS,
    DID,
    UNIT,
    VIN,
    BitCoder,
    Book,
    CodedUnit,
    Kept,
    reading_of,
)
from tests.procedures.scripted import ScriptedLink, SteppingClock
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.coding import CodingPlan, CodingResult
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.forms import Comparison, Condition
from workshop_console.console.model.kept import EntryKind
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.model.opened_unit import OpenedUnit
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.coding import read_codings, write_coding
from workshop_console.console.procedures.coding_plan import plan_changes
from workshop_console.console.procedures.desk import Desk
from workshop_console.console.procedures.events import CodingRead, CodingWritten, Event, MessageRaised
from workshop_console.console.procedures.security_access import Attempts, KeyRing

OLD, NEW = b"\xf6\xff\xff", b"\xf7\xff\xff"
WRITE = b"\x2e\x02\x01" + NEW


class Bench:
    """A unit with a coding, and everything that a writing is written down in."""

    def __init__(self, coder: BitCoder | None = None, *, data: bytes = OLD) -> None:
        self.coder = coder or BitCoder()
        self.unit = CodedUnit(data)
        self.kept = Kept(self.unit.log)
        self.book = Book(self.unit.log)
        self.link = ScriptedLink({ADDRESS: self.unit})
        self.cancellation = Cancellation()
        self.key: bytes | None = b"\xaa"
        self.attempts = Attempts(lambda: 0.0)
        self.on_key: Callable[[], None] = lambda: None

    def plan(self, data: bytes = OLD, **changes: str) -> CodingPlan:
        return plan_changes(self.coder, reading_of(self.coder, data), changes or {"Running": "on"})

    def key_of(self, level: int, seed: bytes) -> tuple[bytes | None, tuple[RaisedMessage, ...]]:
        self.on_key()
        return self.key, ()

    def write(self, plan: CodingPlan | None = None) -> list[Event]:
        clock = SteppingClock()
        desk = Desk(
            coder=self.coder,
            orders=self.book,
            ring=lambda: KeyRing(unit="LIGHT", key_of=self.key_of, attempts=self.attempts),
            clock=clock,
            vehicle=VehicleIdentity(vin=VIN, name="Car"),
            who="Maria",
        )
        return list(write_coding(self.link, plan or self.plan(), desk, self.kept, self.cancellation))

    def result(self, plan: CodingPlan | None = None) -> CodingResult:
        event = self.write(plan)[-2]
        assert isinstance(event, CodingWritten)
        return event.result

    @property
    def outcome(self) -> tuple[str, bytes]:
        (entry,) = self.book.written
        return entry.outcome, entry.answer


def numbers(result: CodingResult) -> list[str]:
    return [message.number for message in result.messages]


def test_a_coding_is_kept_then_written_once_then_read_back() -> None:
    bench = Bench()
    result = bench.result()
    assert (result.written, result.outcome, result.kept_id, result.messages) == (True, "done", 1, ())
    assert result.after is not None
    assert result.after.data == NEW == bench.unit.data
    assert bench.unit.log == [
        "1003",
        "220201",
        "keep",
        "begin",
        WRITE.hex(),
        "220201",
        "complete",
        "1001",
    ]
    (kept,) = bench.kept.codings
    assert (kept.vin, kept.unit, kept.name, kept.did, kept.data) == (VIN, "LIGHT", "Light", DID, OLD)
    assert kept.who == "Maria"
    assert dict(kept.options) == {"Running": "off", "Lamps": "LED", "Sound": "loud", "Home": "63 s"}
    (entry,) = bench.book.written
    assert (entry.kind, entry.what, entry.request) == (EntryKind.CODING, "Light", WRITE)
    assert (entry.vehicle_name, entry.who, entry.address) == ("Car", "Maria", "0x1001")
    assert entry.details == (("running", "off → on"), ("22 02 01", "62 02 01 F7 FF FF"))
    assert bench.outcome == ("done", b"\x6e\x02\x01")


def test_nothing_is_written_when_the_old_coding_cannot_be_kept() -> None:
    bench = Bench()
    bench.kept.broken = True
    with pytest.raises(ConsoleError) as caught:
        bench.write()
    assert caught.value.number == "WC-604"
    assert bench.unit.data == OLD
    assert bench.unit.log == ["1003", "220201", "1001"]


def test_nothing_is_written_when_the_order_book_cannot_be_written() -> None:
    bench = Bench()
    bench.book.broken = "begin"
    with pytest.raises(ConsoleError) as caught:
        bench.write()
    assert caught.value.number == "WC-612"
    assert bench.unit.data == OLD
    assert bench.unit.log[-1] == "1001", "the session stays open"


def test_what_was_written_is_told_even_when_the_order_book_fails_after() -> None:
    bench = Bench()
    bench.book.broken = "complete"
    result = bench.result()
    assert result.written
    assert numbers(result) == ["WC-613"]


def test_a_coding_that_somebody_changed_meanwhile_is_left_alone() -> None:
    bench = Bench(data=b"\xfa\xff\xff")
    with pytest.raises(ConsoleError) as caught:
        bench.write()
    assert caught.value.number == "WC-333"
    assert bench.unit.data == b"\xfa\xff\xff"
    assert bench.kept.codings == []
    assert bench.book.written == []


@pytest.mark.parametrize("nrc", [0x22, 0x31, 0x33, 0x72, 0x7F])
def test_a_refusal_is_told_by_its_code_and_not_tried_again(nrc: int) -> None:
    bench = Bench()
    bench.unit.refuse, bench.unit.takes = bytes((0x7F, 0x2E, nrc)), False
    result = bench.result()
    assert (result.written, result.outcome) == (False, f"refused 0x{nrc:02X}")
    (message,) = result.messages
    assert (message.number, dict(message.facts)["nrc"]) == ("WC-331", f"0x{nrc:02X}")
    assert bench.unit.asked.count(WRITE) == 1
    assert bench.outcome == (f"refused 0x{nrc:02X}", bytes((0x7F, 0x2E, nrc)))


@pytest.mark.parametrize(("takes", "told"), [(True, []), (False, ["WC-302"])])
def test_after_silence_the_unit_is_asked_what_it_has_and_not_written_again(
    takes: bool, told: list[str]
) -> None:
    bench = Bench()
    bench.unit.refuse, bench.unit.takes = SilentReason.NO_ANSWER, takes
    result = bench.result()
    assert (result.written, result.outcome, numbers(result)) == (takes, "silent", told)
    assert bench.unit.asked.count(WRITE) == 1
    assert bench.outcome == ("silent", b"")


def test_a_coding_that_reads_back_differently_is_told() -> None:
    bench = Bench()
    bench.unit.spoil = b"\xf7\xff\x00"
    result = bench.result()
    assert (result.written, numbers(result)) == (True, ["WC-332"])
    assert result.after is not None
    assert result.after.data == b"\xf7\xff\x00"


def test_a_coding_that_the_unit_took_and_forgot_is_not_written() -> None:
    bench = Bench()
    bench.unit.spoil = OLD
    result = bench.result()
    assert (result.written, numbers(result)) == (False, ["WC-332"])


class RestartingUnit(CodedUnit):
    """Takes a coding, and then is silent for some requests; `back` of them, or for ever."""

    def __init__(self, data: bytes, silent: int) -> None:
        super().__init__(data)
        self.left = -1
        self.silent = silent

    def answer(self, request: bytes) -> bytes | SilentReason:
        if self.left > 0:
            self.left -= 1
            self.asked.append(request)
            return SilentReason.NO_ANSWER
        if request[:1] == b"\x2e":
            self.left = self.silent
        return b"\x7e\x00" if request == b"\x3e\x00" else super().answer(request)


@pytest.mark.parametrize(("silent", "read"), [(3, True), (100, False)])
def test_a_unit_that_restarts_with_its_coding_is_waited_for(silent: int, read: bool) -> None:
    bench = Bench()
    bench.unit = RestartingUnit(OLD, silent)
    bench.link = ScriptedLink({ADDRESS: bench.unit})
    result = bench.result()
    assert result.written, "it said that it took it"
    assert (result.after is not None) is read
    assert numbers(result) == ([] if read else ["WC-302"])


def test_a_cancellation_waits_until_the_coding_was_read_back() -> None:
    bench = Bench()
    seen: list[bytes] = []

    def press(link: ScriptedLink) -> None:
        if WRITE in bench.unit.asked or any(payload == WRITE for _, payload in link.submitted):
            bench.cancellation.request()
            seen.append(b"")

    bench.link = ScriptedLink({ADDRESS: bench.unit}, on_wait=press)
    result = bench.result()
    assert seen
    assert result.written
    assert result.after is not None


def test_a_lost_line_after_the_write_is_told_as_what_it_is() -> None:
    bench = Bench()

    def cut(link: ScriptedLink) -> None:
        link.lost = link.lost or WRITE in bench.unit.asked

    bench.link = ScriptedLink({ADDRESS: bench.unit}, on_wait=cut)
    result = bench.result()
    assert (result.written, result.after) == (True, None)
    assert numbers(result) == ["WC-203"]


def test_a_unit_with_one_session_only_is_written_in_it() -> None:
    bench = Bench(BitCoder(sessions=()))
    bench.unit.answers = {b"\x10\x03": [b"\x7f\x10\x12"]}
    assert bench.result().written


def test_a_described_session_that_is_refused_ends_it() -> None:
    class Closed(CodedUnit):
        def answer(self, request: bytes) -> bytes | SilentReason:
            return b"\x7f\x10\x22" if request == b"\x10\x03" else super().answer(request)

    bench = Bench()
    bench.unit = Closed(OLD)
    bench.link = ScriptedLink({ADDRESS: bench.unit})
    result = bench.result()
    assert (result.written, result.outcome, numbers(result)) == (False, "not-sent", ["WC-303"])
    assert WRITE not in bench.unit.asked


# -- security access ---------------------------------------------------------------------------------


def locked(answer: bytes = b"\x67\x04") -> Bench:
    bench = Bench(BitCoder(security_level=3))
    bench.unit.answers = {b"\x27\x03": [b"\x67\x03\x01\x02"], b"\x27\x04\xaa": [answer]}
    return bench


def test_the_unit_is_unlocked_before_anything_is_kept_or_written() -> None:
    bench = locked()
    assert bench.result().written
    order = [bench.unit.asked.index(request) for request in (b"\x27\x03", b"\x27\x04\xaa", WRITE)]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("answer", "number", "wait_s"),
    [(b"\x7f\x27\x35", "WC-341", 0), (b"\x7f\x27\x36", "WC-342", 10), (b"\x7f\x27\x24", "WC-303", 0)],
)
def test_a_unit_that_stays_locked_is_not_written(answer: bytes, number: str, wait_s: int) -> None:
    bench = locked(answer)
    result = bench.result()
    assert (result.written, result.outcome, result.wait_s) == (False, "not-sent", wait_s)
    assert numbers(result) == [number]
    assert WRITE not in bench.unit.asked
    assert bench.kept.codings == []
    assert bench.unit.asked[-1] == b"\x10\x01"


def test_without_a_key_nothing_is_written() -> None:
    bench = locked()
    bench.key = None
    assert numbers(bench.result()) == ["WC-340"]
    assert bench.unit.data == OLD


# -- conditions, and reading ---------------------------------------------------------------------------

STANDING = Condition(text="Engine off", value="Speed", comparison=Comparison.EQUAL, limit="0")
HUMAN = Condition(text="Door closed")


@pytest.mark.parametrize(("speed", "written"), [(b"\x62\x03\x01\x00", True), (b"\x62\x03\x01\x05", False)])
def test_a_condition_that_does_not_hold_keeps_the_coding_from_being_written(
    speed: bytes, written: bool
) -> None:
    bench = Bench(BitCoder(conditions=(STANDING, HUMAN)))
    bench.unit.answers = {b"\x22\x03\x01": [speed]}
    if written:
        assert bench.result().written
        return
    with pytest.raises(ConsoleError) as caught:
        bench.write()
    assert caught.value.number == "WC-320"
    assert caught.value.facts == {"unit": "LIGHT", "condition": "Engine off", "value": "5 1/min"}
    assert bench.unit.data == OLD


def read(bench: Bench) -> list[Event]:
    unit = OpenedUnit(summary=UNIT, address=ADDRESS, variant="A", forms=bench.coder.forms(UNIT, "A"))
    return list(
        read_codings(bench.link, unit, bench.coder, bench.cancellation, clock=SteppingClock(), vin=VIN)
    )


def test_reading_gives_options_bytes_and_conditions() -> None:
    bench = Bench(BitCoder(conditions=(STANDING, HUMAN)))
    bench.unit.answers = {b"\x22\x03\x01": [b"\x62\x03\x01\x05"]}
    (reading,) = [event.reading for event in read(bench) if isinstance(event, CodingRead)]
    assert reading.data == OLD
    assert reading.values == {"Running": "off", "Lamps": "LED", "Sound": "loud", "Home": "63"}
    assert [(c.condition.text, c.value, c.holds) for c in reading.conditions] == [
        ("Engine off", "5 1/min", False),
        ("Door closed", "", None),
    ]
    assert bench.unit.asked[0] == b"\x22\x02\x01"


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        (b"\x7f\x22\x33", "WC-303"),
        (SilentReason.NO_ANSWER, "WC-302"),
        (SilentReason.WRONG_ECHO, "WC-304"),
        (b"\x62\x02\x01", "WC-304"),
    ],
)
def test_a_coding_that_cannot_be_read_says_why(answer: bytes | SilentReason, number: str) -> None:
    class Closed(CodedUnit):
        def answer(self, request: bytes) -> bytes | SilentReason:
            return answer if request[:1] == b"\x22" else super().answer(request)

    bench = Bench()
    bench.link = ScriptedLink({ADDRESS: Closed(OLD)})
    (reading,) = [event.reading for event in read(bench) if isinstance(event, CodingRead)]
    assert reading.data is None
    assert [message.number for message in reading.messages] == [number]
    with pytest.raises(ConsoleError):
        plan_changes(bench.coder, reading, {"Running": "on"})


def test_a_coding_that_wants_another_session_is_read_there() -> None:
    class Extended(CodedUnit):
        def answer(self, request: bytes) -> bytes | SilentReason:
            if request[:1] == b"\x22" and b"\x10\x03" not in self.asked:
                self.asked.append(request)
                return b"\x7f\x22\x7f"
            return super().answer(request)

    bench = Bench()
    unit = Extended(OLD)
    bench.link = ScriptedLink({ADDRESS: unit})
    (reading,) = [event.reading for event in read(bench) if isinstance(event, CodingRead)]
    assert reading.data == OLD
    assert unit.asked[-1] == b"\x10\x01"


def test_messages_are_raised_beside_the_result() -> None:
    bench = locked(b"\x7f\x27\x35")
    raised = [event.message.number for event in bench.write() if isinstance(event, MessageRaised)]
    assert raised == ["WC-341"]
