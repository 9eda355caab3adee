"""Codes for what became of a request, as the order book keeps them."""

from __future__ import annotations

from workshop_console.console.model.exchange import Exchange, Outcome


def outcome_of(exchange: Exchange) -> str:
    """Return done, refused 0xNN, silent, stopped or failed (see OrderEntry.outcome)."""
    if exchange.positive:
        return "done"
    if exchange.nrc is not None:
        return f"refused 0x{exchange.nrc:02X}"
    return {Outcome.SILENT: "silent", Outcome.CANCELLED: "stopped"}.get(exchange.outcome, "failed")
