"""Why there was no usable answer, and what a DoIP gateway says (ISO 13400-2:2019)."""

from __future__ import annotations

from workshop_console.i18n.texts import mark

SILENT_REASONS = {
    "no-answer": mark("No answer in time"),
    "pending-for-ever": mark("Only “answer follows” until the time was over"),
    "busy-for-ever": mark("Busy until the time was over"),
    "unknown-target": mark("The gateway does not know this address"),
    "unreachable": mark("The gateway cannot reach the control unit"),
    "gateway-refused": mark("The gateway refused the message"),
    "not-sent": mark("The bus did not take the request"),
    "flow-control": mark("The control unit stopped in the middle of a message"),
    "sequence": mark("Parts of the answer were lost on the line"),
    "too-short": mark("The answer is cut off"),
    "too-long": mark("The answer is longer than it may be"),
    "empty": mark("The answer is empty"),
    "wrong-service": mark("Only answers to something else came"),
    "wrong-echo": mark("The answer is for another identifier or sub-function"),
    "link-lost": mark("The connection to the vehicle was lost"),
    "cancelled": mark("Cancelled"),
}
"""Value of SilentReason: why."""

DIAGNOSTIC_NACKS = {
    0x02: mark("Wrong tester address"),
    0x03: mark("Unknown target address"),
    0x04: mark("Message too long"),
    0x05: mark("Gateway out of memory"),
    0x06: mark("Target not reachable"),
    0x07: mark("Unknown network"),
    0x08: mark("Transport protocol error"),
}
"""Diagnostic message negative acknowledge code (table 26): why."""

ROUTING_ACTIVATIONS = {
    0x00: mark("Unknown tester address"),
    0x01: mark("All connections are in use"),
    0x02: mark("Another tester address is active on this connection"),
    0x03: mark("The tester address is in use on another connection"),
    0x04: mark("Authentication is missing"),
    0x05: mark("Confirmation was refused"),
    0x06: mark("Activation type not supported"),
    0x07: mark("Secure connection (TLS) required"),
    0x10: mark("Activated"),
    0x11: mark("Confirmation in the vehicle is awaited"),
}
"""Routing activation response code (table 49): what the gateway answered."""
