"""What every test gets: the user's own configuration stays out."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")
"""No example fails for its time: the machine may stand still at any moment."""


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


@pytest.fixture(scope="session")
def home_with_descriptions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a user's home that has met the simulated car and van: importing them takes a second each."""
    from tests.jobs.flashed import workshop_of
    from workshop_console.console.simulation.facts import vehicle_facts

    home = tmp_path_factory.mktemp("met")
    with workshop_of(home) as workshop:
        for name in ("car", "van"):
            list(workshop.line._ship(vehicle_facts(name).vin))
        assert len(workshop.line.catalogue.descriptions()) == 2
    return home


@pytest.fixture
def met(own_home: Path, home_with_descriptions: Path) -> None:
    """Let the program under test know the simulated vehicles already."""
    shutil.copytree(home_with_descriptions / "data", own_home / "data")


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
