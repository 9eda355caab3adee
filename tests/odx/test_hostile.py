"""Files that want to do harm are refused with the right message, in little time and memory."""

from __future__ import annotations

import io
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.odx.conftest import Pack
from tests.odx.handmade import HEAD, INDEX, base, can_address, document
from workshop_console.console.errors import ConsoleError
from workshop_console.console.odx.importer import PdxImporter
from workshop_console.console.odx.limits import ImportLimits

MOST_SECONDS = 20.0
"""Generous for a slow machine under load; each of these takes well below one second on its own."""
ORDINARY = document(bases=base("Unit", comparams=can_address(1, 2)))


def refusal(file: Path, limits: ImportLimits | None = None) -> ConsoleError:
    started = time.monotonic()
    with pytest.raises(ConsoleError) as caught:
        PdxImporter(limits or ImportLimits()).read(file)
    assert time.monotonic() - started < MOST_SECONDS
    assert "\x1b" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.odx-d",
        "/etc/evil.odx-d",
        "C:/evil.odx-d",
        "folder\\evil.odx-d",
        "a/../../b.odx-d",
        "..",
        "bell\x07.odx-d",
        "escape\x1b[2J.txt",
    ],
)
def test_names_that_leave_the_archive_or_carry_controls_are_unsafe(pack: Pack, name: str) -> None:
    assert refusal(pack({"ok.odx-d": ORDINARY, name: "x"})).number == "WC-401"


def test_a_link_is_unsafe(tmp_path: Path) -> None:
    file = tmp_path / "link.pdx"
    with zipfile.ZipFile(file, "w") as archive:
        link = zipfile.ZipInfo("link.odx-d")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(file).number == "WC-401"


def test_the_same_name_twice_is_unsafe(tmp_path: Path) -> None:
    file = tmp_path / "twice.pdx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.odx-d", ORDINARY)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.odx-d", ORDINARY)
    assert refusal(file).number == "WC-401"


def test_an_encrypted_member_is_unsafe(pack: Pack) -> None:
    file = pack({"a.odx-d": ORDINARY})
    content = bytearray(file.read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    content[6] |= 1
    file.write_bytes(content)
    assert refusal(file).number == "WC-401"


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "haha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(12))
    + "]><ODX>&m;</ODX>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><ODX>&e;</ODX>'
FETCHING = '<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><ODX/>'
LATE = '<?xml version="1.0"?><!--' + " " * 20_000 + "--><!DOCTYPE x><ODX/>"
QUADRATIC = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "' + "A" * 50_000 + '">]><ODX>' + "&a;" * 5_000 + "</ODX>"
)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(LAUGHS, id="billion laughs"),
        pytest.param(QUADRATIC, id="quadratic blowup"),
        pytest.param(OUTSIDE, id="file outside"),
        pytest.param(FETCHING, id="fetched definition"),
        pytest.param(LATE, id="after a long comment"),
        pytest.param(OUTSIDE.replace('<?xml version="1.0"?>', "").encode("utf-16"), id="utf-16"),
    ],
)
@pytest.mark.parametrize("member", ["a.odx-d", "index.xml", "sub/INDEX.XML"])
def test_document_types_are_unsafe(pack: Pack, member: str, content: str | bytes) -> None:
    error = refusal(pack({"ok.odx-d": ORDINARY, member: content}))
    assert error.number == "WC-401"
    assert "DTD" in str(error.facts["detail"])


def test_a_bomb_is_refused_by_its_ratio(pack: Pack) -> None:
    error = refusal(pack({"a.odx-d": HEAD + " " * (64 << 20) + "</ODX>"}))
    assert (error.number, error.facts["limit"]) == ("WC-402", "250 : 1")


def test_a_bomb_beside_the_documents_is_refused_too(pack: Pack) -> None:
    assert refusal(pack({"a.odx-d": ORDINARY, "picture.bmp": bytes(64 << 20)})).number == "WC-402"


def test_what_unpacks_is_counted_whatever_the_archive_declares(pack: Pack) -> None:
    # Random hexadecimal packs badly, so the ratio says nothing; the declared size is made small.
    text = os.urandom(3 << 20).hex()
    file = pack({"a.odx-d": f"{HEAD}<x>{text}</x></ODX>"})
    content = bytearray(file.read_bytes())
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, central + 24, 1000)
    file.write_bytes(content)
    assert refusal(file, ImportLimits(unpacked_mib=2)).number in ("WC-400", "WC-402")


def test_the_total_is_limited(pack: Pack) -> None:
    files: dict[str, str | bytes] = {f"{n}.odx-d": os.urandom(1 << 20).hex() for n in range(3)}
    assert refusal(pack(files), ImportLimits(unpacked_mib=4)).number == "WC-402"


