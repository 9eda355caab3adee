"""udsoncan with doipclient, a client that nobody here wrote, moving blocks to a simulated unit."""

from __future__ import annotations

import ast
import logging
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

import udsoncan
from doipclient.client import DoIPClient
from doipclient.connectors import DoIPClientUDSConnector
from udsoncan.client import Client

from benchmarks.vehicle import RunningVehicle
from workshop_console.console.flash_files.authoring import Part
from workshop_console.console.simulation.security import key_of, secret_of

_LEVEL = 0x01
_ERASE, _CONDITIONS, _CHECK_MEMORY, _CHECK_DEPENDENCIES = 0xFF00, 0x0203, 0x0202, 0xFF01
_FINGERPRINT = 0xF15A
_LONGEST_ANSWER_S = 20.0
_TESTER = 0x0EF0
"""Not the address of the console, which may be connected as well."""


class DoIPClientClass(Protocol):
    """What makes a connection: doipclient's class, as released or without its debug string."""

    def __call__(self, host: str, logical: int, **options: Any) -> Any:
        """Connect."""


RELEASED = cast("DoIPClientClass", DoIPClient)


def without_debug_string() -> DoIPClientClass:
    """Return doipclient's class with its calls of logger.debug cut out.

    doipclient 1.2.2 builds the text of its debug messages, each byte by itself, whether anybody logs or not.
    """
    spec = find_spec("doipclient.client")
    assert spec is not None
    assert spec.origin is not None
    tree = _Silenced().visit(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
    module = ModuleType("doipclient.silent")
    module.__package__ = "doipclient"
    sys.modules[module.__name__] = module
    exec(compile(ast.fix_missing_locations(tree), spec.origin, "exec"), module.__dict__)
    silent: DoIPClientClass = module.__dict__["DoIPClient"]
    return silent


class _Silenced(ast.NodeTransformer):
    """Takes the debug messages out of a program."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST:  # named by ast
        """Replace a call of logger.debug by nothing."""
        return ast.copy_location(ast.Pass(), node) if ast.unparse(node).startswith("logger.debug(") else node


def transfer_s(
    running: RunningVehicle, connecting: DoIPClientClass, *, logical: int, unit: str, part: Part
) -> float:
    """Program a unit with one segment, and return the seconds that its blocks took."""
    logging.getLogger("doipclient").setLevel(logging.WARNING)
    host, port = running.uri.removeprefix("doip://").split(":")
    doip = connecting(host, logical, tcp_port=int(port), client_logical_address=_TESTER)
    connection = DoIPClientUDSConnector(doip, close_connection=True)  # type: ignore[no-untyped-call]
    config: Any = {
        **udsoncan.configs.default_client_config,
        "request_timeout": _LONGEST_ANSWER_S,
        "p2_timeout": _LONGEST_ANSWER_S,
        "p2_star_timeout": _LONGEST_ANSWER_S,
        "use_server_timing": False,
        "security_algo": lambda level, seed, params: key_of(seed, params, level),
        "security_algo_params": secret_of(unit, _LEVEL),
        "data_identifiers": {_FINGERPRINT: udsoncan.AsciiCodec(8)},
        "server_address_format": 32,
        "server_memorysize_format": 32,
    }
    with Client(connection, config=config) as client:
        client.change_session(0x03)
        client.start_routine(_CONDITIONS)
        client.change_session(0x02)
        client.unlock_security_access(_LEVEL)
        client.write_data_by_identifier(_FINGERPRINT, "20261121")
        area = udsoncan.MemoryLocation(part.address, len(part.content), 32, 32)
        plain = part.address.to_bytes(4, "big") + len(part.content).to_bytes(4, "big")
        client.start_routine(_ERASE, data=plain)
        download = client.request_download(area)
        assert download is not None
        seconds = _blocks_s(client, part.content, download.service_data.max_length - 2)
        client.request_transfer_exit()
        client.change_session(0x01)
    return seconds


def _blocks_s(client: Client, content: bytes, size: int) -> float:
    """Send all blocks of a segment and return how long that took."""
    began = time.perf_counter()
    for count, start in enumerate(range(0, len(content), size), start=1):
        client.transfer_data(count & 0xFF, content[start : start + size])
    return time.perf_counter() - began
