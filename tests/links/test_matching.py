"""Which answers belong to which request, checked against udsoncan's own reading of the same bytes."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from udsoncan import services
from udsoncan.BaseService import BaseService
from udsoncan.Response import Response

from workshop_console.console.links.matching import SERVICES_WITH_SUB_FUNCTION, Expected, Fit

SERVICES = {
    int(service.request_id()): service
    for _, service in inspect.getmembers(services, inspect.isclass)
    if issubclass(service, BaseService) and service is not BaseService
}
NOT_IMPLEMENTED_THERE = frozenset((0x24, 0x2A, 0x84))
"""udsoncan 1.26.1 knows these by name only, and then says that they have a sub-function."""


def test_services_with_sub_function_are_those_of_udsoncan() -> None:
    theirs = {number for number, service in SERVICES.items() if service.use_subfunction()}
    assert theirs - NOT_IMPLEMENTED_THERE == SERVICES_WITH_SUB_FUNCTION


@given(st.sampled_from(sorted(SERVICES)), st.binary(max_size=5))
@example(0x22, b"\x7f\x22\x31")
@example(0x22, b"\x62")
@example(0x19, b"\x7f\x19\x78")
def test_positive_and_negative_are_read_as_udsoncan_reads_them(service: int, payload: bytes) -> None:
    theirs = Response.from_payload(payload)
    ours = Expected.by(bytes((service,)), 0).fit(payload)
    same_service = theirs.service is not None and theirs.service.request_id() == service
    if theirs.valid and same_service and theirs.positive:
        assert ours is Fit.POSITIVE
    elif theirs.valid and same_service:
        assert ours in (Fit.NEGATIVE, Fit.PENDING, Fit.BUSY)
    elif ours in (Fit.POSITIVE, Fit.NEGATIVE, Fit.PENDING, Fit.BUSY):
        assert same_service, "udsoncan reads another service"


@pytest.mark.parametrize(
    ("request_", "echo_bytes", "service", "echo", "suppressed"),
    [
        (b"\x3e\x80", 1, 0x3E, b"\x00", True),
        (b"\x31\x81\xff\x00", 3, 0x31, b"\x01\xff\x00", True),
        (b"\x22\xf1\x90", 2, 0x22, b"\xf1\x90", False),
        (b"\x36\x80\x01", 1, 0x36, b"\x80", False),
        (b"\x14\xff\xff\xff", 0, 0x14, b"", False),
        (b"\x10", 1, 0x10, b"", False),
    ],
)
def test_what_an_answer_repeats(
    request_: bytes, echo_bytes: int, service: int, echo: bytes, suppressed: bool
) -> None:
    assert Expected.by(request_, echo_bytes) == Expected(service, echo, suppressed)
