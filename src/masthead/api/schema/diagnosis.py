"""What a diagnosis says of a run: what failed, where it began, how it spread, what it cost and what to change.

Rendered from the nouns of the same names by reading their attributes; turns are 0-based indices.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from masthead.api.schema.base import Input, Output, Usd, usd_or_none
from masthead.api.schema.filters import RunFilterQuery
from masthead.model import diagnosis as noun
from masthead.model.ids import RunId
from masthead.model.run import RunFilter


def _money(amount: object) -> object:
    return usd_or_none(amount) if isinstance(amount, Decimal) else amount


class _Read(Output):
    model_config = ConfigDict(from_attributes=True)


class Finding(_Read):
    """A failure mode that occurred, with the turns that show it."""

    code: str
    evaluator: str
    evaluator_version: str
    evidence: list[int]
    reason: str
    confidence: float
    is_calibrated: bool
    began_turn: int | None
    began_agent: str | None


class Hypothesis(_Read):
    """One guess of the agent and turn where the run first went wrong."""

    agent: str
    turn: int
    confidence: float
    basis: noun.Basis
    method: str
    reason: str
    evidence: list[int]


class Attribution(_Read):
    """Ranked guesses, most likely first; empty means unknown, and `unknown_because` says why."""

    hypotheses: list[Hypothesis]
    votes: list[Hypothesis]
    """Each method's own first three."""
    is_calibrated: bool
    kind: str | None
    unknown_because: str | None


class Carried(_Read):
    """What passed from one turn to a later one, verbatim, shortened."""

    kind: noun.CarriedKind
    text: str


class SpreadEdge(_Read):
    """A later turn that used what an earlier one said."""

    source: int
    target: int
    carried: list[Carried]


class MissedCheck(_Read):
    """A turn that saw what had gone wrong and let it pass."""

    turn: int
    agent: str
    reason: str


class Spread(_Read):
    """How the error reached later turns: `standing` rest on it, `path` is a shortest way to the last of them."""

    origin: int
    edges: list[SpreadEdge]
    standing: list[int]
    path: list[int]
    missed_checks: list[MissedCheck]
    reaches_end: bool


class Spending(_Read):
    """Turns, tokens, money and seconds; null where the record does not say."""

    turns: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Annotated[Usd | None, BeforeValidator(_money)]
    seconds: float | None


class FailureCost(_Read):
    """What was spent after the origin, beside the whole."""

    after: Spending
    total: Spending
    avoidable_share: float | None
    avoidable_unit: Literal["usd", "tokens", "seconds", "turns"]


class FollowedQuery(Input):
    """From which turn a failure is followed."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    turn: Annotated[int, Field(ge=0, le=2**31)]
    """Where somebody says that it began."""


class Followed(_Read):
    """How what began at a turn spread, and what came after it."""

    spread: Spread
    cost: FailureCost


class Advice(_Read):
    """Changes that usually help against a code."""

    code: str
    name: str
    changes: list[str]
    reason: str
    runs: int
    weight: float


class Diagnosis(_Read):
    """Everything that is said about one run. `attribution` is null where the record says that it succeeded."""

    run_id: str
    is_success: bool | None
    findings: list[Finding]
    attribution: Attribution | None
    spread: Spread | None
    cost: FailureCost | None
    advice: list[Advice]

    @classmethod
    def of(cls, diagnosis: noun.Diagnosis) -> "Diagnosis":
        """Render a diagnosis."""
        return cls.model_validate(diagnosis)


class DiagnosesInput(RunFilterQuery):
    """Which runs to diagnose: those that the filter leaves, or the named ones of them."""

    run_ids: Annotated[tuple[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")], ...], Field(max_length=10_000)] = ()
    """Only these runs; left out, all that the filter leaves."""

    def filter(self) -> RunFilter:
        """Return what the store is asked."""
        return replace(super().filter(), run_ids=tuple(RunId(run_id) for run_id in self.run_ids))
