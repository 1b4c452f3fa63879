"""Answers that are to be JSON are repaired, refused or noted, by what the caller asked for."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.gateway.plugins.fitting import Fitter
from masthead.gateway.reply import usage_in
from masthead.gateway.seams import AskAgain, Refused
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite
from masthead.testing.streamed import DIALECTS, got, streamed, whole

pytestmark = pytest.mark.unit

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
GOOD = '{"city": "Bergen", "degrees": 8}'
FORM = {"type": "json_schema", "schema": SCHEMA, "name": "weather"}
ASKED: Mapping[Dialect, Mapping[str, Any]] = {
    Dialect.OPENAI_CHAT: {"response_format": {"type": "json_schema", "json_schema": {"name": "w", "schema": SCHEMA}}},
    Dialect.OPENAI_RESPONSES: {"text": {"format": FORM}},
    Dialect.ANTHROPIC: {"output_format": FORM},
}
TOOLS: Mapping[Dialect, Mapping[str, Any]] = {
    Dialect.OPENAI_CHAT: {"tools": [{"type": "function", "function": {"name": "send", "parameters": SCHEMA}}]},
    Dialect.OPENAI_RESPONSES: {"tools": [{"type": "function", "name": "send", "parameters": SCHEMA}]},
    Dialect.ANTHROPIC: {"tools": [{"name": "send", "input_schema": SCHEMA}]},
}
JSON = {"kind": "json"}


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here you are:\n```\n{GOOD}\n```\nAnything else?",
        f"The answer {{or so}} is {GOOD}. Good luck: ",
        "{'city': 'Bergen', 'degrees': 8,}",
        '{"city": "Bergen", "degrees": 8',
        '{city: "Bergen", "degrees": 8}',
        '{"city": "Bergen" "degrees": 8}',
        '{"city": "x"}{"city": "Bergen", "degrees": 8}',
    ],
)
def test_what_is_nearly_json_is_repaired(text: str):
    fit = Fitter().fitted(text, SCHEMA, repairs=True)
    assert fit.faults == ()
    assert json.loads(fit.text) == json.loads(GOOD)
    assert (fit.text == text) is (text == GOOD)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("It is cold in Bergen.", "it is no JSON"),
        ("", "it is no JSON"),
        ('{"city": "Bergen"}', '"degrees" is a required property'),
        ('{"city": 5, "degrees": 8}', '.city: what stands there is not of type "string"'),
        ('[{"city": "Bergen"}]', "the whole: what stands there is not of type"),
        ('{"city": "Berg', "it is cut off before its end"),
        ('{"city": "Bergen",', "it is cut off before its end"),
        ("[" * 100_000, "it is no JSON"),
    ],
)
def test_what_cannot_be_repaired_says_why_without_saying_what(text: str, fault: str):
    fit = Fitter().fitted(text, SCHEMA, repairs=True)
    assert fit.text == text
    assert any(fault in one for one in fit.faults), fit.faults
    assert "Bergen" not in str(fit.faults)


@pytest.mark.parametrize(
    "schema",
    [{"type": "nonsense"}, {"$ref": "http://127.0.0.1:1/never-fetched"}, {"$ref": "#/nowhere"}, {"pattern": "(?=x)"}],
)
def test_a_schema_that_cannot_be_used_demands_json_only(schema: Any):
    assert Fitter().fitted('{"a": 1}', schema, repairs=True).faults == ()
    assert Fitter().fitted("nothing", schema, repairs=True).faults != ()


def test_a_schema_with_a_slow_pattern_is_checked_in_linear_time():
    schema = {"type": "string", "pattern": "^(a+)+$"}
    assert Fitter().fitted(json.dumps("a" * 50_000 + "b"), schema, repairs=False).faults != ()


@given(st.text(max_size=80) | st.lists(st.sampled_from(list('{}[]",:a1\\\n `')), max_size=60).map("".join))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_out_fits_or_is_as_it_came(text: str):
    fit = Fitter().fitted(text, None, repairs=True)
    assert (fit.text == text) if fit.faults else isinstance(json.loads(fit.text), dict)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_the_client_gets_what_it_asked_for_in_every_dialect(dialect: Dialect, is_stream: bool):
    site = ContentSite([JSON])
    exchange = await site.asked(dialect, stream=is_stream, **ASKED[dialect])
    said = f"Sure!\n```json\n{GOOD[:-1]},}}\n```"
    if is_stream:
        client = got(dialect, site.passed(exchange, [streamed(dialect, [said[:9], said[9:30], said[30:]])]))
        assert (json.loads(client.text), client.whole_text) == (json.loads(GOOD), client.text)
        assert not client.is_error
    else:
        body = await site.answered(exchange, whole(dialect, said))
        assert json.dumps(GOOD.replace(" ", ""))[1:-1] in json.dumps(body)
    assert exchange.attributes["masthead.gateway.plugin.json.found"] == ["response: repaired"]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("on", ["correct", "block"])
async def test_what_does_not_fit_is_refused_whole_and_ends_a_stream_with_an_error(dialect: Dialect, on: str):
    site = ContentSite([{**JSON, "on": on}])
    exchange = await site.asked(dialect, **ASKED[dialect])
    with pytest.raises(Refused, match=r"is not the JSON that was asked for: the answer: .*degrees") as refused:
        await site.answered(exchange, whole(dialect, '{"city": "Bergen"}'))
    assert (refused.value.status, refused.value.headers) == (502, ((b"x-should-retry", b"false"),))
    exchange = await site.asked(dialect, stream=True, **ASKED[dialect])
    client = got(dialect, site.passed(exchange, [streamed(dialect, ['{"city"', ': "Bergen"}'])]))
    assert client.is_error and client.text == '{"city": "Bergen"}'
    assert exchange.attributes["masthead.gateway.plugin.json"] == "blocked"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_does_not_fit_may_be_noted_only_and_flows_as_it_comes(dialect: Dialect):
    site = ContentSite([{**JSON, "on": "record"}])
    exchange = await site.asked(dialect, stream=True, **ASKED[dialect])
    stream = streamed(dialect, ["no ", "JSON"])
    assert site.passed(exchange, [stream]) == stream
    assert exchange.attributes["masthead.gateway.plugin.json"] == "recorded"


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_arguments_of_tools_are_held_to_the_tools_schema(dialect: Dialect):
    site = ContentSite([JSON])
    exchange = await site.asked(dialect, stream=True, **TOOLS[dialect])
    client = got(dialect, site.passed(exchange, [streamed(dialect, ["I look: "], [GOOD[:9], GOOD[9:-1]])]))
    assert (json.loads(client.arguments), client.text) == (json.loads(GOOD), "I look: ")
    exchange = await site.asked(dialect, **TOOLS[dialect])
    with pytest.raises(Refused, match="the arguments of 'send'"):
        await site.answered(exchange, whole(dialect, None, '{"city": 1}'))
    loose = ContentSite([{**JSON, "tools": False}])
    assert loose.chain.filter(await loose.asked(dialect, stream=True, **TOOLS[dialect])) is None


async def test_a_text_beside_tool_calls_need_not_be_json():
    site = ContentSite([JSON])
    more = {**ASKED[Dialect.OPENAI_CHAT], **TOOLS[Dialect.OPENAI_CHAT]}
    exchange = await site.asked(**more)
    body = whole(Dialect.OPENAI_CHAT, "I look.", GOOD)
    assert await site.answered(exchange, body) == body


async def test_a_model_is_asked_once_more_with_the_faults_and_both_answers_are_counted():
    site = ContentSite([{"kind": "pii"}, {**JSON, "asks_again": True}])
    exchange = await site.asked(said="Weather for anna@example.com?", **ASKED[Dialect.OPENAI_CHAT])
    first = {**whole(Dialect.OPENAI_CHAT, '{"city": "<EMAIL_1>"}'), "usage": {"prompt_tokens": 10, "more": {"n": 1}}}
    with pytest.raises(AskAgain) as again:
        await site.answered(exchange, first)
    asked: Any = again.value.call.member("messages")
    assert asked[0] == {"role": "user", "content": "Weather for <EMAIL_1>?"}
    assert '"degrees" is a required property' in asked[1]["content"] and "<EMAIL_1>" in asked[1]["content"]
    assert "anna" not in str(asked)
    second = {**whole(Dialect.OPENAI_CHAT, GOOD), "usage": {"prompt_tokens": 30, "more": {"n": 2, "m": 1}}}
    told = await site.answered(exchange, second)
    assert told["choices"][0]["message"]["content"] == GOOD
    assert told["usage"] == {"prompt_tokens": 40, "more": {"n": 3, "m": 1}}
    assert exchange.attributes["masthead.gateway.plugin.json.asked_again"] is True
    assert "masthead.gateway.plugin.json" not in exchange.attributes


async def test_what_a_refused_answer_took_is_counted_all_the_same():
    site = ContentSite([JSON])
    exchange = await site.asked(**ASKED[Dialect.OPENAI_CHAT])
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    with pytest.raises(Refused):
        await site.answered(exchange, {**whole(Dialect.OPENAI_CHAT, "no"), "usage": usage})
    told = usage_in(exchange)
    assert told is not None and (told.input_tokens, told.output_tokens) == (10, 5)


async def test_a_second_answer_that_does_not_fit_is_refused_and_so_is_one_without_room():
    site = ContentSite([{**JSON, "asks_again": True}])
    exchange = await site.asked(**ASKED[Dialect.OPENAI_CHAT])
    bad = whole(Dialect.OPENAI_CHAT, "no")
    with pytest.raises(AskAgain):
        await site.answered(exchange, bad)
    with pytest.raises(Refused, match="not the JSON"):
        await site.answered(exchange, bad)

    async def no_room() -> bool:
        return False

    other = await site.asked(**ASKED[Dialect.OPENAI_CHAT])
    other.take_more = no_room
    with pytest.raises(Refused, match="leave no room to ask again"):
        await site.answered(other, bad)


async def test_answers_to_calls_that_ask_for_no_json_are_left_alone():
    site = ContentSite([JSON])
    exchange = await site.asked()
    assert site.chain.filter(exchange) is None
    body = whole(Dialect.OPENAI_CHAT, "{oh")
    assert await site.answered(exchange, body) == body
