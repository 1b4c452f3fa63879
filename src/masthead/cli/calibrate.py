"""`masthead calibrate`: how well an evaluator agrees with labels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from masthead.cli.calibrate_rates import STORED, of_logs, of_store, plain_rates, print_rates
from masthead.cli.client import connect, pages
from masthead.cli.options import AsJson, Project, console, print_json, settings_of
from masthead.detect.registry import entries, suite
from masthead.ingest.importers.family import ImportedRun, Record
from masthead.ingest.importers.registry import family_of
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.judge.agreement_page import Agreement, FalseAlarms, interval, number, page
from masthead.judge.calibrate import Calibration, Line, Rating, Ratings
from masthead.judge.calibrate import calibrate as held_against
from masthead.judge.corrected import Occurrence, occurrences
from masthead.judge.first_tier import (
    Fires,
    Fitted,
    Left,
    alarms,
    baselines,
    fire,
    fits,
    measure,
    measurements,
    rate,
    rule_codes,
    shipped,
)
from masthead.judge.labels import LabelledRun, read_labels, run_of
from masthead.judge.statistics import auroc
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput, NotFound
from masthead.model.ids import Code

DETECTORS = "detectors"
Rates = Annotated[
    list[str] | None,
    typer.Option(help="Logs without labels, or `stored`: how often each mode occurs there, corrected for errors."),
]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Material:
    """Labelled runs with their conversations, what fired in them, and what the baselines say."""

    runs: Sequence[LabelledRun]
    conversations: Sequence[Conversation]
    fires: Fires
    rivals: dict[str, Ratings]


def calibrate(
    context: typer.Context,
    labels: Annotated[Path, typer.Argument(help="Labels: MAST's labels.jsonl, or rows of run, code and label.")],
    evaluator: Annotated[
        list[str] | None,
        typer.Option(
            "--evaluator", "-e", help="`detectors`, a file of another rater, or an evaluator with stored scores."
        ),
    ] = None,
    clean: Annotated[
        list[str] | None, typer.Option(help="Runs to count false alarms on: those that achieved their task.")
    ] = None,
    rates: Rates = None,
    write: Annotated[Path | None, typer.Option(help="Write the page on agreement here.")] = None,
    update_detectors: Annotated[
        Path | None, typer.Option(help="Write which detectors are on, and how sure they are, here (measured.json).")
    ] = None,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Hold evaluators against labels by people: agreement per code and pooled, beside the baselines.

    Asks no language model. Detectors run on the files that the labels name; a judge or a person is compared by the
    scores that are stored in the project, so import or judge the runs first.

    For example:

        masthead calibrate shared/data/masft/labels.jsonl

        masthead calibrate labels.csv --evaluator judge:gpt-4o --evaluator human:ada

        masthead calibrate labels.jsonl --rates more_runs/
    """
    names = evaluator or [DETECTORS]
    runs = read_labels(labels)
    if not runs:
        raise InvalidInput("no label stands in it", where=str(labels))
    needs_runs = DETECTORS in names or write is not None or update_detectors is not None
    material = _material(runs, labels) if needs_runs else None
    found: list[Calibration] = []
    occurring: dict[str, list[Occurrence]] = {}
    for name in names:
        shown = Path(name).name if Path(name).is_file() else name
        if name == DETECTORS and material is not None:
            ratings = rate(material.fires, [shipped()] * len(runs))
            found.append(held_against(name, runs, ratings, baselines=material.rivals))
        else:
            ratings = _other(context, name, runs, labels, project)
            found.append(held_against(shown, runs, ratings))
        if rates:
            others = _unlabelled(context, name, runs, labels, project, rates)
            occurring[shown] = occurrences(runs, ratings, others)
    if material is not None and update_detectors is not None:
        measured = measurements(runs, material.fires, material.rivals, labels=labels.name)
        update_detectors.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
    if material is not None and write is not None:
        agreement = _agreement(material, labels, found, clean or [])
        write.write_text(page(agreement), encoding="utf-8")
    _print(found, occurring, as_json=as_json)


def _print(found: Sequence[Calibration], occurring: Mapping[str, Sequence[Occurrence]], *, as_json: bool) -> None:
    if as_json:
        print_json([_plain(each) | {"rates": plain_rates(occurring.get(each.evaluator, []))} for each in found])
        return
    for each in found:
        _show(console(), each)
        if each.evaluator in occurring:
            print_rates(console(), each.evaluator, occurring[each.evaluator])


