"""The socketcand client against a server that a script drives."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.links.waiting import ask, gather, until
from workshop_console.console.errors import ConsoleError
from workshop_console.console.links.open import open_link
from workshop_console.console.model.address import CanAddress
from workshop_console.console.model.description import Timing
from workshop_console.console.model.exchange import Outcome, UdsRequest

UNIT = CanAddress(0x7E0, 0x7E8)
READ_VIN = b"\x22\xf1\x90"
Answer = Callable[[str], str | None]


class Server:
    """Speaks socketcand as far as a script lets it."""

    def __init__(self, answer: Answer, greeting: str | None = "< hi >") -> None:
        self.commands: list[str] = []
        self.peers: list[socket.socket] = []
        self._answer = answer
        self._greeting = greeting
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def uri(self) -> str:
        return f"can://socketcand/can0?host=127.0.0.1&port={self.port}"

    def close(self) -> None:
        self._listening.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._listening.accept()
                self.peers.append(peer)
                threading.Thread(target=self._talk, args=(peer,), daemon=True).start()

    def _talk(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._greeting is None:
                return
            peer.sendall(self._greeting.encode())
            text = ""
            while data := peer.recv(4096):
                text += data.decode()
                *commands, text = text.split(">")
                for command in commands:
                    self.commands.append(command.strip(" <"))
                    response = self._answer(command.strip(" <"))
                    if response == "close":
                        peer.shutdown(socket.SHUT_RDWR)
                    elif response is not None:
                        peer.sendall(response.encode())


def usual(command: str) -> str | None:
    if not command.startswith("send"):
        return "< ok >"
    if command.startswith("send 7E0 8 03 22"):
        return "< frame 7E8 23.424242 1014 62f1904142 43 >< frame 7E8 23.424243 2144444444444444 >"
    return "< frame 7E8 23.5 2245454545454545 >" if command.startswith("send 7E0 8 30") else None


@contextlib.contextmanager
def server(answer: Answer = usual, greeting: str | None = "< hi >") -> Iterator[Server]:
    with contextlib.closing(Server(answer, greeting)) as running:
        yield running


def test_frames_go_both_ways() -> None:
    with server() as running, contextlib.closing(open_link(running.uri)) as link:
        exchange = ask(link, UNIT, READ_VIN, echo_bytes=2)
        assert (exchange.outcome, len(exchange.payload)) == (Outcome.POSITIVE, 20)
        assert running.commands[:3] == ["open can0", "rawmode", "send 7E0 8 03 22 f1 90 cc cc cc cc"]


def test_frames_cut_anywhere_and_noise_between_them_are_read() -> None:
    def answer(command: str) -> str | None:
        if not command.startswith("send 7E0 8 03"):
            return usual(command)
        whole = "noise < error 20000004 1.0 > < frame zz 1 00 >< >> < frame 7E8 >< frame 7E8 1.0 0562F19041"
        running.peers[-1].sendall(whole.encode())
        return "42 > < frame 18DAF110 1.0 00 >" + "x" * 900

    with server(answer) as running, contextlib.closing(open_link(running.uri)) as link:
        assert ask(link, UNIT, READ_VIN, echo_bytes=2).payload == b"\x62\xf1\x90AB"


@pytest.mark.parametrize(
    ("name", "answer", "greeting"),
    [
        ("refuses the bus", lambda _command: "< error could not open bus >", "< hi >"),
        ("is something else", usual, "SSH-2.0-OpenSSH_9.6\r\n>"),
        ("hangs up", lambda _command: "close", "< hi >"),
    ],
)
def test_server_that_is_of_no_use_has_its_number(name: str, answer: Answer, greeting: str) -> None:
    with server(answer, greeting) as running, pytest.raises(ConsoleError) as caught:
        open_link(running.uri)
    assert caught.value.number == "WC-204"


def test_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop_console.console.links.can.socketcand.HANDSHAKE_S", 0.2)
    with server(lambda _command: None) as running, pytest.raises(ConsoleError) as caught:
        open_link(running.uri)
    assert caught.value.number == "WC-204"


def test_nobody_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ConsoleError) as caught:
        open_link(f"can://socketcand/can0?host=127.0.0.1&port={port}")
    assert caught.value.number == "WC-204"
    assert os.strerror(errno.ECONNREFUSED) in str(caught.value.facts["detail"]), "it was not waited for"


def test_server_that_goes_away_loses_the_link() -> None:
    with server(lambda command: "close" if command.startswith("send") else "< ok >") as running:
        link = open_link(running.uri)
        exchange = ask(link, UNIT, READ_VIN, timing=Timing(p2_ms=5000))
        assert exchange.outcome is Outcome.LINK_LOST
        until(lambda: link.lost, "loss")
        link.close()


def test_broken_connection_is_opened_again_and_what_may_be_repeated_is() -> None:
    def answer(command: str) -> str | None:
        if command.startswith("send") and len(running.peers) == 1:
            return "close"
        return usual(command)

    with server(answer) as running, contextlib.closing(open_link(running.uri)) as link:
        tickets = [
            link.submit(UNIT, UdsRequest(payload=READ_VIN, echo_bytes=2), Timing(p2_ms=5000)),
            link.submit(
                CanAddress(0x7E1, 0x7E9), UdsRequest(payload=b"\x14", repeatable=False), Timing(p2_ms=5000)
            ),
        ]
        exchanges = gather(link, tickets)
        assert exchanges[tickets[0]].positive
        assert exchanges[tickets[1]].outcome is Outcome.LINK_LOST
        assert not link.lost
        assert sum(command.startswith("send 7E1") for command in running.commands) <= 1
