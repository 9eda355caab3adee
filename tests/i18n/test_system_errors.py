"""What the operating system says in English is said in the language of the reader."""

from __future__ import annotations

import errno
import os

from workshop_console.i18n.messages import fact_text
from workshop_console.i18n.system_errors import TEXTS, in_words


def test_words_of_the_system_are_replaced_and_the_rest_stays() -> None:
    assert (
        in_words(f"reports: {os.strerror(errno.ENOSPC)} (28)") == "reports: no space left on the drive (28)"
    )
    assert in_words("zip") == "zip"


def test_every_code_has_words_of_our_own() -> None:
    for code, text in TEXTS.items():
        assert in_words(os.strerror(code)) == text
    assert len({os.strerror(code) for code in TEXTS}) == len(TEXTS)


def test_details_of_messages_are_put_into_words() -> None:
    assert fact_text("detail", "[Errno 111] Connection refused") == "[Errno 111] connection refused"
