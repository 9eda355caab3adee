"""Answers of the access server: JSON always, errors with a number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

from workshop_console.console.backend.ledger import KeptLease
from workshop_console.console.backend.packets import Balance, Packet


class RefusedError(Exception):
    """The request is answered with an error.

    Args:
        status: HTTP status.
        number: numbered message of the console that fits.
        detail: what was wrong, for whoever wrote the client.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, number: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, number, detail)
        self.status = status
        self.number = number
        self.detail = detail
        self.headers = dict(headers or {})


def as_json(body: Mapping[str, Any]) -> bytes:
    """Return `body` as UTF-8 JSON, the same bytes for the same content."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def answer(body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return `body` as the answer; nobody on the way may keep it."""
    return Response(
        as_json(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def refusal(error: RefusedError) -> Response:
    """Return the answer that `error` is."""
    body = {"error": {"number": error.number, "detail": error.detail}}
    return answer(body, error.status, error.headers)


def moment(seconds: int) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def balance_body(balance: Balance) -> dict[str, Any]:
    """Return one group of the credit answer."""
    return {
        "group": balance.group.value,
        "minutes": balance.minutes,
        "begun": None if balance.begun_at is None else moment(balance.begun_at),
        "until": None if balance.until is None else moment(balance.until),
        "ever": balance.ever,
    }


def lease_body(lease: KeptLease) -> dict[str, Any]:
    """Return the answer that describes a lease."""
    return {
        "id": lease.lease_id,
        "group": lease.group.value,
        "vin": lease.vin,
        "begun": moment(lease.begun_at),
        "until": moment(lease.until),
    }


def packet_body(packet: Packet) -> dict[str, Any]:
    """Return the answer that describes a packet."""
    return {
        "id": packet.packet_id,
        "group": packet.group.value,
        "duration": packet.duration.value,
        "minutes": packet.minutes,
        "bought": moment(packet.bought_at),
    }
