"""The model that judging commands ask: which, at what address, at what price."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import httpx
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from masthead.cli.options import console, print_json
from masthead.cli.runs import money
from masthead.clock import SystemClock
from masthead.judge.asking import AnswerCache, Asker, Budget
from masthead.judge.mode_judge import Estimate
from masthead.judge.verdict import Spent
from masthead.model.errors import SettingsError
from masthead.model.ports import ChatModel
from masthead.model.reading import Usage
from masthead.providers.anthropic import AnthropicModel
from masthead.providers.openai import OpenAIModel
from masthead.settings import Settings


def models_named(settings: Settings, model: str | None) -> list[str]:
    """Return the models to ask, as the option or the settings name them.

    Raises:
        SettingsError: no endpoint or no model is set.
    """
    named = [name.strip() for name in (model or settings.judge_model or "").split(",") if name.strip()]
    if settings.judge_url is None or not named:
        message = "no judge is set up: set MASTHEAD_JUDGE_URL and MASTHEAD_JUDGE_MODEL (and MASTHEAD_JUDGE_KEY)"
        raise SettingsError(message)
    return named


def asker_of(settings: Settings, http: httpx.AsyncClient, budget: Budget) -> Asker:
    """Return who asks the endpoint of the settings, under a cap, and keeps the answers in the data folder."""
    cache = AnswerCache(settings.data_dir / "judge-answers")
    return Asker(_chat_model(settings, http), cache=cache, budget=budget, price_of=_price_of())


def _chat_model(settings: Settings, client: httpx.AsyncClient) -> ChatModel:
    key = settings.judge_key.get_secret_value() if settings.judge_key else None
    kind = AnthropicModel if settings.judge_dialect == "anthropic" else OpenAIModel
    return kind(client, settings.judge_url or "", key)


def _price_of() -> Callable[[str, Usage], Decimal | None]:
    from masthead.providers.prices import Prices  # noqa: PLC0415 - 0.15 s, which no other command needs

    prices, clock = Prices(), SystemClock()
    return lambda model, usage: prices.cost_usd(
        provider=None,
        model=model,
        start_ns=clock.now_ns(),
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
    )


def progress_bar(*, is_quiet: bool) -> Progress:
    """Return the bar that shows how many runs are judged."""
    columns = (TextColumn("judging"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, disable=is_quiet, transient=True, console=console())


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelEstimate:
    """What judging runs by one model will take."""

    model: str
    runs: int
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None


def print_estimates(parts_by_model: dict[str, list[Estimate]], *, times: int = 1, as_json: bool) -> None:
    """Print what each model will be asked; `times` is how often each question is put."""
    rows = _estimates(parts_by_model, times)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        cost = money(str(row.cost_usd)) if row.cost_usd is not None else "at a price that is not known"
        console().print(
            f"{row.model}: {row.runs} runs, {row.calls:,} calls, about {row.input_tokens:,} tokens in "
            f"and {row.output_tokens:,} out, {cost}"
        )


def _estimates(parts_by_model: dict[str, list[Estimate]], times: int) -> list[ModelEstimate]:
    price_of = _price_of()
    rows: list[ModelEstimate] = []
    for model, parts in parts_by_model.items():
        calls, taken, given = (sum(part[place] for part in parts) * times for place in range(3))
        rows.append(
            ModelEstimate(
                model=model,
                runs=len(parts),
                calls=calls,
                input_tokens=taken,
                output_tokens=given,
                cost_usd=price_of(model, Usage(input_tokens=taken, output_tokens=given)),
            )
        )
    return rows


def told(spent: Spent) -> str:
    """Say in a line what asking took."""
    cost = None if spent.cost_usd is None else str(spent.cost_usd)
    return (
        f"{spent.calls} calls and {spent.cached_calls} answers kept from before; {spent.input_tokens:,} tokens in, "
        f"{spent.output_tokens:,} out, {money(cost) if cost else 'price not known'}"
    )


def spent_between(before: Spent, after: Spent) -> Spent:
    """Return what was spent from one moment to another."""
    known = after.cost_usd is not None and before.cost_usd is not None
    return Spent(
        calls=after.calls - before.calls,
        cached_calls=after.cached_calls - before.cached_calls,
        input_tokens=after.input_tokens - before.input_tokens,
        output_tokens=after.output_tokens - before.output_tokens,
        cost_usd=(after.cost_usd or Decimal(0)) - (before.cost_usd or Decimal(0)) if known else None,
    )


def joined(parts: Sequence[Spent]) -> Spent:
    """Return the sum of what was spent."""
    spent = Spent()
    for part in parts:
        spent = spent.plus(part)
    return spent
