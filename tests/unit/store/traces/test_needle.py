"""Every way in which JSON may spell a text is found, and nothing else."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.store.traces.needle import condition, spelling
from masthead.store.traces.search import excerpt

pytestmark = pytest.mark.unit


@given(st.text(min_size=1, max_size=30).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)))
def test_a_text_is_found_in_json_and_in_json_within_json(text: str) -> None:
    pattern = re.compile(spelling(text).removeprefix("(?s)"), re.DOTALL)
    for is_ascii in (True, False):
        once = json.dumps({"said": f"before {text} after"}, ensure_ascii=is_ascii)
        twice = json.dumps({"messages": once}, ensure_ascii=False)
        for recorded in (once, twice):
            lowered = "".join(c.lower() if c.isascii() else c for c in recorded)
            assert pattern.search(lowered), (pattern, lowered)


@pytest.mark.parametrize(("text", "needle"), [("Hello", "%hello%"), ("100%_sure", r"%100\%\_sure%"), ("a b", "%a b%")])
def test_plain_text_is_one_like(text: str, needle: str) -> None:
    found = condition(text)
    assert found.params == {"needle": needle}
    assert "match" not in found.sql


def test_quotes_and_letters_beyond_ascii_take_a_pattern() -> None:
    assert condition('say "hi"').params["needle"] == "%say %"
    assert condition("é").params["needles"] == ["É", "é", "u00c9", "u00e9"]


def test_an_excerpt_reads_like_what_was_said() -> None:
    recorded = json.dumps({"m": json.dumps({"t": 'He said:\n"Köln" \U0001f600 is far'})}, ensure_ascii=False)
    assert excerpt(recorded, '"KÖLN"') == '{"m":"{"t": "He said: "Köln" \U0001f600 is far"}"}'.replace('":"{', '": "{')


def test_an_excerpt_is_short() -> None:
    assert len(excerpt("x" * 10_000 + "needle" + "y" * 10_000, "Needle")) < 300
