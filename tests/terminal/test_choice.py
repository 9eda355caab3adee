"""How often Textual looks for changes: as Textual would with its own driver, more often with ours."""

from __future__ import annotations

import pytest

from workshop_console.console.terminal import device
from workshop_console.console.terminal.choice import DRIVER, choose_looks


@pytest.mark.parametrize(
    ("environment", "looks"),
    [({}, "240"), ({"TEXTUAL_FPS": "30"}, "30"), ({DRIVER: "plain"}, None)],
)
def test_textual_looks_more_often_for_the_driver_for_thin_lines_only(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], looks: str | None
) -> None:
    monkeypatch.setattr(device, "standard_terminal", lambda: 1)
    choose_looks(environment)
    assert environment.get("TEXTUAL_FPS") == looks
