"""The first `make run` sets up and prints nothing but what the program prints."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STAND_IN = """#!/bin/sh
echo noise
if [ "$2" = venv ]; then
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    printf '#!/bin/sh\\necho "{\\\\"args\\\\": \\\\"$*\\\\"}"\\n' > "$3/bin/workshop-console"
    chmod +x "$3/bin/workshop-console"
fi
"""
"""Python, pip and the program in one: as talkative as pip may be, and without any network."""


@pytest.mark.skipif(shutil.which("make") is None or os.name == "nt", reason="make is not there")
def test_setting_up_leaves_standard_output_to_the_program(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "setup.py"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python"
    python.write_text(STAND_IN)
    python.chmod(0o755)
    run = ["make", "run", f"PYTHON={python}", "ARGS=quick-test --json"]
    # As from a shell, also where make runs the tests: a make below another one says more.
    env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    first = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert first.stdout == '{"args": "quick-test --json"}\n'
    assert first.stderr.count("noise") == 2
