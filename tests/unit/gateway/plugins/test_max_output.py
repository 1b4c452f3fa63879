"""Answers end where they are to end: asked of the model, and held to."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from masthead.gateway.call import Connection, Target
from masthead.gateway.forward import forwarded
from masthead.gateway.seams import Refused
from masthead.providers.dialects import Dialect
from masthead.providers.vendors import known_vendor
from masthead.testing.content import ContentSite
from masthead.testing.streamed import DIALECTS, got, streamed, whole

pytestmark = pytest.mark.unit

FINISH = {Dialect.OPENAI_CHAT: "length", Dialect.OPENAI_RESPONSES: "incomplete", Dialect.ANTHROPIC: "max_tokens"}
SHORT: Mapping[str, Any] = {"kind": "max_output", "characters": 10}


def sent_to(provider: str, call: Any) -> dict[str, Any]:
    """Return the body that a provider gets."""
    row = known_vendor(provider)
    assert row is not None
    connection = Connection("up", provider, row.dialects, "https://x.example/v1", "k")
    return msgspec.json.decode(forwarded(call, Target(connection, "m"), reply_id="r", now_s=1).request.body)


@pytest.mark.parametrize(
    ("dialect", "asked", "wanted"),
    [
        (Dialect.OPENAI_CHAT, {"max_tokens": 500}, {"max_tokens": 100}),
        (Dialect.OPENAI_CHAT, {"max_completion_tokens": 50}, {"max_completion_tokens": 50}),
        (Dialect.OPENAI_RESPONSES, {}, {"max_output_tokens": 100}),
        (Dialect.OPENAI_RESPONSES, {"max_output_tokens": 500}, {"max_output_tokens": 100}),
        (Dialect.ANTHROPIC, {"max_tokens": 500}, {"max_tokens": 100}),
    ],
)
async def test_a_call_asks_for_no_more(dialect: Dialect, asked: dict[str, Any], wanted: dict[str, Any]):
    exchange = await ContentSite([{"kind": "max_output", "tokens": 100}]).asked(dialect, **asked)
    members = {name: exchange.outgoing.member(name) for name in exchange.outgoing.members if name.startswith("max_")}
    assert members == wanted
    lowered = asked and asked != wanted
    assert bool(exchange.verdicts) is bool(lowered)


@pytest.mark.parametrize(
    ("provider", "name"), [("openai", "max_completion_tokens"), ("mistral", "max_tokens"), ("anthropic", "max_tokens")]
)
async def test_where_a_call_sets_no_limit_it_is_set_as_the_vendor_calls_it(provider: str, name: str):
    exchange = await ContentSite([{"kind": "max_output", "tokens": 100}]).asked()
    body = sent_to(provider, exchange.outgoing)
    assert {key: value for key, value in body.items() if key.startswith("max_")} == {name: 100}


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_longer_stream_ends_there_as_its_dialect_wants(dialect: Dialect):
    site = ContentSite([SHORT])
    exchange = await site.asked(dialect, stream=True)
    client = got(dialect, site.passed(exchange, [streamed(dialect, ["It was ", "a dark ", "and stormy night"])]))
    assert (client.text, client.whole_text, client.finish) == ("It was a d", "It was a d", FINISH[dialect])
    assert not client.is_error
    assert exchange.attributes["masthead.gateway.plugin.max_output.found"] == ["response: 10 characters"]


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_longer_whole_answer_is_cut_and_says_so(dialect: Dialect):
    site = ContentSite([SHORT])
    body = await site.answered(await site.asked(dialect), whole(dialect, "It was a dark and stormy night"))
    assert "It was a d" in str(body) and "dark" not in str(body) and FINISH[dialect] in str(body)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_what_is_just_so_long_is_left_alone(dialect: Dialect):
    site = ContentSite([{"kind": "max_output", "characters": 9, "tokens": 50}])
    exchange = await site.asked(dialect, stream=True)
    stream = streamed(dialect, ["It ", "was so"])
    assert site.passed(exchange, [stream]) == stream
    body = whole(dialect, "It was so")
    assert await site.answered(await site.asked(dialect), body) == body


async def test_text_and_arguments_count_together():
    site = ContentSite([SHORT])
    exchange = await site.asked(stream=True)
    client = got(
        Dialect.OPENAI_CHAT, site.passed(exchange, [streamed(Dialect.OPENAI_CHAT, ["12345678"], ['{"a":', "1}"])])
    )
    assert (client.text, client.arguments, client.finish) == ("12345678", '{"', "length")


async def test_a_model_that_keeps_to_no_limit_of_tokens_is_ended_far_beyond_it():
    site = ContentSite([{"kind": "max_output", "tokens": 20}])
    exchange = await site.asked(stream=True)
    client = got(Dialect.OPENAI_CHAT, site.passed(exchange, [streamed(Dialect.OPENAI_CHAT, ["word "] * 500)]))
    assert client.finish == "length" and 100 <= len(client.text) <= 170
    letters = await site.asked(stream=True)
    client = got(Dialect.OPENAI_CHAT, site.passed(letters, [streamed(Dialect.OPENAI_CHAT, ["x"] * 100)]))
    assert client.finish == "stop", "a server may send each letter by itself"


async def test_a_longer_answer_may_be_refused_or_noted_instead():
    stream = streamed(Dialect.OPENAI_CHAT, ["It was a dark", " night"])
    blocking, noting = ContentSite([{**SHORT, "on": "block"}]), ContentSite([{**SHORT, "on": "record"}])
    with pytest.raises(Refused, match="longer than the 10 characters"):
        await blocking.answered(await blocking.asked(), whole(Dialect.OPENAI_CHAT, "It was a dark night"))
    assert got(Dialect.OPENAI_CHAT, blocking.passed(await blocking.asked(stream=True), [stream])).is_error
    exchange = await noting.asked(stream=True)
    assert noting.passed(exchange, [stream]) == stream
    assert [verdict.action for verdict in exchange.verdicts] == ["recorded"]
