"""What every schema shares: strictness, times, money, the page and the problem."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from masthead.model.times import rfc3339

Time = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""RFC 3339, UTC, to the nanosecond."""

Usd = Annotated[str, WithJsonSchema({"type": "string", "format": "decimal"})]
"""US dollars as a decimal string, so that no reader rounds them."""


class Output(BaseModel):
    """What the API answers. Subclasses give no field a default."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    @classmethod
    def trusted(cls, **values: object) -> Self:
        """Build from values that our own code made, without checking them a second time."""
        return cls.model_construct(**values)  # pyright: ignore[reportArgumentType]  # the keys are this class's fields


class Input(BaseModel):
    """What the API takes. Unknown fields are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Problem(Output):
    """An error, as RFC 9457 has it (`application/problem+json`)."""

    type: str
    """A stable word for programs, such as `not-found`."""
    title: str
    """The same in words."""
    status: int
    detail: str
    """The bad value, where it stood and the remedy."""
    where: str | None
    """The field, parameter or `file:line` at fault, where there is one."""


class PageQuery(Input):
    """What every list takes."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    """How many items at most."""
    cursor: Annotated[str, Field(max_length=2000)] | None = None
    """Where to go on: the `cursor` of the page before, with the same filters."""


def time_or_none(time_ns: int | None) -> str | None:
    """Write a time that may be unknown."""
    return None if time_ns is None else rfc3339(time_ns)


def usd_or_none(amount: Decimal | None) -> str | None:
    """Write money that may be unknown, without an exponent."""
    return None if amount is None else f"{amount:f}"
