r"""HyperAgent: a planner with a navigator, an editor and an executor, as JSON or as the raw `.log`.

The JSON's `trajectory` holds the log's lines; joined, it is the same text as the log. A turn begins at each line
`HyperAgent_<instance> - LEVEL - `, and one log entry is one turn, empty ones included.

- `Planner's Response:` with `Intern Name:`: handoff from Planner to that intern; the whole text is kept
- `Inner-Navigator-Assistant's Response:` (Editor, Executor): the intern speaks
- … with an `Action:` code block: tool call: the code is the arguments, the tool is the first `name._run(` in it
- `Navigator->Planner:`: message from the intern to Planner
- `Initialized …`: message of `HyperAgent` itself (kind system): restarts of a run are seen here

The log does not hold what the tools answered, nor times, tokens or costs. `instance_id` is the task's id and
`problem_statement` the task; the raw log has no task. A run whose last word is the Planner's and hands nothing on has
completed, any other is unfinished.
"""

import re
from collections.abc import Iterator

from masthead.ingest.importers.code import take_code
from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import fields, items, metadata, optional_text, text
from masthead.model.conversation import Act, Ending, EndingKind

_ENTRY = re.compile(r"^[ \t]*HyperAgent_(\S+) - [A-Z]+ - ", re.MULTILINE)
_RESPONSE = re.compile(r"(?:Inner-)?([\w -]{1,40}?)(?:-Assistant)?'s Response:[ ]?")
_ANSWER = re.compile(r"([\w -]{1,40})->([\w -]{1,40}):[ ]?")
_INTERN = re.compile(r"^\W{0,4}Intern Name\W{1,6}([\w -]{1,40})", re.MULTILINE)
_TOOL = re.compile(r"(\w+)\._run\(")


def _is_json(record: Record) -> bool:
    trajectory = fields(record.value).get("trajectory")
    lines = trajectory.split("\n", 50) if isinstance(trajectory, str) else items(trajectory)
    return any(isinstance(line, str) and line.lstrip().startswith("HyperAgent_") for line in lines[:50])


def _is_log(record: Record) -> bool:
    return _ENTRY.search(record.text or "", 0, 20_000) is not None


def _read_json(record: Record) -> Iterator[ImportedRun]:
    run = fields(record.value)
    log = text(run.get("trajectory"))
    yield _run(record, log, task_id=optional_text(run.get("instance_id")), task=run.get("problem_statement"))


def _read_log(record: Record) -> Iterator[ImportedRun]:
    yield _run(record, record.text or "", task_id=None, task=None)


def _run(record: Record, log: str, *, task_id: str | None, task: object) -> ImportedRun:
    starts = list(_ENTRY.finditer(log))
    if not starts:
        raise record.malformed("no line begins with 'HyperAgent_<instance> - INFO - ', so no turn was found")
    draft = Draft()
    for _, body in cut(starts, log):
        _say(draft, body.strip("\n"))
    conversation = draft.conversation(
        run_id_of("hyperagent", log.strip()),
        system="HyperAgent",
        task=optional_text(task),
        task_id=task_id or starts[0][1],
        ending=_ending(draft),
        metadata=metadata([("format", "hyperagent"), ("source", record.name)]),
    )
    return ImportedRun(conversation=conversation)


def _say(draft: Draft, body: str) -> None:
    if answer := _ANSWER.match(body):
        draft.say(_role(answer[1]), body[answer.end() :], to=[_role(answer[2])])
        return
    response = _RESPONSE.match(body)
    if response is None:
        draft.say("HyperAgent", body, kind="system")
        return
    speaker, said = _role(response[1]), body[response.end() :]
    intern = _INTERN.search(said) if speaker == "Planner" else None
    if intern is not None:
        draft.say(speaker, said, act=Act.HANDOFF, to=[_role(intern[1])])
        return
    coded = take_code(said) if speaker != "Planner" and "Action:" in said else None
    if coded is None or not coded.code:
        draft.say(speaker, said)
        return
    tool = _TOOL.search(coded.code)
    draft.say(
        speaker,
        coded.prose.removesuffix("Action:").rstrip(),
        act=Act.TOOL_CALL,
        tool=tool[1] if tool else coded.language or "code",
        arguments=coded.code,
    )


def _role(name: str) -> str:
    """Return an agent's one name: the log has `Codebase Editor`, `Inner-Editor-Assistant` and `Editor` for the same."""
    for role in ("Planner", "Navigator", "Editor", "Executor"):
        if role in name:
            return role
    return name.strip()


def _ending(draft: Draft) -> Ending:
    last = draft.turns[-1]
    if last.speaker == "Planner" and last.act is Act.MESSAGE and last.text.strip():
        return Ending(
            kind=EndingKind.COMPLETED,
            reason="the planner hands nothing on",
            answer=last.text.split("Final Answer:", 1)[-1].strip(),
        )
    return Ending(kind=EndingKind.UNFINISHED, reason=f"the log ends with {last.speaker}, and no answer")


HYPERAGENT_JSON = Family(
    id="hyperagent-json",
    title="HyperAgent (JSON)",
    kind="json",
    looks_like="an object with `trajectory`: lines that begin `HyperAgent_`",
    matches=_is_json,
    read=_read_json,
    notes=__doc__ or "",
)
HYPERAGENT_LOG = Family(
    id="hyperagent-log",
    title="HyperAgent (raw log)",
    kind="text",
    looks_like="lines that begin `HyperAgent_<instance> - INFO - `",
    matches=_is_log,
    read=_read_log,
    notes=__doc__ or "",
)
