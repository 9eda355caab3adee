"""What the mechanic may start: with the server, without it, and when nobody knows what it did."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.access.servers import misbehaving, serving
from workshop_console.console.access.http_access_server import HttpAccessServer
from workshop_console.console.errors import ConsoleError
from workshop_console.console.jobs.credit_desk import CreditDesk
from workshop_console.console.model.credit import (
    GROUPS,
    CreditReport,
    Edition,
    GroupCredit,
    Lease,
    ProductGroup,
)
from workshop_console.console.model.message import NumberedMessage, RaisedMessage

CARS, VANS, SMART, EQ, TRUCKS = (
    ProductGroup.PASSENGER_CARS,
    ProductGroup.VANS,
    ProductGroup.SMART,
    ProductGroup.EQ,
    ProductGroup.TRUCKS,
)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNREACHABLE = ConsoleError("2221-47", server="a")


@dataclass
class SetClock:
    """A clock that a test sets."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time


@dataclass
class Memory:
    """What a store keeps, without one; `broken` makes every call fail."""

    reports: dict[Edition, CreditReport] = field(default_factory=dict)
    leases: list[Lease] = field(default_factory=list)
    keys: dict[ProductGroup, str] = field(default_factory=dict)
    made: int = 0
    broken: bool = False

    def check(self) -> None:
        if self.broken:
            raise ConsoleError("WC-604", file="store.db")

    def credit(self, edition: Edition) -> CreditReport | None:
        self.check()
        return self.reports.get(edition)

    def remember_credit(self, report: CreditReport) -> None:
        self.check()
        self.reports[report.edition] = report

    def lease(self, group: ProductGroup, now: datetime) -> Lease | None:
        self.check()
        return next((lease for lease in self.leases if lease.group is group and lease.until > now), None)

    def remember_lease(self, lease: Lease) -> None:
        self.check()
        self.leases.append(lease)

    def lease_key(self, group: ProductGroup) -> str:
        self.check()
        if group not in self.keys:
            self.made += 1
            self.keys[group] = f"kept-key-{self.made}"
        return self.keys[group]

    def forget_lease_key(self, group: ProductGroup, key: str) -> None:
        self.check()
        if self.keys.get(group) == key:
            del self.keys[group]


@dataclass
class Server:
    """An access server that fails with what is queued in `fails`, else grants an hour from `granted`."""

    fails: list[ConsoleError] = field(default_factory=list)
    granted: list[datetime] = field(default_factory=list)
    report: CreditReport | None = None
    texts: tuple[str, Sequence[NumberedMessage]] | None = None
    keys: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def credit(self, edition: Edition) -> CreditReport:
        self.asked.append("credit")
        if self.fails:
            raise self.fails.pop(0)
        return self.report or report(GroupCredit(group=CARS, minutes=90), edition=edition)

    def lease(self, group: ProductGroup, *, idempotency_key: str, vin: str = "") -> Lease:
        self.asked.append(f"lease {vin}")
        self.keys.append(idempotency_key)
        if self.fails:
            raise self.fails.pop(0)
        begun = self.granted.pop(0) if self.granted else NOON
        return Lease(lease_id=idempotency_key, group=group, begun=begun, until=begun + timedelta(hours=1))

    def messages(
        self, lang: str, edition: Edition, etag: str
    ) -> tuple[str, Sequence[NumberedMessage]] | None:
        return self.texts

    def close(self) -> None:
        """Nothing to give back."""


def report(*groups: GroupCredit, edition: Edition = Edition.LITE) -> CreditReport:
    return CreditReport(edition=edition, as_of=NOON - timedelta(days=400), online=True, groups=groups)


def desk(
    server: Server | None = None,
    memory: Memory | None = None,
    clock: SetClock | None = None,
    source: str = "",
    edition: Edition = Edition.LITE,
) -> CreditDesk:
    return CreditDesk(server, memory or Memory(), clock or SetClock(), edition, source=source)


