"""The TCP side of the gateway: connections, who is registered on them, and the way to the units."""

from __future__ import annotations

import socket

from workshop_console.console.errors import ConsoleError
from workshop_console.console.simulation.definition import VehicleDefinition
from workshop_console.console.simulation.doip.discovery import DoipDiscovery
from workshop_console.console.simulation.doip.tester_connection import TesterConnection
from workshop_console.console.simulation.event_loop import EventLoop
from workshop_console.console.simulation.line_faults import CloseFault, LineFaults, Requests
from workshop_console.console.simulation.listener import Endpoint, Listener

MOST_TESTERS = 16
"""MCTS: testers that may be registered at once."""
_MOST_CONNECTIONS = 64
"""Open TCP connections, registered or not; one more is closed at once."""
_PORT_ATTEMPTS = 20


class DoipGateway:
    """What all connections share."""

    def __init__(
        self,
        loop: EventLoop,
        definition: VehicleDefinition,
        endpoint: Endpoint,
        *,
        faults: LineFaults,
        close_fault: CloseFault | None = None,
    ) -> None:
        self.loop = loop
        self.definition = definition
        self.functional_logical = definition.functional_logical
        self.most_testers = MOST_TESTERS
        self.units: dict[int, Requests] = {}
        """Who listens, by logical address."""
        self.longest: dict[int, int] = {}
        """Longest request of each, in bytes."""
        self.refused = {
            unit.logical: code for unit in definition.units if (code := faults.nack(unit.name)) is not None
        }
        """Units that the gateway cannot reach, and the code that it tells."""
        self._connections: set[TesterConnection] = set()
        self._closings_left = close_fault.times or -1 if close_fault else 0
        self._close_after = close_fault.after if close_fault else 0
        self._listener, self._discovery = self._open(endpoint)

    @property
    def endpoint(self) -> Endpoint:
        """Where testers connect."""
        return self._listener.endpoint

    def close(self) -> None:
        """End all connections."""
        self._listener.close()
        self._discovery.close()
        for connection in tuple(self._connections):
            connection.close()

    def disconnect(self) -> None:
        """Close every connection; new ones are taken."""
        for connection in tuple(self._connections):
            connection.close()

    def registered(self, tester: int) -> TesterConnection | None:
        """Return the connection on which a source address is registered."""
        return next((one for one in self._connections if one.tester == tester), None)

    def registered_connections(self) -> tuple[TesterConnection, ...]:
        """Return all connections on which routing is active."""
        return tuple(one for one in self._connections if one.tester is not None)

    def forget(self, connection: TesterConnection) -> None:
        """Learn that a connection is gone."""
        self._connections.discard(connection)

    def closes_at(self, messages: int) -> bool:
        """Return whether the line fault closes a connection at its `messages`th diagnostic message."""
        if not self._closings_left or messages != self._close_after:
            return False
        self._closings_left -= 1
        return True

    def _accept(self, channel: socket.socket) -> None:
        if len(self._connections) >= _MOST_CONNECTIONS:
            channel.close()
            return
        self._connections.add(TesterConnection(self, channel))

    def _sockets(self) -> tuple[int, int]:
        return MOST_TESTERS, min(len(self.registered_connections()), MOST_TESTERS)

    def _open(self, endpoint: Endpoint) -> tuple[Listener, DoipDiscovery]:
        """Bind TCP and UDP to the same port number; with port 0 until one is free for both."""
        attempts = _PORT_ATTEMPTS if endpoint[1] == 0 else 1
        while True:
            attempts -= 1
            listener = Listener(self.loop, endpoint, self._accept)
            same_port = (endpoint[0], listener.endpoint[1])
            try:
                return listener, DoipDiscovery(self.loop, self.definition, same_port, sockets=self._sockets)
            except ConsoleError:
                listener.close()
                if not attempts:
                    raise
