"""Measure the first tier's rules on labels: which beat the baselines, how sure their findings are, what they miss.

Whatever is fitted here, a rule's place in the default set and the confidence of its findings, can be fitted without one
system's runs and judged on them, or without one task's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from masthead.detect.registry import RULES, Measured, Measurements, entries
from masthead.detect.registry import measurements as registered
from masthead.detect.suite import Suite
from masthead.judge.calibrate import Rating, Ratings, always_no, either, pooled, system_prior
from masthead.judge.labels import LabelledRun
from masthead.judge.statistics import Confusion
from masthead.model.conversation import Act, Conversation
from masthead.model.ids import Code
from masthead.model.score import Finding

Left = Literal["nothing", "system", "task"]
"""What is left out when something is fitted and then judged on what was left out."""

Fires = Sequence[Mapping[str, Finding]]
"""For each run, the finding of each rule that fired in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """The rules that are on, those of them that are proven, how sure their findings are, and what they miss."""

    on: frozenset[str]
    proven: frozenset[str]
    precision: Mapping[str, float]
    missed: Mapping[Code, float]


def fire(conversations: Sequence[Conversation]) -> list[dict[str, Finding]]:
    """Run every rule on every run."""
    suite = Suite([make() for make in RULES])
    return [{finding.evaluator: finding for finding in suite.findings(each)} for each in conversations]


def rule_codes() -> dict[str, Code]:
    """Return the code that each rule speaks to."""
    return {rule.id: Code(rule.codes[0]) for rule in (make() for make in RULES)}


def exact_duplicate(conversations: Sequence[Conversation]) -> Ratings:
    """Rate FM-1.3 as present where an agent says the same twice, word for word, in 40 characters or more."""
    found: list[dict[Code, Rating]] = []
    for conversation in conversations:
        kinds = {agent.id: agent.kind for agent in conversation.agents}
        keys = [
            (turn.speaker, turn.act, turn.text, turn.tool_name, turn.tool_arguments)
            for turn in conversation.turns
            if kinds.get(turn.speaker) == "agent"
            and turn.act is not Act.TOOL_RESULT
            and len(turn.text) + len(turn.tool_arguments or "") >= 40
        ]
        found.append({Code("FM-1.3"): Rating(flag=len(set(keys)) < len(keys))})
    return found


def baselines(runs: Sequence[LabelledRun], conversations: Sequence[Conversation]) -> dict[str, Ratings]:
    """Return the ratings that a rule has to beat."""
    prior, duplicate = system_prior(runs), exact_duplicate(conversations)
    return {
        "always no": always_no(runs),
        "per-system prior (leave one out, 0.3)": prior,
        "exact duplicate": duplicate,
        "prior or exact duplicate": either(prior, duplicate),
    }


def measure(runs: Sequence[LabelledRun], fires: Fires, rivals: Mapping[str, Ratings]) -> dict[str, Measured]:
    """Hold each rule against the labels of its code, beside the best baseline for that code."""
    found: dict[str, Measured] = {}
    defaults = {rule.id for rule in (make() for make in RULES) if rule.is_on_unmeasured}
    for rule, code in rule_codes().items():
        table = pooled(runs, _ratings_of(rule, code, fires), [code])
        tables = [pooled(runs, rival, [code]) for rival in rivals.values()]
        best_f1 = max((each.f1 for each in tables if each.f1 is not None), default=None)
        best_kappa = max((each.kappa for each in tables if each.kappa is not None), default=None)
        found[rule] = Measured(
            true_positive=table.true_positive,
            false_positive=table.false_positive,
            false_negative=table.false_negative,
            true_negative=table.true_negative,
            f1=_rounded(table.f1),
            kappa=_rounded(table.kappa),
            baseline_f1=_rounded(best_f1),
            baseline_kappa=_rounded(best_kappa),
            precision=round(_smoothed(table), 3),
            is_on=_beats(table, best_kappa) if table.true_positive + table.false_positive else rule in defaults,
        )
    return found


