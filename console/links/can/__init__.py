"""Diagnostics over CAN (ISO 15765-2): one bus, all transport state in one thread."""
