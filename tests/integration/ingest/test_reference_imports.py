"""Every real log of the reference data is read whole: counted again here, by other means."""

import json
import re
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from masthead.clock import FixedClock
from masthead.ingest.importers.family import ImportedRun, RunLabels
from masthead.ingest.importers.registry import candidates, read
from masthead.ingest.importing import Importer
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.model.conversation import Act
from masthead.model.errors import InvalidInput
from masthead.testing.import_door import MemoryImportDoor

DATA = Path(__file__).parents[3].parent / "shared" / "data"
TRACES = DATA / "masft" / "traces"
ARCHIVE = TRACES / "AG2_experiments_7146.tar.xz"
FAMILIES = {
    "masft/traces/AG2": "ag2",
    "masft/traces/AppWorld": "appworld",
    "masft/traces/ChatDev": "chatdev",
    "masft/traces/HyperAgent": "hyperagent-json",
    "masft/traces/HyperAgent_rawlog_sample": "hyperagent-log",
    "masft/traces/MA-ToT": "matot",
    "masft/traces/MetaGPT": "metagpt-json",
    "masft/traces/Multi-Agent-Peer-Review": "peer-review",
    "masft/labels.jsonl": "masft-labels",
    "masft/judge_o1.jsonl": "masft-labels",
    "whowhen/algorithm_generated": "whowhen",
    "whowhen/hand_crafted": "whowhen",
    "agentrx/magentic_one": "magentic-one-json",
    "agentrx/magentic_one_labels.json": "agentrx-labels",
    "tau_bench/gpt-4o-airline.json": "tau-bench",
}

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not DATA.is_dir(), reason="the reference data is not beside this checkout (../shared/data)"),
]


def runs(path: Path) -> Iterator[ImportedRun | RunLabels]:
    """Yield what the one family that recognises each record reads; the test fails where it is not one."""
    for document in documents([str(path)]):
        for record in records(document):
            assert not isinstance(record, InvalidInput), record
            (family,) = candidates(record)
            for imported in read(family, record):
                assert isinstance(imported, ImportedRun | RunLabels)
                yield imported


def runs_by_file(path: Path) -> dict[str, ImportedRun]:
    found: dict[str, ImportedRun] = {}
    for imported in runs(path):
        assert isinstance(imported, ImportedRun)
        found[str(imported.conversation.metadata["source"]).rsplit("/", 1)[-1]] = imported
    return found


@pytest.mark.parametrize(("place", "family_id"), FAMILIES.items())
def test_each_file_is_recognised_as_its_family_and_no_other(place: str, family_id: str) -> None:
    recognised = Counter[str]()
    for document in documents([str(DATA / place)]):
        for record in records(document):
            assert not isinstance(record, InvalidInput), record
            recognised[" ".join(family.id for family in candidates(record))] += 1
    assert set(recognised) == {family_id}


@pytest.mark.parametrize("part", ["algorithm_generated", "hand_crafted"])
def test_whowhen_keeps_one_turn_an_entry_and_its_label(part: str) -> None:
    found = runs_by_file(DATA / "whowhen" / part)
    files = list((DATA / "whowhen" / part).glob("*.json"))
    assert len(found) == len(files)
    for path in files:
        raw = json.loads(path.read_bytes())
        run = found[path.name]
        turns = run.conversation.turns
        assert len(turns) == len(raw["history"])
        for turn, entry in zip(turns, raw["history"], strict=True):
            assert turn.speaker == entry.get("name", re.sub(r" \(.*", "", entry["role"]))
            said = turn.text + (turn.tool_arguments or "")
            assert len(said) >= 0.8 * len(entry["content"]) - 60
            assert turn.text == entry["content"] or turn.act is Act.TOOL_CALL
        (label,) = run.labels
        assert (label.agent, str(label.turn)) == (raw["mistake_agent"], raw["mistake_step"])
        assert label.turn is not None
        assert label.turn < len(turns)


def test_agentrx_keeps_one_turn_an_entry_and_every_label_finds_its_turn() -> None:
    door = MemoryImportDoor()
    importer = Importer(door, clock=FixedClock())
    for _ in importer.run(documents([str(DATA / "agentrx")])):
        pass
    raw = [json.loads(path.read_bytes()) for path in (DATA / "agentrx" / "magentic_one").glob("*.json")]
    labels = json.loads((DATA / "agentrx" / "magentic_one_labels.json").read_bytes())
    assert (importer.report.runs_added, importer.report.turns_added) == (len(raw), sum(len(run) for run in raw))
    assert importer.report.labels_unmatched == 0
    names = Counter(score.name for score in door.scores.values())
    assert names == {"failed_step": sum(len(row["failures"]) for row in labels), "origin": len(labels)}


