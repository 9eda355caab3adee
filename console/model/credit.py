"""Diagnosis time credit, as the access server tells it; the console never invents minutes."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from workshop_console.console.model.lean import dataclass


class Edition(StrEnum):
    """Which product's rules apply: groups, portals and support desks differ."""

    LITE = "lite"
    PASS_THRU = "pass-thru"  # noqa: S105 - the name of a product, not a secret


class ProductGroup(StrEnum):
    """The data packages of the manuals."""

    PASSENGER_CARS = "passenger-cars"
    VANS = "vans"
    SMART = "smart"
    EQ = "eq"
    MAYBACH = "maybach"
    TRUCKS = "trucks"
    """Pass Thru edition only."""


GROUPS: dict[Edition, tuple[ProductGroup, ...]] = {
    Edition.LITE: tuple(group for group in ProductGroup if group is not ProductGroup.TRUCKS),
    Edition.PASS_THRU: tuple(ProductGroup),
}
"""The groups of each edition, in the order of the first screen."""


@dataclass(frozen=True, kw_only=True)
class GroupCredit:
    """Remaining credit of one product group."""

    group: ProductGroup
    minutes: int | None
    """Whole minutes left, of the begun packet and those not begun; None: not known."""
    begun: datetime | None = None
    """When the running packet began (aware, UTC)."""
    until: datetime | None = None
    """When the running packet ends (aware, UTC)."""
    ever: bool = True
    """False: the group never had a packet (2173-42); True with 0 minutes: it is used up (2173-44)."""


@dataclass(frozen=True, kw_only=True)
class CreditReport:
    """What is known of all groups and since when."""

    edition: Edition
    as_of: datetime | None
    """When the server said so (aware, UTC); None: it never did."""
    online: bool
    """True: just now from the server; False: from the store."""
    groups: tuple[GroupCredit, ...]
    kept: bool = True
    """False: this workshop keeps no credit (access server `off`)."""
    source: str = ""
    """Which server said so, as the settings name it: one server's figures are not another's."""

    def of(self, group: ProductGroup) -> GroupCredit:
        """Return the credit of `group`; unknown when the report does not name it."""
        return next((c for c in self.groups if c.group is group), GroupCredit(group=group, minutes=None))


@dataclass(frozen=True, kw_only=True)
class Lease:
    """Leave to run diagnosis functions of one product group until a point in time."""

    lease_id: str
    group: ProductGroup
    begun: datetime
    until: datetime
    source: str = ""
    """Which server granted it, as the settings name it."""
