"""Figures with their intervals, as reports and comparisons share them; rendered by reading the nouns' attributes."""

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict

from masthead.api.schema.base import Output, Usd, usd_or_none


def _money(amount: object) -> object:
    return usd_or_none(amount) if isinstance(amount, Decimal) else amount


Money = Annotated[Usd | None, BeforeValidator(_money)]


class Read(Output):
    """Rendered from a noun of the same name."""

    model_config = ConfigDict(from_attributes=True)


class Interval(Read):
    """A 95 % confidence interval."""

    low: float
    high: float


class Rate(Read):
    """Successes of a group, over both denominators.

    A missing run counts as wrong in `of_attempted` and is left out of `of_recorded`; `undecided` runs, whose record has
    no verdict, are in neither. `mean_over_repeats` is the mean of the recorded rates of each seed.
    """

    group: str
    successes: int
    recorded: int
    attempted: int
    undecided: int
    of_recorded: float | None
    of_recorded_interval: Interval | None
    of_attempted: float | None
    of_attempted_interval: Interval | None
    mean_over_repeats: float | None


class Coverage(Read):
    """How many runs there are, how many have a diagnosis, and of how many it still holds."""

    runs: int
    diagnosed: int
    current: int


class GroupKey(Read):
    """A key to group runs by, and how many values it has among them."""

    key: str
    values: int
    is_metadata: bool
    """Whether it is read from the runs' metadata."""
