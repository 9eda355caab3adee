"""Message texts that the operator gives out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.access.openapi_schema import answer_complaints
from tests.access.servers import call, serving
from workshop_console.console.backend.message_texts import MessageTexts
from workshop_console.console.errors import ConsoleError
from workshop_console.console.model.credit import Edition

TEXT: dict[str, Any] = {
    "lang": "de",
    "number": "2221-47",
    "title": "Server nicht erreichbar",
    "when": "Beim Start",
    "cause": "Wartung bis {until}",
    "remedy": ["Warten", "Erneut versuchen"],
}


def write(file: Path, *messages: object, seconds: int = 0) -> None:
    file.write_text(json.dumps({"messages": messages}), encoding="utf-8")
    os.utime(file, (1_000_000 + seconds, 1_000_000 + seconds))


def numbers(texts: MessageTexts, lang: str = "de", edition: Edition = Edition.LITE) -> list[str]:
    return [message["number"] for message in json.loads(texts.answer(lang, edition)[1])["messages"]]


def test_texts_come_by_language_and_edition(tmp_path: Path) -> None:
    file = tmp_path / "texts.json"
    write(file, TEXT, {**TEXT, "number": "WC-201", "edition": "pass-thru"}, {**TEXT, "lang": "it"})
    texts = MessageTexts(file)
    assert numbers(texts) == ["2221-47"]
    assert numbers(texts, edition=Edition.PASS_THRU) == ["2221-47", "WC-201"]
    assert numbers(texts, lang="it") == ["2221-47"]
    assert numbers(texts, lang="es") == []


def test_a_client_that_has_them_gets_304_until_they_change(tmp_path: Path) -> None:
    file = tmp_path / "texts.json"
    write(file, TEXT)
    with serving(tmp_path / "a.db", messages_file=file) as url:
        path = "/v1/messages?lang=de&edition=lite"
        first = call(url, "GET", path)
        assert answer_complaints("GET", path, first.status, first.body) == []
        etag = first.headers["etag"]
        for known in (etag, f'"x", W/{etag}', "*"):
            again = call(url, "GET", path, headers={"If-None-Match": known})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
        write(file, {**TEXT, "title": "Neu"}, seconds=5)
        changed = call(url, "GET", path, headers={"If-None-Match": etag})
        assert changed.status == 200
        assert changed.headers["etag"] != etag
        assert json.loads(changed.body)["messages"][0]["title"] == "Neu"


def test_a_broken_change_leaves_the_texts_before_it_in_use(tmp_path: Path) -> None:
    file = tmp_path / "texts.json"
    write(file, TEXT)
    texts = MessageTexts(file)
    file.write_text("{")
    assert numbers(texts) == ["2221-47"]
    file.unlink()
    assert numbers(texts) == ["2221-47"]
    write(file, {**TEXT, "number": "WC-100"}, seconds=9)
    assert numbers(texts) == ["WC-100"]


def test_without_a_file_there_are_none() -> None:
    assert numbers(MessageTexts(None)) == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", "Expecting value"),
        ("[" * 100_000, "recursion"),
        ("[]", "messages"),
        ('{"messages": {}}', "messages"),
        (json.dumps({"messages": [7]}), "messages[0]"),
        (json.dumps({"messages": [TEXT, {**TEXT, "lang": "fr"}]}), "messages[1]: lang"),
        (json.dumps({"messages": [{**TEXT, "lang": []}]}), "messages[0]"),
        (json.dumps({"messages": [{**TEXT, "edition": "none"}]}), "edition"),
        (json.dumps({"messages": [{**TEXT, "edition": {}}]}), "messages[0]"),
        (json.dumps({"messages": [{**TEXT, "number": "47"}]}), "number"),
        (json.dumps({"messages": [{**TEXT, "remedy": "one"}]}), "remedy"),
        (json.dumps({"messages": [{**TEXT, "remedy": [1]}]}), "remedy"),
        (json.dumps({"messages": [{**TEXT, "cause": "x" * 3000}]}), "cause"),
        (json.dumps({"messages": [{"lang": "de"}]}), "number"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_what_is_wrong(
    tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "texts.json"
    file.write_text(content)
    with pytest.raises(ConsoleError) as caught:
        MessageTexts(file)
    assert caught.value.number == "WC-509"
    assert named in str(caught.value.facts["detail"])


def test_a_device_that_never_ends_is_refused() -> None:
    with pytest.raises(ConsoleError) as caught:
        MessageTexts(Path(os.devnull))
    assert caught.value.number == "WC-509"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConsoleError) as caught:
        MessageTexts(tmp_path / "none.json")
    assert caught.value.number == "WC-108"
