"""How well evaluators agree with the people who labelled this project's runs."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from masthead.api.schema.base import Input, Output
from masthead.api.schema.statistics import Interval, Read
from masthead.detect.registry import Entry, Measurements
from masthead.judge import people as noun
from masthead.judge.agreement_page import standing
from masthead.judge.calibrate import Calibration
from masthead.judge.calibrate import Line as LineNoun
from masthead.judge.statistics import calibration_error
from masthead.model.score import ScoreSource

_MOST_CONTESTED: Final = 200
_Word = Annotated[str, Field(min_length=1, max_length=200)]


class AgreementQuery(Input):
    """Whose contested items to list."""

    project: str | None = None
    """The project, for callers without a key (the header `X-Masthead-Project` says the same)."""
    evaluator: _Word | None = None
    """Only items that this evaluator judged otherwise than people; `detectors` is all built-in rules together."""
    code: _Word | None = None
    """Only items on this code."""


class AgreementLine(Output):
    """An evaluator against labels on one code, or several pooled; statistics are null where they are not defined."""

    code: str
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    n: int
    """Items with a verdict and a label."""
    asked: int
    """Items with a label."""
    prevalence: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    f1_interval: Interval | None
    kappa: float | None
    kappa_interval: Interval | None
    """95 %, from a bootstrap that draws whole tasks."""
    ac1: float | None

    @classmethod
    def of(cls, line: LineNoun) -> "AgreementLine":
        """Render a line."""
        table = line.table
        return cls(
            code=line.name,
            true_positive=table.true_positive,
            false_positive=table.false_positive,
            false_negative=table.false_negative,
            true_negative=table.true_negative,
            n=line.answered,
            asked=line.asked,
            prevalence=table.prevalence,
            precision=table.precision,
            recall=table.recall,
            f1=table.f1,
            f1_interval=Interval.model_validate(line.f1_interval) if line.f1_interval else None,
            kappa=table.kappa,
            kappa_interval=Interval.model_validate(line.kappa_interval) if line.kappa_interval else None,
            ac1=table.ac1,
        )


class ReliabilityBin(Read):
    """Verdicts of like confidence: how confident they are on average, and how often they are right."""

    low: float
    high: float
    n: int
    confidence: float
    rate: float


class Evaluator(Output):
    """An evaluator against people. Without labels on what it judged, `runs` is 0 and there are no lines."""

    evaluator: str
    source: ScoreSource
    runs: int
    """Labelled runs that it judged."""
    codes: list[AgreementLine]
    pooled: AgreementLine | None
    """Over the codes on which it ever gives a verdict."""
    all_codes: AgreementLine | None
    """Over every labelled code, its abstentions counted as "not seen"."""
    baselines: list[AgreementLine]
    """What needs no evaluator, pooled over the same codes: an evaluator that is not above them is not worth asking."""
    reliability: list[ReliabilityBin]
    calibration_error: float | None

    @classmethod
    def of(cls, measured: noun.Measured) -> "Evaluator":
        """Render an evaluator."""
        found: Calibration | None = measured.calibration
        return cls(
            evaluator=measured.evaluator,
            source=measured.source,
            runs=found.runs if found else 0,
            codes=[AgreementLine.of(line) for line in found.codes] if found else [],
            pooled=AgreementLine.of(found.pooled) if found else None,
            all_codes=AgreementLine.of(found.pooled_all) if found else None,
            baselines=[AgreementLine.of(line) for line in found.baselines] if found else [],
            reliability=[ReliabilityBin.model_validate(each) for each in found.reliability] if found else [],
            calibration_error=calibration_error(found.reliability) if found else None,
        )


class CodeVerdict(Read):
    """What one evaluator or person says of one code in one run."""

    evaluator: str
    source: ScoreSource
    flag: bool
    confidence: float | None
    turn: int | None
    reason: str | None


class Contested(Read):
    """A code in a run on which people differ (`label` is null where they are even), or an evaluator from them."""

    run_id: str
    task: str | None
    code: str
    label: bool | None
    people: list[CodeVerdict]
    verdicts: list[CodeVerdict]


class ShippedRule(Output):
    """A built-in rule on the reference labels, beside the best baseline for its code; not on this project's runs."""

    evaluator: str
    version: str
    code: str
    is_on: bool
    standing: Literal["on", "on, uncalibrated", "off"]
    why: str
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    f1: float | None
    kappa: float | None
    baseline_f1: float | None
    baseline_kappa: float | None

    @classmethod
    def of(cls, entry: Entry) -> "ShippedRule | None":
        """Render a rule; None where it was never measured."""
        found = entry.measured
        if found is None:
            return None
        return cls(
            evaluator=entry.id,
            version=entry.version,
            code=entry.codes[0],
            is_on=found.is_on,
            standing="off" if not found.is_on else "on" if found.fired else "on, uncalibrated",
            why=standing(found).replace("*", ""),
            true_positive=found.true_positive,
            false_positive=found.false_positive,
            false_negative=found.false_negative,
            true_negative=found.true_negative,
            f1=found.f1,
            kappa=found.kappa,
            baseline_f1=found.baseline_f1,
            baseline_kappa=found.baseline_kappa,
        )


class Shipped(Output):
    """The figures of the built-in rules that ship with this release, on public labels: not of this project."""

    labels: str
    runs: int
    rules: list[ShippedRule]

    @classmethod
    def of(cls, measured: Measurements, entries: Sequence[Entry]) -> "Shipped":
        """Render what ships."""
        rules = [rule for entry in entries if (rule := ShippedRule.of(entry)) is not None]
        return cls(labels=measured.labels, runs=measured.runs, rules=rules)


class Agreement(Output):
    """Every evaluator of the project against its people. Those that no label speaks of are there, unmeasured."""

    labelled_runs: int
    undiagnosed_runs: int
    """Labelled runs that the detectors have not seen yet; they are left out of the detectors' figures."""
    people: list[str]
    is_cut: bool
    """Whether only the latest labels were read, because there are too many."""
    evaluators: list[Evaluator]
    contested: list[Contested]
    contested_total: int
    shipped: Shipped

    @classmethod
    def of(
        cls,
        *,
        material: noun.Material,
        people: list[str],
        measured: Sequence[noun.Measured],
        contested: Sequence[noun.Contested],
        shipped: Shipped,
        is_cut: bool,
    ) -> "Agreement":
        """Render everything."""
        return cls(
            labelled_runs=len(material.people),
            undiagnosed_runs=sum(run_id not in material.observed for run_id in material.people),
            people=people,
            is_cut=is_cut,
            evaluators=[Evaluator.of(each) for each in measured],
            contested=[Contested.model_validate(item) for item in contested[:_MOST_CONTESTED]],
            contested_total=len(contested),
            shipped=shipped,
        )
