"""Hostile manifests: each is refused with its number, whoever signed it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.flash_files.bench import Bench, content, manifest_of
from workshop_console.console.flash_files.canonical import (
    NotCanonicalError,
    canonical,
    parse_canonical,
    signed_content,
)
from workshop_console.console.flash_files.manifest import (
    FileFormat,
    SchemaError,
    SignedManifest,
    read_document,
    to_document,
)
from workshop_console.console.model.clean import clean

Document = dict[str, Any]


def good() -> Document:
    manifest = SignedManifest(
        manifest=content().manifest(), format=FileFormat.BINARY, size=120, sha256="0" * 64
    )
    return to_document(manifest)


def test_what_is_written_is_what_is_read() -> None:
    document = good()
    assert to_document(read_document(parse_canonical(canonical(document)))) == document


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null\n", id="null"),
        pytest.param(b"[]\n", id="list"),
        pytest.param(b'{"a": NaN}\n', id="NaN"),
        pytest.param(b'{"a": Infinity}\n', id="infinity"),
        pytest.param(b'{"a": 1.5}\n', id="fraction"),
        pytest.param(b'{"a": 1e999}\n', id="exponent"),
        pytest.param(b'{"a": ' + b"9" * 20_000 + b"}\n", id="huge number"),
        pytest.param(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", id="deep list"),
        pytest.param(b'{"a":' * 40_000 + b"1" + b"}" * 40_000, id="deep object"),
        pytest.param(
            b'{\n  "a": [\n    [\n      [\n        [\n          []\n        ]\n      ]\n    ]\n  ]\n}\n',
            id="five deep",
        ),
        pytest.param(b'{\n  "a": 1,\n  "a": 1\n}\n', id="twice the same key"),
        pytest.param(b'{"a": 1}\n', id="not indented"),
        pytest.param(b'{\n  "b": 1,\n  "a": 1\n}\n', id="not sorted"),
        pytest.param(b'{\r\n  "a": 1\r\n}\r\n', id="other line ends"),
        pytest.param(b'\xef\xbb\xbf{\n  "a": 1\n}\n', id="byte order mark"),
        pytest.param(b'{\n  "a": 1\n}', id="no line end"),
        pytest.param(b'{\n  "a": 1\n}\n\n', id="a line more"),
        pytest.param(b'{\n  "a": "\xc3\xa9"\n}\n', id="not ASCII"),
        pytest.param(b'{\n  "a": "\\u0061"\n}\n', id="escaped without need"),
        pytest.param(b'{\n  "a": -0\n}\n', id="minus zero"),
        pytest.param(b'{\n  "a": "' + b"x" * 300_000 + b'"\n}\n', id="huge"),
    ],
)
def test_what_is_not_in_the_one_form_is_refused(text: bytes) -> None:
    with pytest.raises(NotCanonicalError):
        parse_canonical(text)


def without(*keys: str) -> Callable[[Document], object]:
    return lambda document: [document.pop(key) for key in keys]


def with_(**values: object) -> Callable[[Document], object]:
    return lambda document: document.update(values)


def segment(**values: object) -> Callable[[Document], object]:
    return lambda document: document["segments"][1].update(values)


HOSTILE = {
    "a field missing": without("unit"),
    "the format missing": without("format"),
    "a field too much": with_(comment="x"),
    "another edition": with_(manifest=2),
    "true for a number": with_(manifest=True),
    "size as text": with_(size="120"),
    "no size": with_(size=0),
    "absurd size": with_(size=10**11),
    "negative size": with_(size=-1),
    "unit as a list": with_(unit=["CDI"]),
    "unit with markup": with_(unit="[red]"),
    "unit with a path": with_(unit="../x"),
    "unit empty": with_(unit=""),
    "unit too long": with_(unit="A" * 129),
    "unit with a line end": with_(unit="CDI\n"),
    "no hardware": with_(hardware=[]),
    "hardware as text": with_(hardware="A1"),
    "hardware twice": with_(hardware=["A1", "A1"]),
    "hardware of numbers": with_(hardware=[1]),
    "hardware with an escape": with_(hardware=["\x1b]0;x\x07"]),
    "hardware with a control for text direction": with_(hardware=["\u202e"]),
    "a blank before the number": with_(hardware=[" A1"]),
    "too much hardware": with_(hardware=[str(number) for number in range(65)]),
    "software empty": with_(software=""),
    "software null": with_(software=None),
    "needs itself": with_(needs=["CDI_EngineControl"]),
    "unknown format": with_(format="elf"),
    "format as a list": with_(format=["hex"]),
    "a session without container": with_(session="x"),
    "container with a digest": with_(format="odx-f"),
    "digest in capitals": with_(sha256="A" * 64),
    "short digest": with_(sha256="0"),
    "no segments": with_(segments=[]),
    "segments as an object": with_(segments={}),
    "segments of texts": with_(segments=["x"]),
    "too many segments": lambda d: d.update(
        segments=[d["segments"][0] | {"name": f"S{n}", "address": f"0x{n << 16:08X}"} for n in range(257)]
    ),
    "segment without a name": lambda d: d["segments"][0].pop("name"),
    "segment with more": segment(more=1),
    "the same name twice": segment(name="Code"),
    "the same address": segment(address="0x00080000"),
    "overlap by one byte": segment(address="0x00080063"),
    "overlap from before": segment(address="0x0007FFED"),
    "address as a number": segment(address=0x90000),
    "address in small letters": segment(address="0x0009000a"),
    "address too long": segment(address="0x100000000"),
    "past the last address": segment(address="0xFFFFFFED"),
    "no length": segment(length=0, stored=0),
    "negative length": segment(length=-20, stored=-20),
    "stored differs though not compressed": segment(stored=19),
    "absurd length": segment(length=2**31, stored=20, compression=1),
    "compression too large": segment(compression=16),
    "encryption negative": segment(encryption=-1),
    "compression as text": segment(compression="zlib"),
    "crc as a number": segment(crc32=1),
    "more than fits together": lambda d: d.update(
        segments=[
            d["segments"][0]
            | {"name": f"S{n}", "address": f"0x{n << 28:08X}", "length": 2**27, "stored": 1, "compression": 1}
            for n in range(3)
        ]
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_the_schema_does_not_allow_is_refused_even_when_signed(name: str, bench: Bench) -> None:
    file = bench.write()
    bench.resign(file, HOSTILE[name])
    error = bench.refusal(file)
    assert error.number == "WC-701"
    assert all(clean(fact, longest=1_000) == str(fact) for fact in error.facts.values())


def test_segments_that_touch_are_allowed(bench: Bench) -> None:
    (found,) = bench.reader.read(bench.write())
    code, data, _map = found.manifest.segments
    assert code.address + code.length == data.address


def test_a_manifest_with_another_signature_context_is_refused(bench: Bench) -> None:
    """What the key signed elsewhere, without our first line, is no signature of a manifest."""
    file = bench.write()
    document = json.loads(manifest_of(file).read_bytes())
    document["signature"] = bench.key.sign(
        canonical({key: value for key, value in document.items() if key != "signature"})
    ).hex()
    manifest_of(file).write_bytes(canonical(document))
    assert bench.refusal(file).number == "WC-704"


def test_everything_but_the_signature_is_signed() -> None:
    document = good() | {"key": "0" * 16, "signature": "0" * 128}
    signed = signed_content(document)
    assert signed == signed_content(document | {"signature": "1" * 128})
    for key in document.keys() - {"signature"}:
        assert signed_content({**document, key: "other"}) != signed, key


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_manifest_or_refused(text: bytes) -> None:
    try:
        document = parse_canonical(text)
    except NotCanonicalError:
        return
    assert canonical(document) == text


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(good())), json_values)
def test_any_value_of_any_field_is_allowed_or_refused(field: str, value: object) -> None:
    document = good() | {field: value}
    try:
        read = read_document(document)
    except SchemaError:
        return
    assert to_document(read) == document


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(good()["segments"][0])), json_values)
def test_any_value_of_any_field_of_a_segment_is_allowed_or_refused(field: str, value: object) -> None:
    document = good()
    document["segments"][0][field] = value
    try:
        read = read_document(document)
    except SchemaError:
        return
    assert to_document(read) == document
