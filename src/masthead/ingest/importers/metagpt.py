r"""MetaGPT: a software team's run, as a loguru log (alone or in `run_N.json`) or as a communication log.

- `time | LEVEL | module:function:line - Alice(SimpleCoder): to do SimpleWriteCode(…)` and what follows: one turn of
  `SimpleCoder`, also where nothing follows
- other loguru lines: left out: they tell of the framework, not of the team
- `[time] FROM: X TO: {…}` with `ACTION:`, `CONTENT:`: message from X; `<all>` is everybody, so no addressee
- `[time] NEW MESSAGES:` with `Role:` lines: one message a role

Agents are named by their role, so that both kinds of log speak of the same team. Times have no zone in these logs and
are read as UTC. `prompt` is the task; the run's total cost is metadata, because the log does not split it by turn.
"""

import re
from collections.abc import Iterator

from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import fields, metadata, optional_text, text, time_ns
from masthead.model.conversation import Ending, EndingKind

_LOGURU = re.compile(
    r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+) \| ([A-Z]+) *\| ([\w.<>]+):([\w<>]+):\d+ - ", re.MULTILINE
)
_TO_DO = re.compile(r"([\w .-]{1,40})\(([\w .-]{1,60})\): (?:to do|ready to) ([\w-]+)[^\n]*\n?")
_BLOCK = re.compile(r"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)\] (FROM: [^\n]*|NEW MESSAGES:)", re.MULTILINE)
_FROM = re.compile(r"FROM: (.+?) TO: (.*)")
_SPEAKER = re.compile(r"^([A-Z]\w{0,40}(?:\([\w ]{1,40}\))?):(?: |$)", re.MULTILINE)
_RULER = re.compile(r"\n-{20,}\s*$")
_LOG_END = re.compile(r"^=== Communication Log Ended[^\n]*$", re.MULTILINE)


def _is_log(content: str) -> bool:
    head = content[:40_000]
    return bool(_BLOCK.search(head)) or bool(_TO_DO.search(head) and _LOGURU.search(head))


def _is_json(record: Record) -> bool:
    content = fields(record.value).get("content")
    return isinstance(content, str) and _is_log(content)


def _read_json(record: Record) -> Iterator[ImportedRun]:
    run = fields(record.value)
    facts: list[tuple[str, object]] = [("run", run.get("run_id")), ("cost_usd", run.get("cost"))]
    yield _run(
        record,
        text(run.get("content")),
        task=optional_text(run.get("prompt")),
        task_id=optional_text(run.get("run_id")),
        facts=facts,
    )


def _read_log(record: Record) -> Iterator[ImportedRun]:
    yield _run(record, record.text or "", task=None, task_id=None, facts=[])


def _run(
    record: Record, log: str, *, task: str | None, task_id: str | None, facts: list[tuple[str, object]]
) -> ImportedRun:
    draft = Draft()
    if _BLOCK.search(log):
        asked = _communication(draft, log)
        ending = _communication_ending(log)
    else:
        asked = None
        _loguru(draft, log)
        ending = Ending(kind=EndingKind.COMPLETED, reason="the log ends after the team's last act")
    if not draft.turns:
        raise record.malformed("no 'Name(Role): to do …' line and no 'FROM: … TO: …' block, so no turn was found")
    conversation = draft.conversation(
        run_id_of("metagpt", log.strip()),
        system="MetaGPT",
        task=task or asked,
        task_id=task_id,
        ending=ending,
        metadata=metadata([("format", "metagpt"), ("source", record.name), *facts]),
    )
    return ImportedRun(conversation=conversation)


def _loguru(draft: Draft, log: str) -> None:
    for start, body in cut(_LOGURU.finditer(log), log):
        act = _TO_DO.match(body)
        if act is None:
            continue
        role = act[2].strip()
        draft.agent(role, description=f"{act[1].strip()}, {role}")
        draft.say(role, body[act.end() :].strip("\n"), start_ns=time_ns(start[1]))


def _communication(draft: Draft, log: str) -> str | None:
    """Add the blocks' turns; return what the first human asked."""
    end = _LOG_END.search(log)
    whole = log[: end.start()] if end else log
    asked: str | None = None
    for start, block in cut(_BLOCK.finditer(whole), whole):
        body = _RULER.sub("", block.rstrip() + "\n")
        when = time_ns(start[1])
        sender = _FROM.match(start[2])
        if sender is None:
            _new_messages(draft, body, when)
            continue
        content = body.split("CONTENT:", 1)[-1].strip("\n")
        name = sender[1].strip()
        is_human = name.lower() in {"human", "user"}
        draft.say(name, content, kind="human" if is_human else "agent", to=_receivers(sender[2]), start_ns=when)
        asked = asked or (content.strip() if is_human else None)
    return asked


def _new_messages(draft: Draft, body: str, when: int | None) -> None:
    """Add one turn a role. Only a role that stands at the block's head, or has spoken before, opens a message."""
    known = {str(turn.speaker) for turn in draft.turns}
    opened: list[tuple[str, int, int]] = []
    for speaker in _SPEAKER.finditer(body):
        if (
            not body[: speaker.start()].strip()
            or (speaker[1] in known and not opened)
            or (speaker[1] in known and body[: speaker.start()].endswith("\n\n"))
        ):
            opened.append((speaker[1], speaker.start(), speaker.end()))
    for position, (name, _, begin) in enumerate(opened):
        end = opened[position + 1][1] if position + 1 < len(opened) else len(body)
        draft.say(name, body[begin:end].strip("\n"), start_ns=when)
    if not opened and body.strip():
        draft.say("MetaGPT", body.strip("\n"), kind="system", start_ns=when)


def _receivers(text_of_set: str) -> list[str]:
    names = re.findall(r"[\w .<>-]+", text_of_set.strip().strip("{}"))
    return [name.strip() for name in names if name.strip() and "all" not in name.lower()]


def _communication_ending(log: str) -> Ending:
    if _LOG_END.search(log):
        return Ending(kind=EndingKind.COMPLETED, reason="the communication log is closed")
    if _RULER.search(log.rstrip() + "\n"):
        return Ending(kind=EndingKind.UNKNOWN)
    return Ending(kind=EndingKind.UNFINISHED, reason="the log breaks off inside a block")


METAGPT_JSON = Family(
    id="metagpt-json",
    title="MetaGPT (run_N.json)",
    kind="json",
    looks_like="an object whose `content` is a MetaGPT log",
    matches=_is_json,
    read=_read_json,
    notes=__doc__ or "",
)
METAGPT_LOG = Family(
    id="metagpt-log",
    title="MetaGPT (loguru or communication log)",
    kind="text",
    looks_like="lines `… - Alice(SimpleCoder): to do …`, or blocks `[time] FROM: X TO: {…}`",
    matches=lambda record: _is_log(record.text or ""),
    read=_read_log,
    notes=__doc__ or "",
)
