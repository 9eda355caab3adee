"""The wheel, built from the source distribution, holds what the folders hold."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("console", "screens", "widgets", "i18n", "data")
SHIPPED = {
    *(".py", ".toml", ".mo", ".pdx", ".tcss", ".json", ".yaml", ".html", ".sql"),
    *(".hex", ".srec", ".bin", ".pem"),
}


def _tracked() -> set[str]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *FOLDERS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {
        name
        for name in listing.stdout.splitlines()
        if Path(name).suffix in SHIPPED and (ROOT / name).exists()
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source")
    # A copy of the tracked files: building in the checkout would leave build/ and egg-info behind.
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listing:
        if (ROOT / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out)]
    subprocess.run([*build, "--sdist", str(source)], check=True, capture_output=True)
    unpacked = tmp_path_factory.mktemp("sdist")
    with tarfile.open(next(out.glob("*.tar.gz"))) as archive:
        archive.extractall(unpacked, filter="data")
    subprocess.run([*build, "--wheel", str(next(unpacked.iterdir()))], check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_wheel_has_one_top_level_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"workshop_console"}


def test_wheel_holds_every_file_of_the_folders(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("workshop_console/") for name in archive.namelist()}
    missing = _tracked() - packed
    assert not missing
    extra = {name for name in packed if Path(name).suffix in SHIPPED - {".mo"} and "dist-info" not in name}
    assert not extra - _tracked()


def test_wheel_holds_a_compiled_catalogue_for_each_source(wheel: Path) -> None:
    sources = {str(po.relative_to(ROOT).with_suffix(".mo")) for po in ROOT.glob("i18n/*/LC_MESSAGES/*.po")}
    assert len(sources) >= 8
    with zipfile.ZipFile(wheel) as archive:
        packed = {name.removeprefix("workshop_console/") for name in archive.namelist()}
    assert sources <= packed
