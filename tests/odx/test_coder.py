"""The coder says the same as odxtools asked directly, for each unit of the shipped and of foreign files."""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odxtools.database import Database
from odxtools.diaglayers.diaglayer import DiagLayer

from tests.odx.coding import HERE, SHIPPED, coder_for, flat, loaded, unit
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.clean import clean
from workshop_console.console.model.forms import (
    FunctionKind,
    ParameterForm,
    ParameterKind,
    ServiceForm,
    UnitForms,
)
from workshop_console.console.odx.coder.pdx_coder import PdxCoder

FILES = [SHIPPED / "car.pdx", SHIPPED / "van.pdx", SHIPPED / "electric.pdx", HERE / "somersault.pdx"]
SOMERSAULTS = (0, 3, 5, 10)
"""Keys of the table in the status of a somersault."""
QUICK = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Both:
    """A coder, and odxtools on the same file."""

    def __init__(self, coder: PdxCoder, database: Database) -> None:
        self.coder = coder
        self.database = database
        """Kept: its parts refer to each other weakly."""
        self.units: list[tuple[str, str, DiagLayer]] = [
            (layer.short_name, "", layer) for layer in database.base_variants
        ]
        for layer in database.ecu_variants:
            (parent,) = [
                ref.layer for ref in layer.ecu_variant_raw.parent_refs if ref.layer in database.base_variants
            ]
            self.units.append((parent.short_name, layer.short_name, layer))

    def services(self, forms: UnitForms) -> list[ServiceForm]:
        found = [coding.write for coding in forms.codings]
        for function in forms.functions:
            found += [
                service
                for service in (
                    function.start,
                    function.freeze,
                    function.reset,
                    function.stop,
                    function.results,
                )
                if service is not None
            ]
        return found


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def both(request: pytest.FixtureRequest) -> Iterator[Both]:
    file: Path = request.param
    coder = coder_for(file)
    yield Both(coder, loaded(file))
    coder.close()


def typed(form: ParameterForm, text: str) -> object:
    """Return the text as the value that odxtools takes."""
    if form.kind is ParameterKind.NUMBER:
        return int(text) if form.digits == 0 else float(text)
    return bytes.fromhex(text) if form.kind is ParameterKind.BYTES else text


def texts_for(form: ParameterForm, draw: random.Random) -> str:
    if form.kind is ParameterKind.CHOICE:
        return draw.choice(form.choices)
    if form.kind is ParameterKind.BYTES:
        return draw.randbytes(2 if form.longest is None else form.longest).hex().upper()
    if form.kind is ParameterKind.TEXT:
        return "WDB206" * 9 if form.longest is None else ("WDB206" * 9)[: form.longest]
    low = form.low if form.low is not None else 0.0
    high = form.high if form.high is not None else 200.0
    number = draw.uniform(low, high)
    return str(round(number)) if form.digits == 0 else f"{number:.{form.digits or 3}f}"


def test_each_unit_has_forms_and_names_are_its_own(both: Both) -> None:
    for name, variant, layer in both.units:
        forms = both.coder.forms(unit(name), variant)
        values = [value.name for record in forms.records for value in record.values]
        assert len(values) == len(set(values)), layer.short_name
        assert forms.records, layer.short_name
        functions = [function.name for function in forms.functions]
        assert len(functions) == len(set(functions)), layer.short_name
        assert all(f.give_back for f in forms.functions if f.kind is FunctionKind.OUTPUT)


