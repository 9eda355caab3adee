"""A simulated control unit: ISO 14229-1 without transport, thread or socket."""
