"""What a diagnosis says of a run: what failed, where it began, how it spread, what it cost and what to change.

Rendered from the nouns of the same names by reading their attributes; turns are 0-based indices.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict

from masthead.api.schema.base import Output, Usd, usd_or_none
from masthead.model import diagnosis as noun


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
