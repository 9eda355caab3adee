"""Writes a simulated vehicle as an ODX database (ISO 22901-1), packed as PDX, with odxtools."""
