"""Give the folders of this repository the import name workshop_console, and compile the catalogues.

pyproject.toml cannot put a prefix on found packages; this is all that it cannot say.
"""

from pathlib import Path

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

FOLDERS = ["console", "screens", "widgets", "i18n", "data"]


class BuildWithCatalogues(build_py):
    """Compile every .po to the .mo beside it before the files are collected."""

    def run(self) -> None:
        """Compile, then build as usual."""
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for po in sorted(Path("i18n").glob("*/LC_MESSAGES/*.po")):
            with po.open("rb") as source:
                catalogue = read_po(source, locale=po.parts[-3], domain=po.stem)
            with po.with_suffix(".mo").open("wb") as target:
                write_mo(target, catalogue)
        super().run()


setup(
    package_dir={"workshop_console": "."},
    packages=[
        "workshop_console." + package
        for package in find_namespace_packages(
            include=[pattern for folder in FOLDERS for pattern in (folder, folder + ".*")]
        )
    ],
    cmdclass={"build_py": BuildWithCatalogues},
)
