"""Describe every HTTP route from `openapi.json`, for `docs/reference/http.md`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_OPENAPI = Path(__file__).parents[1] / "openapi.json"

_INTRODUCTION = (
    "`openapi.json` at the root of the repository has the schemas. Errors are `application/problem+json`; times are"
    " RFC 3339 in UTC, money is a decimal string. Lists answer `{items, cursor}`: pass the cursor on for the next page."
    " Spans come in at `POST /v1/traces`, which is OTLP over HTTP.\n"
)


def http_page() -> str:
    """Return the page: routes by topic, with their role, parameters and answer."""
    described = json.loads(_OPENAPI.read_text(encoding="utf-8"))
    topics: dict[str, list[str]] = {}
    for path, item in described["paths"].items():
        for method, operation in item.items():
            topics.setdefault(operation["tags"][0], []).append("\n".join(_route(method, path, operation)))
    lines = ["# HTTP interface\n", _INTRODUCTION]
    for topic, routes in topics.items():
        lines += [f"## {topic.capitalize()}\n", *routes]
    return "\n".join(lines)


def _route(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    role = operation.get("x-masthead-role")
    yield f"### `{method.upper()} {path}`\n"
    yield f"{operation['description']} {f'Needs the role **{role}**.' if role else 'Needs no key.'}\n"
    answers = (answer for status, answer in operation["responses"].items() if status.startswith("2"))
    name = next((_name(answer) for answer in answers), "")
    taken = _name(operation.get("requestBody", {}))
    if taken or name:
        yield f"{f'Takes `{taken}`. ' if taken else ''}{f'Answers `{name}`.' if name else ''}\n"
    rows = [_parameter(one) for one in operation.get("parameters", ()) if one["in"] == "query"]
    if rows:
        yield "\n".join(["| parameter | default | what it says |", "|---|---|---|", *rows, ""])


def _name(part: Mapping[str, Any]) -> str:
    schemas = [content.get("schema", {}) for content in part.get("content", {}).values()]
    return next((str(schema["$ref"]).rpartition("/")[2] for schema in schemas if "$ref" in schema), "")


def _parameter(one: Mapping[str, Any]) -> str:
    default = one["schema"].get("default")
    said = " ".join(str(one.get("description", "")).split()).replace("|", "\\|")
    return f"| `{one['name']}` | {'–' if default is None else f'`{default}`'} | {said} |"
