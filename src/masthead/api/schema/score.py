"""Scores: verdicts of evaluators, written in bulk and read by filters."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from masthead.api.schema.base import Input, Output, PageQuery, Time
from masthead.api.schema.filters import time_range
from masthead.model import score as noun
from masthead.model.ids import AgentId, EvaluatorId, RunId, SpanId
from masthead.model.times import rfc3339

_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
_Hex16 = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
_Text = Annotated[str, Field(max_length=100_000)]


class SubjectInput(Input):
    """What a score is about: a run, or a span, turn or agent of it."""

    kind: noun.SubjectKind
    run_id: _Hex32
    span_id: _Hex16 | None = None
    turn: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    agent: _Id | None = None

    @model_validator(mode="after")
    def _names_what_its_kind_needs(self) -> Self:
        needed = {"run": None, "span": self.span_id, "turn": self.turn, "agent": self.agent}
        if self.kind != "run" and needed[self.kind] is None:
            field = "span_id" if self.kind == "span" else self.kind
            raise ValueError(f"a subject of kind {self.kind!r} needs {field!r}")
        return self

    def noun(self) -> noun.Subject:
        """Return the subject."""
        return noun.Subject(
            kind=self.kind,
            run_id=RunId(self.run_id),
            span_id=SpanId(self.span_id) if self.span_id is not None else None,
            turn=self.turn,
            agent=AgentId(self.agent) if self.agent is not None else None,
        )


class ScoreInput(Input):
    """A verdict. At most one of `number`, `label` and `flag`; none of them means that the evaluator abstained."""

    id: _Id | None = None
    """Choose it to make sending the same score twice harmless; left out, the server makes one."""
    name: _Id
    """What is judged, such as `FM-1.3` or `helpfulness`."""
    subject: SubjectInput
    number: Annotated[float, Field(allow_inf_nan=False)] | None = None
    label: _Id | None = None
    flag: bool | None = None
    reason: _Text | None = None
    evidence: Annotated[tuple[Annotated[int, Field(ge=0, le=2**31 - 1)], ...], Field(max_length=1000)] = ()
    """0-based turn indices."""
    confidence: Annotated[float, Field(ge=0, le=1)] | None = None
    source: noun.ScoreSource
    evaluator: _Id
    evaluator_version: _Id = "1"
    time: str | None = None
    """RFC 3339; left out, the time of arrival."""

    @model_validator(mode="after")
    def _has_at_most_one_value(self) -> Self:
        if sum(value is not None for value in (self.number, self.label, self.flag)) > 1:
            raise ValueError("give one of 'number', 'label' and 'flag', or none where the evaluator abstained")
        return self

    def noun(self, *, id: str, time_ns: int) -> noun.Score:  # noqa: A002 - the field's own name
        """Return the score under the id and time that were decided for it."""
        return noun.Score(
            id=id,
            name=self.name,
            subject=self.subject.noun(),
            number=self.number,
            label=self.label,
            flag=self.flag,
            reason=self.reason,
            evidence=self.evidence,
            confidence=self.confidence,
            source=self.source,
            evaluator=EvaluatorId(self.evaluator),
            evaluator_version=self.evaluator_version,
            time_ns=time_ns,
        )


class ScoresInput(Input):
    """Scores to write together."""

    scores: Annotated[list[ScoreInput], Field(min_length=1, max_length=10_000)]


class ScoresTaken(Output):
    """The ids of the scores that were written, in the order in which they were sent."""

    ids: list[str]


class Subject(Output):
    """What a score is about."""

    kind: noun.SubjectKind
    run_id: str
    span_id: str | None
    turn: int | None
    agent: str | None


class Score(Output):
    """A verdict by an evaluator on a subject. The last one by the same evaluator on the same subject counts."""

    id: str
    name: str
    subject: Subject
    number: float | None
    label: str | None
    flag: bool | None
    reason: str | None
    evidence: list[int]
    confidence: float | None
    source: noun.ScoreSource
    evaluator: str
    evaluator_version: str
    time: Time

    @classmethod
    def of(cls, score: noun.Score) -> "Score":
        """Render a score."""
        subject = score.subject
        return cls.trusted(
            id=score.id,
            name=score.name,
            subject=Subject.trusted(
                kind=subject.kind,
                run_id=subject.run_id,
                span_id=subject.span_id,
                turn=subject.turn,
                agent=subject.agent,
            ),
            number=score.number,
            label=score.label,
            flag=score.flag,
            reason=score.reason,
            evidence=list(score.evidence),
            confidence=score.confidence,
            source=score.source,
            evaluator=score.evaluator,
            evaluator_version=score.evaluator_version,
            time=rfc3339(score.time_ns),
        )


class ScorePage(Output):
    """One page of scores, latest first."""

    items: list[Score]
    cursor: str | None


class ScoresQuery(PageQuery):
    """Which scores to list; leaving a parameter out means any."""

    run_id: Annotated[tuple[_Hex32, ...], Field(max_length=500)] = ()
    """Scores of these runs; may be repeated."""
    name: _Id | None = None
    source: noun.ScoreSource | None = None
    evaluator: _Id | None = None
    subject_kind: noun.SubjectKind | None = None
    since: str | None = None
    """Written at or after this RFC 3339 time."""
    until: str | None = None
    """Written before this RFC 3339 time."""

    def filter(self) -> noun.ScoreFilter:
        """Return what the store is asked."""
        since_ns, until_ns = time_range(self.since, self.until)
        return noun.ScoreFilter(
            run_ids=tuple(RunId(run_id) for run_id in self.run_id),
            name=self.name,
            evaluator=self.evaluator,
            source=self.source,
            subject_kind=self.subject_kind,
            since_ns=since_ns,
            until_ns=until_ns,
        )
