"""Words for the codes of the standards."""
