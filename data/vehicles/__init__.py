"""The shipped simulated vehicles: their definitions, and the PDX files made from them."""
