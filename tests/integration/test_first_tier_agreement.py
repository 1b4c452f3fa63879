"""The first tier on the reference data: agreement with people, false alarms and the page that shows them."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from masthead.cli.main import app
from masthead.detect.registry import measurements, suite
from masthead.ingest.importers.family import ImportedRun, Record
from masthead.ingest.importers.registry import family_of
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.judge.calibrate import calibrate
from masthead.judge.first_tier import alarms, baselines, fire, fits, rate
from masthead.judge.first_tier import measurements as measured_on
from masthead.judge.labels import LabelledRun, read_labels, run_of
from masthead.judge.statistics import Confusion, auroc
from masthead.model.conversation import Conversation

DATA = Path(__file__).parents[3] / "shared" / "data"
LABELS = DATA / "masft" / "labels.jsonl"

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not LABELS.exists(), reason="the reference data is not beside the checkout"),
]


@pytest.fixture(scope="module")
def runs() -> list[LabelledRun]:
    return read_labels(LABELS)


@pytest.fixture(scope="module")
def conversations(runs: list[LabelledRun]) -> list[Conversation]:
    return [run_of(run, LABELS) for run in runs]


def _table(runs: list[LabelledRun], conversations: list[Conversation], code: str, systems: set[str]) -> Confusion:
    rows = [i for i, run in enumerate(runs) if run.system in systems]
    chosen = [runs[i] for i in rows]
    fires = fire([conversations[i] for i in rows])
    everywhere = fits(runs, fire(conversations), baselines(runs, conversations), left="nothing")[0]
    lines = calibrate("first tier", chosen, rate(fires, [everywhere] * len(rows)), draws=0).codes
    return next(line.table for line in lines if line.name == code)


def test_agreement_reaches_what_was_promised(runs: list[LabelledRun], conversations: list[Conversation]):
    rivals = baselines(runs, conversations)
    fires = fire(conversations)
    fitted = fits(runs, fires, rivals, left="system")
    found = calibrate("first tier", runs, rate(fires, fitted, abstains=False), baselines=rivals, draws=0)
    assert len(runs) == 64
    assert (found.pooled.table.kappa or 0) >= 0.48
    assert (found.pooled.table.f1 or 0) >= 0.53
    best = max(line.table.kappa or 0 for line in found.baselines)
    assert (found.pooled.table.kappa or 0) > best + 0.1
    on = fits(runs, fires, rivals, left="nothing")[0].on
    assert (auroc(alarms(fires, on), [any(run.labels.values()) for run in runs]) or 0) >= 0.75


def test_restarts_and_repetition_reach_their_figures(runs: list[LabelledRun], conversations: list[Conversation]):
    assert (_table(runs, conversations, "FM-2.1", {"HyperAgent"}).f1 or 0) >= 0.87
    assert (_table(runs, conversations, "FM-1.3", {"HyperAgent"}).f1 or 0) >= 0.75
    three = _table(runs, conversations, "FM-1.3", {"HyperAgent", "AG2", "MetaGPT"})
    assert (three.f1 or 0) >= 0.65
    assert (three.kappa or 0) >= 0.60


def test_successful_tool_runs_raise_few_alarms_of_repetition():
    detector = suite()
    alarmed = n = 0
    for document in documents([str(DATA / "tau_bench" / "gpt-4o-airline.json")]):
        for record in records(document):
            assert isinstance(record, Record)
            family = family_of(record)
            assert family is not None
            for imported in family.read(record):
                assert isinstance(imported, ImportedRun)
                if imported.conversation.is_success:
                    n += 1
                    alarmed += any(f.code == "FM-1.3" for f in detector.findings(imported.conversation))
    assert n == 84
    assert alarmed / n <= 0.05


def test_what_ships_as_measured_is_what_the_labels_give(runs: list[LabelledRun], conversations: list[Conversation]):
    again = measured_on(runs, fire(conversations), baselines(runs, conversations), labels=LABELS.name)
    assert again == measurements()


def test_the_command_prints_agreement_and_writes_the_page(tmp_path: Path):
    page = tmp_path / "agreement.md"
    judge = str(DATA / "masft" / "judge_o1.jsonl")
    shown = CliRunner().invoke(app, ["calibrate", str(LABELS), "-e", "detectors", "-e", judge, "--write", str(page)])
    assert shown.exit_code == 0, shown.output
    assert "needs a judge" in shown.output
    text = page.read_text(encoding="utf-8")
    assert "| fitted without the run's system |" in text
    assert "## Another rater: judge_o1.jsonl" in text
    assert re.search(r"\bnan\b", text, re.IGNORECASE) is None
