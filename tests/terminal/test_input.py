"""Keys come out right however the bytes are cut, damaged or late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import _character_to_key

from workshop_console.console.terminal.input import (
    LONGEST_PASTE_BYTES,
    Decoder,
    Input,
    KeyPressed,
    Pasted,
    PlaceReported,
    StatusReported,
)
from workshop_console.console.terminal.key_sequences import key_of_character


def keys(found: list[Input]) -> list[str]:
    return [one.key for one in found if isinstance(one, KeyPressed)]


def typed(data: bytes, decoder: Decoder | None = None) -> list[Input]:
    """Return what `data` says once nothing follows."""
    decoder = decoder or Decoder()
    return [*decoder.feed(data, 0.0), *decoder.expire(100.0)]


SEQUENCES = {
    "vt100": {b"\x1bOP": "f1", b"\x1bOS": "f4", b"\x1bOA": "up", b"\x1bOM": "enter", b"\x1bOq": "1"},
    "linux": {
        b"\x1b[[A": "f1",
        b"\x1b[[E": "f5",
        b"\x1b[17~": "f6",
        b"\x1b[1~": "home",
        b"\x1b\t": "shift+tab",
    },
    "xterm": {
        b"\x1bOQ": "f2",
        b"\x1b[15~": "f5",
        b"\x1b[24~": "f12",
        b"\x1b[H": "home",
        b"\x1b[1;5C": "ctrl+right",
    },
    "screen": {b"\x1b[4~": "end", b"\x1b[21~": "f10", b"\x1b[5~": "pageup", b"\x1b[Z": "shift+tab"},
    "rxvt": {
        b"\x1b[11~": "f1",
        b"\x1b[7~": "home",
        b"\x1b[8~": "end",
        b"\x1b[5^": "ctrl+pageup",
        b"\x1b[a": "shift+up",
    },
    "others": {
        b"\x1b[1;2P": "shift+f1",
        b"\x1b[3;5~": "ctrl+delete",
        b"\x1b[97;5u": "ctrl+a",
        b"\x1b[27;5;9~": "ctrl+tab",
    },
    "characters": {b"q": "q", b"\r": "enter", b"\x7f": "backspace", b"\x10": "ctrl+p", b"?": "question_mark"},
    "letters": {"ä".encode(): "ä", "ñ".encode(): "ñ", "漢".encode(): "漢", "€".encode(): "euro_sign"},
}
WINDOWS = ("\x1b[~", "\x1b[1;9A", "\x1b[1;9B")
KNOWN = [(sequence, key) for family in SEQUENCES.values() for sequence, key in family.items()]


@pytest.mark.parametrize(("sequence", "key"), KNOWN, ids=[repr(sequence) for sequence, _ in KNOWN])
def test_a_sequence_is_its_key_wherever_it_is_cut(sequence: bytes, key: str) -> None:
    assert keys(typed(sequence)) == [key]
    for cut in range(1, len(sequence)):
        decoder = Decoder()
        assert keys([*decoder.feed(sequence[:cut], 0.0), *decoder.feed(sequence[cut:], 0.01)]) == [key]


def test_characters_are_called_what_textual_calls_them() -> None:
    for character in map(chr, [*range(0x20, 0x7F), *range(0xA1, 0x180)]):
        assert key_of_character(character) == _character_to_key(character)
    for code in range(0x20):
        known = ANSI_SEQUENCES_KEYS[chr(code)]
        assert isinstance(known, tuple)
        assert key_of_character(chr(code)) == known[0].value


def test_what_textual_knows_of_plain_keys_is_known_here() -> None:
    plain = {f"f{number}" for number in range(1, 21)} | {
        *("up", "down", "left", "right", "home", "end", "insert", "delete", "pageup", "pagedown", "shift+tab")
    }
    seen = 0
    for sequence, known in ANSI_SEQUENCES_KEYS.items():
        if not (isinstance(known, tuple) and len(known) == 1 and known[0].value in plain):
            continue
        # Textual calls some function keys with Shift F13 and on; here they are keys with a modifier. Two
        # escapes are two keys here, and three sequences belong to Windows' console.
        if sequence.startswith("\x1b\x1b") or ";2" in sequence or sequence in WINDOWS:
            continue
        assert keys(typed(sequence.encode("latin-1"))) == [known[0].value], sequence
        seen += 1
    assert seen > 50


def test_an_escape_alone_is_a_key_when_nothing_follows_in_time() -> None:
    decoder = Decoder()
    decoder.escape_wait_s = 0.25
    assert decoder.feed(b"\x1b", 1.0) == []
    assert decoder.wait_s(1.0) == pytest.approx(0.25)
    assert keys(decoder.expire(1.25)) == ["escape"]
    assert decoder.wait_s(1.25) is None


def test_the_rest_of_a_sequence_that_comes_too_late_types_nothing() -> None:
    decoder = Decoder()
    decoder.feed(b"\x1b", 0.0)
    decoder.expire(0.05)
    assert decoder.feed(b"[0n", 0.3) == [StatusReported()]
    decoder.feed(b"\x1b", 1.0)
    decoder.expire(1.05)
    assert keys(decoder.feed(b"[B", 1.4)) == ["down"]


def test_keys_typed_after_an_escape_while_the_line_was_slow_are_obeyed() -> None:
    assert keys(typed(b"\x1bq")) == ["escape", "q"]
    assert keys(typed(b"\x1b\x1b")) == ["escape", "escape"]
    assert keys(typed(b"\x1b\x1b[A")) == ["escape", "up"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\xff", ["ÿ"]),
        (b"\xe9", ["é"]),
        (b"\xe9a", ["é", "a"]),
        (b"\xc3\xc3\xa4", ["Ã", "ä"]),
        (b"\x80\x9b", []),
    ],
)
def test_bytes_that_are_no_utf8_are_what_a_latin1_terminal_means(data: bytes, expected: list[str]) -> None:
    names = [one.character for one in typed(data) if isinstance(one, KeyPressed)]
    assert names == expected


def test_answers_are_no_keys() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x1b[0n\x1b[?62;22c\x1b[I\x1b[<0;3;4M\x1b[Mabc", 0.0) == [StatusReported()]
    decoder.place_asked = True
    assert decoder.feed(b"\x1b[1;4R", 1.0) == [PlaceReported(0, 3)]
    decoder.place_asked = False
    assert keys(decoder.feed(b"\x1b[1;5R", 2.0)) == ["ctrl+f3"]
    assert decoder.feed(b"\x1b]11;rgb:0000/0000/0000\x1b\\\x1bP1$r0m\x1b\\", 3.0) == []


def test_two_megabytes_pasted_keep_their_beginning_only() -> None:
    decoder, found = Decoder(), []
    data = b"\x1b[200~" + b"0123456789abcdef" * 131_072 + b"\x1b[201~j"
    for start in range(0, len(data), 4096):
        found += decoder.feed(data[start : start + 4096], 0.0)
        assert len(decoder._waiting) < 16
    assert [type(one) for one in found] == [Pasted, KeyPressed]
    assert isinstance(found[0], Pasted)
    assert len(found[0].text) == LONGEST_PASTE_BYTES
    assert keys(found) == ["j"]


def test_a_paste_whose_end_was_lost_ends_by_itself() -> None:
    decoder = Decoder()
    assert decoder.feed(b"\x1b[200~abc", 0.0) == []
    assert decoder.wait_s(0.0) == 5.0
    assert decoder.expire(5.0) == [Pasted("abc")]
    assert keys(decoder.feed(b"j", 6.0)) == ["j"]


def test_a_flood_of_text_is_a_paste_where_the_terminal_does_not_say_so() -> None:
    decoder = Decoder()
    found = [*decoder.feed(b"quit\r" * 800, 0.0), *decoder.feed(b"quit\r", 0.1)]
    assert [type(one) for one in found] == [Pasted, Pasted]
    assert keys(decoder.feed(b"q", 5.0)) == ["q"]


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\x1b", b"\x1b[", b"\x1b[200~", b"\x1b[201~"])))
def test_whatever_comes_is_survived_and_bounded(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for number, chunk in enumerate(chunks):
        for one in decoder.feed(chunk, float(number)):
            assert not isinstance(one, KeyPressed) or one.key
        assert len(decoder._waiting) < 5000
    while decoder.wait_s(1e6) is not None:
        decoder.expire(1e6)


@given(st.lists(st.sampled_from(KNOWN), max_size=12), st.data())
def test_sequences_in_a_row_are_their_keys_wherever_they_are_cut(
    pressed: list[tuple[bytes, str]], data: st.DataObject
) -> None:
    stream = b"".join(sequence for sequence, _ in pressed)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    decoder, found = Decoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += decoder.feed(stream[start:end], 0.0) if end > start else []
    assert keys(found) == [key for _, key in pressed]
