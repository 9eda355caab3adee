"""Asking the access server loads no command line of httpx's."""

from __future__ import annotations

import subprocess
import sys


def test_httpx_comes_without_its_command_line() -> None:
    program = (
        "import sys, workshop_console.console.access.bounded_http, httpx\n"
        "print(*sorted({'click', 'pygments', 'rich'} & set(sys.modules)), 'httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
