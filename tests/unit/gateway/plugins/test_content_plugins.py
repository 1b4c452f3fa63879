"""Plugins take their turns in one order, hold for the models they are set for, and break no call where they fail."""

from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.gateway.call import Answer
from masthead.gateway.config_routes import CacheConfig
from masthead.gateway.plugins.veil import Veil, Veils
from masthead.gateway.policy.cache import Cache
from masthead.gateway.seams import Refused
from masthead.gateway.spans import spans_of
from masthead.providers.dialects import Dialect
from masthead.testing.content import ContentSite
from masthead.testing.exchanges import exchange_of
from masthead.testing.streamed import got, streamed, whole

pytestmark = pytest.mark.unit

PII = {"kind": "pii"}
CHAT = Dialect.OPENAI_CHAT


class FailingVeil(Veil):
    """Hides, and then fails, with what was said in the error."""

    def restored(self, text: str, *, is_json: bool = False) -> str:
        raise RuntimeError(f"{text} anna@example.com {is_json}")


class FailingVeils(Veils):
    """Fails at the call, or at the answer."""

    def __init__(self, *, at_request: bool) -> None:
        super().__init__(FixedClock())
        self._at_request = at_request

    def of(self, scope: Any) -> Veil:
        if self._at_request:
            raise RuntimeError("anna@example.com")
        return FailingVeil()


async def test_a_plugin_holds_for_the_models_it_names_and_costs_nothing_elsewhere():
    site = ContentSite([{**PII, "models": ["gpt-*", "fast"]}])
    for model, is_held in (("gpt-9", True), ("fast", True), ("other", False)):
        exchange = await site.asked(said="a@x.org", model=model)
        assert (exchange.sent is not None) is is_held
        assert (exchange.content is not None, exchange.veil is not None) == (is_held, is_held)
        assert (site.chain.filter(exchange) is not None) is is_held


async def test_banned_content_is_looked_for_before_personal_data_leaves_and_after_it_is_back():
    site = ContentSite([PII, {"kind": "banned", "on": "correct", "patterns": {"rival": "[a-z]+@rival.example"}}])
    exchange = await site.asked(said="a@rival.example b@x.org")
    assert exchange.outgoing.member("messages") == [{"role": "user", "content": "*** <EMAIL_1>"}]
    told = await site.answered(exchange, whole(CHAT, "<EMAIL_1> c@rival.example"))
    assert told["choices"][0]["message"]["content"] == "b@x.org ***"


async def test_verdicts_stand_in_the_span_in_headers_and_in_the_count():
    site = ContentSite([PII, {"kind": "banned", "on": "record", "words": ["dragon"]}])
    exchange = await site.asked(said="a@x.org and a dragon")
    await site.answered(exchange, whole(CHAT, "a dragon"))
    assert [value for _, value in exchange.headers] == [
        b"banned recorded in request; words",
        b"pii corrected in request; 1 email",
        b"banned recorded in response; words",
    ]
    assert {(verdict.kind, verdict.action) for verdict in exchange.verdicts} == {
        ("banned", "recorded"),
        ("pii", "corrected"),
    }
    attributes = spans_of(exchange)[0].attributes
    assert attributes["masthead.gateway.plugin.banned.found"] == ["request: words", "response: words"]


@pytest.mark.parametrize("at_request", [True, False])
async def test_a_plugin_that_fails_refuses_the_call_where_nothing_may_pass_without_it(
    at_request: bool, caplog: pytest.LogCaptureFixture
):
    site = ContentSite([PII], FailingVeils(at_request=at_request))
    with pytest.raises(Refused) as refused:
        await site.answered(await site.asked(said="I am anna@example.com"), whole(CHAT, "Hello <EMAIL_1>"))
    assert (refused.value.status, refused.value.kind) == (500, "plugin_failed")
    assert "anna" not in caplog.text + str(refused.value)
    assert "the plugin pii failed" in caplog.text