def test_decoding_random_answers_says_what_odxtools_says(both: Both) -> None:
    draw = random.Random(7)
    compared = 0
    for name, variant, layer in both.units:
        forms = both.coder.forms(unit(name), variant)
        answers = []
        for record in forms.records:
            head = bytes((record.request[0] + 0x40,)) + record.request[1:]
            if record.length is not None:
                answers.append((record.service, record.request, head + draw.randbytes(record.length)))
            for key in SOMERSAULTS if record.service == "report_status" else ():
                answers.append((record.service, b"\x22\x00", bytes((0x62, *draw.randbytes(2), key, 1, 2, 3))))
        for (service, _, response), decoded in zip(
            answers, both.coder.decode(unit(name), variant, answers), strict=True
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    direct = flat(layer.services[service].decode_message(response).param_dict)
                except Exception:
                    continue  # the coder goes on where odxtools gives up; that it does is tested elsewhere
            for value in decoded:
                field = value.name.rsplit(f"{service}.")[-1]
                expected = direct.get(field, direct.get(value.name.split(".", 1)[-1]))
                if isinstance(expected, float):
                    assert abs(float(value.value) - expected) <= 0.51 * 10 ** -_digits(value.value)
                elif isinstance(expected, int):
                    assert int(value.value) == expected
                elif isinstance(expected, str):
                    assert value.value in (clean(expected), clean(expected.rstrip("\0").rstrip(" ")))
                elif isinstance(expected, (bytes, bytearray)):
                    assert value.value == expected.hex().upper()
                compared += expected is not None
    assert compared > 10


def _digits(text: str) -> int:
    exponent = Decimal(text).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


@given(seed=st.integers(0, 2**32))
@QUICK
def test_encoding_random_values_gives_the_bytes_of_odxtools(both: Both, seed: int) -> None:
    draw = random.Random(seed)
    name, variant, layer = draw.choice(both.units)
    services = both.services(both.coder.forms(unit(name), variant))
    for service in draw.sample(services, min(3, len(services))):
        values = {form.name: texts_for(form, draw) for form in service.parameters}
        direct: dict[str, Any] = {form.name: typed(form, values[form.name]) for form in service.parameters}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = bytes(layer.services[service.name].encode_request(**direct))
        encoded = both.coder.encode(unit(name), variant, service.name, values)
        assert encoded.payload == expected
        assert encoded.payload.startswith(service.request)
        assert len(encoded.mask) == len(encoded.payload)
        assert all(not byte & ~mask for byte, mask in zip(encoded.payload, encoded.mask, strict=True))


@given(seed=st.integers(0, 2**32))
@QUICK
def test_what_was_encoded_decodes_to_the_same_request(both: Both, seed: int) -> None:
    draw = random.Random(seed)
    name, variant, _ = draw.choice(both.units)
    forms = both.coder.forms(unit(name), variant)
    for coding in forms.codings:
        values = {form.name: texts_for(form, draw) for form in coding.write.parameters}
        encoded = both.coder.encode(unit(name), variant, coding.write.name, values)
        decoded = both.coder.decode_request(unit(name), variant, coding.write.name, encoded.payload)
        assert [value.name for value in decoded] == [form.name for form in coding.write.parameters]
        again = {value.name: value.value for value in decoded}
        assert both.coder.encode(unit(name), variant, coding.write.name, again) == encoded


@given(seed=st.integers(0, 2**32), junk=st.binary(max_size=40))
@QUICK
def test_random_bytes_never_spoil_decoding(both: Both, seed: int, junk: bytes) -> None:
    draw = random.Random(seed)
    name, variant, _ = draw.choice(both.units)
    forms = both.coder.forms(unit(name), variant)
    record = draw.choice(forms.records)
    head = bytes((record.request[0] + 0x40,)) + record.request[1:]
    answers = [(record.service, record.request, junk), (record.service, record.request, head + junk)]
    wrong, cut = both.coder.decode(unit(name), variant, answers)
    assert wrong == () or junk.startswith(head[:1])
    listed = {value.name for value in record.values}
    assert {value.name for value in cut} <= listed or any("[" in value.name for value in cut)
    for service in both.services(forms)[:4]:
        both.coder.decode_request(unit(name), variant, service.name, junk)
        both.coder.decode(unit(name), variant, [(service.name, service.request, junk)])


def test_what_is_not_described_is_refused_by_name(both: Both) -> None:
    name, variant, _ = both.units[0]
    for ask in (
        lambda: both.coder.encode(unit(name), variant, "NoSuchService", {}),
        lambda: both.coder.decode_request(unit(name), variant, "NoSuchService", b"\x2e"),
        lambda: both.coder.forms(unit("NoSuchUnit")),
    ):
        with pytest.raises(ConsoleError) as raised:
            ask()
        assert raised.value.number == "WC-411"
    assert list(both.coder.decode(unit(name), variant, [("NoSuchService", b"\x22", b"\x62")])) == [()]


def test_parameters_are_checked_by_name_and_value(both: Both) -> None:
    tried = 0
    for name, variant, _ in both.units:
        for service in both.services(both.coder.forms(unit(name), variant)):
            draw = random.Random(1)
            good = {form.name: texts_for(form, draw) for form in service.parameters}
            for form in service.parameters:
                for bad in ({**good, "NoSuchName": "1"}, {**good, form.name: "no such text \x1b[31m"}):
                    if form.kind is ParameterKind.TEXT and "NoSuchName" not in bad:
                        continue
                    with pytest.raises(ConsoleError) as raised:
                        both.coder.encode(unit(name), variant, service.name, bad)
                    assert raised.value.number == "WC-412"
                    assert raised.value.facts["expected"]
                    assert "\x1b" not in str(raised.value)
                    tried += 1
                if form.default is None:
                    missing = {key: text for key, text in good.items() if key != form.name}
                    with pytest.raises(ConsoleError) as raised:
                        both.coder.encode(unit(name), variant, service.name, missing)
                    assert raised.value.facts["parameter"] == form.name
        if tried > 40:
            break
    assert tried


def test_the_way_of_a_variant_is_its_own() -> None:
    coder = coder_for(HERE / "somersault.pdx")
    try:
        base = unit("somersault_base_variant")
        names = {
            variant: {function.name for function in coder.forms(base, variant).functions}
            for variant in ("somersault_lazy", "somersault_assiduous")
        }
        assert names["somersault_lazy"] == {"session_start", "do_forward_flips"}
        assert names["somersault_assiduous"] == {
            "session_start",
            "do_forward_flips",
            "do_backward_flips",
            "set_operation_params",
            "headstand",
        }
        (record,) = coder.forms(base, "somersault_lazy").records
        assert (record.service, record.request, record.did) == ("report_status", b"\x22\x00", None)
        flips = coder.encode(
            base, "somersault_lazy", "do_forward_flips", {"forward_soberness_check": "18", "num_flips": "3"}
        )
        assert flips.payload == bytes((0xBA, 0x12, 3))
        with pytest.raises(ConsoleError, match="WC-411"):
            coder.encode(base, "somersault_lazy", "do_backward_flips", {})
    finally:
        coder.close()
