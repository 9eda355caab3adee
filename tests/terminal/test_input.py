"""Keys come out right however the bytes are cut, damaged or late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import _character_to_key

from workshop_console.console.commands import COMMANDS
from workshop_console.console.terminal.input import (
    LONGEST_PASTE_BYTES,
    AttributesReported,
    Decoder,
    Input,
    KeyPressed,
    Pasted,
    PlaceReported,
    StatusReported,
)
from workshop_console.console.terminal.key_sequences import key_of_character
from workshop_console.console.terminal.pacing import Pacer


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
    for code in {*range(0x20)} - {0x0A}:
        known = ANSI_SEQUENCES_KEYS[chr(code)]
        assert isinstance(known, tuple)
        assert key_of_character(chr(code)) == known[0].value
    assert key_of_character("\n") == "enter"  # a terminal that is not set yet turns Enter into this


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


def test_a_late_rest_swallows_no_other_escape() -> None:
    decoder = Decoder()
    decoder.feed(b"\x1b", 0.0)
    decoder.expire(0.05)
    assert keys(decoder.feed(b"[B\x1bq", 0.3)) == ["down", "escape", "q"]
    decoder.feed(b"\x1b", 1.0)
    decoder.expire(1.05)
    assert keys([*decoder.feed(b"[", 1.3), *decoder.expire(2.3)]) == ["left_square_bracket"]
    decoder.feed(b"\x1b", 3.0)
    decoder.expire(3.05)
    assert keys(decoder.feed(b"O!", 3.3)) == ["O", "exclamation_mark"]


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
    found = decoder.feed(b"\x1b[0n\x1b[?62;22c\x1b[I\x1b[<0;3;4M\x1b[Mabc", 0.0)
    assert found == [StatusReported(), AttributesReported("?62;22")]
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


FAST_S = 0.02
"""Shorter than any wait for the rest of a sequence."""


def pressed_over(
    stream: bytes, gaps_s: list[float], decoder: Decoder, *, start_s: float = 0.0
) -> list[tuple[float, str]]:
    """Return keys and their times when each byte comes `gaps_s` after the one before, as the driver asks."""
    found: list[tuple[float, str]] = []
    now = start_s
    for byte, gap_s in zip(stream, gaps_s, strict=True):
        comes_at = now + gap_s
        while (wait_s := decoder.wait_s(now)) is not None and now + wait_s < comes_at:
            now += wait_s
            found += [(now, key) for key in keys(decoder.expire(now))]
        now = comes_at
        found += [(now, key) for key in keys(decoder.feed(bytes([byte]), now))]
    while (wait_s := decoder.wait_s(now)) is not None:
        now += wait_s
        found += [(now, key) for key in keys(decoder.expire(now))]
    return found


@pytest.mark.parametrize(("sequence", "key"), KNOWN, ids=[repr(sequence) for sequence, _ in KNOWN])
def test_a_key_whose_bytes_come_one_by_one_over_a_slow_line_is_one_key(sequence: bytes, key: str) -> None:
    for bytes_per_second in (30.0, 240.0, 960.0):
        decoder = Decoder()
        decoder.escape_wait_s = Pacer(bytes_per_second).escape_wait_s()
        gaps_s = [1 / bytes_per_second] * len(sequence)
        assert [name for _at, name in pressed_over(sequence, gaps_s, decoder)] == [key]


@pytest.mark.parametrize("round_trip_s", [0.0, 0.1, 0.8, 3.0])
def test_an_escape_alone_is_obeyed_as_soon_as_the_line_allows(round_trip_s: float) -> None:
    pacer, decoder = Pacer(1e6), Decoder()
    pacer.round_trip_s = round_trip_s
    decoder.escape_wait_s = pacer.escape_wait_s()
    ((at, key),) = pressed_over(b"\x1b", [0.0], decoder)
    assert key == "escape"
    assert at == pytest.approx(min(0.5, 0.05 + round_trip_s / 4), abs=0.001)
    # The next key is not taken for the rest of a sequence.
    assert [name for _at, name in pressed_over(b"j", [0.1], decoder, start_s=at)] == ["j"]


@given(
    st.lists(st.tuples(st.sampled_from(KNOWN), st.floats(0.6, 5.0)), max_size=6),
    st.lists(st.sampled_from([0.0, 0.001, FAST_S]), min_size=60, max_size=60),
)
def test_keys_cut_anywhere_with_any_short_delay_are_those_keys(
    pressed: list[tuple[tuple[bytes, str], float]], delays_s: list[float]
) -> None:
    stream, gaps_s = b"", []
    for (sequence, _key), before_s in pressed:
        gaps_s += [before_s, *delays_s[: len(sequence) - 1]]
        stream += sequence
    found = pressed_over(stream, gaps_s, Decoder())
    assert [name for _at, name in found] == [key for (_sequence, key), _before_s in pressed]


@given(st.sampled_from(KNOWN), st.integers(1, 8), st.floats(0.06, 0.9))
def test_what_comes_after_the_wait_adds_an_escape_at_most(
    known: tuple[bytes, str], cut: int, late_s: float
) -> None:
    sequence, key = known
    gaps_s = [late_s if place == cut else 0.0 for place in range(len(sequence))]
    found = [name for _at, name in pressed_over(sequence, gaps_s, Decoder())]
    if sequence[0] != 0x1B or cut >= len(sequence):
        assert found == [key]
    elif cut == 1 and sequence[1:2] in (b"[", b"O"):
        assert found in ([key], ["escape", key])
    elif cut > 2:
        assert found == [key]


TABLE = [key for command in COMMANDS for key in command.keys]
WITHOUT_FUNCTION_KEYS = {
    "enter": b"\r",
    "space": b" ",
    "escape": b"\x1b",
    "tab": b"\t",
    "ctrl+p": b"\x10",
    "question_mark": b"?",
    "slash": b"/",
}


def test_every_action_of_the_table_is_in_reach_on_every_terminal() -> None:
    by_key = {key: sequence for sequence, key in KNOWN}
    for command in COMMANDS:
        plain = [key for key in command.keys if len(key) == 1 or key in WITHOUT_FUNCTION_KEYS]
        assert plain or command.movement, command.id
        for key in plain:
            sequence = WITHOUT_FUNCTION_KEYS.get(key, key.encode())
            assert keys(typed(sequence)) == [key]
    for number in range(1, 11):
        assert f"f{number}" in by_key or f"f{number}" in {"f3", "f7", "f8", "f9"}
    assert {"f1", "f10", "up", "down", "home", "end", "pageup"} <= set(TABLE)
