"""A search of the web at the vendor, asked for in one dialect and done by a vendor of another."""

from typing import Any

import pytest

from masthead.model.errors import InvalidInput
from masthead.providers.dialects import Dialect, Translation, translate
from masthead.providers.dialects.parity import MODELS, PLAIN
from masthead.testing import wires

pytestmark = pytest.mark.unit

SEARCH = {"type": "web_search"}
CLAUDES = {"type": "web_search_20250305", "name": "web_search"}
FUNCTION = {"type": "function", "name": "look", "parameters": {"type": "object"}}
FOUND: list[dict[str, Any]] = [
    {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "Oslo"}},
    {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []},
    {
        "type": "text",
        "text": "It is cold.",
        "citations": [
            {
                "type": "web_search_result_location", "url": "https://example.org/a", "title": "A",
                "cited_text": "cold", "encrypted_index": "e",
            }
        ],
    },
]  # fmt: skip


def call_of(source: Dialect, target: Dialect, **more: Any) -> Translation:
    body = {**PLAIN[source], **more}
    return translate(body, source=source, target=target, model=MODELS[target], reply_id="mh-1", now_s=1)


def test_what_claude_found_is_cited_to_openais_callers():
    call = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, tools=[FUNCTION, SEARCH])
    assert call.body["tools"][1] == CLAUDES
    told = call.reply({**wires.answer(Dialect.ANTHROPIC), "content": FOUND, "stop_reason": "end_turn"})
    (note,) = told["output"][0]["content"][0]["annotations"]
    assert (note["type"], note["url"], note["title"]) == ("url_citation", "https://example.org/a", "A")
    assert told["tools"][1] == SEARCH
    assert {"content[0]", "content[1]"} <= {loss.field for loss in call.losses}, "its steps are noted"


def test_limits_of_a_search_are_carried_where_they_can_be():
    tools = [{**CLAUDES, "allowed_domains": ["a.org"], "max_uses": 3, "cache_control": {"type": "ephemeral"}}]
    call = call_of(Dialect.ANTHROPIC, Dialect.OPENAI_RESPONSES, tools=tools)
    assert call.body["tools"] == [{**SEARCH, "filters": {"allowed_domains": ["a.org"]}}]
    assert {loss.field for loss in call.losses} >= {"tools[0].max_uses", "tools[0].cache_control"}
    asked = [{**SEARCH, "filters": {"allowed_domains": ["a.org"]}, "search_context_size": "low"}]
    back = call_of(Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, tools=asked)
    assert back.body["tools"] == [{**CLAUDES, "allowed_domains": ["a.org"]}]


@pytest.mark.parametrize(
    ("source", "target", "asked", "where"),
    [
        (Dialect.ANTHROPIC, Dialect.OPENAI_RESPONSES, {"tools": [{**CLAUDES, "blocked_domains": ["a"]}]}, "tools[0]"),
        (Dialect.ANTHROPIC, Dialect.GEMINI, {"tools": [{**CLAUDES, "allowed_domains": ["a"]}]}, "tools[0]"),
        (Dialect.OPENAI_RESPONSES, Dialect.GEMINI, {"tools": [FUNCTION, SEARCH]}, "tools[1]"),
        (Dialect.OPENAI_RESPONSES, Dialect.OPENAI_CHAT, {"tools": [SEARCH]}, "tools[0]"),
        (Dialect.OPENAI_RESPONSES, Dialect.ANTHROPIC, {"tools": [SEARCH], "tool_choice": SEARCH}, "tool_choice"),
        (
            Dialect.OPENAI_RESPONSES,
            Dialect.ANTHROPIC,
            {"tools": [{**SEARCH, "filters": {"blocked_domains": ["a"]}}]},
            "tools[0].filters",
        ),
        (
            Dialect.ANTHROPIC,
            Dialect.OPENAI_RESPONSES,
            {"tools": [CLAUDES], "tool_choice": {"type": "tool", "name": "web_search"}},
            "tool_choice",
        ),
    ],
)
def test_a_search_that_would_not_be_what_was_asked_is_refused(
    source: Dialect, target: Dialect, asked: dict[str, Any], where: str
):
    with pytest.raises(InvalidInput) as refusal:
        call_of(source, target, **asked)
    assert (refusal.value.where or "").startswith(where)


@pytest.mark.parametrize("target", [Dialect.ANTHROPIC, Dialect.GEMINI])
def test_a_search_that_may_not_be_done_is_not_offered(target: Dialect):
    forbidden = call_of(Dialect.OPENAI_RESPONSES, target, tools=[SEARCH], tool_choice="none")
    assert "tools" not in forbidden.body
    offline = [{**SEARCH, "external_web_access": False}, FUNCTION]
    call = call_of(Dialect.OPENAI_RESPONSES, target, tools=offline)
    assert len(call.body["tools"]) == 1 and "earch" not in str(call.body["tools"])
    assert "tools[0]" in {loss.field for loss in call.losses}