class TestFigures:
    """What the product groups show."""

    def test_the_servers_word_is_remembered_with_this_computers_time(self) -> None:
        memory, clock = Memory(), SetClock()
        answer = desk(Server(), memory, clock).ask()
        assert (answer.report.online, answer.report.as_of, answer.messages) == (True, NOON, ())
        clock.time += timedelta(hours=3)
        known = desk(Server(), memory, clock).known()
        assert (known.online, known.as_of, known.of(CARS).minutes) == (False, NOON, 90)
        assert tuple(credit.group for credit in known.groups) == GROUPS[Edition.LITE]

    def test_without_the_server_the_stores_figures_come_with_their_age_and_the_reason(self) -> None:
        memory = Memory()
        desk(Server(), memory).ask()
        answer = desk(Server(fails=[UNREACHABLE]), memory).ask()
        assert not answer.report.online
        assert answer.report.of(CARS).minutes == 90
        assert [message.number for message in answer.messages] == ["2221-47", "WC-504"]
        assert answer.messages[0].facts == (("server", "a"),)
        assert answer.messages[1].facts == (("as_of", NOON.isoformat()),)

    def test_without_server_and_store_nothing_is_known_and_nothing_invented(self) -> None:
        answer = desk(Server(fails=[UNREACHABLE])).ask()
        assert {credit.minutes for credit in answer.report.groups} == {None}
        assert answer.report.as_of is None
        assert [message.number for message in answer.messages] == ["2221-47"]

    def test_a_packet_that_ended_since_is_taken_off_and_the_others_stay(self) -> None:
        memory, clock = Memory(), SetClock()
        begun, until = NOON - timedelta(minutes=40), NOON + timedelta(minutes=20, seconds=30)
        running = GroupCredit(group=CARS, minutes=20 + 60, begun=begun, until=until)
        desk(Server(report=report(running)), memory, clock).ask()
        clock.time = until - timedelta(seconds=1)
        assert desk(Server(), memory, clock).known().of(CARS) == running, "as of their time until the end"
        clock.time = until
        ended = desk(Server(), memory, clock).known().of(CARS)
        assert (ended.minutes, ended.begun, ended.until) == (60, None, None)

    def test_figures_of_another_server_count_for_nothing(self) -> None:
        memory = Memory()
        desk(Server(), memory, source="local").ask()
        assert desk(Server(), memory, source="local").known().of(CARS).minutes == 90
        assert desk(Server(), memory, source="https://real.example").known().as_of is None

    def test_a_broken_store_stands_in_nobodys_way(self) -> None:
        memory = Memory(broken=True)
        assert desk(Server(), memory).ask().report.online
        assert desk(Server(), memory).known().as_of is None
        assert desk(Server(fails=[UNREACHABLE]), memory).ask().messages[0].number == "2221-47"


class TestOpening:
    """What opening a product group shows."""

    @pytest.mark.parametrize(
        ("credit", "expected"),
        [
            (
                GroupCredit(group=CARS, minutes=90),
                RaisedMessage(number="2173-43", facts=(("minutes", 90), ("group", "passenger-cars"))),
            ),
            (
                GroupCredit(group=CARS, minutes=0, begun=NOON, until=NOON + timedelta(seconds=30)),
                RaisedMessage(number="2173-43", facts=(("minutes", 0), ("group", "passenger-cars"))),
            ),
            (
                GroupCredit(group=CARS, minutes=0, ever=False),
                RaisedMessage(number="2173-42", facts=(("group", "passenger-cars"),)),
            ),
            (
                GroupCredit(group=CARS, minutes=0),
                RaisedMessage(number="2173-44", facts=(("group", "passenger-cars"),)),
            ),
            (
                GroupCredit(group=VANS, minutes=5),
                RaisedMessage(number="2173-40", facts=(("detail", "passenger-cars"),)),
            ),
        ],
    )
    def test_by_what_the_server_says(self, credit: GroupCredit, expected: RaisedMessage) -> None:
        assert desk(Server(report=report(credit))).opening(CARS) == expected

    def test_by_the_store_without_the_server(self) -> None:
        memory = Memory()
        desk(Server(), memory).ask()
        shown = desk(Server(fails=[UNREACHABLE]), memory).opening(CARS)
        assert shown is not None
        assert (shown.number, dict(shown.facts)["minutes"]) == ("2173-43", 90)

    def test_by_the_reason_when_nobody_knows(self) -> None:
        shown = desk(Server(fails=[UNREACHABLE])).opening(CARS)
        assert shown == RaisedMessage(number="2221-47", facts=(("server", "a"),))

    def test_what_was_just_asked_is_not_asked_again(self) -> None:
        server = Server()
        asking = desk(server)
        asking.opening(CARS, asking.ask())
        assert server.asked == ["credit"]

    def test_a_group_of_another_edition_is_told_as_that(self) -> None:
        server = Server()
        shown = desk(server).opening(TRUCKS)
        assert shown == RaisedMessage(number="WC-505", facts=(("group", "trucks"),))
        assert server.asked == []
        shown = desk(server, edition=Edition.PASS_THRU).opening(TRUCKS)
        assert shown is not None
        assert shown.number == "2173-40"


