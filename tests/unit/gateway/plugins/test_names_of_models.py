"""A plugin that names a model holds for every call that may reach it, however the call names it."""

import pytest

from masthead.gateway.config import parse
from masthead.gateway.plugins.names import forms, is_meant, names_of

pytestmark = pytest.mark.unit

CONFIG = parse(
    {
        "connections": {
            "openai": {"base_url": "https://one.example/v1"},
            "own": {"base_url": "https://two.example/v1", "models": ["small"]},
        },
        "routes": [
            {
                "model": "best",
                "targets": [{"connection": "own", "model": "large"}, {"connection": "openai", "model": "gpt-4o"}],
            },
            {"model": "same", "targets": [{"connection": "openai"}]},
            {
                "model": "copied",
                "targets": [{"connection": "own", "model": "small"}],
                "shadow": {"connection": "openai", "model": "gpt-4o"},
            },
        ],
    },
    where="test",
)


@pytest.mark.parametrize(
    "asked",
    [
        "gpt-4o",
        "GPT-4o",
        "best",
        "copied",
        "openai/gpt-4o",
        "gpt-4o-2024-08-06",
        "openai/gpt-4o-2024-08-06",
        "openrouter/openai/gpt-4o",
        "gpt-4o:latest",
    ],
)
def test_a_model_is_meant_by_every_name_that_reaches_it(asked: str) -> None:
    assert is_meant(["gpt-4o"], names_of(CONFIG)(asked))


@pytest.mark.parametrize("asked", ["gpt-4o-mini", "same", "small", "own/small", "gpt-4", "gpt-4o-20"])
def test_other_models_are_not_meant(asked: str) -> None:
    assert not is_meant(["gpt-4o"], names_of(CONFIG)(asked))


def test_routes_connections_and_patterns_are_meant_by_their_names() -> None:
    names = names_of(CONFIG)
    assert is_meant(["best"], names("best")) and not is_meant(["best"], names("gpt-4o"))
    assert is_meant(["openai/*"], names("same")) and is_meant(["openai/gpt-4o"], names("gpt-4o"))
    assert not is_meant(["openai/*"], names("small"))
    assert is_meant((), names("anything"))
    assert is_meant(["GPT-*"], forms("gpt-9"))
