"""Magentic-One: an orchestrator with a web surfer, a file surfer, a coder and a terminal; AutoGen's console and JSON.

JSON is a list of `{content, role}` (as Who&When's hand-crafted part and AgentRx keep it) or of AutoGen's messages
(`{source, content, type}`). One entry is one turn with the same index.

- `human`, `user`: message of kind human
- `Orchestrator (-> WebSurfer)`: handoff from Orchestrator to WebSurfer
- `Orchestrator (thought)`: message of Orchestrator to nobody: plans, ledgers, "Next speaker …"
- `Orchestrator (termination condition)`: ending; what follows `FINAL ANSWER:` is the run's answer
- `ComputerTerminal`, `Executor`: tool result (kind tool); an error where the exit code is not 0 or a traceback shows
- any other role: message of that agent to Orchestrator
- AutoGen `ToolCallRequestEvent`, `ToolCallExecutionEvent`, `HandoffMessage`: tool call, tool result, handoff

The console log is cut at `---------- name ----------` lines (also `---------- TextMessage (name) ----------`); what
stands before the first is an installer's noise and left out, and so are Python's warnings. There,
`MagenticOneOrchestrator` speaks to the agent that speaks next: its short instruction is a handoff, its ledgers and
plans are messages. A traceback after the last message ends the run with an error. The run's task is the human's first
message.
"""

import re
from collections.abc import Iterator, Sequence

from masthead.ingest.importers.code import has_failed
from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft, Spent
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import (
    Fields,
    count,
    fields,
    is_fields,
    items,
    metadata,
    optional_text,
    text,
    time_ns,
)
from masthead.model.conversation import Act, Ending, EndingKind

_ROLE = re.compile(r"(?P<agent>[^()\n]{1,60}?) *\((?:-> ?(?P<to>[^()\n]{1,60})|(?P<aside>[^()\n]{1,60}))\)$")
_DELIMITER = re.compile(
    r"^-{6,} (?:\w+ \((?P<typed>[^()\n]{1,60})\)|(?P<name>[^\n]{1,60}?)) -{6,}[ \t]*$", re.MULTILINE
)
_FINAL = re.compile(r"FINAL ANSWER:[ ]*([^\n]*)")
_CRASH = re.compile(r"^(?:Error processing publish message|Traceback \(most recent call last\):)", re.MULTILINE)
_RAISED = re.compile(r"^[ \t|]*((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception)\b[^\n]*)$", re.MULTILINE)
_WARNING = re.compile(r"\S[^\n]*\.py:\d+: \w*Warning: ")
_EXIT = re.compile(r"Unix exit code: (-?\d+)")
_HUMANS = {"human", "user"}
_TERMINALS = {"computerterminal", "executor", "computer_terminal"}
_PLANS = ("We are working to address", "Updated Ledger", "Initial plan", "New plan", "Stalled", "{")


def is_chat(value: object) -> bool:
    """Say whether the value is a Magentic-One chat: entries of role and content, with an orchestrator among them."""
    entries = items(value)
    if not entries or not all(is_fields(entry, "content", "role") for entry in entries[:50]):
        return False
    roles = [text(fields(entry)["role"]) for entry in entries[:50]]
    return any(role.startswith(("Orchestrator", "MagenticOne")) for role in roles)


def _is_json(record: Record) -> bool:
    return is_chat(record.value) or _is_autogen(record.value)


def _is_autogen(value: object) -> bool:
    entries = items(value)
    return bool(entries) and all(is_fields(entry, "source", "content", "type") for entry in entries[:20])


def _read_json(record: Record) -> Iterator[ImportedRun]:
    draft = Draft()
    entries = items(record.value)
    if _is_autogen(record.value):
        _write_autogen(draft, entries)
    else:
        write_chat(draft, record, entries)
    yield _run(record, draft, record.value)


def _read_console(record: Record) -> Iterator[ImportedRun]:
    draft = Draft()
    log = record.text or ""
    starts = list(_DELIMITER.finditer(log))
    if not starts:
        raise record.malformed("no '---------- name ----------' line, so no turn was found")
    said: list[tuple[str, str]] = []
    for start, body in cut(starts, log):
        said.append(((start["typed"] or start["name"]).strip(), _without_warnings(body).strip("\n")))
    _write_console(draft, said)
    yield _run(record, draft, log.strip())


