"""The page about the access server says what the description says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.access.openapi_schema import DESCRIPTION

_PAGE = (Path(__file__).parents[2] / "docs" / "access-server.md").read_text("utf-8")


def test_the_page_names_every_call_with_its_statuses() -> None:
    told = {
        (method, path): sorted(statuses.split())
        for method, path, statuses in re.findall(
            r"^\| `(\w+) (/\S+)` \|.*\| ([\d ]+) \|$", _PAGE, re.MULTILINE
        )
    }
    described = {
        (method.upper(), path): sorted(call["responses"])
        for path, calls in DESCRIPTION["paths"].items()
        for method, call in calls.items()
    }
    assert told == described


def test_every_schema_that_is_referred_to_is_there_and_used() -> None:
    referred = set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', str(DESCRIPTION).replace("'", '"')))
    assert referred == set(DESCRIPTION["components"]["schemas"])