def fit(runs: Sequence[LabelledRun], fires: Fires, rivals: Mapping[str, Ratings]) -> Fitted:
    """Choose the rules that beat the baselines on these runs, and measure how sure they are."""
    measured = measure(runs, fires, rivals)
    on = frozenset(rule for rule, each in measured.items() if each.is_on)
    proven = frozenset(rule for rule in on if measured[rule].fired)
    codes = rule_codes()
    missed: dict[Code, float] = {}
    for code in sorted({codes[rule] for rule in proven}):
        quiet = [
            run for run, fired in zip(runs, fires, strict=True) if not any(codes[r] == code for r in fired if r in on)
        ]
        known = [run.labels[code] for run in quiet if code in run.labels]
        missed[code] = round((sum(known) + 0.5) / (len(known) + 1), 3)
    return Fitted(
        on=on, proven=proven, precision={rule: each.precision for rule, each in measured.items()}, missed=missed
    )


def shipped() -> Fitted:
    """Return the rules that are on as the package ships, with their confidences: nothing is fitted on given labels."""
    found = entries()
    return Fitted(
        on=frozenset(entry.id for entry in found if entry.is_on),
        proven=frozenset(entry.id for entry in found if entry.is_proven),
        precision={rule: measured.precision for rule, measured in registered().rules.items()},
        missed={Code(code): rate for code, rate in registered().missed.items()},
    )


def rate(
    fires: Fires,
    fitted: Sequence[Fitted],
    *,
    only: frozenset[str] | None = None,
    abstains: bool = True,
    is_strict: bool = False,
) -> Ratings:
    """Turn what fired into ratings, each run by the fit that goes with it.

    Codes without a proven rule are abstentions, save where a rule that is on fired; unless `abstains` is False, when
    the silence of every rule that is on counts as "no". `only` overrules which are on; `is_strict` heeds proven rules
    alone.
    """
    codes = rule_codes()
    found: list[dict[Code, Rating]] = []
    for fired, fit_ in zip(fires, fitted, strict=True):
        on = (fit_.proven if is_strict else fit_.on) if only is None else only
        speaking = (fit_.proven if only is None else only) if abstains else on
        rating: dict[Code, Rating] = {}
        for code in sorted({codes[rule] for rule in on}):
            mine = [rule for rule in fired if rule in on and codes[rule] == code]
            if not mine and not any(codes[rule] == code for rule in speaking):
                continue
            doubt = 1.0
            for rule in mine:
                doubt *= 1 - fit_.precision[rule]
            rating[code] = Rating(flag=bool(mine), confidence=1 - doubt if mine else fit_.missed.get(code, 0.1))
        found.append(rating)
    return found


def fits(runs: Sequence[LabelledRun], fires: Fires, rivals: Mapping[str, Ratings], *, left: Left) -> list[Fitted]:
    """Fit once for each run, without the runs of its system or of its task."""
    if left == "nothing":
        return [fit(runs, fires, rivals)] * len(runs)
    made: dict[str, Fitted] = {}
    for run in runs:
        group = run.system if left == "system" else run.task
        if group not in made:
            rest = [i for i, each in enumerate(runs) if (each.system if left == "system" else each.task) != group]
            made[group] = fit(
                [runs[i] for i in rest],
                [fires[i] for i in rest],
                {name: [rival[i] for i in rest] for name, rival in rivals.items()},
            )
    return [made[run.system if left == "system" else run.task] for run in runs]


def measurements(
    runs: Sequence[LabelledRun], fires: Fires, rivals: Mapping[str, Ratings], *, labels: str
) -> Measurements:
    """Return what `detect/measured.json` holds."""
    fitted = fit(runs, fires, rivals)
    return Measurements(
        labels=labels,
        runs=len(runs),
        rules=measure(runs, fires, rivals),
        missed={str(c): r for c, r in fitted.missed.items()},
    )


def alarms(fires: Fires, on: frozenset[str]) -> list[float]:
    """Return how many findings of rules that are on each run got."""
    return [float(sum(rule in on for rule in fired)) for fired in fires]


def _ratings_of(rule: str, code: Code, fires: Fires) -> Ratings:
    return [{code: Rating(flag=rule in fired)} for fired in fires]


def _beats(table: Confusion, best_kappa: float | None) -> bool:
    """Compare by kappa, because F1 rewards a prior that says yes to a whole system."""
    if table.kappa is None or not table.true_positive:
        return False
    return table.kappa > (best_kappa or 0)


def _smoothed(table: Confusion) -> float:
    """Return the precision as a Beta(1/2, 1/2) prior has it, so that one lucky finding is not certainty."""
    return (table.true_positive + 0.5) / (table.true_positive + table.false_positive + 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
