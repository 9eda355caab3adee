"""Reads flash files with their manifests and refuses what is not whole, signed and exactly what it says."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from workshop_console.console.errors import ConsoleError
from workshop_console.console.flash_files.canonical import (
    LARGEST_MANIFEST_BYTES,
    MANIFEST_SUFFIX,
    NotCanonicalError,
    canonical,
    parse_canonical,
    signed_content,
)
from workshop_console.console.flash_files.keys import TrustedKeys, load_trusted
from workshop_console.console.flash_files.manifest import (
    FileFormat,
    SchemaError,
    SignedManifest,
    read_document,
)
from workshop_console.console.flash_files.payload import PayloadCheck, PayloadError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.flash import FlashFile, Manifest

if TYPE_CHECKING:  # a name in annotations only
    from workshop_console.console.ports import FlashContainers

LARGEST_FILE_MIB = 256
"""Of binary files; those that spell bytes as text may be as large, and hold less than half of it."""

_LONGEST_PATH = 4_096
_CHUNK_BYTES = 1024 * 1024
_ZIP_SIGNATURE = b"PK\x03\x04"
_T = TypeVar("_T")
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class FlashFilesReader:
    """Reads Intel HEX, Motorola S-record, binary and ODX-F files; implements the port FlashFiles.

    Args:
        key_folders: where the public keys stand that files may be signed with.
        containers: reads ODX-F; None: such files are refused.
    """

    def __init__(self, key_folders: Sequence[Path], containers: FlashContainers | None = None) -> None:
        self._key_folders = tuple(key_folders)
        self._containers = containers
        self._real: dict[str, Path] = {}

    def read(self, file: Path) -> Sequence[FlashFile]:
        """Return what `file` holds: one entry, or one for each session of a container.

        Raises:
            ConsoleError: WC-108 when it cannot be read, WC-700 to WC-714 for everything that is wrong with
                it, WC-40x for a container that is no safe PDX.
        """
        if file.name.endswith(MANIFEST_SUFFIX):
            file = file.with_name(file.name.removesuffix(MANIFEST_SUFFIX))
        path = clean(file, longest=_LONGEST_PATH)
        self._real[path] = file
        return tuple(
            FlashFile(path=path, name=signed.session, manifest=signed.manifest)
            for signed in self._check(file, "", None)
        )

    def write_payload(self, file: FlashFile, target: Path) -> Manifest:
        """Write the bytes of all segments one after the other to `target`, and return their manifest.

        The file is read and checked again: what is written is what was signed.

        Raises:
            ConsoleError: WC-604 when the disk is full, WC-107 when `target` cannot be written, WC-713 when
                the file is another one by now, else as read().
        """
        part = target.with_name(target.name + ".part")
        try:
            try:
                with part.open("wb") as output:
                    manifest = self._write(file, output)
                    output.flush()
                    os.fsync(output.fileno())
                part.replace(target)
                _sync_folder(target.parent)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in _FULL:
                raise ConsoleError("WC-604", file=clean(target)) from None
            raise ConsoleError("WC-107", file=clean(target), detail=clean(error.strerror or error)) from None
        return manifest

    def _write(self, file: FlashFile, output: IO[bytes]) -> Manifest:
        source = self._real.get(file.path, Path(file.path))
        for signed in self._check(source, file.name, output):
            if signed.session == file.name and signed.manifest == file.manifest:
                return signed.manifest
        raise ConsoleError("WC-713", file=clean(source.name))

    def _check(self, file: Path, session: str, output: IO[bytes] | None) -> Iterator[SignedManifest]:
        """Yield each manifest whose bytes were all checked (and written to `output`)."""
        name = clean(file.name)
        beside = file.with_name(file.name + MANIFEST_SUFFIX)
        with _opened(file) as source:
            packed = source.read(len(_ZIP_SIGNATURE)) == _ZIP_SIGNATURE
            if packed and self._containers is not None and _missing(beside):
                yield from self._check_container(file, session, output)
                return
            signed = self._manifest_beside(beside, name)
            _check_digest(source, signed, name)
            source.begin()
            check = PayloadCheck(signed.manifest.segments, output)
            _checked(name, partial(_take, source, signed.format, check, name))
            if source.hexdigest() != signed.sha256:
                raise ConsoleError("WC-713", file=name)
            yield signed

    def _check_container(
        self, file: Path, session: str, output: IO[bytes] | None
    ) -> Iterator[SignedManifest]:
        assert self._containers is not None  # noqa: S101  # for the type checker: asked before
        name = clean(file.name)
        names: set[str] = set()
        with self._containers.open(file, session) as sessions:
            for document, chunks in sessions:
                signed = self._signed(dict(document), name)
                if signed.format is not FileFormat.ODX_F:
                    raise ConsoleError("WC-707", file=name, format=str(signed.format), detail="ODX-F")
                if signed.session in names or signed.session != (session or signed.session):
                    raise ConsoleError("WC-711", file=name, detail=f"SESSION {signed.session}")
                names.add(signed.session)
                check = PayloadCheck(signed.manifest.segments, output)
                _checked(name, partial(check.take_stream, chunks))
                _checked(name, check.finish)
                yield signed
        if not names:
            raise ConsoleError("WC-711", file=name, detail="SESSION")

    def _manifest_beside(self, beside: Path, name: str) -> SignedManifest:
        if _missing(beside):
            raise ConsoleError("WC-700", file=name, manifest=clean(beside.name))
        with _opened(beside) as source:
            content = source.read(LARGEST_MANIFEST_BYTES + 1)
        try:
            document = parse_canonical(content)
        except NotCanonicalError as error:
            raise ConsoleError("WC-701", file=clean(beside.name), detail=clean(error)) from None
        signed = self._signed(document, clean(beside.name))
        if signed.format is FileFormat.ODX_F:
            raise ConsoleError("WC-707", file=name, format=str(signed.format), detail="zip")
        return signed

    def _signed(self, document: dict[str, Any], name: str) -> SignedManifest:
        """Return a manifest whose signature is good. Raises ConsoleError WC-701 to WC-704, WC-714."""
        try:
            signed = read_document(document)
            content = signed_content(document)
            if len(canonical(document)) > LARGEST_MANIFEST_BYTES:
                raise SchemaError(f"> {LARGEST_MANIFEST_BYTES // 1024} KiB")
        except SchemaError as error:
            raise ConsoleError("WC-701", file=name, detail=clean(error)) from None
        if not signed.signature:
            raise ConsoleError("WC-702", file=name)
        trusted = load_trusted(self._key_folders)
        key = signed.manifest.key_id
        if key not in trusted.keys:
            raise _unknown_key(name, key, trusted)
        if not trusted.verifies(key, signed.signature, content):
            raise ConsoleError("WC-704", file=name, key=key)
        return signed


class _Source:
    """A file that is read, with a digest of its bytes; errors of reading end here as WC-108."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self._sha256 = hashlib.sha256()

    def begin(self) -> None:
        """Go back to the first byte, with a new digest."""
        self._asked(lambda: self._file.seek(0))
        self._sha256 = hashlib.sha256()

    def size(self) -> int:
        """Return the file's length in bytes."""
        return self._asked(lambda: os.fstat(self._file.fileno()).st_size)

    def read(self, most: int) -> bytes:
        """Return the next bytes, `most` of them unless the file ends."""
        content = self._asked(lambda: self._file.read(most))
        self._sha256.update(content)
        return content

    def readline(self, most: int) -> bytes:
        """Return the next line, at most `most` bytes of it."""
        try:  # not through _asked(): this runs millions of times
            line = self._file.readline(most)
        except OSError as error:
            raise _unreadable(self._name, error) from None
        self._sha256.update(line)
        return line

    def chunks(self) -> Iterator[bytes]:
        """Yield all that is left."""
        while chunk := self.read(_CHUNK_BYTES):
            yield chunk

    def hexdigest(self) -> str:
        """Return the SHA-256 of the whole file: what was not read yet is read."""
        for _chunk in self.chunks():
            continue
        return self._sha256.hexdigest()

    def _asked(self, action: Callable[[], _T]) -> _T:
        try:
            return action()
        except OSError as error:
            raise _unreadable(self._name, error) from None


