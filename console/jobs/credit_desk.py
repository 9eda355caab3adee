"""Decides what the credit allows: the access server's word first, the store's where there is none."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import (
    GROUPS,
    CreditReport,
    Edition,
    GroupCredit,
    Lease,
    ProductGroup,
)
from workshop_console.console.model.lean import dataclass
from workshop_console.console.model.message import RaisedMessage
from workshop_console.console.ports import AccessServer, Clock, CreditMemory, Messages

_REFUSALS = frozenset({"2173-42", "2173-44", "2221-45", "2221-54"})
"""Definite words about credit and permission: nothing starts then, not even on a simulated vehicle."""

_MAY_BE_SENT_AGAIN = (408, 425, 429)
"""Refusals of HTTP that say nothing about the request itself."""


@dataclass(frozen=True, kw_only=True)
class CreditAnswer:
    """What is known after asking."""

    report: CreditReport
    messages: tuple[RaisedMessage, ...] = ()
    """Why the server's word is missing, and WC-504 when the figures are the store's; empty: all is well."""


def raised(error: ConsoleError) -> RaisedMessage:
    """Return the message that `error` is."""
    return RaisedMessage(number=error.number, facts=tuple(error.facts.items()))


def without_ended_packet(credit: GroupCredit, as_of: datetime, now: datetime) -> GroupCredit:
    """Return stored `credit` with the packet that ended since then taken off.

    Figures from the store stand as of their time. Only the end of the begun packet is sure to have come
    since; what it had left when the server said so is subtracted, packets not begun stay as they were told.
    """
    if credit.until is None or credit.until > now or credit.minutes is None:
        return credit
    rest = max(0, int((credit.until - as_of).total_seconds() // 60))
    return replace(credit, minutes=max(0, credit.minutes - rest), begun=None, until=None)


def _settles(error: ConsoleError) -> bool:
    """Return whether the lease request was answered: nothing was spent, and the next one is a new request."""
    if error.number == "WC-501":
        status = int(error.facts.get("status", 0))
        return 400 <= status < 500 and status not in _MAY_BE_SENT_AGAIN
    return error.number in _REFUSALS


class CreditDesk:
    """Answers what the mechanic may start; every method may be called from any thread.

    Args:
        server: the access server, or None where the workshop keeps no credit (settings `off`).
        memory: what the store remembers; its own trouble never stands in the way of an answer.
        clock: wall clock.
        edition: whose groups and portals apply.
        source: name of the server in the settings; what the store remembers of another one is not used.
    """

    def __init__(
        self,
        server: AccessServer | None,
        memory: CreditMemory,
        clock: Clock,
        edition: Edition,
        *,
        source: str = "",
    ) -> None:
        self._server = server
        self._memory = memory
        self._clock = clock
        self._edition = edition
        self._source = source
        self._leasing = threading.Lock()
        self._own_keys: dict[ProductGroup, str] = {}

    @property
    def kept(self) -> bool:
        """Whether this workshop keeps credit at all."""
        return self._server is not None

    def known(self) -> CreditReport:
        """Return what the store knows, at once and without the network."""
        nothing = CreditReport(
            edition=self._edition,
            as_of=None,
            online=False,
            groups=tuple(GroupCredit(group=group, minutes=None) for group in GROUPS[self._edition]),
            kept=self.kept,
        )
        if self._server is None:
            return nothing
        stored: CreditReport | None = None
        with suppress(ConsoleError):
            stored = self._memory.credit(self._edition)
        if stored is None or stored.as_of is None or stored.source != self._source:
            return nothing
        as_of, now = stored.as_of, self._clock.now()
        groups = tuple(without_ended_packet(stored.of(group), as_of, now) for group in GROUPS[self._edition])
        return replace(stored, edition=self._edition, online=False, kept=True, groups=groups)

    def ask(self) -> CreditAnswer:
        """Ask the server and remember its word; without it, return the store's figures and why."""
        if self._server is None:
            return CreditAnswer(report=self.known())
        try:
            told = self._server.credit(self._edition)
        except ConsoleError as error:
            report = self.known()
            messages: tuple[RaisedMessage, ...] = (raised(error),)
            if report.as_of is not None:
                messages += (RaisedMessage(number="WC-504", facts=(("as_of", report.as_of.isoformat()),)),)
            return CreditAnswer(report=report, messages=messages)
        # The age of a figure is shown by this computer's clock, so its time is taken from the same clock.
        report = replace(
            told,
            as_of=self._clock.now(),
            online=True,
            kept=True,
            source=self._source,
            groups=tuple(told.of(group) for group in GROUPS[self._edition]),
        )
        with suppress(ConsoleError):
            self._memory.remember_credit(report)
        return CreditAnswer(report=report)

    def opening(self, group: ProductGroup, answer: CreditAnswer | None = None) -> RaisedMessage | None:
        """Return what to show on opening `group`: 2173-43 with its minutes, 2173-42 or 2173-44.

        Asks the server unless `answer` is what it just said. When neither it nor the store knows the group,
        the reason is returned (2221-47 and its like). None: this workshop keeps no credit.
        """
        if group not in GROUPS[self._edition]:
            return RaisedMessage(number="WC-505", facts=(("group", group.value),))
        if self._server is None:
            return None
        answer = answer or self.ask()
        credit = answer.report.of(group)
        if credit.minutes is None:
            unknown = RaisedMessage(number="2173-40", facts=(("detail", group.value),))
            return answer.messages[0] if answer.messages else unknown
        if credit.minutes > 0 or credit.until is not None:
            return RaisedMessage(
                number="2173-43", facts=(("minutes", credit.minutes), ("group", group.value))
            )
        return RaisedMessage(number="2173-44" if credit.ever else "2173-42", facts=(("group", group.value),))

    def lease(self, group: ProductGroup, vin: str = "", *, simulated: bool = False) -> Lease | None:
        """Return leave to run diagnosis functions of `group`; None where none is needed.

        A running lease from the store is good without asking. The key of a request that was not answered is
        used again, also by a new process, until the server answered it: so a retry never spends twice.

        Raises:
            ConsoleError: 2173-42 or 2173-44 (no credit), 2221-45 or 2221-54 (permission), WC-505 (not in this
                edition). On a real vehicle also why the server gave no usable answer: 2221-47, 2173-39,
                2173-40, WC-500 to WC-503. A simulated vehicle goes on without it.
        """
        if group not in GROUPS[self._edition]:
            raise ConsoleError("WC-505", group=group.value)
        if self._server is None:
            return None
        with self._leasing:
            with suppress(ConsoleError):
                running = self._memory.lease(group, self._clock.now())
                if running is not None and running.source == self._source:
                    return running
            try:
                lease = self._ask_for_lease(self._server, group, vin)
            except ConsoleError as error:
                if simulated and error.number not in _REFUSALS:
                    return None
                raise
            return lease

    def _ask_for_lease(self, server: AccessServer, group: ProductGroup, vin: str) -> Lease:
        lease = self._settled_lease(server, group, vin)
        if lease.until <= self._clock.now():
            # The key was of a request from long ago; its lease was granted then, and is over.
            lease = self._settled_lease(server, group, vin)
        return lease

    def _settled_lease(self, server: AccessServer, group: ProductGroup, vin: str) -> Lease:
        """Ask once with the kept key, and drop the key when the answer settles the request."""
        key = self._key(group)
        try:
            lease = replace(server.lease(group, idempotency_key=key, vin=vin), source=self._source)
        except ConsoleError as error:
            if _settles(error):
                self._drop_key(group, key)
            raise
        # The lease is kept before its key is dropped: a crash between the two asks again with the same key.
        with suppress(ConsoleError):
            self._memory.remember_lease(lease)
        self._drop_key(group, key)
        return lease

    def _key(self, group: ProductGroup) -> str:
        """Return the kept key; one of this process where the store cannot keep any."""
        if group not in self._own_keys:
            try:
                return self._memory.lease_key(group)
            except ConsoleError:
                from uuid import uuid4  # rare, and the first screen is waited for

                self._own_keys[group] = str(uuid4())
        return self._own_keys[group]

    def _drop_key(self, group: ProductGroup, key: str) -> None:
        self._own_keys.pop(group, None)
        with suppress(ConsoleError):
            self._memory.forget_lease_key(group, key)

    def refresh_messages(self, messages: Messages, lang: str) -> bool:
        """Fetch newer message texts into the store; return whether any came.

        Raises ConsoleError as the server or the store does; the shipped texts stay in use.
        """
        if self._server is None:
            return False
        etag = messages.etag(lang=lang, edition=self._edition)
        newer = self._server.messages(lang, self._edition, etag)
        if newer is None:
            return False
        messages.remember_messages(newer[0], newer[1], lang=lang, edition=self._edition)
        return bool(newer[1])
