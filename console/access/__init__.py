"""Asks the access server. Only user of httpx."""

import sys

# httpx 0.28 imports its own command line with itself where click, rich and pygments happen to be installed:
# 3 MiB and 20 ms that nobody here asks for. None makes that one import fail, as where they are missing.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # None is what the import system documents
