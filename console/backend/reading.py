"""Reads requests: everything is bounded and checked before anything is done with it."""

from __future__ import annotations

import asyncio
import json
import re
from enum import StrEnum
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from workshop_console.console.backend.answers import RefusedError
from workshop_console.console.model.clean import clean

LARGEST_BODY_BYTES = 16 * 1024
BODY_WITHIN_S = 10.0
LONGEST_VIN = 64
_KEY = re.compile(r"[\x21-\x7e]{8,128}")

Choice = TypeVar("Choice", bound=StrEnum)


def refuse(status: int, detail: str) -> RefusedError:
    """Return the error for a request that is wrong in itself."""
    return RefusedError(status, "WC-501", detail)


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body.

    Raises RefusedError: 415 other type, 413 too large, 408 too slow, 400 not JSON, 422 not an object.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise refuse(415, "application/json is needed")
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            raw = await _read_body(request)
    except TimeoutError:
        raise RefusedError(408, "WC-501", "the body came too slowly", {"Connection": "close"}) from None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise refuse(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise refuse(422, "the body is not an object")
    return body


async def _read_body(request: Request) -> bytes:
    too_large = RefusedError(
        413, "WC-501", f"a body has at most {LARGEST_BODY_BYTES} bytes", {"Connection": "close"}
    )
    told = request.headers.get("content-length", "0")
    if told.isdecimal() and len(told) < 20 and int(told) > LARGEST_BODY_BYTES:
        raise too_large
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY_BYTES:
                raise too_large
    except ClientDisconnect:
        raise refuse(400, "the body was cut off") from None
    return body


def read_choice(kind: type[Choice], name: str, value: object) -> Choice:
    """Return `value` as one of `kind`. Raises RefusedError 422 that names the choices."""
    try:
        if isinstance(value, str):
            return kind(value)
    except ValueError:
        pass
    raise refuse(422, f"{name}: one of {', '.join(kind)}")


def read_vin(body: dict[str, Any]) -> str:
    """Return the VIN for the record, as the vehicle sent it; empty: none was given. Raises RefusedError."""
    vin = body.get("vin", "")
    if not isinstance(vin, str) or len(vin) > LONGEST_VIN:
        raise refuse(422, f"vin: text of at most {LONGEST_VIN} characters")
    return clean(vin, longest=LONGEST_VIN)


def read_idempotency_key(request: Request) -> str:
    """Return the Idempotency-Key header. Raises RefusedError 422."""
    key = request.headers.get("idempotency-key", "")
    if not _KEY.fullmatch(key):
        raise refuse(422, "Idempotency-Key: 8 to 128 visible ASCII characters")
    return key
