"""Diagnostics over IP (ISO 13400-2:2019): one TCP connection, many control units behind it."""
