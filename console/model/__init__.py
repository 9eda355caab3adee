"""Values without IO: what the console knows of vehicles, control units, faults and credit."""
