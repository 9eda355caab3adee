"""The simulated DoIP gateway (ISO 13400-2:2019)."""