def _material(runs: Sequence[LabelledRun], labels: Path) -> _Material:
    conversations = [run_of(run, labels) for run in runs]
    return _Material(
        runs=runs, conversations=conversations, fires=fire(conversations), rivals=baselines(runs, conversations)
    )


def _other(
    context: typer.Context, name: str, runs: Sequence[LabelledRun], labels: Path, project: str | None
) -> Ratings:
    """Return another rater's verdicts: from a file of labels, else from the scores stored in the project."""
    path = Path(name)
    if path.is_file():
        by_run = {each.run: each.labels for each in read_labels(path)}
        return [{code: Rating(flag=flag) for code, flag in by_run.get(run.run, {}).items()} for run in runs]
    ratings: list[dict[Code, Rating]] = []
    with connect(settings_of(context), project) as client:
        for run in runs:
            params = {"run_id": _run_id(run, labels), "evaluator": name}
            scores = pages(client, "/api/v1/scores", params, limit=10_000)
            rating: dict[Code, Rating] = {}
            for score in scores:
                rating.setdefault(Code(score["name"]), Rating(flag=score["flag"], confidence=score["confidence"]))
            ratings.append(rating)
    if not any(ratings):
        raise NotFound(f"no evaluator {name!r} has scored any of these runs; run it on them, or name a file of labels")
    return ratings


def _unlabelled(
    context: typer.Context,
    name: str,
    runs: Sequence[LabelledRun],
    labels: Path,
    project: str | None,
    rates: Sequence[str],
) -> Ratings:
    """Return an evaluator's verdicts on runs without labels: of the logs, or of the project where `stored` is asked."""
    if name == DETECTORS and list(rates) != [STORED]:
        return of_logs(rates)
    if list(rates) != [STORED]:
        raise InvalidInput(f"{name!r} has verdicts in the project alone; give `--rates stored`", where="--rates")
    with connect(settings_of(context), project) as client:
        return of_store(client, name, frozenset(_run_id(run, labels) for run in runs))


def _run_id(run: LabelledRun, labels: Path) -> str:
    try:
        return run_of(run, labels).run_id
    except NotFound:
        return run.run


def _agreement(material: _Material, labels: Path, found: Sequence[Calibration], clean: Sequence[str]) -> Agreement:
    runs, fires, rivals = material.runs, material.fires, material.rivals
    whole = shipped()
    tier = held_against(DETECTORS, runs, rate(fires, [whole] * len(runs)), baselines=rivals)
    codes = [Code(line.name) for line in tier.codes if line.answered]

    def without(left: Left, *, is_strict: bool = False) -> Line:
        ratings = rate(fires, fits(runs, fires, rivals, left=left), abstains=False, is_strict=is_strict)
        return held_against(left, runs, _over(codes, ratings)).pooled

    systems = Counter(run.system for run in runs)
    by_system: list[tuple[str, Line]] = []
    for system in systems:
        rows = [i for i, run in enumerate(runs) if run.system == system]
        part = held_against(system, [runs[i] for i in rows], rate([fires[i] for i in rows], [whole] * len(rows)))
        by_system.append((system, part.pooled))
    held_out = fits(runs, fires, rivals, left="system")
    outcome = frozenset(entry.id for entry in entries() if entry.reads_outcome)
    return Agreement(
        labels=labels.name,
        command=_command(labels, [each.evaluator for each in found], clean),
        systems=systems,
        tier=tier,
        held_out=[
            ("fitted without the run's task", without("task")),
            ("fitted without the run's system", without("system")),
            ("the same, only rules proven elsewhere", without("system", is_strict=True)),
        ],
        blind=_blind(material, whole, codes, outcome),
        by_system=by_system,
        reliability=held_against("reliability", runs, rate(fires, held_out, only=whole.proven), draws=0),
        rules=measure(runs, fires, rivals),
        alarm_auroc=auroc(alarms(fires, whole.on), [any(run.labels.values()) for run in runs]),
        blind_alarm_auroc=auroc(alarms(fires, whole.on - outcome), [any(run.labels.values()) for run in runs]),
        rivals=[each for each in found if each.evaluator != DETECTORS],
        clean=[_false_alarms(each, whole.on) for each in clean],
    )


def _command(labels: Path, evaluators: Sequence[str], clean: Sequence[str]) -> str:
    """Return the command that writes the page, with the files' names alone."""
    named = [f"-e {name}" for name in evaluators if evaluators != [DETECTORS]]
    cleared = [f"--clean {Path(source).name}" for source in clean]
    return " ".join(["masthead calibrate", labels.name, *named, *cleared, "--write docs/reference/agreement.md"])


