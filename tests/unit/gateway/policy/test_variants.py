"""What one target is sent in a call's stead: a variant's system prompt, and no member that it would refuse."""

from typing import Any

import msgspec
import pytest

from masthead.gateway.call import Connection, Exchange, Target, Variant
from masthead.gateway.policy.variants import Fitting, fitting_of, variant_of, with_system, without_refused
from masthead.providers.dialects import Dialect
from masthead.testing.exchanges import exchange_of

pytestmark = pytest.mark.unit

USER = {"role": "user", "content": "hi"}
LATER = {"role": "system", "content": "The user has logged in."}


def target(vendor: str = "openai-compatible", url: str = "https://models.example/v1", **more: Any) -> Target:
    connection = Connection("c", vendor, (Dialect.OPENAI_CHAT,), url, None, vendor_id=vendor)
    return Target(connection, "m", **more)


def asked(exchange: Exchange) -> dict[str, Any]:
    return msgspec.json.decode(exchange.outgoing.body)


@pytest.mark.parametrize(
    "own", [[], [{"role": "system", "content": "Be dull."}], [{"role": "developer", "content": "x"}] * 2]
)
def test_a_prompt_stands_in_place_of_what_begins_a_chat(own: list[dict[str, str]]) -> None:
    call = exchange_of({"model": "m", "messages": [*own, USER, LATER], "seed": 7}).call
    body = msgspec.json.decode(with_system(call, "Be brief.").body)
    assert body == {"model": "m", "seed": 7, "messages": [{"role": "system", "content": "Be brief."}, USER, LATER]}


@pytest.mark.parametrize("given", ["hi", [{"role": "developer", "content": "Be dull."}, USER], None])
def test_a_prompt_stands_in_place_of_a_responses_instructions(given: object) -> None:
    body = {"model": "m", "instructions": "Be dull."} | ({} if given is None else {"input": given})
    call = exchange_of(body, path="/v1/responses").call
    told = msgspec.json.decode(with_system(call, "Be brief.").body)
    assert told["instructions"] == "Be brief."
    assert told.get("input") == ([USER] if isinstance(given, list) else given)


def test_a_prompt_stands_in_place_of_a_messages_system() -> None:
    call = exchange_of(
        {"model": "m", "system": [{"type": "text", "text": "Be dull."}], "messages": [USER]}, path="/v1/messages"
    ).call
    assert msgspec.json.decode(with_system(call, "Be brief.").body)["system"] == "Be brief."


def test_each_target_is_sent_its_own_and_the_call_stays_as_it_came() -> None:
    exchange = exchange_of({"model": "m", "messages": [USER]})
    first, second = target(variant=Variant("brief", "Be brief.")), target()
    fit = fitting_of(exchange, has_variants=True)
    assert fit is not None
    fit.to(first)
    assert asked(exchange)["messages"][0]["content"] == "Be brief."
    assert exchange.attributes["masthead.gateway.variant"] == "brief"
    assert exchange.attributes["masthead.run.tags"] == ["brief"]
    fit.to(second)
    assert exchange.sent is None and asked(exchange)["messages"] == [USER]
    assert not {"masthead.gateway.variant", "masthead.run.tags"} & exchange.attributes.keys()


def test_what_plugins_changed_is_kept_beneath_a_variant() -> None:
    exchange = exchange_of({"model": "m", "messages": [USER]})
    exchange.sent = exchange.call.replacing(messages=[{"role": "user", "content": "<EMAIL_1>"}])
    Fitting(exchange).to(target(variant=Variant("brief", "Be brief.")))
    assert [one["content"] for one in asked(exchange)["messages"]] == ["Be brief.", "<EMAIL_1>"]


def test_a_variant_without_a_name_is_called_by_its_prompt() -> None:
    made, other = variant_of(None, "Be brief."), variant_of(None, "Be kind.")
    assert made is not None and other is not None
    assert made.name != other.name and made == variant_of(None, "Be brief.")
    assert variant_of("b", None) == Variant("b") and variant_of(None, None) is None


def test_nothing_is_fitted_where_all_targets_are_sent_the_same() -> None:
    plain = exchange_of({"model": "m", "messages": [USER]})
    assert fitting_of(plain, has_variants=False) is None
    vectors = exchange_of({"model": "m", "input": "hi", "metadata": TOLD}, path="/v1/embeddings")
    assert fitting_of(vectors, has_variants=True) is None


OPENAI = target("openai", "https://api.openai.com/v1")
PROXY = target("openai", "https://proxy.example/v1")
CLAUDE = target("anthropic", "https://api.anthropic.com/v1")
TOLD = {"masthead_run": "r1", "agent": "writer"}


@pytest.mark.parametrize(
    ("to", "path", "more", "kept"),
    [
        (OPENAI, "/v1/chat/completions", {}, None),
        (OPENAI, "/v1/chat/completions", {"store": False}, None),
        (OPENAI, "/v1/chat/completions", {"store": True}, TOLD),
        (OPENAI, "/v1/responses", {}, TOLD),
        (PROXY, "/v1/chat/completions", {}, TOLD),
        (target(), "/v1/chat/completions", {}, TOLD),
        (target("azure"), "/v1/chat/completions", {}, None),
        (CLAUDE, "/v1/messages", {}, None),
        (target("vertex-anthropic"), "/v1/messages", {}, None),
        (target(), "/v1/messages", {}, TOLD),
    ],
)
def test_metadata_that_a_vendor_would_refuse_a_call_for_stays_here(
    to: Target, path: str, more: dict[str, Any], kept: object
) -> None:
    call = exchange_of({"model": "m", "messages": [USER], "metadata": TOLD, **more}, path=path).call
    left, loss = without_refused(call, to)
    assert msgspec.json.decode(left.body).get("metadata") == kept
    assert (loss is None) == (left is call) == (kept is not None)


def test_anthropic_gets_the_end_user_alone() -> None:
    call = exchange_of(
        {"model": "m", "messages": [USER], "metadata": {**TOLD, "user_id": "u"}}, path="/v1/messages"
    ).call
    left, loss = without_refused(call, CLAUDE)
    assert msgspec.json.decode(left.body)["metadata"] == {"user_id": "u"} and loss is not None
    plain = exchange_of({"model": "m", "messages": [USER], "metadata": {"user_id": "u"}}, path="/v1/messages").call
    assert without_refused(plain, CLAUDE) == (plain, None)


def test_what_stays_here_is_noted_of_the_target_that_is_asked() -> None:
    exchange = exchange_of({"model": "m", "messages": [USER], "metadata": TOLD})
    fit = fitting_of(exchange, has_variants=False)
    assert fit is not None
    fit.to(OPENAI)
    assert exchange.attributes["masthead.gateway.losses"] == ["metadata: OpenAI takes it with store alone"]
    fit.to(PROXY)
    assert "masthead.gateway.losses" not in exchange.attributes and asked(exchange)["metadata"] == TOLD
