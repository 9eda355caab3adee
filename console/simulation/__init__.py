"""The simulated vehicle: a process of its own on real sockets."""
