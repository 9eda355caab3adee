"""One file per screen, named as the mechanic says it."""
