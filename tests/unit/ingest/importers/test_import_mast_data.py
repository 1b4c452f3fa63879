"""MAST-Data: another family's log within each record, and labels by people and models."""

import io
import json

import pytest

from masthead.ingest.importers.family import Imported, ImportedRun
from masthead.ingest.importers.registry import family_named, read
from masthead.ingest.records import records
from masthead.ingest.sources import document_of
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit


def everything(log: bytes) -> list[Imported]:
    found: list[Imported] = []
    for document in document_of("log", io.BytesIO(log)):
        for record in records(document):
            assert not isinstance(record, InvalidInput), record
            found += read(family_named("mast-data"), record)
    return found


def conversation(log: bytes) -> Conversation:
    (imported,) = everything(log)
    assert isinstance(imported, ImportedRun)
    return imported.conversation


def acts(found: Conversation) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.act.value) for turn in found.turns]


def test_mast_data_reads_the_log_within_and_its_labels(samples: dict[str, bytes]) -> None:
    ag2, chatdev = (found for found in everything(samples["mast-data"]) if isinstance(found, ImportedRun))
    assert acts(ag2.conversation) == [("mathproxyagent", "message"), ("assistant", "message")]
    assert ag2.conversation.turns[1].text == "It is 41.\n  indented"
    assert (ag2.conversation.task, ag2.conversation.is_success) == ("What is 6 times 7?", False)
    assert [(label.name, label.flag, label.source) for label in ag2.labels] == [
        ("FM-1.1", False, "llm"),
        ("FM-1.3", True, "llm"),
    ]
    assert (chatdev.conversation.system, len(chatdev.conversation.turns)) == ("ChatDev", 6)
    assert [(label.name, label.flag, label.evaluator) for label in chatdev.labels] == [
        ("1.1 Poor task compliance", True, "human:mast-data-1"),
        ("1.1 Poor task compliance", False, "human:mast-data-2"),
    ]


@pytest.mark.parametrize(
    ("trace", "turns"),
    [
        ("[{'content': 'a', 'role': 'user', 'name': 'x'}, {'content': 'b', 'role': 'user', 'name': 'y'}]", ["a", "b"]),
        ("{'content': 'a', 'role': 'user', 'name': 'x'}\n\n{'content': 'b', 'role': 'user', 'name': 'y'}", ["a", "b"]),
        ("problem_statement:\n  q\n\ntrajectory:\n  HyperAgent_w - INFO - Planner's Response: b", ["b"]),
        ("Collecting pip\nno turns here", ["Collecting pip\nno turns here"]),
    ],
)
def test_mast_data_keeps_every_trace(trace: str, turns: list[str]) -> None:
    found = conversation(json.dumps([{"mas_name": "AG2", "trace_id": 1, "trace": {"trajectory": trace}}]).encode())
    assert [turn.text for turn in found.turns] == turns
    assert found.task == ("q" if "problem" in trace else None)


@pytest.mark.parametrize(
    "trace", ["", "[{'", "{'content': {1, 2}}", "[{'content': 1, 2: 3j}]", {"trajectory": 7}, [], 3]
)
def test_a_strange_trace_is_kept_or_refused(trace: object) -> None:
    log = json.dumps([{"mas_name": "AG2", "trace": trace}]).encode()
    try:
        assert len(everything(log)) == 1
    except InvalidInput as error:
        refused = error
        assert str(refused).startswith("log:1: ")
