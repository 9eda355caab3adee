"""What every test gets: the user's own configuration stays out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put configuration, store and records of the program under test into a folder of its own."""
    for name in [name for name in os.environ if name.startswith("WORKSHOP_CONSOLE_")]:
        monkeypatch.delenv(name)
    for name in (
        "NO_COLOR",
        "LC_ALL",
        "LC_MESSAGES",
        "http_proxy",
        "https_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
    ):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    monkeypatch.setenv("WORKSHOP_CONSOLE_HOME", str(home))
    monkeypatch.setenv("LANG", "C.UTF-8")
    return home


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the proofs counted: jobs that were broken, units that were lost."""
    texts = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, value in report.user_properties
        if name == "proof"
    ]
    if texts:
        terminalreporter.section("flash jobs that were broken")
        for text in sorted(texts):
            terminalreporter.write_line(text)
