import warnings
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import Usage
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices, TimeOfDateConstraint

from masthead.providers.prices import PRICE_VERSION, Prices

pytestmark = pytest.mark.unit


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


NOON = at("2026-03-01T12:00")


def cost(
    provider: str | None,
    model: str,
    input_tokens: int | None,
    output_tokens: int | None,
    *,
    read: int | None = None,
    written: int | None = None,
    start_ns: int = NOON,
) -> Decimal | None:
    return Prices().cost_usd(
        provider=provider,
        model=model,
        start_ns=start_ns,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cache_read_tokens=read,
        cache_write_tokens=written,
    )


def test_plain_call_costs_tokens_times_rate():
    # gpt-4o: 2.50 USD a million input tokens, 10 USD a million output tokens.
    assert cost("openai", "gpt-4o", 1000, 200) == Decimal("0.0025") + Decimal("0.002")


def test_cached_tokens_are_paid_at_their_own_rate_and_not_twice():
    # 600 fresh at 2.50 and 400 cached at 1.25 a million, 0 out.
    assert cost("openai", "gpt-4o", 1000, 0, read=400) == Decimal("0.0015") + Decimal("0.0005")


def test_cached_tokens_beyond_the_input_were_not_part_of_it():
    # claude-sonnet-4-5: 3 in, 15 out, 0.30 cache read, 3.75 cache write, USD a million.
    expected = (10 * Decimal(3) + 5000 * Decimal("0.30") + 1000 * Decimal("3.75") + 20 * Decimal(15)) / 1_000_000
    assert cost("anthropic", "claude-sonnet-4-5", 10, 20, read=5000, written=1000) == expected


def test_what_a_cache_keeps_for_an_hour_has_its_own_rate():
    def written(*, hour: int | None, model: str = "claude-sonnet-4-5") -> Decimal | None:
        return Prices().cost_usd(
            provider="anthropic", model=model, start_ns=NOON, input_tokens=1000, output_tokens=0,
            cache_write_tokens=1000, cache_write_hour_tokens=hour,
        )  # fmt: skip

    assert written(hour=None) == written(hour=0) == Decimal("0.00375")
    assert written(hour=400) == Decimal("0.00225") + Decimal("0.0024")
    assert written(hour=1000) == written(hour=5000) == Decimal("0.006")


def test_sound_has_its_own_rate_on_both_sides():
    def heard(model: str, *, into: int | None, out: int | None) -> Decimal | None:
        return Prices().cost_usd(
            provider="openai", model=model, start_ns=NOON, input_tokens=1000, output_tokens=100,
            input_audio_tokens=into, output_audio_tokens=out,
        )  # fmt: skip

    # gpt-audio: 2.50 in and 10 out for text, 32 in and 64 out for sound.
    assert heard("gpt-audio", into=None, out=None) == Decimal("0.0025") + Decimal("0.001")
    assert heard("gpt-audio", into=800, out=60) == Decimal("0.0005") + Decimal("0.0256") + Decimal("0.00424")
    assert heard("gpt-audio", into=9999, out=9999) == Decimal("0.032") + Decimal("0.0064"), "never more than there are"
    assert heard("gpt-4o", into=800, out=60) == heard("gpt-4o", into=None, out=None), "no rate: as text"


def test_the_tier_of_a_long_prompt_applies_to_all_of_its_tokens():
    # gemini-2.5-pro: 1.25 in and 10 out up to 200,000 input tokens; 2.50 and 15 beyond.
    assert cost("google", "gemini-2.5-pro", 200_000, 100) == Decimal("0.25") + Decimal("0.001")
    assert cost("google", "gemini-2.5-pro", 200_001, 100) == Decimal("0.5000025") + Decimal("0.0015")


def timed_models() -> list[tuple[str, ModelInfo]]:
    return [
        (provider.id, model)
        for provider in get_snapshot().providers
        for model in provider.models
        if not isinstance(model.prices, ModelPrice)
        and any(isinstance(one.constraint, TimeOfDateConstraint) for one in model.prices)
    ]


def test_price_depends_on_the_time_of_the_call_where_the_catalogue_says_so():
    provider, model = timed_models()[0]
    costs = {
        cost(provider, model.id, 1_000_000, 0, start_ns=at(f"2025-05-0{day}T{hour:02d}:40"))
        for day in (1, 2)
        for hour in range(24)
    }
    assert len(costs) == 2


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("azure.ai.openai", "gpt-4o"),
        (None, "gpt-4o-2024-08-06"),
        ("openai", "openai/gpt-4o"),
        (None, "openai/gpt-4o"),
        ("Langchain", "gpt-4o"),
        ("openai.responses", "gpt-4o"),
        ("OpenAI", "GPT-4o"),
    ],
)
def test_model_is_found_under_the_names_that_instrumentations_use(provider: str | None, model: str):
    assert cost(provider, model, 1_000_000, 0) == Decimal("2.5")


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "house-model-7b"),
        ("ollama", "gpt-4o"),
        (None, "ollama/llama3"),
        ("vllm", "meta-llama/Llama-3-8b"),
        (None, "SmolLM2-135M"),
        (None, ""),
    ],
)
def test_unknown_model_and_own_machine_cost_unknown_not_zero(provider: str | None, model: str):
    assert cost(provider, model, 100, 100) is None


