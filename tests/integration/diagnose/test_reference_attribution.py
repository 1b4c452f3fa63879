"""Attribution and comparisons on the reference data: what the documentation promises."""

from pathlib import Path
from random import Random

import pytest
from benchmarks.attribution import PARTS, reached
from benchmarks.attribution_answer import Answer
from scripts.fit_attribution import LabelledRun, fit, labelled_runs, without

from masthead.diagnose.attribution import attribute_case
from masthead.diagnose.observe import observe
from masthead.diagnose.provenance import trace
from masthead.diagnose.ranker import shipped
from masthead.ingest.importers.ag2 import AG2
from masthead.ingest.importers.family import ImportedRun
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.model.diagnosis import Diagnosis
from masthead.model.observation import Observation
from masthead.report.compare import compare_groups, corrected
from masthead.report.rates import grouped, rates_by

DATA = Path(__file__).parents[4] / "shared" / "data"
ARCHIVE = DATA / "masft" / "traces" / "AG2_experiments_7146.tar.xz"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the reference data is not beside the checkout"),
]


@pytest.fixture(scope="module")
def runs() -> list[LabelledRun]:
    return labelled_runs(DATA)


def test_origins_reach_what_was_promised_on_questions_not_fitted_on(runs: list[LabelledRun]):
    """Six folds in place of leave-one-out, which takes half a minute; the bounds leave room for that."""
    questions = sorted({run.question for run in runs})
    Random(0).shuffle(questions)
    answers: dict[int, Answer] = {}
    for fold in range(6):
        held_out = set(questions[fold::6])
        weights = fit(without(runs, held_out))
        for run in runs:
            if run.question in held_out:
                found = attribute_case(run.case, trace(run.case), weights=weights).hypotheses
                assert len(found) >= min(3, len(run.case.candidates))
                answers[id(run)] = Answer(
                    turns=tuple(item.turn for item in found), agents=tuple(item.agent for item in found)
                )
    chats, directed = (
        reached([run for run in runs if run.part == part], lambda run: answers[id(run)]) for part in PARTS
    )
    assert chats.agent >= 60
    assert chats.step >= 45
    assert chats.top_3 >= 75
    assert directed.agent >= 55
    assert directed.step >= 17
    assert directed.top_3 >= 42


def test_shipped_coefficients_are_what_the_recipe_fits(runs: list[LabelledRun]):
    fitted = fit(runs)
    for kind, weights in shipped().items():
        assert fitted[kind].by_feature == pytest.approx(weights.by_feature, abs=2e-3)


def test_published_accuracies_come_out_exactly_beside_those_over_runs_present():
    rows = _ag2_rows()
    assert len(rows) == 7146
    rates = {rate.group: rate for rate in rates_by(rows, ["model", "design"])}
    attempted = {name: round(100 * (rate.of_attempted or 0), 2) for name, rate in rates.items()}
    assert attempted == {
        "gpt-4 · baseline": 84.75,
        "gpt-4 · prompt": 89.75,
        "gpt-4 · topology": 85.5,
        "gpt-4o · baseline": 84.25,
        "gpt-4o · prompt": 89.0,
        "gpt-4o · topology": 88.83,
    }
    best = rates["gpt-4o · topology"]
    assert (best.successes, best.recorded, best.attempted) == (1066, 1180, 1200)
    assert round(100 * (best.mean_over_repeats or 0), 2) == 90.35
    designs = grouped([row for row in rows if row.metadata["model"] == "gpt-4o"], ["design"])
    tests = {(c.first.group, c.second.group): c for c in corrected(compare_groups(designs, with_codes=False))}
    assert tests["baseline", "topology"].attempted.is_different
    assert not tests["prompt", "topology"].attempted.is_different


def _ag2_rows() -> list[Observation]:
    rows: list[Observation] = []
    for document in documents([str(ARCHIVE)]):
        for record in records(document):
            assert not isinstance(record, Exception)
            for imported in AG2.read(record):
                assert isinstance(imported, ImportedRun)
                told = imported.conversation
                verdict = Diagnosis(run_id=told.run_id, is_success=told.is_success)
                rows.append(observe(told, verdict))
    return rows
