"""The calls of the access server; openapi.json describes them."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from importlib.resources import files

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from workshop_console.console.backend.answers import (
    RefusedError,
    answer,
    balance_body,
    lease_body,
    moment,
    packet_body,
    refusal,
)
from workshop_console.console.backend.ledger import (
    KeyReusedError,
    Ledger,
    LedgerUnavailableError,
    NewPacket,
    NoCreditError,
)
from workshop_console.console.backend.message_texts import MessageTexts
from workshop_console.console.backend.packets import Duration
from workshop_console.console.backend.reading import (
    read_choice,
    read_idempotency_key,
    read_object,
    read_vin,
    refuse,
)
from workshop_console.console.model.credit import GROUPS, Edition, ProductGroup
from workshop_console.console.settings import LANGUAGES

KEEP_TIME_EVERY_S = 60.0
_LOOPBACK = ("127.0.0.1", "::1")
_log = logging.getLogger(__name__)
_EXPECTED = (RefusedError, NoCreditError, KeyReusedError, LedgerUnavailableError, HTTPException, Exception)
"""What calls raise; Exception stands for what nobody expected and is answered with 500."""


class AccessCalls:
    """The calls of version 1.

    Args:
        ledger: packets and leases.
        texts: message texts to give out.
        demonstration: whether anyone on this computer may add packets.
        operator_key: who shows it (Authorization: Bearer) may add packets; empty: nobody can.
    """

    def __init__(
        self, ledger: Ledger, texts: MessageTexts, *, demonstration: bool, operator_key: str = ""
    ) -> None:
        self._ledger = ledger
        self._texts = texts
        self._demonstration = demonstration
        self._operator_key = operator_key.encode()
        self._description = (files(__package__) / "openapi.json").read_bytes()

    async def health(self, _: Request) -> Response:
        """GET /v1/health."""
        now = (await run_in_threadpool(self._ledger.balances, ()))[0]
        return answer({"status": "ok", "time": moment(now)})

    async def openapi(self, _: Request) -> Response:
        """GET /v1/openapi.json."""
        return Response(self._description, media_type="application/json")

    async def credit(self, request: Request) -> Response:
        """GET /v1/credit?edition=."""
        edition = read_choice(Edition, "edition", request.query_params.get("edition", Edition.LITE))
        now, balances = await run_in_threadpool(self._ledger.balances, GROUPS[edition])
        return answer(
            {
                "edition": edition.value,
                "as_of": moment(now),
                "groups": [balance_body(balance) for balance in balances],
            }
        )

    async def take_lease(self, request: Request) -> Response:
        """POST /v1/leases."""
        key = read_idempotency_key(request)
        body = await read_object(request)
        group = read_choice(ProductGroup, "group", body.get("group"))
        vin = read_vin(body)
        lease, new = await run_in_threadpool(self._ledger.lease, group, key=key, vin=vin)
        location = {"Location": f"/v1/leases/{lease.lease_id}"}
        return answer(lease_body(lease), 201 if new else 200, location)

    async def lease(self, request: Request) -> Response:
        """GET /v1/leases/{id}."""
        lease = await run_in_threadpool(self._ledger.find_lease, request.path_params["lease_id"][:64])
        if lease is None:
            raise refuse(404, "no such lease")
        return answer(lease_body(lease))

    async def messages(self, request: Request) -> Response:
        """GET /v1/messages?lang=&edition=."""
        lang = request.query_params.get("lang", "")
        if lang not in LANGUAGES:
            raise refuse(422, f"lang: one of {', '.join(LANGUAGES)}")
        edition = read_choice(Edition, "edition", request.query_params.get("edition", Edition.LITE))
        etag, body = await run_in_threadpool(self._texts.answer, lang, edition)
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        known = request.headers.get("if-none-match", "")
        if known.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type="application/json", headers=headers)

    async def add_packet(self, request: Request) -> Response:
        """POST /v1/packets."""
        self._only_for_operators(request)
        key = read_idempotency_key(request)
        body = await read_object(request)
        packet = NewPacket(
            group=read_choice(ProductGroup, "group", body.get("group")),
            duration=read_choice(Duration, "duration", body.get("duration")),
        )
        added, new = await run_in_threadpool(self._ledger.add_packet, packet, key=key)
        return answer(packet_body(added), 201 if new else 200)

    def _only_for_operators(self, request: Request) -> None:
        shown = request.headers.get("authorization", "").removeprefix("Bearer ").encode("latin-1", "replace")
        if self._operator_key and hmac.compare_digest(shown, self._operator_key):
            return
        if self._demonstration and request.client is not None and request.client.host in _LOOPBACK:
            return
        if self._operator_key:
            raise RefusedError(401, "WC-501", "the operator's key is needed", {"WWW-Authenticate": "Bearer"})
        raise refuse(403, "this server takes no packets")

    async def keep_time(self) -> None:
        """Keep the time now and then, so that the clock cannot be set back unseen while nobody asks."""
        while True:
            with suppress(LedgerUnavailableError):
                await run_in_threadpool(self._ledger.keep_time)
            await asyncio.sleep(KEEP_TIME_EVERY_S)


def create_app(calls: AccessCalls) -> Starlette:
    """Return the ASGI application that answers `calls`."""
    version_1: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("GET", "/v1/health", calls.health),
        ("GET", "/v1/openapi.json", calls.openapi),
        ("GET", "/v1/credit", calls.credit),
        ("POST", "/v1/leases", calls.take_lease),
        ("GET", "/v1/leases/{lease_id}", calls.lease),
        ("GET", "/v1/messages", calls.messages),
        ("POST", "/v1/packets", calls.add_packet),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(calls.keep_time())
        yield
        task.cancel()

    return Starlette(
        routes=[Route(path, call, methods=[method]) for method, path, call in version_1],
        exception_handlers=dict.fromkeys(_EXPECTED, _failed),
        lifespan=lifespan,
    )


async def _failed(_: Request, error: Exception) -> Response:
    return refusal(_as_refused(error))


def _as_refused(error: Exception) -> RefusedError:
    """Return how `error` is answered."""
    match error:
        case RefusedError():
            return error
        case NoCreditError():
            return RefusedError(402, "2173-44" if error.ever else "2173-42", error.group.value)
        case KeyReusedError():
            return refuse(409, "Idempotency-Key: used for another request")
        case LedgerUnavailableError():
            _log.error("database: %s", error)
            return RefusedError(503, "2173-40", str(error), {"Retry-After": "5"})
        case HTTPException():
            return RefusedError(error.status_code, "WC-501", error.detail, error.headers)
    return RefusedError(500, "2173-40", type(error).__name__)
