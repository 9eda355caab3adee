"""Checks values against the schemas of the OpenAPI description: the part of JSON Schema that it uses."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

DESCRIPTION: dict[str, Any] = json.loads(
    (files("workshop_console.console.backend") / "openapi.json").read_text("utf-8")
)
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
_KNOWN = {
    *("$ref", "type", "enum", "const", "pattern", "format", "description", "properties", "required"),
    *("additionalProperties", "items", "anyOf", "minimum", "maxLength"),
}


def complaints(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Return what in `value` does not fit `schema`; so is a keyword that is not checked here."""
    found = [f"{at}: keyword {keyword}" for keyword in schema.keys() - _KNOWN]
    if "$ref" in schema:
        found += complaints(
            value, DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]], at
        )
    if "type" in schema:
        kinds = _TYPES[schema["type"]]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            return [*found, f"{at}: {value!r} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: {value!r} not in enum")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: {value!r} is not {schema['const']!r}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: {value!r} does not match")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{at}: {value!r} too small")
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        found.append(f"{at}: too long")
    if "anyOf" in schema and all(complaints(value, choice, at) for choice in schema["anyOf"]):
        found.append(f"{at}: {value!r} fits no choice")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{at}: {name} missing" for name in schema.get("required", []) if name not in value]
        if schema.get("additionalProperties") is False:
            found += [f"{at}: {name} not described" for name in value.keys() - properties.keys()]
        for name in value.keys() & properties.keys():
            found += complaints(value[name], properties[name], f"{at}.{name}")
    if isinstance(value, list) and "items" in schema:
        for position, item in enumerate(value):
            found += complaints(item, schema["items"], f"{at}[{position}]")
    return found


def answer_complaints(method: str, path: str, status: int, body: bytes) -> list[str]:
    """Return why an answer does not fit the description of its call, or is of one that is not described."""
    plain = path.partition("?")[0]
    fitting = (t for t in DESCRIPTION["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", t), plain))
    template = next(fitting, None)
    if template is None:
        return [] if status == 404 else [f"{path}: not described"]
    calls = DESCRIPTION["paths"][template]
    call = calls.get(method.lower())
    if call is None:
        return [] if status == 405 else [f"{method} {path}: not described"]
    described = call["responses"].get(str(status))
    if described is None:
        return [f"{method} {path}: status {status} not described"]
    if "content" not in described:
        return [] if body == b"" else ["a body that is not described"]
    return complaints(json.loads(body), described["content"]["application/json"]["schema"])
