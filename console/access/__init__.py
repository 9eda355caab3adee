"""Asks the access server. Only user of httpx."""
