"""Agreement from the store is what `masthead calibrate` computes from the files: counts, kappas, intervals."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from masthead.clock import SystemClock
from masthead.conversation import spans_of
from masthead.diagnose.stored import diagnose_stored
from masthead.judge.calibrate import Calibration, calibrate
from masthead.judge.first_tier import fire, rate, shipped
from masthead.judge.labels import LabelledRun, read_labels, run_of
from masthead.judge.people import measure_detectors
from masthead.judge.people_scores import material_of
from masthead.judge.statistics import ReliabilityBin
from masthead.model.conversation import Conversation
from masthead.model.ids import EvaluatorId, ProjectId, RunId
from masthead.model.score import Score, Subject
from masthead.testing.site import NOW_NS, Site, site_in

LABELS = Path(__file__).parents[3] / "shared" / "data" / "masft" / "labels.jsonl"
ONE = ProjectId("one")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not LABELS.exists(), reason="the reference data is not beside the checkout"),
]


@pytest.fixture(scope="module")
def runs() -> list[LabelledRun]:
    return read_labels(LABELS)


@pytest.fixture(scope="module")
def told(runs: list[LabelledRun]) -> list[Conversation]:
    return [run_of(run, LABELS) for run in runs]


@pytest.fixture(scope="module")
def site(runs: list[LabelledRun], told: list[Conversation], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Open a site with the labelled runs, their labels as scores of a person, and their diagnoses."""
    with site_in(tmp_path_factory.mktemp("agreement") / "data") as opened:
        for one in told:
            opened.door.accept(ONE, spans_of(one, start_ns=NOW_NS))
        opened.door.flush()
        labels = [
            _score(one.run_id, code, flag=flag)
            for run, one in zip(runs, told, strict=True)
            for code, flag in run.labels.items()
        ]
        opened.services.store.add_scores(ONE, labels)
        assert diagnose_stored(opened.services.store, ONE, [one.run_id for one in told], SystemClock()) == 64
        yield opened


def _score(run_id: RunId, code: str, *, flag: bool) -> Score:
    return Score(
        id=f"{run_id}{code}",
        name=code,
        subject=Subject(kind="run", run_id=run_id),
        flag=flag,
        source="human",
        evaluator=EvaluatorId("ada"),
        evaluator_version="1",
        time_ns=NOW_NS,
    )


def _shown(found: Calibration) -> dict[str, object]:
    lines = sorted(found.codes, key=lambda line: line.name)
    return {
        line.name: (line.table, line.asked, line.kappa_interval, line.f1_interval) for line in (*lines, found.pooled)
    }


def _rounded(each: ReliabilityBin) -> tuple[float, ...]:
    return tuple(round(value, 9) for value in each)


def test_the_stored_runs_give_the_figures_of_the_files(
    site: Site, runs: list[LabelledRun], told: list[Conversation]
) -> None:
    material, is_cut = material_of(site.services.store, ONE, most_labels=10_000)
    assert not is_cut
    stored = measure_detectors(material)[0].calibration
    assert stored is not None
    anew = calibrate("detectors", runs, rate(fire(told), [shipped()] * len(runs)))
    assert stored.runs == anew.runs == 64
    assert _shown(stored) == _shown(anew)
    assert [_rounded(each) for each in stored.reliability] == [_rounded(each) for each in anew.reliability]