def test_five_declared_gigabytes_are_too_large(tmp_path: Path) -> None:
    file = tmp_path / "declared.pdx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.odx-d", ORDINARY)
    content = bytearray(file.read_bytes())
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, central + 24, 0xFFFF_FFF0)
    file.write_bytes(content)
    assert refusal(file).number == "WC-402"


def test_a_sparse_file_of_gigabytes_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "huge.pdx"
    with file.open("wb") as target:
        target.write(b"PK\x03\x04")
        target.truncate(5 << 30)
    assert refusal(file).number == "WC-402"


def test_thousands_of_members_are_too_many(pack: Pack) -> None:
    error = refusal(pack({f"{n}.txt": "" for n in range(4_100)}))
    assert (error.number, error.facts["limit"]) == ("WC-402", "4000 files")


def _truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-40])


def _damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[60:90] = bytes(30)
    file.write_bytes(content)


def _no_zip(file: Path) -> None:
    file.write_bytes(b"\x7fELF" + os.urandom(5_000))


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _no_documents(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as nested:
            nested.writestr("a.odx-d", ORDINARY)
        archive.writestr("nested.zip", inner.getvalue())


def _unknown_method(file: Path) -> None:
    content = bytearray(file.read_bytes())
    central = content.index(b"PK\x01\x02")
    struct.pack_into("<H", content, 8, 99)
    struct.pack_into("<H", content, central + 10, 99)
    file.write_bytes(content)


@pytest.mark.parametrize(
    "spoil", [_truncated, _damaged, _no_zip, _empty, _no_documents, _unknown_method], ids=lambda f: f.__name__
)
def test_what_is_no_pdx_says_so(pack: Pack, spoil: Callable[[Path], None]) -> None:
    file = pack({"a.odx-d": ORDINARY})
    spoil(file)
    assert refusal(file).number == "WC-400"


@pytest.mark.parametrize(
    ("content", "number"),
    [
        pytest.param("<a>" * 200_000 + "</a>" * 200_000, "WC-405", id="deep nesting"),
        pytest.param(HEAD + "<SDG>" * 50_000 + "</SDG>" * 50_000 + "</ODX>", "WC-405", id="deep groups"),
        pytest.param("<a " + 'b="' + "x" * (6 << 20) + '"/>', "WC-405", id="huge attribute"),
        pytest.param("not xml at all", "WC-405", id="not xml"),
        pytest.param("", "WC-405", id="empty document"),
        pytest.param(b"\xff\xfe\x00\xd8garbage", "WC-405", id="broken encoding"),
        pytest.param(HEAD + "</ODX>", "WC-405", id="no category"),
        pytest.param(document(), "WC-406", id="empty database"),
    ],
)
def test_documents_that_say_nothing_usable(pack: Pack, content: str | bytes, number: str) -> None:
    assert refusal(pack({"index.xml": INDEX, "a.odx-d": content})).number == number


def test_deep_groups_in_one_unit_do_not_take_the_others(pack: Pack) -> None:
    groups = "<SDG>" * 5_000 + "</SDG>" * 5_000
    bad = document(bases=base("Bad", f"<SDGS>{groups}</SDGS>"), name="BAD")
    good = document(bases=base("Good"), name="GOOD")
    read = PdxImporter().read(pack({"bad.odx-d": bad, "good.odx-d": good}))
    assert [unit.summary.name for unit in read.units] == ["Good"]
    assert any(problem.where == "bad.odx-d" for problem in read.problems)


def test_memory_is_limited(pack: Pack) -> None:
    if os.name == "nt":
        pytest.skip("the system cannot limit the memory of a process")
    many = "".join(base(f"U{n}", inner="<SDGS><SDG/></SDGS>") for n in range(20_000))
    error = refusal(pack({"a.odx-d": document(bases=many)}), ImportLimits(memory_mib=256))
    assert (error.number, error.facts.get("mib")) == ("WC-404", 256)


def test_time_is_limited(pack: Pack) -> None:
    many = "".join(base(f"U{n}") for n in range(30_000))
    started = time.monotonic()
    error = refusal(pack({"a.odx-d": document(bases=many)}), ImportLimits(seconds=1))
    assert (error.number, error.facts["seconds"]) == ("WC-403", 1)
    assert time.monotonic() - started < MOST_SECONDS


def test_text_from_the_file_is_harmless(pack: Pack) -> None:
    nasty = "Unit&#x202E;[/red]&#x9B;31m" + "A" * 5_000
    content = document(bases=base(nasty, comparams=""))
    read = PdxImporter().read(pack({"a.odx-d": content}))
    name = read.units[0].summary.name
    assert len(name) <= 128
    assert name.isprintable()
    assert "\u202e" not in name
    assert all(p.where.isprintable() and p.detail.isprintable() for p in read.problems)
