"""The calls of the access server, over HTTP: every answer fits the description, and nothing ends in a 500."""

from __future__ import annotations

import json
import socket
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access.openapi_schema import DESCRIPTION, answer_complaints, complaints
from tests.access.servers import Reply, call, serving
from workshop_console.console.backend import connection as connection_module
from workshop_console.console.backend import reading
from workshop_console.console.model.credit import Edition, ProductGroup

_POST = b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nIdempotency-Key: abcdefgh\r\n"
_KEY = {"Idempotency-Key": "key-of-a-test", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("access") / "access.db") as url:
        yield url


def send(
    url: str, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Reply:
    """Send a request and check that its answer is as described."""
    reply = call(url, method, path, body, headers)
    if method != "HEAD":
        assert answer_complaints(method, path, reply.status, reply.body) == []
    return reply


def error_of(reply: Reply) -> tuple[int, str]:
    body = json.loads(reply.body)
    assert complaints(body, {"$ref": "#/components/schemas/Error"}) == []
    return reply.status, body["error"]["number"]


@pytest.mark.parametrize("edition", list(Edition))
def test_credit_names_the_groups_of_the_edition(url: str, edition: Edition) -> None:
    body = json.loads(send(url, "GET", f"/v1/credit?edition={edition}").body)
    names = [entry["group"] for entry in body["groups"]]
    assert ("trucks" in names) == (edition is Edition.PASS_THRU)
    smart = next(entry for entry in body["groups"] if entry["group"] == "smart")
    assert smart == {"group": "smart", "minutes": 0, "begun": None, "until": None, "ever": False}


def test_a_lease_is_granted_found_again_and_not_granted_twice(url: str) -> None:
    key = {**_KEY, "Idempotency-Key": "lease-vans-1"}
    body = b'{"group": "vans", "vin": "WDB\\u001b[31m"}'
    first = send(url, "POST", "/v1/leases", body, key)
    again = send(url, "POST", "/v1/leases", body, key)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body
    assert json.loads(first.body)["vin"] == "WDB\u241b[31m"
    assert send(url, "GET", first.headers["location"]).body == first.body
    credit = json.loads(send(url, "GET", "/v1/credit").body)
    vans = next(entry for entry in credit["groups"] if entry["group"] == "vans")
    assert vans["until"] == json.loads(first.body)["until"]
    assert error_of(send(url, "POST", "/v1/leases", b'{"group": "eq"}', key)) == (409, "WC-501")


@pytest.mark.parametrize(("group", "number"), [("smart", "2173-42"), ("maybach", "2173-44")])
def test_no_credit_is_payment_required_with_the_number_that_tells_why(
    url: str, group: str, number: str
) -> None:
    reply = send(url, "POST", "/v1/leases", json.dumps({"group": group}).encode(), _KEY)
    assert error_of(reply) == (402, number)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/", None, {}, 404),
        ("GET", "/v2/credit", None, {}, 404),
        ("GET", "/v1/leases/none", None, {}, 404),
        ("GET", "/v1/leases/" + "x" * 5000, None, {}, 404),
        ("GET", "/v1/leases/%00%ff", None, {}, 404),
        ("DELETE", "/v1/credit", None, {}, 405),
        ("GET", "/v1/leases", None, {}, 405),
        ("GET", "/v1/credit?edition=heavy", None, {}, 422),
        ("GET", "/v1/credit?edition=%ff%00", None, {}, 422),
        ("GET", "/v1/messages", None, {}, 422),
        ("GET", "/v1/messages?lang=tlh", None, {}, 422),
        ("POST", "/v1/leases", b'{"group": "vans"}', {"Content-Type": "application/json"}, 422),
        ("POST", "/v1/leases", b'{"group": "vans"}', {**_KEY, "Idempotency-Key": "short"}, 422),
        ("POST", "/v1/leases", b'{"group": "vans"}', {**_KEY, "Idempotency-Key": "k" * 200}, 422),
        ("POST", "/v1/leases", b'{"group": "vans"}', {**_KEY, "Content-Type": "text/xml"}, 415),
        ("POST", "/v1/leases", b"", _KEY, 400),
        ("POST", "/v1/leases", b'{"group": "vans"', _KEY, 400),
        ("POST", "/v1/leases", b"\xff\xfe\xfd", _KEY, 400),
        ("POST", "/v1/leases", b"[" * 16_000, _KEY, 400),
        ("POST", "/v1/leases", b'{"group": ' + b"9" * 8_000 + b"}", _KEY, 400),
        ("POST", "/v1/leases", b"[]", _KEY, 422),
        ("POST", "/v1/leases", b"{}", _KEY, 422),
        ("POST", "/v1/leases", b'{"group": NaN}', _KEY, 422),
        ("POST", "/v1/leases", b'{"group": ["vans"]}', _KEY, 422),
        ("POST", "/v1/leases", b'{"group": "vans", "vin": 7}', _KEY, 422),
        ("POST", "/v1/leases", json.dumps({"group": "vans", "vin": "x" * 65}).encode(), _KEY, 422),
        ("POST", "/v1/leases", b'{"group": "' + b"x" * 20_000 + b'"}', _KEY, 413),
        ("POST", "/v1/packets", b'{"group": "vans", "duration": "decade"}', _KEY, 422),
        ("POST", "/v1/packets", b'{"group": "vans", "duration": {}}', _KEY, 422),
    ],
)
def test_a_wrong_request_is_answered_with_its_status_and_a_number(
    url: str, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    assert error_of(send(url, method, path, body, headers)) == (status, "WC-501")


def test_lone_surrogates_in_a_vin_do_no_harm(url: str) -> None:
    reply = send(url, "POST", "/v1/leases", b'{"group": "vans", "vin": "\\ud800\\u0000"}', _KEY)
    assert reply.status in (200, 201)
    assert json.loads(reply.body)["vin"] == "\ufffd\u2400"


def test_head_is_answered_without_a_body(url: str) -> None:
    reply = send(url, "HEAD", "/v1/credit")
    assert (reply.status, reply.body) == (200, b"")


def test_the_description_is_served(url: str) -> None:
    assert json.loads(send(url, "GET", "/v1/openapi.json").body) == DESCRIPTION


def test_the_servers_word_is_kept_by_no_cache_on_the_way(url: str) -> None:
    assert send(url, "GET", "/v1/credit").headers["cache-control"] == "no-store"


_any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
_bodies = st.one_of(
    st.binary(max_size=300),
    _any_json.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {},
        optional={
            "group": st.sampled_from(list(ProductGroup)) | _any_json,
            "vin": st.text(max_size=70) | _any_json,
            "duration": st.sampled_from(["hour", "year"]) | _any_json,
        },
    ).map(lambda value: json.dumps(value).encode()),
)
_visible = string.ascii_letters + string.digits + string.punctuation + " "
_headers = st.fixed_dictionaries(
    {},
    optional={
        "Idempotency-Key": st.text(_visible, max_size=140),
        "Content-Type": st.sampled_from(["application/json", "application/json; a=b", "text/xml", ";"]),
        "If-None-Match": st.text(_visible, max_size=60),
        "Authorization": st.text(_visible, max_size=60),
        "Accept": st.text(_visible, max_size=20),
    },
)
_paths = st.sampled_from(sorted(DESCRIPTION["paths"])) | st.text(
    string.ascii_letters + "/.%{}", max_size=30
).map("/v1/{}".format)
_queries = st.text(string.ascii_letters + "=&%;+", max_size=30).map("?{}".format) | st.sampled_from(
    ["", "?lang=de", "?lang=de&edition=pass-thru", "?edition=lite&edition=none"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "BREW"]),
    path=_paths,
    query=_queries,
    body=_bodies,
    headers=_headers,
)
def test_whatever_is_sent_the_answer_is_described_and_no_500(
    url: str, method: str, path: str, query: str, body: bytes, headers: dict[str, str]
) -> None:
    reply = send(url, method, path + query, body, headers)
    assert reply.status < 500
    if method != "HEAD" and reply.status >= 400:
        assert error_of(reply)[0] == reply.status


