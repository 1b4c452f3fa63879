"""What a judge concluded about one mode in one run, as the other rooms see it."""

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

from masthead.model.ids import Code, EvaluatorId, RunId
from masthead.model.score import Score, Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What asking cost. `cost_usd` is None where a price or a token count is unknown."""

    calls: int = 0
    cached_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = Decimal(0)

    def plus(self, other: "Spent") -> "Spent":
        """Return the sum; unknown plus anything is unknown."""
        known = self.cost_usd is not None and other.cost_usd is not None
        return Spent(
            calls=self.calls + other.calls,
            cached_calls=self.cached_calls + other.cached_calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost_usd=(self.cost_usd or Decimal(0)) + (other.cost_usd or Decimal(0)) if known else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One mode in one run. `occurred` is None where the judge abstained or failed; `failure` then says why.

    `agreement` is the share of votes that agree with the verdict, where more than one was cast.
    """

    code: Code
    occurred: bool | None
    evidence: tuple[int, ...] = ()
    quote: str | None = None
    reason: str | None = None
    failure: str | None = None
    agreement: float | None = None
    evaluator: EvaluatorId
    evaluator_version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """All verdicts on one run, and what they cost."""

    run_id: RunId
    verdicts: tuple[Verdict, ...]
    spent: Spent = field(default_factory=Spent)

    @property
    def failures(self) -> int:
        """Count the verdicts that could not be reached."""
        return sum(verdict.failure is not None for verdict in self.verdicts)


def score_of(verdict: Verdict, run_id: RunId, *, time_ns: int) -> Score:
    """Return the verdict as a score; the same verdict by the same evaluator version has the same id."""
    identity = f"{run_id}/{verdict.code}/{verdict.evaluator}/{verdict.evaluator_version}"
    reason = verdict.reason if verdict.failure is None else f"not judged: {verdict.failure}"
    if verdict.quote:
        reason = f"{reason or ''} “{verdict.quote}”".strip()
    return Score(
        id=hashlib.sha256(identity.encode()).hexdigest()[:32],
        name=verdict.code,
        subject=Subject(kind="run", run_id=run_id),
        flag=verdict.occurred,
        reason=reason,
        evidence=verdict.evidence,
        confidence=verdict.agreement,
        source="llm",
        evaluator=verdict.evaluator,
        evaluator_version=verdict.evaluator_version,
        time_ns=time_ns,
    )