def _take(source: _Source, form: FileFormat, check: PayloadCheck, name: str) -> None:
    """Read the whole file into `check`."""
    if form is FileFormat.BINARY:
        check.take_stream(source.chunks())
    else:
        from workshop_console.console.flash_files.records import RecordError, hex_records, srec_records

        try:
            check.take_records((hex_records if form is FileFormat.HEX else srec_records)(source))
        except RecordError as error:
            raise ConsoleError("WC-707", file=name, format=str(form), detail=clean(error)) from None
    check.finish()


def _checked(name: str, action: Callable[[], None]) -> None:
    try:
        action()
    except PayloadError as error:
        raise ConsoleError(
            error.number, file=name, segment=error.segment or "–", detail=error.detail
        ) from None


def _check_digest(source: _Source, signed: SignedManifest, name: str) -> None:
    """Refuse a file that is not the signed one. Raises ConsoleError WC-705, WC-706, WC-710."""
    size = source.size()
    if max(size, signed.size) > LARGEST_FILE_MIB << 20:
        raise ConsoleError("WC-710", file=name, limit=f"{LARGEST_FILE_MIB} MiB")
    if size < signed.size:
        raise ConsoleError("WC-706", file=name, found=size, expected=signed.size)
    source.begin()
    if size > signed.size or source.hexdigest() != signed.sha256:
        raise ConsoleError("WC-705", file=name)


def _unknown_key(name: str, key: str, trusted: TrustedKeys) -> ConsoleError:
    """Return the error for an unknown key; a key file that cannot be used is the likelier reason."""
    if trusted.unusable:
        file, detail = trusted.unusable[0]
        return ConsoleError("WC-714", file=name, key=key, key_file=file, detail=detail)
    return ConsoleError("WC-703", file=name, key=key)


@contextmanager
def _opened(file: Path) -> Iterator[_Source]:
    """Open a file for reading. Raises ConsoleError WC-108."""
    name = clean(file.name)
    try:
        if not file.is_file():  # a FIFO would be waited for without end
            detail = "not a file" if file.exists() else "not found"
            raise ConsoleError("WC-108", file=name, detail=detail)
        source = file.open("rb")
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None
    with source:
        yield _Source(source, name)


def _missing(file: Path) -> bool:
    try:
        return not file.exists()
    except OSError as error:  # no file has a name that is too long; any other trouble shows when it is opened
        return error.errno == errno.ENAMETOOLONG


def _unreadable(name: str, error: OSError | ValueError) -> ConsoleError:
    detail = clean(getattr(error, "strerror", None) or error, longest=120)
    return ConsoleError("WC-108", file=name, detail=detail)


def _sync_folder(folder: Path) -> None:
    """Make a new name last over a power cut, where the system lets folders be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
