"""Two runs laid beside each other, and a finding as a test."""

from typing import Annotated

from pydantic import Field

from masthead.api.schema.base import Input, Output
from masthead.model import alignment as noun
from masthead.report import test_case as case

MATCHES: tuple[noun.Match, ...] = ("same", "alike", "changed", "left", "right")


class RunsBeside(Output):
    """Two runs in rows, one entry a row in each column: every turn of both exactly once, in order."""

    left_run_id: str
    right_run_id: str
    matches: list[noun.Match]
    """How turns agree: word for word; the same step in other words; another step; on one side only."""
    match: list[int]
    """Positions in `matches`."""
    left: list[int | None]
    """Turns of the first run; null where it has nothing like the other's turn."""
    right: list[int | None]
    likeness: list[float]
    """The share of words in common, 0 to 1."""
    divergence: int | None
    """The first row in which the two did different things; null where there is none."""
    difference: int | None
    """The first row that is not word for word the same."""

    @classmethod
    def of(cls, left: str, right: str, alignment: noun.Alignment) -> "RunsBeside":
        """Lay the rows out in columns."""
        place = {match: position for position, match in enumerate(MATCHES)}
        rows = alignment.rows
        return cls.trusted(
            left_run_id=left,
            right_run_id=right,
            matches=list(MATCHES),
            match=[place[row.match] for row in rows],
            left=[row.left for row in rows],
            right=[row.right for row in rows],
            likeness=[row.likeness for row in rows],
            divergence=alignment.divergence,
            difference=alignment.difference,
        )


class TestCaseQuery(Input):
    """Which finding the test is about, as its score or the diagnosis has it."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    code: Annotated[str, Field(min_length=1, max_length=200)]
    """What was found, such as `FM-1.3`."""
    evaluator: Annotated[str, Field(min_length=1, max_length=200)]
    """Who found it: a detector, a judge or a person."""
    evidence: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=1000)] = ()
    """The turns that show it; may be repeated."""
    reason: Annotated[str, Field(max_length=10_000)] | None = None
    """Why, in the evaluator's words."""

    def claim(self) -> case.Claim:
        """Return the claim."""
        return case.Claim(code=self.code, evaluator=self.evaluator, evidence=self.evidence, reason=self.reason)


class TestCase(Output):
    """A pytest file that runs wherever Masthead is installed."""

    name: str
    """A name for the file."""
    source: str
    turns: int
    """How many of the run's turns it holds."""

    @classmethod
    def of(cls, copied: case.CopiedCase) -> "TestCase":
        """Render it."""
        return cls.trusted(name=copied.name, source=copied.source, turns=copied.turns)
