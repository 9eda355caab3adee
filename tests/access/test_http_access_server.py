"""The console's side: a server that is not there, is slow, or talks nonsense."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access.servers import Behaviour, misbehaving, saying, serving
from workshop_console.console.access.checking import read_credit, read_json, read_lease, read_messages
from workshop_console.console.access.http_access_server import HttpAccessServer
from workshop_console.console.access.trouble import Nonsense
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import GROUPS, Edition, ProductGroup

CREDIT: dict[str, Any] = {
    "edition": "lite",
    "as_of": "2026-03-01T10:00:00Z",
    "groups": [
        {"group": "eq", "minutes": 60, "begun": None, "until": None, "ever": True},
        {
            "group": "vans",
            "minutes": 7,
            "begun": "2026-03-01T09:00:00Z",
            "until": "2026-03-01T11:07:09+01:00",
            "ever": True,
        },
    ],
}
LEASE: dict[str, Any] = {
    "id": "a-lease",
    "group": "eq",
    "vin": "",
    "begun": "2026-03-01T09:00:00Z",
    "until": "2026-03-01T10:00:00Z",
}
TEXT = {"number": "WC-201", "title": "t", "when": "w", "cause": "c", "remedy": ["r"]}


def with_group(**changes: Any) -> dict[str, Any]:
    return {**CREDIT, "groups": [{**CREDIT["groups"][1], **changes}]}


def telling(body: dict[str, Any]) -> Behaviour:
    return saying(json.dumps(body).encode())


def ask(behave: Behaviour, timeout_s: float = 10.0) -> Any:
    """Ask a server that behaves so for the credit; return the report or the error."""
    with misbehaving(behave) as url:
        try:
            return HttpAccessServer(url, timeout_s).credit(Edition.LITE)
        except ConsoleError as error:
            return error


def test_the_real_server_is_understood(tmp_path: Path) -> None:
    with serving(tmp_path / "a.db") as url:
        server = HttpAccessServer(url + "/", 10)
        report = server.credit(Edition.PASS_THRU)
        assert tuple(credit.group for credit in report.groups) == GROUPS[Edition.PASS_THRU]
        assert report.of(ProductGroup.PASSENGER_CARS).minutes == 44700
        lease = server.lease(ProductGroup.EQ, idempotency_key="a-key-of-mine", vin="WDB\x1b\ud800")
        assert server.lease(ProductGroup.EQ, idempotency_key="a-key-of-mine") == lease
        assert server.credit(Edition.LITE).of(ProductGroup.EQ).until == lease.until
        for group, number in ((ProductGroup.SMART, "2173-42"), (ProductGroup.MAYBACH, "2173-44")):
            with pytest.raises(ConsoleError) as caught:
                server.lease(group, idempotency_key="another-key")
            assert (caught.value.number, caught.value.facts) == (number, {"group": group.value})
        newer = server.messages("de", Edition.LITE, "")
        assert newer is not None
        assert server.messages("de", Edition.LITE, newer[0]) is None
        server.close()


def test_a_server_that_knows_its_address_later_is_asked_for_it_with_each_call() -> None:
    asked = []

    with misbehaving(telling(CREDIT)) as url:

        def later() -> str:
            asked.append(1)
            if len(asked) == 1:
                raise ConsoleError("WC-503", detail="not yet")
            return url

        server = HttpAccessServer(later, 10)
        with pytest.raises(ConsoleError, match="WC-503"):
            server.credit(Edition.LITE)
        assert server.credit(Edition.LITE) == server.credit(Edition.LITE)
        assert len(asked) == 3


def test_a_proper_answer_is_read_with_its_times_in_utc() -> None:
    report = ask(telling({**CREDIT, "more": 1}))
    vans = report.of(ProductGroup.VANS)
    assert vans.until == datetime(2026, 3, 1, 10, 7, 9, tzinfo=UTC)
    assert report.of(ProductGroup.EQ).minutes == 60
    assert report.of(ProductGroup.SMART).minutes is None
    assert report.online


def test_groups_that_are_not_known_or_not_of_the_edition_are_left_out() -> None:
    boats = {**CREDIT["groups"][0], "group": "boats"}
    trucks = {**CREDIT["groups"][0], "group": "trucks"}
    report = ask(telling({**CREDIT, "groups": [boats, trucks, *CREDIT["groups"]]}))
    assert [credit.group.value for credit in report.groups] == ["vans", "eq"]


def chunked_without_end(connection: socket.socket) -> None:
    connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"edi\r\n')


def cut_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + json.dumps(CREDIT).encode()[:50])


def silent_end(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket) -> None:
    import struct

    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 65536)


def endless_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"y" * 1000 + b"\r\n")


def gzip_bomb(connection: socket.socket) -> None:
    saying(gzip.compress(b" " * 50_000_000), headers=b"Content-Encoding: gzip\r\n")(connection)


@pytest.mark.parametrize(
    ("behave", "number"),
    [
        pytest.param(behave, number, id=name)
        for name, behave, number in [
            ("html", saying(b"<html>[/red]\x1b]0;x\x07Welcome to our hotel</html>"), "WC-500"),
            ("empty", saying(b""), "WC-500"),
            ("null", saying(b"null"), "WC-500"),
            ("list", saying(b"[]"), "WC-500"),
            ("deep", saying(b"[" * 500_000), "WC-500"),
            ("not UTF-8", saying(b"\xff\xfe\x00"), "WC-500"),
            ("too large", saying(b" " * (1024 * 1024 + 1)), "WC-500"),
            ("endless", endless, "WC-500"),
            ("endless head", endless_head, "WC-500"),
            ("gzip bomb", gzip_bomb, "WC-500"),
            ("cut off", cut_off, "WC-500"),
            ("chunks without end", chunked_without_end, "WC-500"),
            ("not HTTP", lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), "WC-500"),
            ("half a line", lambda c: c.sendall(b"HTTP/1.1 20"), "2173-40"),
            ("silent end", silent_end, "2173-40"),
            ("reset", reset, "2173-40"),
            ("500", saying(b"oops", "500 Internal Server Error"), "2173-40"),
            ("503", saying(b"{}", "503 Service Unavailable"), "2173-40"),
            ("511", saying(b"<html>", "511 Network Authentication Required"), "2173-39"),
            ("407", saying(b"", "407 Proxy Authentication Required"), "2173-39"),
            ("404", saying(b"<html>", "404 Not Found"), "WC-501"),
            ("204", saying(b"", "204 No Content"), "WC-501"),
            ("304 unasked", saying(b"", "304 Not Modified"), "WC-501"),
            ("redirect", saying(b"", "302 Found", b"Location: http://192.0.2.1/\r\n"), "WC-501"),
            ("StartKey", saying(b'{"error":{"number":"2221-45","detail":""}}', "403 Forbidden"), "2221-45"),
            ("renewed", saying(b'{"error":{"number":"2221-54","detail":""}}', "401 Unauthorized"), "2221-54"),
            ("not its number", saying(b'{"error":{"number":"WC-600"}}', "403 Forbidden"), "WC-501"),
            ("credit unasked", saying(b'{"error":{"number":"2173-44"}}', "402 Payment Required"), "WC-501"),
            ("number of no kind", saying(b'{"error":{"number":["x"]}}', "400 Bad Request"), "WC-501"),
            ("error of no kind", saying(b'{"error":[]}', "400 Bad Request"), "WC-501"),
            ("no edition", saying(b"{}"), "WC-500"),
            ("other edition", telling({**CREDIT, "edition": "pass-thru"}), "WC-500"),
            (
                "groups twice",
                telling({**CREDIT, "groups": CREDIT["groups"] * 2}),
                "WC-500",
            ),
            (
                "many groups",
                telling({**CREDIT, "groups": [{"group": "x"}] * 65}),
                "WC-500",
            ),
            ("groups as text", telling({**CREDIT, "groups": "vans"}), "WC-500"),
            ("group as text", telling({**CREDIT, "groups": ["vans"]}), "WC-500"),
        ]
    ],
)
def test_nonsense_is_told_as_what_it_is(behave: Behaviour, number: str) -> None:
    error = ask(behave)
    assert isinstance(error, ConsoleError), error
    assert error.number == number
    assert all(str(fact).isprintable() for fact in error.facts.values())


@pytest.mark.parametrize(
    "changes",
    [
        {"minutes": -1},
        {"minutes": 10**12},
        {"minutes": 7.5},
        {"minutes": "7"},
        {"minutes": True},
        {"minutes": None},
        {"ever": None},
        {"ever": 1},
        {"ever": False},
        {"begun": None},
        {"until": None},
        {"until": "2026-03-01T08:00:00Z"},
        {"until": "2026-03-01T11:00:00"},
        {"until": "9999-12-31T23:59:59-23:59"},
        {"until": "1970-01-01T00:00:00Z"},
        {"until": 1_800_000_000},
        {"until": "soon"},
        {"begun": "0001-01-01T00:00:00+23:59"},
    ],
)
def test_absurd_figures_are_not_believed(changes: dict[str, Any]) -> None:
    with pytest.raises(Nonsense):
        read_credit(with_group(**changes), Edition.LITE)


@pytest.mark.parametrize(
    "changes",
    [
        {"group": "vans"},
        {"id": ""},
        {"id": 7},
        {"id": "x" * 200},
        {"until": "2026-03-01T08:00:00Z"},
        {"begun": None},
    ],
)
def test_a_lease_that_is_none_is_not_believed(changes: dict[str, Any]) -> None:
    assert read_lease(LEASE, ProductGroup.EQ).lease_id == "a-lease"
    with pytest.raises(Nonsense):
        read_lease({**LEASE, **changes}, ProductGroup.EQ)


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {**TEXT, "number": "47"},
        {**TEXT, "title": None},
        {**TEXT, "cause": "x" * 2001},
        {**TEXT, "remedy": "r"},
        {**TEXT, "remedy": [None]},
        {**TEXT, "area": 5},
        {"number": "WC-201"},
    ],
)
def test_texts_that_are_none_are_not_believed(entry: Any) -> None:
    assert read_messages({"lang": "de", "messages": [TEXT]}, "de")[0].remedy == ("r",)
    with pytest.raises(Nonsense):
        read_messages({"lang": "de", "messages": [TEXT, entry]}, "de")
    with pytest.raises(Nonsense):
        read_messages({"lang": "it", "messages": [TEXT]}, "de")


def test_escape_codes_in_texts_are_made_visible() -> None:
    texts = read_messages({"lang": "de", "messages": [{**TEXT, "title": "\x1b[31m\u202e[/red]"}]}, "de")
    assert texts[0].title == "\u241b[31m\ufffd[/red]"


_any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    field=st.sampled_from(["edition", "as_of", "groups", "group", "minutes", "begun", "until", "ever", "id"]),
    value=_any_json | st.text("0123456789-:TZ+", max_size=30),
)
def test_any_value_anywhere_is_read_or_called_nonsense(field: str, value: Any) -> None:
    for read, body in (
        (lambda body: read_credit(body, Edition.LITE), {**CREDIT, field: value}),
        (lambda body: read_credit(body, Edition.LITE), with_group(**{field: value})),
        (lambda body: read_lease(body, ProductGroup.EQ), {**LEASE, field: value}),
        (lambda body: read_messages(body, "de"), {"lang": "de", "messages": [{**TEXT, field: value}]}),
    ):
        with suppress(Nonsense):
            read(body)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | _any_json.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_called_nonsense(body: bytes) -> None:
    with suppress(Nonsense):
        assert isinstance(read_json(body), dict)


def drip(head: bytes, piece: bytes, ended: threading.Event) -> Behaviour:
    """Return a behaviour that says `head` and then one `piece` after the other, slowly."""

    def behave(connection: socket.socket) -> None:
        try:
            connection.sendall(head)
            while True:
                connection.sendall(piece)
                # Paced by waiting for a word from the client, which never says one.
                connection.settimeout(0.02)
                with suppress(TimeoutError):
                    if connection.recv(1) == b"":
                        break
        except OSError:
            pass
        ended.set()

    return behave


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
    ],
    ids=["status", "head", "body", "chunks", "until closed"],
)
def test_an_answer_that_drips_is_given_up_and_the_connection_with_it(head: bytes, piece: bytes) -> None:
    ended = threading.Event()
    begun = time.monotonic()
    error = ask(drip(head, piece, ended), timeout_s=0.4)
    assert isinstance(error, ConsoleError)
    assert error.number in ("2173-40", "WC-500")
    assert time.monotonic() - begun < 5
    assert ended.wait(5)


def test_a_server_that_takes_the_request_and_says_nothing_is_given_up() -> None:
    released = threading.Event()

    def wait(_: socket.socket) -> None:
        released.wait(0.8)

    error = ask(wait, timeout_s=0.3)
    released.set()
    assert isinstance(error, ConsoleError)
    assert error.number == "2173-40"


def test_close_ends_a_call_that_waits() -> None:
    asked = threading.Event()
    errors: list[ConsoleError] = []

    def wait_for_close(connection: socket.socket) -> None:
        asked.set()
        connection.recv(1)

    with misbehaving(wait_for_close) as url:
        server = HttpAccessServer(url, 30)

        def call() -> None:
            try:
                server.credit(Edition.LITE)
            except ConsoleError as error:
                errors.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        assert asked.wait(10)
        server.close()
        thread.join(10)
    assert [error.number for error in errors] == ["2173-40"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_nobody_listening_is_2221_47() -> None:
    port = free_port()
    with pytest.raises(ConsoleError) as caught:
        HttpAccessServer(f"http://127.0.0.1:{port}", 5).credit(Edition.LITE)
    assert (caught.value.number, caught.value.facts) == ("2221-47", {"server": f"127.0.0.1:{port}"})


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        OSError(101, "Network is unreachable"),
        OSError(113, "No route to host"),
    ],
)
def test_a_network_without_names_or_ways_is_2173_39(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(socket, "create_connection", failing(error))
    with pytest.raises(ConsoleError) as caught:
        HttpAccessServer("http://access.example", 5).credit(Edition.LITE)
    assert caught.value.number == "2173-39"
    assert caught.value.facts["server"] == "access.example"


def test_a_resolver_that_hangs_does_not_hang_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(
        socket, "create_connection", lambda *_, **__: released.wait(20) and failing(OSError())()
    )
    begun = time.monotonic()
    with pytest.raises(ConsoleError) as caught:
        HttpAccessServer("http://access.example", 0.3).credit(Edition.LITE)
    released.set()
    assert caught.value.number == "2221-47"
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    "proxy", ["http://127.0.0.1:{port}", "nonsense://x", "http://[", "socks5://127.0.0.1:1"]
)
def test_a_proxy_that_cannot_be_used_is_a_matter_of_the_local_network(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("http_proxy", proxy.format(port=free_port()))
    with pytest.raises(ConsoleError) as caught:
        HttpAccessServer("http://access.example", 5).credit(Edition.LITE)
    assert caught.value.number == "2173-39"


def test_no_proxy_stands_before_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert ask(telling(CREDIT)).online


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://:80",
        "http://a:99999",
        "http://a:x",
        "http://[::1",
        "http://user:secret@a",
        "http://secret@a",
        "ftp://a",
        "http://a/?q=1",
        "http://a/#f",
        "http://a b",
        "http://a\\b",
        "http://ä.example",
        "http://a\r\nHost: b",
        "nothing",
        "",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_telling_secrets(url: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        HttpAccessServer(url, 5)
    assert caught.value.number == "WC-502"
    assert "secret" not in str(caught.value)
    assert str(caught.value.facts["server"]).isprintable()


@pytest.mark.parametrize("url", ["http://" + "a" * 300, "http://a..b", "http://-", "http://999.999.999.999"])
def test_an_address_of_a_host_that_cannot_be_ends_in_a_number(url: str) -> None:
    with pytest.raises(ConsoleError) as caught:
        HttpAccessServer(url, 5).credit(Edition.LITE)
    assert caught.value.number in ("WC-502", "2173-39", "2221-47")


def test_no_address_of_a_call_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert ask(telling(CREDIT)).online
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]


def test_tls_that_is_none_is_told_with_its_reason() -> None:
    def plain(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with misbehaving(plain, read_first=False) as url, pytest.raises(ConsoleError) as caught:
        HttpAccessServer(url.replace("http:", "https:"), 5).credit(Edition.LITE)
    assert caught.value.number == "2173-40"
    assert "SSL" in str(caught.value.facts["detail"])
