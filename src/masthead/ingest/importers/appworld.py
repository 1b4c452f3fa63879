"""AppWorld: a supervisor that writes code and asks one agent an app. One console log may hold several tasks.

- `Response from Supervisor Agent`: tool call `python`: the code is the arguments
- `Code Execution Output`: tool result of the environment; an error where it says `Execution failed` or shows a
  traceback; `# CallExtension`, an expansion of the call, is left out
- `Entering <App> Agent message loop`, `Exiting …`: left out: they frame what follows
- `Message to <App> Agent`: the first in a loop: handoff from Supervisor; the others: the code's output, a tool result
- `Message to Supervisor Agent`: tool result: what its code gave
- `Response from <App> Agent`: tool call `python` of that agent
- `Reply from <App> Agent to Supervisor`: message to Supervisor
- `Response from send_message API`: tool result `send_message`

A block that only repeats the turn before it, word for word, is left out: the log prints an output, and then again the
message that carries it. Indentation is taken off, trailing empty lines too. The header gives the task's id, the line
after it the task; the closing JSON's `success` says whether it was achieved. Times, tokens and costs are not in the
log.
"""

import re
from collections.abc import Iterator
from textwrap import dedent

import orjson

from masthead.ingest.importers.code import has_failed
from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import Fields, boolean, count, fields, items, metadata
from masthead.model.conversation import Act, Ending, EndingKind

_TASK = re.compile(r"^\*{6,} Task (\d+)/(\d+) \(([^)\n]*)\) +\*{6,}$", re.MULTILINE)
_HEAD = re.compile(
    r"^[ \t]*(?:(?P<loop>Entering|Exiting) (?P<app>[\w ]+?) Agent message loop"
    r"|Response from (?P<responder>[\w ]+?) Agent"
    r"|Message to (?P<addressee>[\w ]+?) Agent"
    r"|Reply from (?P<replier>[\w ]+?) Agent to (?P<asker>[\w ]+?)"
    r"|(?P<api>Response from send_message API)"
    r"|(?P<output>Code Execution Output)"
    r"|(?P<evaluation>Evaluation))[ \t]*$",
    re.MULTILINE,
)
_DONE = "complete_task("
_SUPERVISOR = "Supervisor"
_ENVIRONMENT = "AppWorld"


def _matches(record: Record) -> bool:
    log = (record.text or "")[:60_000]
    return bool(_TASK.search(log)) and "Response from " in log


def _read(record: Record) -> Iterator[ImportedRun]:
    log = record.text or ""
    tasks = list(_TASK.finditer(log))
    if not tasks:
        raise record.malformed("no '*** Task i/n (id) ***' header, so no task was found")
    for task, body in cut(tasks, log):
        run = _run(record, task[3], body)
        if run is None:
            line = log.count("\n", 0, task.start()) + 1
            raise record.malformed(f"task {task[3]!r} has no 'Response from … Agent' block", line=line)
        yield run


def _run(record: Record, task_id: str, body: str) -> ImportedRun | None:
    heads = list(_HEAD.finditer(body))
    reader = _Reader()
    evaluation: Fields = {}
    for head, content in cut(heads, body):
        if head["evaluation"]:
            evaluation = _evaluation(body[head.end() :])
            break
        reader.read(head, dedent(content).strip("\n ").rstrip())
    if not reader.draft.turns:
        return None
    success = boolean(evaluation.get("success"))
    facts: list[tuple[str, object]] = [
        ("difficulty", count(evaluation.get("difficulty"))),
        ("tests", count(evaluation.get("num_tests"))),
        ("tests_failed", len(items(evaluation.get("failures"))) if evaluation else None),
    ]
    return ImportedRun(
        conversation=reader.draft.conversation(
            run_id_of("appworld", task_id, body.strip()),
            system="AppWorld",
            task=body[: heads[0].start()].strip() or None,
            task_id=task_id,
            ending=reader.ending(),
            is_success=success,
            metadata=metadata([("format", "appworld"), ("source", record.name), *facts]),
        )
    )


def _evaluation(rest: str) -> Fields:
    begin = rest.find("{")
    end = rest.rfind("}")
    try:
        return fields(orjson.loads(rest[begin : end + 1])) if 0 <= begin < end else {}
    except orjson.JSONDecodeError:
        return {}


class _Reader:
    def __init__(self) -> None:
        self.draft = Draft()
        self._loop: str | None = None
        self._is_fresh = False
        self._has_completed = False

    def read(self, head: "re.Match[str]", body: str) -> None:
        if head["loop"]:
            self._loop = _app(head["app"]) if head["loop"] == "Entering" else None
            self._is_fresh = self._loop is not None
        elif head["responder"]:
            self._code(_app(head["responder"]), body)
        elif head["addressee"]:
            self._message(_app(head["addressee"]), body)
        elif head["replier"]:
            self.draft.say(_app(head["replier"]), body, to=[_app(head["asker"])])
        elif head["output"] and body.startswith("# CallExtension"):
            return
        elif head["api"]:
            self._result(body, tool="send_message", to=_SUPERVISOR)
        elif head["output"]:
            self._result(body, tool="python", to=_SUPERVISOR)

    def ending(self) -> Ending:
        if self._has_completed:
            return Ending(kind=EndingKind.COMPLETED, reason="complete_task was called")
        return Ending(kind=EndingKind.UNFINISHED, reason="complete_task was never called")

    def _code(self, agent: str, body: str) -> None:
        self._has_completed = self._has_completed or (agent == _SUPERVISOR and _DONE in body)
        self.draft.say(agent, "", act=Act.TOOL_CALL, tool="python", arguments=body)

    def _message(self, addressee: str, body: str) -> None:
        if addressee != _SUPERVISOR and self._is_fresh:
            self._is_fresh = False
            self.draft.say(_SUPERVISOR, body, act=Act.HANDOFF, to=[addressee])
        else:
            self._result(body, tool="python", to=addressee)

    def _result(self, body: str, *, tool: str, to: str) -> None:
        if self.draft.turns and self.draft.turns[-1].text == body and body:
            return
        missing = tool == "send_message" and body.endswith("not found.")
        failed = missing or has_failed(body) or body.startswith("Execution failed")
        self.draft.say(_ENVIRONMENT, body, kind="tool", act=Act.TOOL_RESULT, tool=tool, to=[to], is_error=failed)


def _app(name: str) -> str:
    """Return an agent's one name: the log writes `spotify` and `Spotify`, `simple_note` and `SimpleNote`."""
    plain = name.strip()
    if plain == plain.lower() and plain:
        return "".join(part.capitalize() for part in re.split(r"[_ ]+", plain))
    return plain


APPWORLD = Family(
    id="appworld",
    title="AppWorld (console log)",
    kind="text",
    looks_like="`*** Task 3/25 (id) ***`, then `Response from Supervisor Agent` blocks",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)