def test_tau_bench_keeps_one_turn_a_message_and_its_reward() -> None:
    raw = json.loads((DATA / "tau_bench" / "gpt-4o-airline.json").read_bytes())
    found = [run for run in runs(DATA / "tau_bench" / "gpt-4o-airline.json") if isinstance(run, ImportedRun)]
    assert [len(run.conversation.turns) for run in found] == [len(run["traj"]) for run in raw]
    assert [run.conversation.is_success for run in found] == [run["reward"] == 1.0 for run in raw]
    calls = sum(turn.act is Act.TOOL_CALL for run in found for turn in run.conversation.turns)
    assert calls == sum(bool(message.get("tool_calls")) for run in raw for message in run["traj"])


def test_hyperagent_keeps_one_turn_a_log_entry() -> None:
    found = {run.conversation.task_id: run.conversation for run in runs_by_file(TRACES / "HyperAgent").values()}
    for path in (TRACES / "HyperAgent").glob("*.json"):
        raw = json.loads(path.read_bytes())
        entries = [line for line in raw["trajectory"] if line.startswith(f"HyperAgent_{raw['instance_id']} - INFO - ")]
        turns = found[raw["instance_id"]].turns
        assert len(turns) == len(entries)
        assert sum(turn.text.startswith("Initialized") for turn in turns) == sum("- Initialized" in e for e in entries)
        handoffs = sum(turn.act is Act.HANDOFF for turn in turns)
        assert handoffs > 0 or not any("Planner's Response" in entry for entry in entries)


def test_metagpt_keeps_one_turn_an_act() -> None:
    found = runs_by_file(TRACES / "MetaGPT")
    for path in (TRACES / "MetaGPT").glob("*.json"):
        raw = json.loads(path.read_bytes())
        assert len(found[path.name].conversation.turns) == raw["content"].count(": to do ")
        assert found[path.name].conversation.metadata["cost_usd"] == raw["cost"]


def test_chatdev_spends_what_its_own_report_says() -> None:
    for run in runs_by_file(TRACES / "ChatDev").values():
        turns = run.conversation.turns
        costs = [turn.cost_usd for turn in turns if turn.cost_usd is not None]
        assert f"{sum(costs):.6f}" == run.conversation.metadata["cost_usd"]
        log = (TRACES / "ChatDev" / str(run.conversation.metadata["source"]).rsplit("/", 1)[-1]).read_text()
        talk = len(re.findall(r"^\[[^]]*\] [^\n:*]+: \*\*[^\n]*<->", log, re.MULTILINE))
        opened = log.count("**[Start Chat]**")
        assert sum(turn.act is Act.HANDOFF for turn in turns) == opened
        assert sum(turn.speaker != "ChatDev" for turn in turns) == talk + opened


def test_appworld_says_what_its_evaluation_says() -> None:
    found = runs_by_file(TRACES / "AppWorld")
    assert {name: run.conversation.is_success for name, run in found.items()} == {
        "appworld_round_3.txt": False,
        "appworld_trace.txt": True,
    }
    for name, run in found.items():
        log = (TRACES / "AppWorld" / name).read_text()
        calls = len(re.findall(r"^ *Response from \w+ Agent$", log, re.MULTILINE))
        replies = len(re.findall(r"^ *Reply from ", log, re.MULTILINE))
        turns = run.conversation.turns
        assert sum(turn.act is Act.TOOL_CALL for turn in turns) == calls
        assert sum(turn.act is Act.MESSAGE for turn in turns) == replies


def test_all_7146_runs_of_the_archive_give_the_published_accuracies() -> None:
    if not ARCHIVE.exists():
        pytest.skip("the archive of AG2 runs is not in the reference data")
    correct = Counter[tuple[Any, Any]]()
    turns = 0
    count = 0
    for imported in runs(ARCHIVE):
        assert isinstance(imported, ImportedRun)
        found = imported.conversation
        count += 1
        turns += len(found.turns)
        correct[found.metadata["model"], found.metadata["design"]] += found.is_success is True
        assert imported.labels == ()
    assert count == 7146
    per_cent = {key: round(100 * right / (6 * 200), 2) for key, right in correct.items()}
    assert per_cent == {
        ("gpt-4", "baseline"): 84.75,
        ("gpt-4", "prompt"): 89.75,
        ("gpt-4", "topology"): 85.50,
        ("gpt-4o", "baseline"): 84.25,
        ("gpt-4o", "prompt"): 89.00,
        ("gpt-4o", "topology"): 88.83,
    }
    assert turns == 43_892


def test_the_archive_is_what_this_test_thinks() -> None:
    if not ARCHIVE.exists():
        pytest.skip("the archive of AG2 runs is not in the reference data")
    entries = 0
    with tarfile.open(ARCHIVE, "r|xz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.isfile() else None
            if stream is not None:
                entries += stream.read().count(b'"role":')
    assert entries == 43_892
