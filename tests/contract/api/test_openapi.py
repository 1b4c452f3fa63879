"""The committed description is what the application says, and it is strict where it matters."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from masthead.api.app import build_api
from masthead.api.description import routes_of
from masthead.api.schema.base import Output

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[3]
DESCRIBED: dict[str, Any] = build_api(None).openapi()


def test_the_committed_file_is_what_the_application_says() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/openapi.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_change_is_noticed() -> None:
    committed = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    assert committed == DESCRIBED
    del committed["paths"]["/api/v1/runs"]
    assert committed != DESCRIBED


def outputs(kind: type[BaseModel]) -> set[type[BaseModel]]:
    return {kind}.union(*(outputs(below) for below in kind.__subclasses__()))


def test_no_output_has_a_default() -> None:
    found = [
        f"{kind.__name__}.{name}"
        for kind in outputs(Output)
        for name, field in kind.model_fields.items()
        if not field.is_required()
    ]
    assert found == []


def test_every_answer_is_one_of_our_outputs() -> None:
    for path, method, route in routes_of(build_api(None)):
        kind = route.response_model
        assert (
            path == "/api/v1/export"
            or route.status_code == 204
            or (isinstance(kind, type) and issubclass(kind, Output))
        ), (method, path)


def test_every_route_says_what_it_does_and_how_it_fails() -> None:
    for path, item in DESCRIBED["paths"].items():
        for method, operation in item.items():
            assert operation["description"], (method, path)
            assert "422" not in operation["responses"], (method, path)
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DESCRIBED)
    referred = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert referred <= DESCRIBED["components"]["schemas"].keys()


def test_handlers_are_at_most_fifteen_lines() -> None:
    long = dict[str, int]()
    for _, _, route in routes_of(build_api(None)):
        lines = Path(route.endpoint.__code__.co_filename).read_text(encoding="utf-8").splitlines()
        first = route.endpoint.__code__.co_firstlineno - 1
        body = next(
            at for at in range(first, len(lines)) if lines[at].rstrip().endswith(":") and not lines[at].startswith("@")
        )
        length = (
            next((at for at in range(body + 1, len(lines)) if lines[at] and not lines[at].startswith(" ")), len(lines))
            - body
            - 1
        )
        while not lines[body + length].strip():
            length -= 1
        long[route.endpoint.__name__] = length
    assert {name: length for name, length in long.items() if length > 16} == {}