class TestNoCreditKept:
    """The settings say `off`."""

    def test_nothing_asks_for_it(self) -> None:
        off = desk(None, Memory(broken=True))
        assert not off.kept
        assert not off.known().kept
        assert off.ask().messages == ()
        assert off.opening(CARS) is None
        assert off.lease(CARS) is None
        with pytest.raises(ConsoleError, match="WC-505"):
            off.lease(TRUCKS)


class TestLease:
    """Starting a diagnosis function."""

    def test_a_running_lease_is_good_without_asking_and_without_the_server(self) -> None:
        server, memory, clock = Server(), Memory(), SetClock()
        first = desk(server, memory, clock).lease(CARS, "WDB1")
        server.fails = [UNREACHABLE] * 9
        clock.time += timedelta(minutes=59)
        assert desk(server, memory, clock).lease(CARS, "WDB2") == first
        assert server.asked == ["lease WDB1"]
        clock.time += timedelta(minutes=1)
        with pytest.raises(ConsoleError, match="2221-47"):
            desk(server, memory, clock).lease(CARS)

    def test_a_lease_of_another_server_counts_for_nothing(self) -> None:
        memory, real = Memory(), Server()
        desk(Server(), memory, source="local").lease(CARS)
        desk(real, memory, source="https://real.example").lease(CARS)
        assert len(real.keys) == 1

    @pytest.mark.parametrize(
        "number", ["2221-47", "2173-39", "2173-40", "WC-500", "WC-501", "WC-502", "WC-503"]
    )
    def test_without_a_usable_server_a_simulated_vehicle_goes_on_and_a_real_one_does_not(
        self, number: str
    ) -> None:
        server = Server(fails=[ConsoleError(number)] * 2)
        assert desk(server).lease(CARS, simulated=True) is None
        with pytest.raises(ConsoleError, match=number):
            desk(server).lease(CARS)

    @pytest.mark.parametrize("number", ["2173-42", "2173-44", "2221-45", "2221-54"])
    @pytest.mark.parametrize("simulated", [True, False])
    def test_a_refusal_starts_nothing_and_settles_the_request(self, number: str, simulated: bool) -> None:
        server, memory = Server(fails=[ConsoleError(number)]), Memory()
        with pytest.raises(ConsoleError, match=number):
            desk(server, memory).lease(CARS, simulated=simulated)
        assert memory.keys == {}

    @pytest.mark.parametrize(("status", "settled"), [(404, True), (409, True), (408, False), (302, False)])
    def test_a_refusal_of_http_settles_the_request_when_it_is_about_it(
        self, status: int, settled: bool
    ) -> None:
        server, memory = Server(fails=[ConsoleError("WC-501", server="a", status=status)]), Memory()
        with pytest.raises(ConsoleError, match="WC-501"):
            desk(server, memory).lease(CARS)
        assert (memory.keys == {}) is settled

    @pytest.mark.parametrize("number", ["2221-47", "2173-39", "2173-40", "WC-500"])
    def test_an_open_request_keeps_its_key_over_processes_until_it_is_answered(self, number: str) -> None:
        memory, server = Memory(), Server(fails=[ConsoleError(number)] * 2)
        for _ in range(2):
            with pytest.raises(ConsoleError, match=number):
                desk(server, memory).lease(CARS)
        lease = desk(server, memory).lease(CARS)
        assert server.keys == ["kept-key-1"] * 3
        assert memory.keys == {}
        assert memory.leases == [lease]

    def test_groups_have_keys_of_their_own(self) -> None:
        memory, server = Memory(), Server(fails=[UNREACHABLE])
        with pytest.raises(ConsoleError):
            desk(server, memory).lease(CARS)
        desk(server, memory).lease(VANS)
        desk(server, memory).lease(CARS)
        assert server.keys == ["kept-key-1", "kept-key-2", "kept-key-1"]

    def test_an_old_request_that_was_granted_and_is_over_is_asked_anew_once(self) -> None:
        memory, server = Memory(), Server(fails=[UNREACHABLE])
        with pytest.raises(ConsoleError):
            desk(server, memory).lease(CARS)
        server.granted = [NOON - timedelta(hours=5)]
        lease = desk(server, memory).lease(CARS)
        assert server.keys == ["kept-key-1", "kept-key-1", "kept-key-2"]
        assert lease is not None
        assert lease.until == NOON + timedelta(hours=1)

    def test_a_computer_whose_clock_is_ahead_still_gets_its_lease(self) -> None:
        clock, server = SetClock(NOON + timedelta(days=2)), Server()
        assert desk(server, Memory(), clock).lease(CARS) is not None
        assert len(server.keys) == 2

    def test_a_store_that_keeps_nothing_still_repeats_with_the_same_key(self) -> None:
        server = Server(fails=[UNREACHABLE] * 2)
        broken = desk(server, Memory(broken=True))
        for _ in range(2):
            with pytest.raises(ConsoleError, match="2221-47"):
                broken.lease(CARS)
        assert broken.lease(CARS) is not None
        assert len(set(server.keys)) == 1
        assert broken.lease(CARS) is not None
        assert len(set(server.keys)) == 2


