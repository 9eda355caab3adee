"""Checks every answer of the access server before anything believes it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workshop_console.console.access.trouble import Nonsense
from workshop_console.console.model.clean import clean
from workshop_console.console.model.credit import (
    GROUPS,
    CreditReport,
    Edition,
    GroupCredit,
    Lease,
    ProductGroup,
)
from workshop_console.console.model.message import NumberedMessage

LARGEST_MINUTES = 100 * 365 * 24 * 60
"""More credit than this is a defect of the server."""
_YEARS = range(2020, 2100)
_MOST_GROUPS = 64
_MOST_MESSAGES = 2_000
_MOST_STEPS = 30
_LONGEST_TEXT = 2_000
_NUMBER = re.compile(r"\d{4}-\d{2}|WC-\d{3}")
_ETAG = re.compile(r"[\x21-\x7e]{1,200}")


def read_json(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`. Raises Nonsense."""

    def refuse(constant: str) -> None:
        raise Nonsense(constant)

    try:
        value = json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError):
        start = clean(body[:40].decode("utf-8", "replace"))
        raise Nonsense(f"JSON: {start}" if body else "JSON: 0 B") from None
    if not isinstance(value, dict):
        raise Nonsense(f"JSON: {type(value).__name__}")
    return value


def read_error(body: bytes) -> tuple[str, str]:
    """Return number and detail of an error answer; both empty where it holds none."""
    try:
        error = read_json(body).get("error")
    except Nonsense:
        return "", ""
    if not isinstance(error, dict):
        return "", ""
    number, detail = error.get("number"), error.get("detail")
    return (
        number if isinstance(number, str) and _NUMBER.fullmatch(number) else "",
        clean(detail, longest=160) if isinstance(detail, str) else "",
    )


def read_etag(header: str) -> str:
    """Return the ETag; empty where it cannot be sent back."""
    return header if _ETAG.fullmatch(header) else ""


def read_credit(body: Mapping[str, Any], edition: Edition) -> CreditReport:
    """Return the credit of `edition`'s groups; groups that this version does not know are left out.

    Raises Nonsense that names the field.
    """
    if body.get("edition") != edition.value:
        raise Nonsense("edition")
    groups: dict[ProductGroup, GroupCredit] = {}
    for entry in _list(body, "groups", _MOST_GROUPS):
        if not isinstance(entry, dict):
            raise Nonsense("groups")
        name = _text(entry, "group", 64)
        if name not in tuple(ProductGroup):
            continue
        group = ProductGroup(name)
        if group in groups:
            raise Nonsense(f"groups: {group}")
        groups[group] = _group_credit(entry, group)
    return CreditReport(
        edition=edition,
        as_of=_moment(body, "as_of"),
        online=True,
        groups=tuple(groups[group] for group in GROUPS[edition] if group in groups),
    )


def _group_credit(entry: Mapping[str, Any], group: ProductGroup) -> GroupCredit:
    minutes, ever = entry.get("minutes"), entry.get("ever")
    if type(minutes) is not int or not 0 <= minutes <= LARGEST_MINUTES:
        raise Nonsense(f"{group}: minutes")
    if not isinstance(ever, bool):
        raise Nonsense(f"{group}: ever")
    begun = None if entry.get("begun") is None else _moment(entry, "begun")
    until = None if entry.get("until") is None else _moment(entry, "until")
    if (begun is None) != (until is None) or (begun is not None and until is not None and begun > until):
        raise Nonsense(f"{group}: begun, until")
    if not ever and (minutes or until is not None):
        raise Nonsense(f"{group}: ever")
    return GroupCredit(group=group, minutes=minutes, begun=begun, until=until, ever=ever)


def read_lease(body: Mapping[str, Any], group: ProductGroup) -> Lease:
    """Return the lease for `group`. Raises Nonsense that names the field."""
    if body.get("group") != group.value:
        raise Nonsense("group")
    lease_id = _text(body, "id", 128)
    begun, until = _moment(body, "begun"), _moment(body, "until")
    if not lease_id or begun > until:
        raise Nonsense("id" if not lease_id else "begun, until")
    return Lease(lease_id=lease_id, group=group, begun=begun, until=until)


def read_messages(body: Mapping[str, Any], lang: str) -> tuple[NumberedMessage, ...]:
    """Return the message texts. Raises Nonsense that names the field."""
    if body.get("lang") != lang:
        raise Nonsense("lang")
    return tuple(_message(entry, lang) for entry in _list(body, "messages", _MOST_MESSAGES))


def _message(entry: Any, lang: str) -> NumberedMessage:
    if not isinstance(entry, dict):
        raise Nonsense("messages")
    number = _text(entry, "number", 16)
    if not _NUMBER.fullmatch(number):
        raise Nonsense("number")
    remedy = _list(entry, "remedy", _MOST_STEPS)
    return NumberedMessage(
        number=number,
        title=_text(entry, "title", _LONGEST_TEXT),
        when=_text(entry, "when", _LONGEST_TEXT),
        cause=_text(entry, "cause", _LONGEST_TEXT),
        remedy=tuple(_text({"remedy": step}, "remedy", _LONGEST_TEXT) for step in remedy),
        lang=lang,
        area=_text({"area": "", **entry}, "area", 64),
    )


def _list(body: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list) or len(value) > most:
        raise Nonsense(name)
    return value


def _text(body: Mapping[str, Any], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise Nonsense(name)
    return clean(value, longest=longest)


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    """Return the field as an aware time in UTC, in years that can be."""
    value = body.get(name)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) <= 40 else None
        if moment is not None and moment.tzinfo is not None and moment.year in _YEARS:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Nonsense(name)
