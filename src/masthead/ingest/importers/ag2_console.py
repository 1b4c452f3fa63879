r"""AG2 (AutoGen) as it prints: to the console, or as blocks of content, role and name (as MAST-Data keeps its runs).

- `A (to B):` and what follows: message from A to B; AG2's rulers, `Next speaker: …` and `>>>>>>>>` lines are left out
- `content:` … `role: …` and `name: A`: message of A, its indentation taken off; the role is passed over
- code that the next message ran, and what it gave: tool call and tool result, as in AG2's JSON

`problem_statement:` is the task, else the first message is; `correct:` says whether the run succeeded.
"""

import re
from collections.abc import Iterator, Sequence
from textwrap import dedent

from masthead.ingest.importers.ag2 import Entry, ending_of, write
from masthead.ingest.importers.cutting import cut
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import boolean, metadata

_CONTENT = re.compile(r"\s*(?:- )?content: ?(.*)")
_ROLE = re.compile(r"\s*role: ?([\w-]{1,40})\s*")
_NAME = re.compile(r"\s*name: ?([\w .-]{1,60}?)\s*")
_CONSOLE = re.compile(r"^(?P<speaker>[\w -]{1,60}) \(to (?P<to>[\w -]{1,60})\):[ \t]*$", re.MULTILINE)
_CONSOLE_NOISE = re.compile(r"^(?:-{20,}|>{6,}.*|Next speaker: .*)$", re.MULTILINE)
_PROBLEM = re.compile(r"^problem_statement: ?\n?(.*?)\n(?=other_data:|trajectory:|\Z)", re.MULTILINE | re.DOTALL)
_CORRECT = re.compile(r"^ *correct: ?(\w+)", re.MULTILINE)
_HEAD_CHARS = 60_000


def _matches(record: Record) -> bool:
    head = (record.text or "")[:_HEAD_CHARS]
    return len(_CONSOLE.findall(head)) >= 2 or bool(_blocks(head))


def _read(record: Record) -> Iterator[ImportedRun]:
    run = _blocks_run(record) or _console_run(record)
    if run is None:
        raise record.malformed("no 'A (to B):' line and no block of content, role and name, so no turn was found")
    yield run


def _blocks_run(record: Record) -> ImportedRun | None:
    """Read an AG2 run that is printed as blocks of content, role and name."""
    log = record.text or ""
    entries = _blocks(log)
    if not entries:
        return None
    draft = Draft()
    write(draft, entries)
    problem = _PROBLEM.search(log)
    correct = _CORRECT.search(log)
    return ImportedRun(
        conversation=draft.conversation(
            run_id_of("ag2-printed", log.strip()),
            system="AG2",
            task=dedent(problem[1]).strip() or None if problem else None,
            ending=ending_of(entries, {}),
            is_success=boolean(correct[1]) if correct else None,
            metadata=metadata([("format", "ag2-printed"), ("source", record.name)]),
        )
    )


def _blocks(log: str) -> list[Entry]:
    lines = log.split("\n")
    entries: list[Entry] = []
    collected: list[str] | None = None
    for position, line in enumerate(lines):
        following = lines[position + 1] if position + 1 < len(lines) else ""
        name = _NAME.fullmatch(following)
        if collected is None:
            content = _CONTENT.fullmatch(line)
            collected = [content[1]] if content else None
        elif _ROLE.fullmatch(line) and name is not None:
            entries.append(Entry(name=name[1], text=_undented(collected)))
            collected = None
        else:
            collected.append(line)
    return entries


def _undented(lines: Sequence[str]) -> str:
    first, rest = lines[0], dedent("\n".join(lines[1:]))
    return f"{first}\n{rest}".strip("\n").rstrip() if first else rest.strip("\n").rstrip()


def _console_run(record: Record) -> ImportedRun | None:
    """Read an AG2 run as AG2 prints it to the console."""
    log = record.text or ""
    starts = list(_CONSOLE.finditer(log))
    if not starts:
        return None
    entries: list[Entry] = []
    for start, body in cut(starts, log):
        entries.append(Entry(name=start["speaker"].strip(), text=_CONSOLE_NOISE.sub("", body).strip()))
    draft = Draft()
    write(draft, entries)
    return ImportedRun(
        conversation=draft.conversation(
            run_id_of("ag2-console", log.strip()),
            system="AG2",
            task=entries[0].text or None,
            ending=ending_of(entries, {}),
            metadata=metadata([("format", "ag2-console"), ("source", record.name)]),
        )
    )


AG2_CONSOLE = Family(
    id="ag2-console",
    title="AG2 / AutoGen (console log, printed run)",
    kind="text",
    looks_like="lines `assistant (to user_proxy):`, or blocks of `content:`, `role:` and `name:`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)