@dataclass
class Texts:
    """The part of the store's messages that newer texts go to."""

    known: str = ""
    kept: list[tuple[str, str]] = field(default_factory=list)

    def etag(self, *, lang: str, edition: Edition) -> str:
        return self.known

    def remember_messages(
        self, etag: str, messages: Sequence[NumberedMessage], *, lang: str, edition: Edition
    ) -> None:
        self.kept += [(etag, message.number) for message in messages]

    def get(self, number: str, *, lang: str, edition: Edition) -> NumberedMessage | None:
        return None

    def all(self, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        return ()

    def search(self, words: str, *, lang: str, edition: Edition) -> Sequence[NumberedMessage]:
        return ()


def test_newer_texts_are_kept_with_their_etag() -> None:
    text = NumberedMessage(number="WC-201", title="t", when="w", cause="c", remedy=("r",), lang="de")
    texts, server = Texts(), Server(texts=('"2"', [text]))
    assert desk(server).refresh_messages(texts, "de")
    assert texts.kept == [('"2"', "WC-201")]
    server.texts = None
    assert not desk(server).refresh_messages(texts, "de")
    assert not desk(None).refresh_messages(texts, "de")
    assert len(texts.kept) == 1


def test_an_answer_that_was_lost_on_the_way_is_asked_again_and_spends_one_packet(tmp_path: Path) -> None:
    """Put a line that cuts every answer between the console and the real server, then take it away."""
    memory = Memory()
    with serving(tmp_path / "a.db") as url:

        def forward_and_cut(connection: object) -> None:
            assert memory.keys, "the key is kept before the request leaves"
            real = HttpAccessServer(url, 10)
            real.lease(EQ, idempotency_key=memory.keys[EQ])

        with misbehaving(forward_and_cut) as cut:
            for _ in range(2):
                asking = CreditDesk(HttpAccessServer(cut, 10), memory, SystemClock(), Edition.LITE)
                with pytest.raises(ConsoleError, match="2173-40"):
                    asking.lease(EQ)
        real = HttpAccessServer(url, 10)
        lease = CreditDesk(real, memory, SystemClock(), Edition.LITE).lease(EQ)
        assert lease is not None
        credit = real.credit(Edition.LITE).of(EQ)
        assert credit.until == lease.until
        assert credit.minutes in (59, 60)
    assert memory.keys == {}


class SystemClock:
    """The computer's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def test_many_threads_that_start_at_once_ask_once() -> None:
    server = Server()
    asking = desk(server)
    gate = threading.Barrier(8)
    leases: list[Lease | None] = []

    def start() -> None:
        gate.wait(10)
        leases.append(asking.lease(CARS))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(leases) == 8
    assert len(server.keys) == 1
    assert len(set(leases)) == 1


def test_a_report_of_the_server_is_not_changed_by_the_desk() -> None:
    told = report(GroupCredit(group=CARS, minutes=1))
    before = replace(told)
    desk(Server(report=told)).ask()
    assert told == before
