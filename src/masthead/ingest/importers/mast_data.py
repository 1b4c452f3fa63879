"""MAST-Data (MAD): the published collection of traces of seven systems with labels; JSON.

Each record wraps another family's log: `trace` is its text, or an object with `trajectory`. The log is read by the
family that it looks like (ChatDev, MetaGPT, HyperAgent, AppWorld, AG2, Magentic-One, OpenManus; JSON in the text
or Python's print of it too). One that looks like none is kept as a single turn, and its metadata says `unread`.
`mas_name` is the system, `benchmark_name`, `llm_name` and `trace_id` are metadata.

`mast_annotation` (0 or 1 a code) becomes scores `FM-1.1` … by `judge:mast-data` of source llm: the full collection was
labelled by a model. `annotations` of the human-labelled part become scores by `human:mast-data-1` … `-3`, one an
annotator; their names are kept as they are written, because the codebook changed between rounds.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from textwrap import dedent

import orjson

from masthead.ingest.importers.ag2 import AG2
from masthead.ingest.importers.ag2_console import AG2_CONSOLE
from masthead.ingest.importers.appworld import APPWORLD
from masthead.ingest.importers.chatdev import CHATDEV
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, Imported, ImportedRun, Label, Record, run_id_of
from masthead.ingest.importers.hyperagent import HYPERAGENT_JSON, HYPERAGENT_LOG
from masthead.ingest.importers.label_files import MAST_CODES
from masthead.ingest.importers.magentic_one import MAGENTIC_CONSOLE, MAGENTIC_JSON
from masthead.ingest.importers.metagpt import METAGPT_JSON, METAGPT_LOG
from masthead.ingest.importers.openmanus import OPENMANUS
from masthead.ingest.importers.shapes import (
    Fields,
    boolean,
    fields,
    is_fields,
    is_items,
    items,
    metadata,
    optional_text,
    text,
)
from masthead.model.conversation import Conversation

_TEXT_FAMILIES = (HYPERAGENT_LOG, METAGPT_LOG, CHATDEV, APPWORLD, OPENMANUS, MAGENTIC_CONSOLE, AG2_CONSOLE)
_JSON_FAMILIES = (HYPERAGENT_JSON, AG2, METAGPT_JSON, MAGENTIC_JSON)

_PROBLEM = re.compile(r"^problem_statement: ?\n?(.*?)\n(?=other_data:|trajectory:|\Z)", re.MULTILINE | re.DOTALL)


def _matches(record: Record) -> bool:
    return is_fields(record.value, "mas_name", "trace")


def _read(record: Record) -> Iterator[Imported]:
    row = fields(record.value)
    trace = row.get("trace")
    log = fields(trace).get("trajectory", fields(trace).get("trace")) if is_fields(trace) else trace
    labels = tuple(_labels(row))
    for imported in _inner(record, log):
        if isinstance(imported, ImportedRun):
            conversation = _named(record, row, imported.conversation)
            yield ImportedRun(conversation=conversation, labels=(*imported.labels, *labels))


def _named(record: Record, row: Fields, conversation: Conversation) -> Conversation:
    """Return the conversation with what the collection says of it; its id covers that too."""
    trace = fields(row.get("trace"))
    identity = [row.get(name) for name in ("mas_name", "benchmark_name", "llm_name", "trace_id", "round")]
    facts = metadata(
        [
            ("format", "mast-data"),
            ("source", record.name),
            ("benchmark", row.get("benchmark_name")),
            ("model", row.get("llm_name")),
            ("trace_id", row.get("trace_id")),
            ("key", trace.get("key")),
            ("round", row.get("round")),
        ]
    )
    log = text(trace.get("trajectory")) if trace else text(row.get("trace"))
    problem = _PROBLEM.search(log) if conversation.task is None else None
    return replace(
        conversation,
        task=(dedent(problem[1]).strip() or None) if problem else conversation.task,
        run_id=run_id_of("mast-data", *identity, trace.get("key"), trace.get("index"), conversation.run_id),
        system=conversation.system or optional_text(row.get("mas_name")),
        metadata={**conversation.metadata, **facts},
    )


def _labels(row: Fields) -> Iterator[Label]:
    given = fields(row.get("mast_annotation"))
    for code in MAST_CODES:
        answer = given.get(code)
        flag = bool(answer) if isinstance(answer, int) and answer in {0, 1} else None
        if flag is not None:
            yield Label(name=f"FM-{code}", evaluator="judge:mast-data", source="llm", flag=flag)
    for value in items(row.get("annotations")):
        annotation = fields(value)
        name = text(annotation.get("failure mode")).strip().split("\n", 1)[0][:200]
        for key, answer in annotation.items():
            annotator = key.removeprefix("annotator_")
            flag = boolean(answer)
            if name and annotator != key and flag is not None:
                yield Label(name=name, evaluator=f"human:mast-data-{annotator}", flag=flag)


def _inner(record: Record, log: object) -> Iterator[Imported]:
    inner = replace(record, value=None, text=None)
    if isinstance(log, str):
        value = _json_of(log)
        inner = replace(inner, value=value) if value is not None else replace(inner, text=log)
    else:
        inner = replace(inner, value={"trajectory": log} if is_items(log) else log)
    for family in _TEXT_FAMILIES if inner.text is not None else _JSON_FAMILIES:
        if family.matches(inner):
            yield from family.read(inner)
            return
    yield _unread(inner, text(log))


def _unread(record: Record, log: str) -> ImportedRun:
    """Keep a log that looks like none as one turn, and say so: its labels are worth having."""
    if not log.strip():
        raise record.malformed("the trace is empty")
    draft = Draft()
    draft.say("log", log, kind="system")
    return ImportedRun(
        conversation=draft.conversation(
            run_id_of("mast-data-unread", log.strip()), system=None, metadata=metadata([("unread", True)])
        )
    )


def _json_of(log: str) -> object:
    """Return the JSON that the text is, or the messages that it prints as Python does, or None."""
    begin = log.lstrip()[:2]
    if begin in {"[{", '{"', "{\n"}:
        try:
            return orjson.loads(log)
        except ValueError:
            pass
    if not log.lstrip().startswith(("[{'", "{'")):
        return None
    whole = _literal(log.strip())
    if whole is not None:
        return {"trajectory": whole} if is_items(whole) else whole
    lines = [_literal(line.strip()) for line in log.split("\n") if line.lstrip().startswith("{'")]
    return {"trajectory": [line for line in lines if is_fields(line, "content")]}


def _literal(printed: str) -> object:
    try:
        return orjson.loads(orjson.dumps(ast.literal_eval(printed), option=orjson.OPT_NON_STR_KEYS))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


MAST_DATA = Family(
    id="mast-data",
    title="MAST-Data / MAD (JSON)",
    kind="json",
    looks_like="objects with `mas_name` and `trace`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)
