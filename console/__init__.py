"""Everything that is not drawn, and the start of the program."""
