"""Newer message texts come from the access server and stay when it is gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.access.servers import serving
from tests.cli.command_line import ran


def test_a_newer_text_is_kept_and_the_shipped_ones_stay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = tmp_path / "texts.json"
    newer = {
        "lang": "en",
        "number": "2173-44",
        "title": "Used up, says the operator",
        "when": "On opening a product group.",
        "cause": "The packets are used up.",
        "remedy": ["Ask the office."],
    }
    texts.write_text(json.dumps({"messages": [newer]}))
    with serving(tmp_path / "a.db", messages_file=texts) as url:
        assert ran(capsys, "--lang", "en", "--access-server", url, "credit", "--json").document["online"]
    explained = ran(capsys, "--lang", "en", "--access-server", "off", "message", "2173-44", "--json").document
    assert explained["title"] == "Used up, says the operator"
    shipped = ran(capsys, "--lang", "en", "--access-server", "off", "message", "2173-43", "--json").document
    assert shipped["remedy"]
