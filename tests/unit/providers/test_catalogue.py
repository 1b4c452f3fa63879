import json
import logging
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from masthead.model.errors import SettingsError, UpstreamError
from masthead.providers.cards import ModelCard
from masthead.providers.catalogue import Catalogue
from masthead.providers.dialects import Dialect, usage_of
from masthead.providers.overrides import FILE_NAME, read_overrides
from masthead.providers.prices import PRICE_VERSION, Prices, version_of
from masthead.providers.refresh import forget, refresh

pytestmark = pytest.mark.unit

NOON_NS = 1_772_366_400_000_000_000


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue()


def found(catalogue: Catalogue, provider: str | None, model: str) -> ModelCard:
    card = catalogue.find(provider, model, at_ns=NOON_NS)
    assert card is not None
    return card


def test_more_than_two_hundred_models_have_a_price_and_a_window(catalogue: Catalogue):
    cards = list(catalogue.cards(at_ns=NOON_NS))
    whole = [card for card in cards if card.rates and card.rates.input and card.context_tokens]
    assert len(whole) > 200
    assert len({card.provider for card in whole}) >= 12


def test_card_says_what_the_model_can_do_and_costs(catalogue: Catalogue):
    card = found(catalogue, "anthropic", "claude-sonnet-4-5-20250929")
    assert (card.context_tokens, card.max_output_tokens) == (200_000, 64_000)
    assert card.capabilities is not None and card.capabilities >= {"tools", "vision", "reasoning"}
    assert card.rates is not None and card.rates.input is not None
    assert card.rates.input.base == Decimal("0.000003")


@pytest.mark.parametrize(
    ("provider", "model"),
    [("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"), ("gcp.gemini", "gemini-2.5-pro"),
     ("azure", "gpt-4o"), ("openai", "GPT-4o"), (None, "gpt-4o"), ("openai", "text-embedding-3-small")],
)  # fmt: skip
def test_model_is_found_under_the_names_that_callers_use(catalogue: Catalogue, provider: str | None, model: str):
    card = found(catalogue, provider, model)
    assert card.context_tokens and card.rates


def test_model_of_nobody_is_none_and_warned_of_once(caplog: pytest.LogCaptureFixture):
    catalogue = Catalogue()
    with caplog.at_level(logging.WARNING):
        assert catalogue.find("openai-compatible", "house-7b", at_ns=NOON_NS) is None
        assert catalogue.find("openai-compatible", "house-7b", at_ns=NOON_NS) is None
    assert len(caplog.records) == 1 and "house-7b" in caplog.text


def test_cards_are_filtered(catalogue: Catalogue):
    cards = list(catalogue.cards(at_ns=NOON_NS, provider="openai", query="EMBEDDING", capability="embeddings"))
    assert cards and all(card.provider == "openai" and "embedding" in card.model for card in cards)


def test_own_file_wins(tmp_path: Path):
    (tmp_path / FILE_NAME).write_text(
        '[[models]]\nprovider = "openai"\nmodel = "gpt-4o*"\ninput_usd_per_million = "1"\n'
        'output_usd_per_million = "2"\ncontext_tokens = 5\ncapabilities = ["tools"]\n'
        '[[models]]\nmodel = "house-*"\ninput_usd_per_million = "0"\noutput_usd_per_million = "0"\n'
    )
    card = found(Catalogue(folder=tmp_path), "openai", "gpt-4o-2024-08-06")
    assert (card.context_tokens, card.capabilities) == (5, frozenset({"tools"}))
    prices = Prices(tmp_path)
    cost = prices.cost_usd(
        provider="openai", model="gpt-4o", start_ns=NOON_NS, input_tokens=1_000_000, output_tokens=1_000_000
    )
    assert cost == Decimal(3)
    free = prices.cost_usd(provider="vllm", model="house-7b", start_ns=NOON_NS, input_tokens=10, output_tokens=1)
    assert free == 0, "a price of zero is a price, when the team says so"
    assert found(Catalogue(folder=tmp_path), "vllm", "house-7b").rates is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[models]]\nname = 'x'", "name"),
        ("[[models]]\nmodel = 'x'\ninput_usd_per_million = 0.5", "string"),
        ("[[models]]\nmodel = 'x'\ninput_usd_per_million = '-1'", "negative"),
        ("[[models]]\nmodel = 'x'\ninput_usd_per_million = 'NaN'", "negative"),
        ("[[models]]\nmodel = 'x'\ncapabilities = ['fly']", "fly"),
        ("models = 3 4", "cannot be read"),
        ("models = 3", "two brackets"),
        ("[models]\nmodel = 'x'", "two brackets"),
        ("[prices]\nx = 1", "prices"),
    ],
)
def test_wrong_file_is_refused_with_the_place(tmp_path: Path, text: str, told: str):
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(SettingsError, match=told) as refusal:
        read_overrides(tmp_path / FILE_NAME)
    assert str(tmp_path) in str(refusal.value)


def served(answers: dict[str, bytes]) -> httpx.Client:
    def answer(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(200, content=answers[request.url.path])
            if request.url.path in answers
            else httpx.Response(404)
        )

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="https://catalogue.example")


LIMITS = json.dumps({"openai": {"models": {"New-1": {"id": "New-1", "limit": {"context": 7, "output": 3}}}}}).encode()
PRICES = json.dumps(
    [{"id": "openai", "name": "OpenAI", "api_pattern": "x", "models": [
        {"id": "new-1", "match": {"equals": "new-1"}, "prices": {"input_mtok": 2, "output_mtok": 4}}]}]
).encode()  # fmt: skip