def _without_warnings(body: str) -> str:
    """Drop what Python's warnings print between messages: `file.py:1: XWarning: …` and the lines indented below."""
    if "Warning: " not in body:
        return body
    kept: list[str] = []
    is_warning = False
    for line in body.split("\n"):
        is_warning = bool(_WARNING.match(line)) or (is_warning and line.startswith("  "))
        if not is_warning:
            kept.append(line)
    return "\n".join(kept)


def _run(record: Record, draft: Draft, content: object) -> ImportedRun:
    orchestrated = any("Orchestrator" in turn.speaker for turn in draft.turns)
    return ImportedRun(
        conversation=draft.conversation(
            run_id_of("magentic-one", content),
            system="Magentic-One" if orchestrated else "AutoGen",
            task=task_of(draft),
            task_id=_task_id(record.name),
            ending=ending_of(draft),
            metadata=metadata([("format", "magentic-one"), ("source", record.name)]),
        )
    )


def _task_id(name: str) -> str | None:
    """Return the file's name where it is an id, as AgentRx names its files."""
    stem = name.rsplit("/", 1)[-1].rsplit("!", 1)[-1].removesuffix(".json")
    return stem if re.fullmatch(r"[0-9a-f-]{32,64}", stem) else None


def write_chat(draft: Draft, record: Record, entries: Sequence[object]) -> None:
    """Add entries of role and content as turns, one each."""
    for position, value in enumerate(entries):
        if not is_fields(value, "content"):
            raise record.malformed(f"entry {position} is not an object with role and content, but {value!r:.80}")
        entry = fields(value)
        _say(draft, text(entry.get("role")) or "unknown", text(entry["content"]))


def _say(draft: Draft, role: str, content: str) -> None:
    parts = _ROLE.match(role)
    name = parts["agent"] if parts else role
    if parts and parts["to"]:
        draft.say(name, content, act=Act.HANDOFF, to=[parts["to"].strip()])
    elif parts and (parts["aside"] or "").startswith("termination"):
        draft.say(name, content, act=Act.ENDING)
    elif name.lower() in _HUMANS:
        draft.say(name, content, kind="human")
    elif name.lower() in _TERMINALS:
        _terminal(draft, name, content)
    elif parts or name == "Orchestrator":
        draft.say(name, content, is_error=_CRASH.search(content) is not None)
    else:
        draft.say(name, content, to=["Orchestrator"], is_error=_CRASH.search(content) is not None)


def _terminal(draft: Draft, name: str, content: str) -> None:
    code = _EXIT.search(content)
    failed = int(code[1][:9]) != 0 if code else has_failed(content)
    is_result = code is not None or failed or not content.startswith("No code block")
    draft.say(
        name,
        content,
        kind="tool",
        act=Act.TOOL_RESULT if is_result else Act.MESSAGE,
        to=["Orchestrator"],
        tool="code",
        is_error=failed,
    )


def _write_console(draft: Draft, said: Sequence[tuple[str, str]]) -> None:
    for position, (name, body) in enumerate(said):
        following = said[position + 1][0] if position + 1 < len(said) else None
        if name.lower() in _HUMANS:
            draft.say(name, body, kind="human")
        elif name.lower() in _TERMINALS:
            _terminal(draft, name, body)
        elif "Orchestrator" not in name:
            draft.say(name, body, is_error=_CRASH.search(body) is not None)
        elif following not in {None, name} and not body.lstrip().startswith(_PLANS):
            draft.say(name, body, act=Act.HANDOFF, to=[str(following)])
        else:
            draft.say(name, body, is_error=_CRASH.search(body) is not None)


