"""Encodes requests and decodes answers with odxtools, in a process of its own (docs/decisions/0007)."""
