"""A document is written as TOML and read again as it was; what is no document is told with its place."""

from typing import Any

import pytest

from masthead.gateway.document_text import read, written
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit

DOCUMENT: dict[str, Any] = {
    "connections": {"own": {"base_url": "http://x/v1", "headers": {"X-Team": 'a "b" \\ ü'}, "models": ["a", "b"]}},
    "routes": [{"model": "best", "targets": [{"connection": "own", "when": 'agent == "x"', "weight": 0.5}]}],
    "limits": [{"per": "key", "cost_usd": "20", "requests": 7}],
    "cache": {"is_on": True},
}  # fmt: skip


def test_what_is_written_is_read_again() -> None:
    assert read(written(DOCUMENT)) == DOCUMENT
    assert "[connections.own]" in written(DOCUMENT)
    assert written({}) == "" and read("") == {}


def test_nulls_are_left_out_as_unset_means_the_same() -> None:
    assert read(written({"cache": {"is_on": True, "semantic": None}, "routes": [None]})) == {
        "cache": {"is_on": True},
        "routes": [],
    }


def test_json_is_read_too() -> None:
    assert read(' {"cache": {"is_on": true}}') == {"cache": {"is_on": True}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cache\nis_on = true", "no TOML yet: .*line 1, column 7"),
        ('{"cache": ', "no JSON yet: .*line 1 column 11"),
        ("[cache]\nttl_s = inf", "cache.ttl_s: inf is no number"),
        ("[[limits]]\nsince = 2026-01-01", "limits.0.since: 2026-01-01 is a date"),
        ('{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_document_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read(text)