def test_unknown_tokens_cost_unknown():
    assert cost("openai", "gpt-4o", None, 100) is None
    assert cost("openai", "gpt-4o", 100, None) is None


def test_embedding_has_no_output_to_pay():
    price = Prices().cost_usd(
        provider="openai",
        model="text-embedding-3-small",
        start_ns=NOON,
        input_tokens=1_000_000,
        output_tokens=None,
        has_output=False,
    )
    assert price == Decimal("0.02")


def test_price_version_names_the_catalogue():
    assert PRICE_VERSION.startswith("genai-prices/0.")


def _prices_of(model: ModelInfo) -> list[ModelPrice]:
    return [model.prices] if isinstance(model.prices, ModelPrice) else [one.prices for one in _conditional(model)]


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return [] if isinstance(model.prices, ModelPrice) else model.prices


def _is_comparable(model: ModelInfo) -> bool:
    """Say whether our arithmetic knows all that the model's price is made of, for a call of text."""
    return all(price.input_mtok is not None and price.output_mtok is not None for price in _prices_of(model))


def test_our_arithmetic_agrees_with_the_catalogues_over_all_its_models():
    when = datetime(2026, 3, 1, 12, tzinfo=UTC)
    usage = Usage(input_tokens=300_000, output_tokens=700, cache_read_tokens=40_000, cache_write_tokens=0)
    prices, compared, tiered = Prices(), 0, 0
    for provider in get_snapshot().providers:
        for model in provider.models:
            if not _is_comparable(model) or provider.find_model(model.id) is not model:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs = model.calc_price(usage, provider, genai_request_timestamp=when).total_price
            ours = prices.cost_usd(
                provider=provider.id,
                model=model.id,
                start_ns=NOON,
                input_tokens=300_000,
                output_tokens=700,
                cache_read_tokens=40_000,
                cache_write_tokens=0,
            )
            assert ours is not None
            assert round(ours, 12) == round(theirs, 12), (provider.id, model.id)
            compared += 1
            tiered += any(
                isinstance(value, TieredPrices) for price in _prices_of(model) for value in vars(price).values()
            )
    assert compared > 1000
    assert tiered > 20


OWN = """
[[models]]
provider = "{provider}"
model = "house-*"
input_usd_per_million = "{price}"
output_usd_per_million = "0"
"""


def cost_of_a_million(prices: Prices, provider: str) -> Decimal | None:
    return prices.cost_usd(provider=provider, model="house-1", start_ns=NOON, input_tokens=1_000_000, output_tokens=1)


@pytest.mark.parametrize(
    ("said", "provider"),
    [
        ("azure", "azure.ai.openai"), ("google", "gcp.gemini"), ("bedrock", "aws.bedrock"), ("xai", "x_ai"),
        ("mistral", "mistral_ai"), ("azure.ai.openai", "azure"), ("Acme", "acme"), ("openai", "openai"),
    ],
)  # fmt: skip
def test_ones_own_price_is_found_under_each_name_of_its_vendor(tmp_path: Path, said: str, provider: str):
    (tmp_path / "models.toml").write_text(OWN.format(provider=said, price=3))
    prices = Prices(tmp_path)
    assert cost_of_a_million(prices, provider) == Decimal(3)
    assert cost_of_a_million(prices, "groq") is None


def test_ones_own_prices_are_read_anew_when_they_change(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    prices = Prices(tmp_path)
    assert cost_of_a_million(prices, "acme") is None
    assert not prices.renew()
    file = tmp_path / "models.toml"
    file.write_text(OWN.format(provider="acme", price=3))
    assert prices.renew() and not prices.renew()
    assert (cost_of_a_million(prices, "acme"), prices.version.endswith("+models.toml")) == (Decimal(3), True)
    file.write_text(OWN.format(provider="acme", price="dear"))
    assert not prices.renew()
    assert cost_of_a_million(prices, "acme") == Decimal(3), "a file with a fault changes nothing"
    assert "'dear'" in caplog.text and not prices.renew()
    file.unlink()
    assert prices.renew() and cost_of_a_million(prices, "acme") is None
