"""Trusted keys: which files are keys, and what happens to those that are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.flash_files.bench import Bench
from workshop_console.console.flash_files.keys import key_id, load_trusted

PUBLIC_PEM = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def private_pem(bench: Bench) -> bytes:
    return bench.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_pem_raw_bytes_and_hexadecimal_are_keys(bench: Bench, tmp_path: Path) -> None:
    public = bench.key.public_key()
    raw = public.public_bytes_raw()
    for name, content in (
        ("a.pem", public.public_bytes(*PUBLIC_PEM)),
        ("a.pub", raw),
        ("a.PUB", raw.hex().encode() + b"\n"),
    ):
        folder = tmp_path / name.replace(".", "-")
        folder.mkdir()
        (folder / name).write_bytes(content)
        trusted = load_trusted([folder])
        assert list(trusted.keys) == [key_id(public)], name
        assert not trusted.unusable


@pytest.mark.parametrize(
    "case", ["garbage", "empty", "long", "private", "other kind", "short", "fifo", "folder"]
)
def test_what_is_no_public_key_is_named_and_not_trusted(bench: Bench, tmp_path: Path, case: str) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    file = folder / "broken.pem"
    other = generate_private_key(SECP256R1()).public_key()
    contents = {
        "garbage": b"\xff\x00garbage",
        "empty": b"",
        "long": b"0" * 5_000,
        "private": private_pem(bench),
        "other kind": other.public_bytes(*PUBLIC_PEM),
        "short": b"00" * 31,
    }
    if case == "fifo":
        os.mkfifo(file)
    elif case == "folder":
        file.mkdir()
    else:
        file.write_bytes(contents[case])
    trusted = load_trusted([folder])
    assert not trusted.keys
    ((name, detail),) = trusted.unusable
    assert name.endswith("broken.pem")
    assert detail


def test_a_file_by_an_unknown_key_names_the_broken_key_file(bench: Bench) -> None:
    file = bench.write()
    (bench.folder / "keys" / "bench.pem").write_bytes(b"-----BEGIN PUBLIC KEY-----\nbroken\n")
    error = bench.refusal(file)
    assert error.number == "WC-714"
    assert str(error.facts["key_file"]).endswith("bench.pem")


def test_a_broken_key_file_does_not_hinder_the_others(bench: Bench) -> None:
    (bench.folder / "keys" / "another.pem").write_bytes(b"broken")
    assert bench.reader.read(bench.write())


def test_files_of_other_names_are_no_keys(bench: Bench) -> None:
    keys = bench.folder / "keys"
    (keys / "bench.pem").rename(keys / "bench.txt")
    assert bench.refusal(bench.write()).number == "WC-703"


def test_public_pem_is_what_other_programs_write(bench: Bench) -> None:
    loaded = serialization.load_pem_public_key((bench.folder / "keys" / "bench.pem").read_bytes())
    assert loaded == bench.key.public_key()
