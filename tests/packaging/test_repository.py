"""What stands in the repository, and what must not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _tracked_texts() -> dict[str, str]:
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    texts = {}
    for name in names:
        path = ROOT / name
        if path.is_file() and path.suffix not in {".bin", ".pdx", ".png", ".svg"}:
            texts[name] = path.read_text("utf-8")
    return texts


def test_lock_files_pin_with_hashes_and_name_no_index() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^([\w.\-]+)==\S+", text, re.MULTILINE)
        assert len(pins) > 20
        blocks = re.split(r"^(?=[\w.\-]+==)", text, flags=re.MULTILINE)[1:]
        assert all("--hash=sha256:" in block for block in blocks)
        assert "://" not in text
        assert "index-url" not in text
        assert "find-links" not in text


def test_development_lock_agrees_with_the_lock() -> None:
    def pins(name: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w.\-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))

    run, development = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: development.get(name) for name in run} == run


def test_no_path_of_a_machine_stands_in_the_repository() -> None:
    pattern = re.compile(r"/(?:work|root|farm|home/\w+|Users/\w+)/[\w.\-]+|/tmp/bash_jobs")
    found = {
        name: match.group()
        for name, text in _tracked_texts().items()
        if not name.startswith("tests/packaging/") and (match := pattern.search(text))
    }
    assert not found


def test_top_level_is_the_fixed_one() -> None:
    folders = {name.split("/")[0] for name in _tracked_texts() if "/" in name}
    assert folders == {"console", "screens", "widgets", "i18n", "data", "tests", ".ci", "docs", "benchmarks"}
