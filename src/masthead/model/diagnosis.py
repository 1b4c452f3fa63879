"""A diagnosis: what failed in a run, where it began, how it spread, what it cost and what to change."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from masthead.model.ids import AgentId, Code, RunId
from masthead.model.score import Finding

Basis = Literal["observed", "inferred", "replay-verified"]
"""Why an origin is named: `observed` rests on a mark in the record itself (an error, a value that first appears there),
`inferred` on patterns of other runs, `replay-verified` on a second run in which that turn was changed."""

CarriedKind = Literal["value", "claim", "name", "file", "code", "decision", "result"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hypothesis:
    """One guess of the agent and turn where a failed run first went wrong.

    `confidence` is in [0, 1]; over all of a method's hypotheses it sums to at most 1. `evidence` are turn indices.
    """

    agent: AgentId
    turn: int
    confidence: float
    basis: Basis
    method: str
    reason: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Attribution:
    """Ranked hypotheses, most likely first, each turn once; empty means unknown, and `unknown_because` says why.

    `is_calibrated` says whether the confidences were measured on labelled runs of this very agent system; `votes` are
    each method's own first three, so that one can see who says what.
    """

    hypotheses: tuple[Hypothesis, ...] = ()
    votes: tuple[Hypothesis, ...] = ()
    is_calibrated: bool = False
    kind: str | None = None
    unknown_because: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """What passed from one turn to a later one; `text` is verbatim, shortened to 80 characters."""

    kind: CarriedKind
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SpreadEdge:
    """A later turn that used what an earlier one said."""

    source: int
    target: int
    carried: tuple[Carried, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MissedCheck:
    """A turn that saw what had gone wrong, was in a place to stop it, and let it pass."""

    turn: int
    agent: AgentId
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How an error at `origin` reached later turns. `standing` are the turns that rest on it, in order."""

    origin: int
    edges: tuple[SpreadEdge, ...] = ()
    standing: tuple[int, ...] = ()
    path: tuple[int, ...] = ()
    """A shortest chain of edges from the origin to the last turn that it reached."""
    missed_checks: tuple[MissedCheck, ...] = ()
    reaches_end: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """Turns, tokens, money and seconds. None where the record does not say for any turn."""

    turns: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: Decimal | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureCost:
    """What was spent after the origin, beside the whole.

    `avoidable_share` is their ratio in `avoidable_unit`, the most telling unit that the record has: money, tokens,
    seconds, turns.
    """

    after: Spending
    total: Spending
    avoidable_share: float | None = None
    avoidable_unit: Literal["usd", "tokens", "seconds", "turns"] = "turns"


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """Changes that usually help against a code, ranked by how often and how costly the code is here."""

    code: Code
    name: str
    changes: tuple[str, ...]
    reason: str
    runs: int
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """Everything that is said about one run. `attribution` is None where the record says that the run succeeded."""

    run_id: RunId
    is_success: bool | None
    findings: tuple[Finding, ...] = ()
    attribution: Attribution | None = None
    spread: Spread | None = None
    cost: FailureCost | None = None
    advice: tuple[Advice, ...] = ()
