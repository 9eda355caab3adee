"""Flashing control units: the sequence of ISO 14229-1:2020, clause 17, and what comes after a break."""