def raw(url: str, *pieces: bytes, half_close: bool = False) -> bytes:
    """Send raw bytes and return all that comes back until the server closes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
        for piece in pieces:
            connection.sendall(piece)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        data = b""
        try:
            while chunk := connection.recv(65536):
                data += chunk
        except ConnectionResetError:
            pass
        return data


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\r\n\r\n",
        b"GET /v1/credit HTTP/1.1\r\n\r\n",  # no Host
        b"GET /v1/credit HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999999\r\n\r\n",
    ],
)
def test_what_is_not_http_gets_a_json_error_or_a_closed_connection(url: str, request_bytes: bytes) -> None:
    answer = raw(url, request_bytes, half_close=True)
    if answer:
        head, _, body = answer.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        assert 400 <= status < 500
        assert json.loads(body)["error"]["number"] == "WC-501"
    assert send(url, "GET", "/v1/health").status == 200


def test_a_body_larger_than_told_is_refused_before_it_came(url: str) -> None:
    answer = raw(url, _POST + b"Content-Length: 99999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_chunked_body_without_an_end_is_refused_when_it_is_too_large(url: str) -> None:
    head = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = raw(url, head, *[b"1000\r\n" + b" " * 4096 + b"\r\n"] * 6)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_does_not_come_is_given_up(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BODY_WITHIN_S", 0.1)
    assert raw(url, _POST + b"Content-Length: 9\r\n\r\n{").startswith(b"HTTP/1.1 408 ")


def test_a_connection_that_says_nothing_is_ended(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "REQUEST_WITHIN_S", 0.1)
    assert raw(url) == b""
    assert raw(url, b"GET /v1/health HTT") == b""


def test_more_connections_than_are_allowed_are_closed_at_once(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "MOST_CONNECTIONS", 0)
    assert raw(url, b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    monkeypatch.undo()
    assert send(url, "GET", "/v1/health").status == 200


class TestPackets:
    """Who may add packets."""

    body = b'{"group": "smart", "duration": "week"}'

    def test_a_demonstration_takes_them_from_this_computer(self, tmp_path: Path) -> None:
        with serving(tmp_path / "a.db") as url:
            reply = send(url, "POST", "/v1/packets", self.body, _KEY)
            assert (reply.status, json.loads(reply.body)["minutes"]) == (201, 7 * 24 * 60)
            assert send(url, "POST", "/v1/packets", self.body, _KEY).status == 200
            assert send(url, "POST", "/v1/leases", b'{"group": "smart"}', _KEY).status == 201

    def test_without_demonstration_and_key_nobody_can(self, tmp_path: Path) -> None:
        with serving(tmp_path / "a.db", demo=False) as url:
            assert error_of(send(url, "POST", "/v1/packets", self.body, _KEY)) == (403, "WC-501")
            credit: dict[str, Any] = json.loads(send(url, "GET", "/v1/credit").body)
            assert {entry["ever"] for entry in credit["groups"]} == {False}

    def test_the_operators_key_opens(self, tmp_path: Path) -> None:
        with serving(tmp_path / "a.db", demo=False, operator_key="höchst geheim") as url:
            assert error_of(send(url, "POST", "/v1/packets", self.body, _KEY)) == (401, "WC-501")
            wrong = {**_KEY, "Authorization": "Bearer falsch"}
            assert error_of(send(url, "POST", "/v1/packets", self.body, wrong)) == (401, "WC-501")
            right = {**_KEY, "Authorization": "Bearer höchst geheim".encode().decode("latin-1")}
            assert send(url, "POST", "/v1/packets", self.body, right).status == 201


def test_a_database_that_cannot_be_used_now_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    monkeypatch.setattr("workshop_console.console.backend.ledger._BUSY_TIMEOUT_S", 0.05)
    with serving(tmp_path / "a.db") as url:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        reply = send(url, "POST", "/v1/leases", b'{"group": "vans"}', _KEY)
        assert error_of(reply) == (503, "2173-40")
        assert reply.headers["retry-after"] == "5"
        assert send(url, "GET", "/v1/credit").status == 200
        other.execute("ROLLBACK")
        other.close()
        assert send(url, "POST", "/v1/leases", b'{"group": "vans"}', _KEY).status == 201