def test_fetched_catalogues_stand_instead_of_the_packages(tmp_path: Path):
    with served({"/p": PRICES, "/l": LIMITS}) as client:
        refresh(tmp_path, client, prices_url="https://catalogue.example/p", limits_url="https://catalogue.example/l")
    card = found(Catalogue(folder=tmp_path), "openai", "new-1")
    assert (card.context_tokens, card.max_output_tokens) == (7, 3)
    assert card.rates is not None and card.rates.output is not None
    assert card.rates.output.base == Decimal("0.000004")
    prices = Prices(tmp_path)
    prices.load()
    assert "+20" in prices.version
    forget(tmp_path)
    assert Catalogue(folder=tmp_path).find("openai", "gpt-4o", at_ns=NOON_NS) is not None


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({}, UpstreamError),
        ({"/p": b"[1]", "/l": LIMITS}, SettingsError),
        ({"/p": b"<html>", "/l": LIMITS}, SettingsError),
        ({"/p": PRICES, "/l": b"[]"}, SettingsError),
    ],
)
def test_what_is_no_catalogue_replaces_nothing(tmp_path: Path, answers: dict[str, bytes], error: type[Exception]):
    with served(answers) as client, pytest.raises(error):
        refresh(tmp_path, client, prices_url="https://catalogue.example/p", limits_url="https://catalogue.example/l")
    assert not (tmp_path / "catalogue" / "limits.json").exists()
    assert list(tmp_path.rglob("*.new")) == []


def test_limits_that_are_fetched_after_the_prices_count_without_a_restart(tmp_path: Path):
    catalogue = Catalogue(folder=tmp_path)
    assert catalogue.card("openai", "new-1", at_ns=NOON_NS) is None
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "limits.json").write_bytes(LIMITS)
    card = catalogue.card("openai", "new-1", at_ns=NOON_NS)
    assert card is not None and card.context_tokens == 7


def test_version_says_which_prices_were_used(tmp_path: Path):
    assert version_of(tmp_path) == PRICE_VERSION
    (tmp_path / FILE_NAME).write_text("")
    assert version_of(tmp_path) == f"{PRICE_VERSION}+models.toml"


def test_fetched_prices_that_were_damaged_give_way_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "prices.json").write_bytes(b"{")
    prices = Prices(tmp_path)
    with caplog.at_level(logging.WARNING):
        prices.load()
    assert prices.version == PRICE_VERSION and "cannot be read" in caplog.text


USAGES: dict[Dialect, Callable[[], dict[str, object]]] = {
    Dialect.OPENAI_CHAT: lambda: {
        "usage": {"prompt_tokens": 10_000, "completion_tokens": 100, "prompt_tokens_details": {"cached_tokens": 8000}}
    },
    Dialect.OPENAI_RESPONSES: lambda: {
        "usage": {"input_tokens": 10_000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 8000}}
    },
    Dialect.ANTHROPIC: lambda: {"usage": {"input_tokens": 2000, "cache_read_input_tokens": 8000, "output_tokens": 100}},
    Dialect.GEMINI: lambda: {
        "usageMetadata": {"promptTokenCount": 10_000, "cachedContentTokenCount": 8000, "candidatesTokenCount": 100}
    },
    Dialect.BEDROCK: lambda: {
        "usage": {"inputTokens": 2000, "cacheReadInputTokens": 8000, "outputTokens": 100, "totalTokens": 10_100}
    },
}


@pytest.mark.parametrize("dialect", list(Dialect))
def test_cached_tokens_cost_their_own_rate_and_once_however_the_vendor_counts(dialect: Dialect):
    """LiteLLM #33772, #16377: counted twice where they are within the input, lost where they are beside it."""
    usage = usage_of(dialect, USAGES[dialect]())
    assert usage is not None
    cost = Prices().cost_usd(
        provider="anthropic", model="claude-sonnet-4-5", start_ns=NOON_NS, input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens, cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )  # fmt: skip
    assert cost == (2000 * Decimal(3) + 8000 * Decimal("0.30") + 100 * Decimal(15)) / 1_000_000


def test_written_cache_costs_its_own_rate_and_fresh_input_stays_fresh():
    usage = usage_of(
        Dialect.ANTHROPIC,
        {"usage": {"input_tokens": 5000, "cache_read_input_tokens": 3000, "cache_creation_input_tokens": 1000,
                   "output_tokens": 0}},
    )  # fmt: skip
    assert usage is not None and usage.input_tokens == 9000
    cost = Prices().cost_usd(
        provider="anthropic", model="claude-sonnet-4-5", start_ns=NOON_NS, input_tokens=usage.input_tokens,
        output_tokens=0, cache_read_tokens=3000, cache_write_tokens=1000,
    )  # fmt: skip
    assert cost == (5000 * Decimal(3) + 3000 * Decimal("0.30") + 1000 * Decimal("3.75")) / 1_000_000


def test_models_are_named_as_callers_may_name_them(catalogue: Catalogue):
    names = catalogue.names()
    assert {"gpt-4o", "gpt-4o-2024-08-06", "text-embedding-3-small"} <= set(names["openai"])
    assert "claude-sonnet-4-5" in names["anthropic"]
    assert not any(
        name.startswith(("ft:", "regional.")) or name.endswith("-") for all_of in names.values() for name in all_of
    )
    assert "azure" not in names, "a deployment has whichever name its team gave it"
    assert "vllm" not in names