def _blind(
    material: _Material, whole: Fitted, codes: Sequence[Code], outcome: frozenset[str]
) -> list[tuple[str, Line]]:
    """Return the first tier without the rules that read the recorded outcome, their codes counted or left out."""
    runs, blinded = material.runs, {rule_codes()[rule] for rule in outcome}
    ratings = rate(material.fires, [whole] * len(runs), only=whole.on - outcome, abstains=False)
    kept = [code for code in codes if code not in blinded]
    names = ", ".join(sorted(blinded))
    told = [
        {code: each for code, each in rating.items() if code not in blinded or conversation.is_success is not None}
        for rating, conversation in zip(
            _over(codes, rate(material.fires, [whole] * len(runs))), material.conversations, strict=True
        )
    ]
    return [
        (f"{names} asked only where an outcome is recorded", held_against("told", runs, told).pooled),
        (f"without the outcome, {names} not seen", held_against("counted", runs, _over(codes, ratings)).pooled),
        (f"without the outcome, {names} left out", held_against("left out", runs, _over(kept, ratings)).pooled),
    ]


def _over(codes: Sequence[Code], ratings: Ratings) -> Ratings:
    """Return the ratings of these codes, an abstention counted as "no", so that fits can be compared."""
    return [{code: rating.get(code, Rating(flag=False)) for code in codes} for rating in ratings]


def _false_alarms(source: str, on: frozenset[str]) -> FalseAlarms:
    detector = suite(on)
    counts: Counter[Code] = Counter()
    n = 0
    for document in documents([source]):
        for record in records(document):
            family = family_of(record) if isinstance(record, Record) else None
            if family is None or not isinstance(record, Record):
                continue
            for imported in family.read(record):
                if isinstance(imported, ImportedRun) and imported.conversation.is_success:
                    n += 1
                    counts.update({finding.code for finding in detector.findings(imported.conversation)})
    if not n:
        raise InvalidInput("no run that achieved its task stands in it", where=source)
    return FalseAlarms(name=Path(source).name, runs=n, by_code=counts)


def _plain(calibration: Calibration) -> dict[str, Any]:
    return {
        "evaluator": calibration.evaluator,
        "runs": calibration.runs,
        "codes": [_plain_line(line) for line in calibration.codes],
        "pooled": _plain_line(calibration.pooled),
        "all_codes": _plain_line(calibration.pooled_all),
        "baselines": [_plain_line(line) for line in calibration.baselines],
        "reliability": [each._asdict() for each in calibration.reliability],
    }


def _plain_line(line: Line) -> dict[str, Any]:
    table = line.table
    return {
        "name": line.name,
        "true_positive": table.true_positive,
        "false_positive": table.false_positive,
        "false_negative": table.false_negative,
        "true_negative": table.true_negative,
        "prevalence": table.prevalence,
        "precision": table.precision,
        "recall": table.recall,
        "f1": table.f1,
        "f1_interval": line.f1_interval,
        "kappa": table.kappa,
        "kappa_interval": line.kappa_interval,
        "ac1": table.ac1,
        "pabak": table.pabak,
        "coverage": line.coverage,
    }


def _show(out: Console, calibration: Calibration) -> None:
    table = Table(title=f"{calibration.evaluator} against labels of {calibration.runs} runs", title_justify="left")
    table.add_column("code")
    for name in ("tp", "fp", "fn", "precision", "recall", "F1", "kappa", "AC1", "coverage"):
        table.add_column(name, justify="right")
    lines = [*calibration.codes, calibration.pooled, calibration.pooled_all, *calibration.baselines]
    for line in lines:
        counts = line.table
        is_baseline = line in calibration.baselines
        if not line.answered:
            table.add_row(line.name, "", "", "", "", "", "needs a judge", "", "", "0.00", style="dim")
            continue
        table.add_row(
            f"baseline: {line.name}" if is_baseline else line.name,
            str(counts.true_positive),
            str(counts.false_positive),
            str(counts.false_negative),
            number(counts.precision),
            number(counts.recall),
            number(counts.f1) + interval(line.f1_interval),
            number(counts.kappa) + interval(line.kappa_interval),
            number(counts.ac1),
            number(line.coverage),
            style="dim" if is_baseline else "bold" if line.name == "pooled" else None,
            end_section=line is calibration.codes[-1] or line is calibration.pooled_all,
        )
    out.print(table)
