"""Driving a function: control is given back at the end of every way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from tests.procedures.driven import (
    ADDRESS,
    ADJUST,
    BURN,
    DEFAULT,
    ENGINE_OFF,
    EXTENDED,
    FAN,
    RECORD,
    RETURN,
    SPEED,
    UNIT,
    ByteCoder,
    Clock,
    Line,
    Unit,
    same_key,
)
from tests.procedures.order_book import KeptOrders
from tests.procedures.scripted import ScriptedLink
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.actuation import ActuationResult
from workshop_console.console.model.dtc import DecodedValue
from workshop_console.console.model.exchange import SilentReason
from workshop_console.console.model.forms import Condition, EncodedRequest, FunctionForm, FunctionKind
from workshop_console.console.model.kept import EntryKind
from workshop_console.console.model.vehicle import VehicleIdentity
from workshop_console.console.procedures import actuation
from workshop_console.console.procedures.actual_values import PolledUnit
from workshop_console.console.procedures.actuation import Show, check, drive
from workshop_console.console.procedures.cancellation import Cancellation
from workshop_console.console.procedures.controls import Controls
from workshop_console.console.procedures.desk import Desk
from workshop_console.console.procedures.events import ActuationChecked, ActuationRuns, Event
from workshop_console.console.procedures.security_access import Attempts, KeyRing


class Bench:
    """One run of a function against a scripted unit."""

    def __init__(self, unit: Unit, *broken: str) -> None:
        self.unit = unit
        self.line = Line(unit)
        self.orders = KeptOrders(*broken)
        self.coder = ByteCoder()
        self.cancellation = Cancellation()
        self.controls = Controls()
        self.attempts = Attempts(lambda: 0.0)
        self.reopened: list[Line] = []
        self.events: list[Event] = []

    def run(
        self,
        function: FunctionForm = FAN,
        *,
        settings: Mapping[str, str] | None = None,
        seconds: float | None = None,
        during: Callable[[ActuationRuns], None] | None = None,
        related: PolledUnit | None = None,
        show: Show | None = None,
    ) -> ActuationResult:
        events = drive(
            self.line,
            UNIT,
            function,
            ({"Duty": "50"} if function.start.parameters else {}) if settings is None else settings,
            self.desk,
            self.cancellation,
            controls=self.controls,
            related=related,
            show=show,
            seconds=seconds,
        )
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                result: ActuationResult = end.value
                return result
            self.events.append(event)
            if during is not None and isinstance(event, ActuationRuns):
                during(event)

    @property
    def desk(self) -> Desk:
        return Desk(
            coder=self.coder,
            orders=self.orders,
            ring=lambda: KeyRing(unit="ENGINE", key_of=same_key, attempts=self.attempts),
            clock=Clock(),
            vehicle=VehicleIdentity(vin="WDD2130041A000001"),
            who="Petra",
            reopen=self._reopen,
        )

    def _reopen(self) -> Line:
        if not self.reopened:
            raise ConsoleError("WC-203", uri="doip://test")
        return self.reopened.pop()

    def stop(self, _event: ActuationRuns) -> None:
        self.cancellation.request()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actuation, "SECOND_TRY_S", 0.001)
    monkeypatch.setattr(actuation, "RESULTS_S", 0.0)
    monkeypatch.setattr(actuation, "PICTURE_S", 0.0)


def numbers(result: ActuationResult) -> list[str]:
    return [message.number for message in result.messages]


def test_an_output_is_driven_until_it_is_stopped_and_then_given_back() -> None:
    bench = Bench(Unit())
    result = bench.run(during=bench.stop)
    assert bench.unit.wrote == [ADJUST, RETURN]
    assert (result.outcome, result.given_back, result.messages) == ("stopped", True, ())
    assert bench.line.alive == [(ADDRESS,), ()]
    assert isinstance(bench.events[0], ActuationChecked)
    (entry,) = bench.orders.kept
    assert (entry.kind, entry.what, entry.who) == (EntryKind.ACTUATION, "Cooling fan", "Petra")
    assert (entry.request.hex(), entry.answer.hex(), entry.outcome) == (ADJUST, "6f040003", "stopped")
    assert ("Duty", "50 %") in entry.details


def test_a_setting_that_the_answer_repeats_stands_once_in_the_order_book(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def repeated(_coder: object, _unit: object, _variant: str, answers: Sequence[object]) -> object:
        told = DecodedValue(name="Duty", value="50", unit="%"), DecodedValue(name="Load", value="7", unit="%")
        return [told for _answer in answers]

    monkeypatch.setattr(ByteCoder, "decode", repeated)
    bench = Bench(Unit())
    bench.run(during=bench.stop)
    assert bench.orders.kept[0].details == (("Duty", "50 %"), ("Load", "7 %"))


def test_after_the_given_time_an_output_is_given_back_and_counts_as_done() -> None:
    bench = Bench(Unit())
    result = bench.run(seconds=0.0)
    assert bench.unit.wrote == [ADJUST, RETURN]
    assert (result.outcome, result.given_back) == ("done", True)


def test_the_entry_is_in_the_book_before_anything_moves() -> None:
    bench = Bench(Unit(), "begin")
    result = bench.run()
    assert bench.unit.wrote == []
    assert (numbers(result), result.outcome, result.given_back) == (["WC-612"], "not-sent", None)


def test_control_is_given_back_before_the_book_says_that_it_cannot_be_written() -> None:
    bench = Bench(Unit(), "complete")
    result = bench.run(during=bench.stop)
    assert bench.unit.wrote == [ADJUST, RETURN]
    assert (numbers(result), result.given_back) == (["WC-613"], True)


@pytest.mark.parametrize("nrc", [0x31, 0x33, 0x35, 0x36, 0x37, 0x24, 0x72, 0x10])
def test_a_refusal_is_told_and_leaves_nothing_to_give_back(nrc: int) -> None:
    bench = Bench(Unit(x2F04000332=f"7F2F{nrc:02X}"))
    result = bench.run()
    assert bench.unit.wrote == [ADJUST]
    assert (result.outcome, result.given_back) == (f"refused 0x{nrc:02X}", None)
    assert numbers(result) == ["WC-321"]
    assert ("nrc", f"0x{nrc:02X}") in result.messages[0].facts
    assert bench.orders.kept[0].outcome == f"refused 0x{nrc:02X}"


def test_after_a_refusal_the_condition_that_no_longer_holds_is_named() -> None:
    unit = Unit(x2F04000332="7F2F22", x220301=["62030100", "62030120"])
    result = Bench(unit).run(replace(FAN, conditions=(ENGINE_OFF,)))
    assert numbers(result) == ["WC-321", "WC-320"]
    assert ("condition", "Engine off") in result.messages[1].facts
    assert result.conditions[0].holds is False


def test_nothing_is_sent_while_a_condition_does_not_hold() -> None:
    bench = Bench(Unit(x220301="62030120"))
    result = bench.run(replace(FAN, conditions=(ENGINE_OFF,)))
    assert bench.unit.wrote == []
    assert (numbers(result), result.outcome) == (["WC-320"], "not-sent")
    assert dict(result.messages[0].facts)["value"] == "32 1/min"
    assert bench.orders.kept == []


def test_a_condition_that_cannot_be_read_does_not_hold_anything_up() -> None:
    bench = Bench(Unit(x220301=SilentReason.NO_ANSWER.value))
    result = bench.run(replace(FAN, conditions=(ENGINE_OFF,)), during=bench.stop)
    assert result.conditions[0].holds is None
    assert bench.unit.wrote == [ADJUST, RETURN]


def test_checking_alone_moves_nothing() -> None:
    bench = Bench(Unit())
    function = replace(FAN, conditions=(ENGINE_OFF, Condition(text="Hands off")))
    checked = check(bench.line, UNIT, function, bench.coder, bench.cancellation)
    assert [condition.holds for condition in checked] == [True, None]
    assert bench.unit.log == [SPEED.hex()]


@pytest.mark.parametrize("nrc", ["7E", "7F"])
def test_the_extended_session_is_opened_where_the_unit_asks_for_it_and_left_again(nrc: str) -> None:
    bench = Bench(Unit(x2F04000332=[f"7F2F{nrc}", "6F040003"]))
    result = bench.run(during=bench.stop)
    assert bench.unit.wrote == [ADJUST, EXTENDED, ADJUST, RETURN, DEFAULT]
    assert (result.outcome, result.given_back) == ("stopped", True)


def test_a_described_session_is_opened_first() -> None:
    bench = Bench(Unit())
    bench.run(replace(FAN, start=replace(FAN.start, sessions=(0x03,))), during=bench.stop)
    assert bench.unit.wrote == [EXTENDED, ADJUST, RETURN, DEFAULT]
    assert bench.line.alive[0] == (ADDRESS,)
    assert bench.line.alive[-1] == ()


def test_security_access_is_unlocked_first() -> None:
    bench = Bench(Unit(x2701="67011234", x27021234="6702"))
    bench.run(replace(FAN, start=replace(FAN.start, security_level=1)), during=bench.stop)
    assert bench.unit.wrote == ["2701", "27021234", ADJUST, RETURN]


def test_a_unit_that_gives_seeds_in_another_session_alone_is_unlocked_there() -> None:
    bench = Bench(Unit(x2701=["7F277E", "67011234"], x27021234="6702"))
    bench.run(replace(FAN, start=replace(FAN.start, security_level=1)), during=bench.stop)
    assert bench.unit.wrote == ["2701", EXTENDED, "2701", "27021234", ADJUST, RETURN, DEFAULT]


def test_nothing_is_driven_while_the_unit_stays_locked_and_its_session_is_left() -> None:
    bench = Bench(Unit(x2701="7F2737"))
    start = replace(FAN.start, security_level=1, sessions=(0x03,))
    result = bench.run(replace(FAN, start=start))
    assert bench.unit.wrote == [EXTENDED, "2701", DEFAULT]
    assert (result.outcome, bench.orders.kept) == ("not-sent", [])
    assert numbers(result) == ["WC-342"]


def test_settings_that_are_not_allowed_are_refused_before_anything_is_sent() -> None:
    bench = Bench(Unit())
    with pytest.raises(ConsoleError, match="WC-412"):
        bench.run(settings={"Duty": "much"})
    assert bench.unit.log == []


def test_while_it_runs_it_is_driven_otherwise_and_frozen() -> None:
    bench = Bench(Unit())
    seen: list[ActuationResult] = []

    def during(event: ActuationRuns) -> None:
        seen.append(event.result)
        if len(seen) == 1:
            bench.controls.adjust({"Duty": "70"})
        elif len(seen) == 2:
            bench.controls.freeze()
        elif "2f04000002" in bench.unit.log or "2f040002" in bench.unit.log:
            bench.cancellation.request()

    result = bench.run(during=during)
    assert bench.unit.wrote == [ADJUST, "2f04000346", "2f040002", RETURN]
    assert dict(result.settings)["Duty"] == "70"


def test_a_change_that_is_not_allowed_is_told_and_it_runs_on() -> None:
    bench = Bench(Unit())

    def during(event: ActuationRuns) -> None:
        if numbers(event.result):
            bench.cancellation.request()
        else:
            bench.controls.adjust({"Duty": "much"})

    result = bench.run(during=during)
    assert set(numbers(result)) == {"WC-412"}
    assert bench.unit.wrote == [ADJUST, RETURN]


def test_a_routine_is_polled_until_it_is_done() -> None:
    bench = Bench(Unit(x31010301="7101030101", x31030301=["7103030101", "7103030100"]))
    result = bench.run(BURN)
    assert bench.unit.wrote == ["31010301", "31030301", "31030301"]
    assert (result.outcome, result.given_back) == ("done", None)
    assert [value.value for value in result.results] == ["done"]
    assert bench.orders.kept[0].kind is EntryKind.ROUTINE
    assert ("State", "done") in bench.orders.kept[0].details


def test_a_running_routine_is_stopped() -> None:
    bench = Bench(Unit(x31010301="7101030101", x31030301=["7103030101", "7103030102"]))
    result = bench.run(BURN, during=bench.stop)
    assert bench.unit.wrote[-2:] == ["31020301", "31030301"]
    assert (result.outcome, result.given_back) == ("stopped", True)
    assert [value.value for value in result.results] == ["failed"], "as told after the stop"


def test_a_routine_that_is_over_already_counts_as_given_back() -> None:
    bench = Bench(Unit(x31010301="7101030101", x31030301="7F3121", x31020301="7F3124"))
    assert bench.run(BURN, during=bench.stop).given_back is True


def test_another_service_is_sent_once() -> None:
    reset = FunctionForm(
        name="Reset", label="Reset", kind=FunctionKind.OTHER, start=replace(BURN.start, request=b"\x11\x01")
    )

    class Resets(ByteCoder):
        def encode(
            self, unit: object, variant: str, service: str, values: Mapping[str, str]
        ) -> EncodedRequest:
            return EncodedRequest(payload=b"\x11\x01", mask=b"")

    bench = Bench(Unit())
    bench.coder = Resets()
    result = bench.run(reset)
    assert bench.unit.wrote == ["1101"]
    assert (result.outcome, result.given_back) == ("done", None)


def test_related_values_are_read_beside_it_and_give_way_to_the_stop() -> None:
    bench = Bench(Unit())
    read: list[object] = []

    def show(answers: Sequence[object]) -> tuple[()]:
        read.extend(answers)
        return ()

    def during(_event: ActuationRuns) -> None:
        if read:
            bench.cancellation.request()

    related = PolledUnit(address=ADDRESS, timing=UNIT.summary.timing, records=(RECORD,))
    bench.run(during=during, related=related, show=show)
    assert bench.unit.log[0] == ADJUST
    assert SPEED.hex() in bench.unit.log
    assert bench.unit.log[-1] == RETURN


def test_what_is_waited_for_ends_at_once_when_it_is_stopped() -> None:
    bench = Bench(Unit())

    def cancel_in_flight(line: ScriptedLink) -> None:
        if line.submitted[-1][1] == SPEED:
            bench.cancellation.request()

    bench.line = Line(bench.unit, on_wait=cancel_in_flight)
    related = PolledUnit(address=ADDRESS, timing=UNIT.summary.timing, records=(RECORD,))
    result = bench.run(related=related)
    assert bench.unit.log == [ADJUST, RETURN], "the record was given up before the unit saw it"
    assert (result.outcome, result.given_back) == ("stopped", True)


def test_a_start_that_is_given_up_is_given_back_too() -> None:
    bench = Bench(Unit())
    bench.line = Line(bench.unit, on_wait=lambda _line: bench.cancellation.request())
    result = bench.run()
    assert bench.unit.wrote == [RETURN]
    assert (result.outcome, result.given_back) == ("stopped", True)


def test_a_start_without_an_answer_is_given_back_too() -> None:
    bench = Bench(Unit(x2F04000332=SilentReason.NO_ANSWER.value))
    result = bench.run()
    assert bench.unit.wrote == [ADJUST, RETURN]
    assert (result.outcome, result.given_back, numbers(result)) == ("silent", True, ["WC-302"])


def test_it_is_given_back_when_the_caller_goes_away() -> None:
    bench = Bench(Unit())
    events = drive(bench.line, UNIT, FAN, {"Duty": "50"}, bench.desk, bench.cancellation)
    next(event for event in events if isinstance(event, ActuationRuns))
    events.close()
    assert bench.unit.wrote == [ADJUST, RETURN]
    assert bench.orders.kept[0].outcome == "done"


def test_it_is_given_back_when_the_answers_cannot_be_decoded() -> None:
    bench = Bench(Unit(x31010301="7101030101"))
    bench.coder.broken = True
    result = bench.run(BURN)
    assert bench.unit.wrote[:2] == ["31010301", "31020301"]
    assert (numbers(result), result.outcome, result.given_back) == (["WC-410"], "failed", True)


def test_a_unit_that_does_not_confirm_is_asked_twice_and_the_mechanic_is_told() -> None:
    bench = Bench(Unit(x2F040000="7F2F22"))
    result = bench.run(during=bench.stop)
    assert bench.unit.wrote == [ADJUST, RETURN, RETURN]
    assert (result.given_back, numbers(result)) == (False, ["WC-322"])


def test_the_default_session_gives_back_what_the_unit_did_not_confirm() -> None:
    bench = Bench(Unit(x2F040000="7F2F22"))
    start = replace(FAN.start, sessions=(0x03,))
    result = bench.run(replace(FAN, start=start), during=bench.stop)
    assert bench.unit.wrote == [EXTENDED, ADJUST, RETURN, RETURN, DEFAULT]
    assert (result.given_back, result.messages) == (True, ())


def test_a_lost_line_is_told_with_what_the_unit_does_by_itself() -> None:
    bench = Bench(Unit())

    def lose(_event: ActuationRuns) -> None:
        bench.line.lost = True

    result = bench.run(during=lose)
    assert bench.unit.wrote == [ADJUST]
    assert (result.outcome, result.given_back) == ("failed", False)
    assert set(numbers(result)) == {"WC-323", "WC-322"}


def test_over_a_line_that_came_back_control_is_given_back() -> None:
    bench = Bench(Unit())
    bench.reopened.append(Line(bench.unit))

    def lose(_event: ActuationRuns) -> None:
        bench.line.lost = True

    result = bench.run(during=lose)
    assert bench.unit.wrote == [ADJUST, RETURN]
    assert (result.given_back, numbers(result)) == (True, ["WC-323"])
