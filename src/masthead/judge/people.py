"""Hold every evaluator of a project against the people who labelled its runs, and list what is contested.

A person says that a code occurred in a run if any of their latest verdicts on it there is positive, and that it did not
if all are negative; a verdict without a value is none. The label is what most people say; where they are even there is
none, and the item is contested. The silence of a detector on a diagnosed run is a "no" where its rule is proven (as
`masthead calibrate` has it); that of any other evaluator is an abstention.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from masthead.codebook.load import mast
from masthead.detect.registry import Entry, entries
from masthead.judge.calibrate import Calibration, Rating, Ratings, always_no, calibrate, system_prior
from masthead.judge.first_tier import rate, rule_codes, shipped
from masthead.judge.labels import LabelledRun
from masthead.model.ids import Code, EvaluatorId, RunId
from masthead.model.observation import Observation
from masthead.model.score import Finding, Score, ScoreSource

DETECTORS: Final = "detectors"
"""All rules that are on, together."""
_NO_CODE: Final = frozenset({"origin"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What one evaluator says of one code in one run. `turn` is where, if it says so; `reason` why."""

    evaluator: str
    source: ScoreSource
    flag: bool
    confidence: float | None = None
    turn: int | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Contested:
    """A code in a run on which people differ, or an evaluator differs from them.

    `label` is None where people are even. `verdicts` are those that differ from it, the surest first; where people
    differ among themselves there may be none.
    """

    run_id: RunId
    task: str | None
    code: Code
    label: bool | None
    people: tuple[Verdict, ...]
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """An evaluator against people. `calibration` is None where no run that it judged has a label: not yet measured."""

    evaluator: str
    source: ScoreSource
    calibration: Calibration | None