def _write_autogen(draft: Draft, entries: Sequence[object]) -> None:
    for value in entries:
        entry = fields(value)
        name, kind = text(entry.get("source")) or "unknown", text(entry.get("type"))
        usage = fields(entry.get("models_usage"))
        spent = Spent(
            input_tokens=count(usage.get("prompt_tokens")), output_tokens=count(usage.get("completion_tokens"))
        )
        when = time_ns(entry.get("created_at"))
        parts = [fields(part) for part in items(entry.get("content"))]
        if kind == "ToolCallRequestEvent" and parts:
            _calls(draft, name, parts, spent, when)
        elif kind == "ToolCallExecutionEvent" and parts:
            draft.say(
                name,
                "\n".join(text(part.get("content")) for part in parts),
                act=Act.TOOL_RESULT,
                tool=", ".join(dict.fromkeys(text(part.get("name")) for part in parts)) or None,
                call_id=optional_text(parts[0].get("call_id")),
                is_error=any(part.get("is_error") is True for part in parts),
                start_ns=when,
            )
        elif kind == "HandoffMessage":
            to = optional_text(entry.get("target"))
            draft.say(
                name, text(entry.get("content")), act=Act.HANDOFF, to=[to] if to else [], start_ns=when, spent=spent
            )
        else:
            human = name.lower() in _HUMANS
            draft.say(name, text(entry.get("content")), kind="human" if human else "agent", start_ns=when, spent=spent)


def _calls(draft: Draft, name: str, parts: Sequence[Fields], spent: Spent, when: int | None) -> None:
    """Add one request entry as one turn; several calls at once stand in its arguments, one a line."""
    arguments = [text(part.get("arguments")) for part in parts]
    names = list(dict.fromkeys(text(part.get("name")) for part in parts))
    draft.say(
        name,
        "",
        act=Act.TOOL_CALL,
        tool=", ".join(names) or None,
        arguments="\n".join(arguments),
        call_id=optional_text(parts[0].get("id")),
        start_ns=when,
        spent=spent,
    )


def task_of(draft: Draft) -> str | None:
    """Return what the first human said."""
    for turn in draft.turns:
        if turn.speaker.lower() in _HUMANS:
            return turn.text.strip() or None
    return None


def ending_of(draft: Draft) -> Ending:
    """Return how the run ended, by its last turn."""
    if not draft.turns:
        return Ending()
    last = draft.turns[-1]
    final = _FINAL.search(last.text)
    answer = final[1].strip() or None if final else None
    said = last.text.splitlines()[0] if last.text.strip() else ""
    if "Max rounds" in last.text[:200] or any("Terminating" in turn.text[:80] for turn in draft.turns[-2:]):
        reason = said if "Max rounds" in said else "replan counter exceeded"
        return Ending(kind=EndingKind.LIMIT, reason=reason, answer=answer)
    if last.act is not Act.ENDING and _CRASH.search(last.text):
        raised = _RAISED.findall(last.text)
        return Ending(kind=EndingKind.ERROR, reason=raised[-1][:500] if raised else "a traceback", answer=answer)
    if last.act is Act.ENDING or final:
        satisfied = any(turn.text.startswith("Request satisfied") for turn in draft.turns[-3:])
        return Ending(
            kind=EndingKind.COMPLETED, reason="request satisfied" if satisfied else said[:200] or None, answer=answer
        )
    if "TERMINATE" in last.text[-40:]:
        return Ending(kind=EndingKind.COMPLETED, reason="TERMINATE")
    if last.speaker == "MagenticOneOrchestrator" and last.act is Act.MESSAGE:
        return Ending(kind=EndingKind.COMPLETED, reason="the orchestrator answers", answer=last.text.strip() or None)
    return Ending(kind=EndingKind.UNFINISHED, reason=f"the log ends with {last.speaker}, and no termination")


MAGENTIC_JSON = Family(
    id="magentic-one-json",
    title="Magentic-One, AgentRx, AutoGen messages (JSON)",
    kind="json",
    looks_like="a list of `{role, content}` with `Orchestrator (…)` roles, or of AutoGen's `{source, content, type}`",
    matches=_is_json,
    read=_read_json,
    notes=__doc__ or "",
)
MAGENTIC_CONSOLE = Family(
    id="magentic-one-console",
    title="Magentic-One and AutoGen (console log)",
    kind="text",
    looks_like="lines `---------- Agent ----------`",
    matches=lambda record: len(_DELIMITER.findall((record.text or "")[:400_000])) >= 2,
    read=_read_console,
    notes=__doc__ or "",
)
