"""Scores: verdicts by evaluators on subjects. A finding is a score whose name is a code."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from masthead.model.ids import AgentId, Code, EvaluatorId, RunId, SpanId

ScoreSource = Literal["code", "llm", "human"]
SubjectKind = Literal["run", "span", "turn", "agent"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What a score is about. `run_id` is always set; the others narrow it."""

    kind: SubjectKind
    run_id: RunId
    span_id: SpanId | None = None
    turn: int | None = None
    agent: AgentId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One verdict.

    Exactly one of `number`, `label` and `flag` carries its value, or none where the evaluator abstained. `evidence` are
    0-based turn indices. A correction is a new row with a later `time_ns`; the last one by the same evaluator on the
    same subject and name counts.
    """

    id: str
    name: str
    subject: Subject
    number: float | None = None
    label: str | None = None
    flag: bool | None = None
    reason: str | None = None
    evidence: tuple[int, ...] = ()
    confidence: float | None = None
    source: ScoreSource
    evaluator: EvaluatorId
    evaluator_version: str
    time_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoreFilter:
    """What a list of scores is narrowed to; None and empty mean any. Times bound `time_ns`, half-open."""

    run_ids: tuple[RunId, ...] = ()
    name: str | None = None
    source: ScoreSource | None = None
    evaluator: str | None = None
    subject_kind: SubjectKind | None = None
    since_ns: int | None = None
    until_ns: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A detector's or judge's claim that a failure mode occurred, before it is stored as a score.

    `began_turn` and `began_agent` say where this failure began, where the evaluator knows. `confidence` is in [0, 1];
    `is_calibrated` says whether it was fitted on labelled data.
    """

    code: Code
    evaluator: EvaluatorId
    evaluator_version: str
    evidence: tuple[int, ...]
    reason: str
    confidence: float
    is_calibrated: bool = False
    began_turn: int | None = None
    began_agent: AgentId | None = None


class EvaluatorRow(NamedTuple):
    """Who scored runs of a project, what it speaks to, and in how many rows."""

    evaluator: str
    source: ScoreSource
    names: tuple[str, ...]
    scores: int