Given = Mapping[RunId, Mapping[Code, Mapping[str, Verdict]]]
"""Verdicts by run, code and evaluator."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Material:
    """What people and evaluators said of the labelled runs, and what is known of those runs."""

    people: Given
    others: Given
    observed: Mapping[RunId, Observation] = field(default_factory=dict[RunId, Observation])


def verdicts_of(scores: Iterable[Score]) -> Given:
    """Gather verdicts; of several by one evaluator on one code in one run, a positive one counts, the surest first."""
    found: dict[RunId, dict[Code, dict[str, Verdict]]] = defaultdict(lambda: defaultdict(dict))
    for score in scores:
        if score.flag is None or score.name in _NO_CODE:
            continue
        turn = score.subject.turn if score.subject.turn is not None else next(iter(score.evidence), None)
        new = Verdict(
            evaluator=score.evaluator,
            source=score.source,
            flag=score.flag,
            confidence=score.confidence,
            turn=turn,
            reason=score.reason,
        )
        on = found[score.subject.run_id][Code(score.name)]
        known = on.get(score.evaluator)
        if known is None or _strength(new) > _strength(known):
            on[score.evaluator] = new
    return found


def _strength(verdict: Verdict) -> tuple[bool, float]:
    return verdict.flag, verdict.confidence if verdict.confidence is not None else 1.0


def _majority(verdicts: Iterable[Verdict]) -> bool | None:
    weight = sum(1 if verdict.flag else -1 for verdict in verdicts)
    return None if weight == 0 else weight > 0


def labelled_runs(material: Material, *, without: str | None = None) -> list[LabelledRun]:
    """Return the runs that people labelled, with what most of them say; `without` leaves one person out."""
    found: list[LabelledRun] = []
    for run_id, codes in material.people.items():
        labels = {code: _majority(v for v in said.values() if v.evaluator != without) for code, said in codes.items()}
        seen = material.observed.get(run_id)
        system = (seen.system if seen else None) or "unknown"
        found.append(
            LabelledRun(
                run=run_id,
                task=f"{system}/{seen.task_id}" if seen and seen.task_id else run_id,
                system=system,
                labels={code: label for code, label in labels.items() if label is not None},
            )
        )
    return [run for run in found if run.labels]


def measure_detectors(material: Material) -> list[Measured]:
    """Measure the rules that are on: all together, beside the baselines, and each on its own code."""
    runs = _diagnosed_runs(material)
    on = [entry for entry in entries() if entry.is_on]
    if not runs:
        return [Measured(evaluator=name, source="code", calibration=None) for name in (DETECTORS, *(e.id for e in on))]
    whole = calibrate(DETECTORS, runs, detector_ratings(material, runs), baselines=_baselines(runs))
    return [
        Measured(evaluator=DETECTORS, source="code", calibration=whole),
        *(Measured(evaluator=entry.id, source="code", calibration=_one(entry, material, runs)) for entry in on),
    ]


def _diagnosed_runs(material: Material) -> list[LabelledRun]:
    """Return the labelled runs that the detectors have seen, with the labels on codes that they could speak to."""
    known = {entry.id for entry in mast().codes}
    runs = [run for run in labelled_runs(material) if RunId(run.run) in material.observed]
    about = [replace(run, labels={code: label for code, label in run.labels.items() if code in known}) for run in runs]
    return [run for run in about if run.labels]


def detector_ratings(material: Material, runs: Sequence[LabelledRun]) -> Ratings:
    """Rate these diagnosed runs by the rules that are on, as `masthead calibrate` does."""
    rules = rule_codes()
    fires = [_fires(material.others.get(RunId(run.run), {}), rules) for run in runs]
    return rate(fires, [shipped()] * len(runs))


def _fires(said: Mapping[Code, Mapping[str, Verdict]], rules: Mapping[str, Code]) -> dict[str, Finding]:
    return {
        name: Finding(
            code=code,
            evaluator=EvaluatorId(name),
            evaluator_version="",
            evidence=(),
            reason=verdict.reason or "",
            confidence=verdict.confidence or 0.0,
        )
        for code, verdicts in said.items()
        for name, verdict in verdicts.items()
        if verdict.flag and name in rules
    }


def _one(entry: Entry, material: Material, runs: Sequence[LabelledRun]) -> Calibration | None:
    code = Code(entry.codes[0])
    about = [run for run in runs if code in run.labels]
    ratings: list[dict[Code, Rating]] = []
    for run in about:
        verdict = material.others.get(RunId(run.run), {}).get(code, {}).get(entry.id)
        is_found = verdict is not None and verdict.flag
        ratings.append({code: Rating(flag=is_found, confidence=verdict.confidence if verdict and is_found else None)})
    only = [replace(run, labels={code: run.labels[code]}) for run in about]
    return calibrate(entry.id, only, ratings) if about else None


def measure_others(material: Material, evaluators: Mapping[str, ScoreSource]) -> list[Measured]:
    """Measure evaluators that are no detectors against people, and each person against the other people."""
    runs = labelled_runs(material)
    found: list[Measured] = []
    for name, source in evaluators.items():
        given = material.people if source == "human" else material.others
        about = labelled_runs(material, without=name) if source == "human" else runs
        ratings = [_ratings(given, run, name) for run in about]
        rows = [place for place, rating in enumerate(ratings) if rating]
        chosen, rated = [about[place] for place in rows], [ratings[place] for place in rows]
        calibration = calibrate(name, chosen, rated, baselines=_baselines(chosen)) if rows else None
        found.append(Measured(evaluator=name, source=source, calibration=calibration))
    return found


def _ratings(given: Given, run: LabelledRun, name: str) -> dict[Code, Rating]:
    said = {code: verdicts.get(name) for code, verdicts in given.get(RunId(run.run), {}).items() if code in run.labels}
    return {code: Rating(flag=v.flag, confidence=v.confidence) for code, v in said.items() if v is not None}


def _baselines(runs: Sequence[LabelledRun]) -> dict[str, Ratings]:
    return {"always no": always_no(runs), "per-system prior (leave one out, 0.3)": system_prior(runs)}


def contested(material: Material, *, evaluator: str | None = None, code: str | None = None) -> list[Contested]:
    """Return the items that people should look at: those on which they differ first, then the surest mistakes.

    With an evaluator, only its mistakes; `detectors` stands for every rule.
    """
    silent = _silent(material, evaluator)
    wanted = {*rule_codes(), DETECTORS} if evaluator == DETECTORS else None if evaluator is None else {evaluator}
    found: list[Contested] = []
    for run_id, codes in material.people.items():
        for each, said in codes.items():
            if code is not None and each != code:
                continue
            label = _majority(said.values())
            given = [*material.others.get(run_id, {}).get(each, {}).values(), *silent.get((run_id, each), ())]
            wrong = [
                v for v in given if label is not None and v.flag != label and (wanted is None or v.evaluator in wanted)
            ]
            do_people_differ = len({verdict.flag for verdict in said.values()}) > 1
            if not wrong and (not do_people_differ or evaluator is not None):
                continue
            seen = material.observed.get(run_id)
            found.append(
                Contested(
                    run_id=run_id,
                    task=seen.task if seen else None,
                    code=each,
                    label=label,
                    people=tuple(said.values()),
                    verdicts=tuple(sorted(wrong, key=_strength, reverse=True)),
                )
            )
    return sorted(found, key=_urgency)


def _silent(material: Material, evaluator: str | None) -> dict[tuple[RunId, Code], list[Verdict]]:
    """Return where detectors kept silent though that says "no": of all of them, or of the one that is asked for."""
    runs = _diagnosed_runs(material)
    entry = next((each for each in entries() if each.id == evaluator and each.is_on), None)
    found: dict[tuple[RunId, Code], list[Verdict]] = {}
    if entry is not None:
        code = Code(entry.codes[0])
        for run in runs:
            if entry.id not in material.others.get(RunId(run.run), {}).get(code, {}):
                found[RunId(run.run), code] = [Verdict(evaluator=entry.id, source="code", flag=False)]
        return found
    for run, rating in zip(runs, detector_ratings(material, runs), strict=True):
        for code, each in rating.items():
            if each.flag is False:
                found[RunId(run.run), code] = [Verdict(evaluator=DETECTORS, source="code", flag=False)]
    return found


def _urgency(item: Contested) -> tuple[bool, float, str, str]:
    surest = max((v.confidence if v.confidence is not None else 0.0 for v in item.verdicts), default=0.0)
    do_people_agree = len({verdict.flag for verdict in item.people}) == 1
    return do_people_agree, -surest, item.run_id, item.code
