"""What a caller may name as a model."""

import pytest

from masthead.gateway.call import Identity
from masthead.gateway.config import parse
from masthead.gateway.offer import Place, offered
from masthead.model.ids import ProjectId

pytestmark = pytest.mark.unit

ANYBODY = Identity(ProjectId("default"))
CONFIG = parse(
    {
        "connections": {
            "local": {"provider": "vllm", "models": ["llama", "shared"]},
            "other": {"provider": "mine", "base_url": "https://models.example/v1", "models": ["shared"]},
            "openai": {"provider": "openai"},
            "more": {"provider": "groq"},
        },
        "routes": [{"model": "best", "targets": [{"connection": "local", "model": "llama"}, {"connection": "openai"}]}],
        "access": [{"keys": ["k1"], "models": ["best", "gpt-*"]}],
    },
    where="test",
)
KNOWN = {"openai": ["gpt-5", "o9"], "groq": ["kimi"], "vllm": ["never"]}


def _names(identity: Identity) -> dict[str, str]:
    return {one.model: one.kind for one in offered(CONFIG, identity, lambda vendor: KNOWN.get(vendor, []))}


def test_routes_named_models_and_those_of_open_connections_are_offered() -> None:
    assert _names(ANYBODY) == {
        "best": "route",
        "llama": "named",
        "shared": "named",
        "gpt-5": "known",
        "o9": "known",
        "more/kimi": "known",
    }


def test_an_entry_says_where_its_calls_may_go() -> None:
    found = {one.model: one.places for one in offered(CONFIG, ANYBODY, lambda _: [])}
    assert found["best"] == (Place("local", "vllm", "llama"), Place("openai", "openai", "best"))
    assert found["shared"] == (Place("local", "vllm", "shared"), Place("other", "mine", "shared"))


def test_a_key_is_offered_what_it_may_name() -> None:
    assert _names(ANYBODY._replace(key_id="k1")) == {"best": "route", "gpt-5": "known"}


@pytest.mark.parametrize(
    ("connection", "is_known"),
    [
        ({"provider": "openai"}, True),
        ({"provider": "openai", "base_url": "https://api.openai.com/v1"}, True),
        ({"provider": "openai", "base_url": "https://eu.api.openai.com/v1"}, True),
        ({"provider": "openai", "base_url": "http://127.0.0.1:8000/v1"}, False),
        ({"provider": "openai", "base_url": "https://api.openai.com.evil.example/v1"}, False),
        ({"provider": "bedrock", "base_url": "https://bedrock-runtime.eu-west-1.amazonaws.com"}, True),
    ],
)
def test_a_server_that_only_speaks_a_vendors_dialect_does_not_offer_its_models(
    connection: dict[str, str], is_known: bool
) -> None:
    config = parse({"connections": {"one": connection, "two": {"provider": "groq"}}}, where="test")
    names = {one.model for one in offered(config, ANYBODY, lambda vendor: [f"of-{vendor}"])}
    assert (f"of-{connection['provider']}" in names) == is_known
    assert "two/of-groq" in names, "the first connection that names no models stays the one that takes any"
