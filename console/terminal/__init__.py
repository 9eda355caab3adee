"""What goes over the line to the terminal, kept short."""
