"""Runs procedures beside the screen and tells what became of them."""