async def test_a_stream_ends_with_an_error_where_its_plugin_fails():
    site = ContentSite([PII], FailingVeils(at_request=False))
    exchange = await site.asked(said="I am anna@example.com", stream=True)
    client = site.passed(exchange, [streamed(CHAT, ["Hello <EMAIL_1>"])])
    assert got(CHAT, client).is_error and b"plugin_failed" in client and b"anna" not in client


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_plugin_that_fails_lets_the_call_pass_where_that_is_set(is_stream: bool):
    for at_request, told in ((True, "Hello <EMAIL_1>, bye"), (False, "Hello <EMAIL_1>, bye")):
        site = ContentSite([{**PII, "if_broken": "allow"}], FailingVeils(at_request=at_request))
        exchange = await site.asked(said="I am anna@example.com", stream=is_stream)
        if is_stream:
            client = got(CHAT, site.passed(exchange, [streamed(CHAT, ["Hello <EMA", "IL_1>, ", "bye"])]))
            assert (client.text, client.is_error) == (told, False)
        else:
            body = await site.answered(exchange, whole(CHAT, told))
            assert body["choices"][0]["message"]["content"] == told
        assert exchange.attributes["masthead.gateway.plugin.pii"] == "failed"


async def test_errors_of_the_provider_and_bodies_that_are_no_json_pass_as_they_are():
    site = ContentSite([PII, {"kind": "json"}])
    exchange = await site.asked(said="a@x.org", response_format={"type": "json_object"})
    for answer in (Answer(400, (), b'{"error": {"message": "no <EMAIL_1>"}}'), Answer(200, (), b"\xff not JSON")):
        assert await site.chain.after(exchange, answer) is answer


async def test_files_and_sounds_pass_as_they_are():
    site = ContentSite([PII])
    exchange = exchange_of({"model": "m"}, path="/v1/files")
    await site.chain.before(exchange)
    assert exchange.content is None


async def test_the_cache_gives_the_answer_again_to_who_said_the_same_and_to_nobody_else():
    site, cache = ContentSite([PII]), Cache(CacheConfig(is_on=True, per="project"), FixedClock())

    async def asks(said: str, number: int) -> str:
        exchange = await site.asked(said=said, temperature=0, number=number)
        kept = await cache.before(exchange)
        if kept is not None:
            exchange.answered, exchange.status = [kept.body], 200
        else:
            await site.answered(exchange, whole(CHAT, "Hello <EMAIL_1>"))
        cache.ended(exchange)
        answered = b"".join(exchange.answered).decode()
        assert exchange.veil is not None
        exchange.veil(exchange)
        assert "@" not in str(spans_of(exchange)), "of cached answers too the record keeps placeholders"
        return ("again " if kept is not None else "") + answered.partition("Hello ")[2].partition('"')[0]

    assert await asks("I am anna@x.org", 1) == "anna@x.org"
    assert await asks("I am anna@x.org", 2) == "again anna@x.org"
    assert await asks("I am bob@x.org", 3) == "bob@x.org"
    assert await asks("I am <EMAIL_1>", 4) == "<EMAIL_1>"


async def test_large_calls_and_answers_are_looked_at_all_the_same():
    site = ContentSite([PII, {"kind": "banned", "words": ["dragon"]}])
    exchange = await site.asked(said="word " * 60_000 + "anna@example.com")
    assert exchange.outgoing.member("messages") == [{"role": "user", "content": "word " * 60_000 + "<EMAIL_1>"}]
    told = await site.answered(exchange, whole(CHAT, "word " * 10_000 + "<EMAIL_1>"))
    assert told["choices"][0]["message"]["content"].endswith("word anna@example.com")
    with pytest.raises(Refused):
        await site.answered(exchange, whole(CHAT, "word " * 10_000 + "dragon"))
    with pytest.raises(Refused):
        await site.asked(said="word " * 60_000 + "dragon")
