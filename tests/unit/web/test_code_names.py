"""The pages call the codes what the codebook calls them."""

import json
import tomllib
from importlib import resources
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

_FINDINGS = Path(__file__).parents[3] / "ui" / "src" / "findings"
_NAMES = _FINDINGS / "codes.json"


def test_the_pages_name_every_code_as_the_codebook_does() -> None:
    book = tomllib.loads((resources.files("masthead.codebook") / "mast.toml").read_text())
    assert json.loads(_NAMES.read_text()) == {code["id"]: code["name"] for code in book["codes"]}


def test_the_pages_explain_every_code_as_the_codebook_does() -> None:
    book = tomllib.loads((resources.files("masthead.codebook") / "mast.toml").read_text())
    shown = json.loads((_FINDINGS / "codebook.json").read_text())
    fields = ("id", "category", "name", "definition", "include", "exclude", "positive")
    assert shown["categories"] == {category["id"]: category["name"] for category in book["categories"]}
    assert shown["codes"] == [{field: code.get(field, []) for field in fields} for code in book["codes"]]
