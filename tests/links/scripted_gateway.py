"""A DoIP gateway that does what a test tells it: strict, sloppy or hostile. Built on bytes alone."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from types import TracebackType

TESTER = 0x0E80
GATEWAY = 0x0010


def message(payload_type: int, payload: bytes = b"", version: int = 2) -> bytes:
    return struct.pack(">BBHI", version, version ^ 0xFF, payload_type, len(payload)) + payload


def answer(source: int, data: bytes, target: int = TESTER) -> bytes:
    return message(0x8001, struct.pack(">HH", source, target) + data)


def acknowledge(source: int, data: bytes = b"", code: int = 0) -> bytes:
    return message(0x8003 if code else 0x8002, struct.pack(">HHB", source, TESTER, code) + data)


class Peer:
    """The gateway's side of one connection."""

    def __init__(self, tcp: socket.socket) -> None:
        self.tcp = tcp
        self.activated = False

    def send(self, *messages: bytes) -> None:
        with contextlib.suppress(OSError):
            self.tcp.sendall(b"".join(messages))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()


def acknowledge_and(unit: Callable[[int, bytes], bytes | None]) -> Callable[[Peer, int, bytes], None]:
    """Return a gateway that acknowledges everything and lets `unit` answer."""

    def behave(peer: Peer, target: int, data: bytes) -> None:
        response = unit(target, data)
        peer.send(acknowledge(target), answer(target, response) if response is not None else b"")

    return behave


class ScriptedGateway:
    """Listens on TCP and UDP at one port of 127.0.0.1.

    `behave(peer, target, data)` is called for each diagnostic message. `activation` is what routing
    activation is answered with: codes, or bytes to send as they are, or None for nothing. `neighbours` are
    the VINs that other entities of the same host announce.
    """

    def __init__(
        self,
        behave: Callable[[Peer, int, bytes], None] | None = None,
        *,
        activation: tuple[int | bytes, ...] | None = (0x10,),
        versions: tuple[int, ...] = (2, 3),
        vin: bytes | None = b"WDD0000001A000001",
        greeting: bytes = b"",
        neighbours: tuple[bytes, ...] = (),
    ) -> None:
        self.behave = behave or acknowledge_and(lambda target, data: bytes((data[0] | 0x40,)) + data[1:])
        self.activation = activation
        self.versions = versions
        self.vin = vin
        self.greeting = greeting
        self.neighbours = neighbours
        self.requests: list[tuple[int, bytes]] = []
        self.others: list[tuple[int, bytes]] = []
        self.connections: list[Peer] = []
        self._closing = False
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.udp.settimeout(0.05)
        self._threads = [
            threading.Thread(target=self._accept, daemon=True),
            threading.Thread(target=self._identify, daemon=True),
        ]

    @property
    def uri(self) -> str:
        return f"doip://127.0.0.1:{self.port}"

    def __enter__(self) -> ScriptedGateway:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_listening()
        for peer in self.connections:
            peer.close()
        for thread in list(self._threads):
            thread.join(5)
            assert not thread.is_alive()
        self.udp.close()

    def stop_listening(self) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            self.tcp.shutdown(socket.SHUT_RDWR)
        self.tcp.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                tcp, _ = self.tcp.accept()
            except OSError:
                return
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            peer = Peer(tcp)
            self.connections.append(peer)
            serving = threading.Thread(target=self._serve, args=(peer,), daemon=True)
            self._threads.append(serving)
            serving.start()

    def _identify(self) -> None:
        while not self._closing:
            try:
                datagram, sender = self.udp.recvfrom(1024)
            except TimeoutError:
                continue
            except OSError:
                return
            if datagram == message(0x0001, version=0xFF) and self.vin is not None:
                for number, vin in enumerate((self.vin, *self.neighbours)):
                    payload = vin + (GATEWAY + number).to_bytes(2, "big") + bytes(range(6)) + bytes(6) + b"\0"
                    self.udp.sendto(message(0x0004, payload, self.versions[-1]), sender)

    def _serve(self, peer: Peer) -> None:
        try:
            if self.greeting:
                peer.send(self.greeting)
            self._read(peer)
        except OSError:
            pass

    def _read(self, peer: Peer) -> None:
        while True:
            header = self._exactly(peer, 8)
            version, inverse, payload_type, length = struct.unpack(">BBHI", header)
            payload = self._exactly(peer, length)
            if version not in self.versions or inverse != version ^ 0xFF:
                peer.send(message(0x0000, b"\x00", self.versions[0]))
                peer.close()
                return
            if payload_type == 0x0005:
                self._activate(peer, payload)
            elif payload_type == 0x8001:
                _, target = struct.unpack(">HH", payload[:4])
                self.requests.append((target, payload[4:]))
                self.behave(peer, target, payload[4:])
            else:
                self.others.append((payload_type, payload))

    def _activate(self, peer: Peer, payload: bytes) -> None:
        self.others.append((0x0005, payload))
        if self.activation is None:
            return
        for step in self.activation:
            if isinstance(step, bytes):
                peer.send(step)
            else:
                response = payload[:2] + GATEWAY.to_bytes(2, "big") + bytes((step,)) + bytes(4)
                peer.send(message(0x0006, response, self.versions[0]))

    @staticmethod
    def _exactly(peer: Peer, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = peer.tcp.recv(count - len(data))
            if not more:
                raise OSError("EOF")
            data += more
        return data
