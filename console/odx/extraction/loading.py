"""Loads documents with odxtools; what breaks the standard is noted and, where need be, left out."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from xml.etree import ElementTree  # the documents declare no document type, see package.py

import odxtools.exceptions
from odxtools.database import Database

from workshop_console.console.model.clean import clean
from workshop_console.console.odx.extraction.problems import Problems
from workshop_console.console.odx.package import Package
from workshop_console.console.odx.reasons import Reason

_LONGEST_DETAIL = 160
_MOST_ATTEMPTS = 80
"""Documents that are left out one at a time to find the one that spoils the rest."""

Document = tuple[str, ElementTree.Element]


class LoadingError(Exception):
    """Says why nothing of a description can be loaded."""


def load_database(package: Package, problems: Problems) -> Database:
    """Return the database of a package with its references resolved.

    odxtools' `strict_mode` is a global of its module (11.7); this runs in a process of its own, so setting it
    changes nothing for anybody else.

    Raises:
        LoadingError: nothing can be loaded, even without the documents that break the standard.
    """
    documents = _parse(package, problems)
    first_error: Exception
    try:
        return _resolved(documents, package)
    except MemoryError:
        raise
    except Exception as error:
        # odxtools raises whatever its code runs into: OdxError, KeyError, AttributeError, AssertionError …
        first_error = error
    problems.add("", Reason.NOT_CONFORMING, _words(first_error))
    odxtools.exceptions.strict_mode = False
    usable = [document for document in documents if _loads(document, problems)]
    if not usable:
        raise LoadingError(_words(first_error))
    try:
        return _resolved(usable, package)
    except MemoryError:
        raise
    except Exception as error:
        return _without_one(usable, package, problems, error)


def short_name(package: Package) -> str:
    """Return the name that index.xml gives the database; empty when it gives none."""
    try:
        root = ElementTree.fromstring(package.index)  # noqa: S314  # as above
    except (ElementTree.ParseError, ValueError, LookupError):
        return ""
    return clean((root.findtext("SHORT-NAME") or "").strip(), longest=128)


def _parse(package: Package, problems: Problems) -> list[Document]:
    documents = []
    last = ""
    for name, content in package.documents:
        try:
            documents.append((name, ElementTree.fromstring(content)))  # noqa: S314  # as above
        except (ElementTree.ParseError, ValueError, LookupError) as error:
            last = _words(error)
            problems.add(name, Reason.FILE_UNREADABLE, last)
    if not documents:
        raise LoadingError(last)
    return documents


def _resolved(documents: Sequence[Document], package: Package) -> Database:
    # Weak references only help a process that lives on after the database.
    database = Database(use_weakrefs=False)
    for other in package.others:
        # Jobs refer to program files; the name is enough to resolve them, and nothing here runs programs.
        database.add_auxiliary_file(other, BytesIO())
    for _name, root in documents:
        database.add_odx_xml_tree(root)
    database.refresh()
    return database


def _loads(document: Document, problems: Problems) -> bool:
    name, root = document
    try:
        Database(use_weakrefs=False).add_odx_xml_tree(root)
    except MemoryError:
        raise
    except Exception as error:
        problems.add(name, Reason.FILE_UNREADABLE, _words(error))
        return False
    return True


def _without_one(
    documents: Sequence[Document], package: Package, problems: Problems, error: Exception
) -> Database:
    """Leave out the one document without which the rest resolves. Raises LoadingError when there is none."""
    for left_out in documents[:_MOST_ATTEMPTS] if len(documents) > 1 else ():
        try:
            kept = [document for document in documents if document is not left_out]
            database = _resolved(kept, package)
        except MemoryError:
            raise
        except Exception:  # noqa: S112  # the next document is tried; the first error is the one that is told
            continue
        problems.add(left_out[0], Reason.FILE_UNREADABLE, _words(error))
        return database
    raise LoadingError(_words(error)) from None


def _words(error: BaseException) -> str:
    return clean(f"{type(error).__name__}: {error}", longest=_LONGEST_DETAIL)
