"""The simulated CAN bus: bit times, arbitration, ISO-TP and the ways other programs join it."""
