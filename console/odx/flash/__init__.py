"""Flash containers (ODX-F): read in a process of its own, and written for the simulated units."""
