"""Fit the origin ranker's coefficients on the labelled runs in ../shared/data and write them into the package.

    python -m scripts.fit_attribution            # writes src/masthead/diagnose/coefficients.json

The model is a softmax over the candidate turns of a run (conditional logit) with a ridge penalty, one set of
coefficients for each kind of system. Where two groups of people labelled the same run (Who&When and AgentRx share 21
runs), AgentRx's root cause counts half. Needs scipy (it comes with scikit-learn, of the test extra); the package itself
needs only the JSON. Nothing of the data is shipped but the coefficients.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import orjson
from scipy.optimize import minimize

from masthead.diagnose.case import Case, prepare
from masthead.diagnose.features import Candidate, candidates_of
from masthead.diagnose.ranker import Weights
from masthead.ingest.importers.family import ImportedRun, Record, RunLabels
from masthead.ingest.importers.label_files import AGENTRX_LABELS
from masthead.ingest.importers.whowhen import WHOWHEN

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
TARGET = ROOT / "src" / "masthead" / "diagnose" / "coefficients.json"
RIDGE = 10.0
AGENT_POWER = 0.5
SECOND_LABEL_WEIGHT = 0.5

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a person says that the run first went wrong."""

    turn: int
    agent: str


@dataclass(frozen=True, kw_only=True)
class LabelledRun:
    """A failed run with its label; `root` is AgentRx's root cause, `failed` all the turns that it calls failed."""

    part: str
    name: str
    question: str
    case: Case
    candidates: tuple[Candidate, ...]
    origin: Origin
    root: Origin | None = None
    failed: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Example:
    """One run as the fit sees it: the candidates' features (rows) and how much label weight each one carries."""

    features: Floats
    targets: Floats


def labelled_runs(data: Path = DATA) -> list[LabelledRun]:
    """Read Who&When through the importer, and AgentRx's labels of the runs that both have."""
    roots = _roots(data / "agentrx" / "magentic_one_labels.json")
    runs: list[LabelledRun] = []
    for part in ("algorithm_generated", "hand_crafted"):
        for path in sorted((data / "whowhen" / part).glob("*.json"), key=lambda path: int(path.stem)):
            (imported,) = WHOWHEN.read(Record(name=path.name, value=orjson.loads(path.read_bytes())))
            if not isinstance(imported, ImportedRun):
                raise TypeError(path)
            (label,) = imported.labels
            conversation, case = imported.conversation, prepare(imported.conversation)
            question = conversation.task_id or conversation.run_id
            root, failed = roots.get(question, (None, ())) if part == "hand_crafted" else (None, ())
            runs.append(
                LabelledRun(
                    part=part, name=path.stem, question=question, case=case,
                    candidates=tuple(candidates_of(case)),
                    origin=Origin(turn=-1 if label.turn is None else label.turn, agent=label.agent or ""),
                    root=root, failed=failed,
                )
            )  # fmt: skip
    return runs


def _roots(path: Path) -> Mapping[str, tuple[Origin | None, tuple[int, ...]]]:
    found: dict[str, tuple[Origin | None, tuple[int, ...]]] = {}
    for row in orjson.loads(path.read_bytes()):
        for labels in AGENTRX_LABELS.read(Record(name=path.name, value=row)):
            if not isinstance(labels, RunLabels):
                raise TypeError(labels)
            origin = [label for label in labels.labels if label.name == "origin"]
            failed = tuple(
                label.turn for label in labels.labels if label.name == "failed_step" and label.turn is not None
            )
            root = Origin(turn=origin[0].turn or 0, agent=origin[0].agent or "") if origin else None
            found[labels.file or labels.task_id or ""] = (root, failed)
    return found


def fit(runs: Sequence[LabelledRun], ridge: float = RIDGE) -> dict[str, Weights]:
    """Return the coefficients of each kind that the runs show."""
    fitted: dict[str, Weights] = {}
    for kind in ("peers", "hub"):
        chosen = [run for run in runs if (run.case.kind == "hub") == (kind == "hub")]
        if chosen:
            fitted[kind] = Weights(
                by_feature=_fit_kind(chosen, ridge), agent_power=AGENT_POWER, systems=_systems(chosen)
            )
    return fitted


def _systems(runs: Sequence[LabelledRun]) -> tuple[str, ...]:
    return tuple(sorted({run.case.conversation.system or "" for run in runs} - {""}))


def _fit_kind(runs: Sequence[LabelledRun], ridge: float) -> dict[str, float]:
    names = sorted({name for run in runs for turn in run.candidates for name in turn.features})
    examples = [_example(run, names) for run in runs]
    spread = np.vstack([example.features for example in examples]).std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    used = [(example.features / scale, example.targets) for example in examples if example.targets.sum() > 0]

    def loss(weights: Floats) -> tuple[float, Floats]:
        value, slope = ridge * float(weights @ weights) / 2, ridge * weights
        for features, targets in used:
            scores = features @ weights
            scores -= scores.max()
            powers = np.exp(scores)
            value -= float(targets @ (scores - np.log(powers.sum())))
            slope = slope + targets.sum() * (features.T @ (powers / powers.sum())) - features.T @ targets
        return value, slope

    solution = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B")
    return {name: round(float(weight), 4) for name, weight in zip(names, solution.x / scale, strict=True)}


def _example(run: LabelledRun, names: Sequence[str]) -> Example:
    features = np.array([[turn.features.get(name, 0.0) for name in names] for turn in run.candidates])
    targets = np.zeros(len(run.candidates))
    labels = [(run.origin.turn, 1.0), *([(run.root.turn, SECOND_LABEL_WEIGHT)] if run.root else [])]
    for position, turn in enumerate(run.candidates):
        targets[position] += sum(weight for labelled, weight in labels if labelled == turn.turn)
    return Example(features=features, targets=targets)


def without(runs: Iterable[LabelledRun], questions: set[str]) -> list[LabelledRun]:
    """Return the runs of other questions: a question is never in both training and test, whichever part it is of."""
    return [run for run in runs if run.question not in questions]


def main() -> int:
    """Fit on everything and write the coefficients."""
    if not DATA.exists():
        print(f"{DATA} is absent: nothing was fitted")
        return 1
    runs = labelled_runs()
    fitted = fit(runs)
    document = {
        "version": "1",
        "model": "softmax over the candidate turns of a run, ridge " + str(RIDGE),
        "data": "Who&When (MIT, 86 + 28 runs) and AgentRx's labels of 21 of the latter (MIT)",
        "recipe": "python -m scripts.fit_attribution",
        "kinds": {
            kind: {
                "runs": sum((run.case.kind == "hub") == (kind == "hub") for run in runs),
                "systems": list(weights.systems),
                "agent_power": weights.agent_power,
                "weights": dict(weights.by_feature),
            }
            for kind, weights in fitted.items()
        },
    }
    TARGET.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    print(
        f"{TARGET.relative_to(ROOT)}: {', '.join(f'{kind} {len(w.by_feature)} features' for kind, w in fitted.items())}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
