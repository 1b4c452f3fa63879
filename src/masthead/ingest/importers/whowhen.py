"""Who&When: failed runs with the agent and step that a person blames; both parts.

`history` is a list of `{content, role, name}`; one entry is one turn with the same 0-based index, so that
`mistake_step` points into the turns. `question` is the task, `question_ID` its id.

The algorithm-generated part (CaptainAgent on AG2) names its speakers by `name`: a message whose code the
`Computer_terminal` ran next is a tool call, the terminal's `exitcode: …` a tool result, and `system_prompt` gives the
agents' instructions. The hand-crafted part has no `name`: its roles are Magentic-One's, and are read as there.

`mistake_agent`, `mistake_step` and `mistake_reason` become one human score `origin` by `human:whowhen` on that turn,
with the agent as label, as the file has them: six of the public labels name an agent that does not speak at that step.
The files hold failed runs only; `is_correct` or `is_corrected` says so. `ground_truth` is metadata.
"""

from collections.abc import Iterator

from masthead.ingest.importers.ag2 import Entry, ending_of, write
from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Label, Record, run_id_of
from masthead.ingest.importers.magentic_one import ending_of as ending_of_chat
from masthead.ingest.importers.magentic_one import is_chat, write_chat
from masthead.ingest.importers.shapes import Fields, boolean, fields, is_fields, items, metadata, optional_text, text


def _matches(record: Record) -> bool:
    run = fields(record.value)
    history = items(run.get("history"))
    return bool(history) and is_fields(history[0], "content") and ("mistake_agent" in run or "question" in run)


def _read(record: Record) -> Iterator[ImportedRun]:
    run = fields(record.value)
    history = items(run.get("history"))
    draft = Draft()
    is_hand_crafted = is_chat(history)
    if is_hand_crafted:
        write_chat(draft, record, history)
        ending = ending_of_chat(draft)
    else:
        entries = _entries(record, history)
        write(draft, entries)
        ending = ending_of(entries, {})
        for name, prompt in fields(run.get("system_prompt")).items():
            if any(turn.speaker == name for turn in draft.turns):
                draft.agent(name, instructions=optional_text(prompt))
    success = boolean(run.get("is_correct", run.get("is_corrected")))
    conversation = draft.conversation(
        run_id_of("whowhen", run.get("question_ID"), history),
        system="Magentic-One" if is_hand_crafted else "CaptainAgent",
        task=optional_text(run.get("question")),
        task_id=optional_text(run.get("question_ID")),
        ending=ending,
        is_success=success,
        tags=("hand-crafted" if is_hand_crafted else "algorithm-generated",),
        metadata=metadata(
            [
                ("format", "whowhen"),
                ("source", record.name),
                ("level", run.get("level")),
                ("ground_truth", run.get("ground_truth")),
            ]
        ),
    )
    yield ImportedRun(conversation=conversation, labels=tuple(_labels(run)))


def _entries(record: Record, history: list[object]) -> list[Entry]:
    entries: list[Entry] = []
    for position, value in enumerate(history):
        if not is_fields(value, "content"):
            raise record.malformed(f"history[{position}] is not an object with content, but {value!r:.80}")
        said = fields(value)
        name = optional_text(said.get("name")) or optional_text(said.get("role")) or "unknown"
        entries.append(Entry(name=name, text=text(said["content"])))
    return entries


def _labels(run: Fields) -> Iterator[Label]:
    step = text(run.get("mistake_step")).strip()
    agent = optional_text(run.get("mistake_agent"))
    if agent is None:
        return
    turn = int(step) if step.isdecimal() and len(step) < 10 else None
    reason = optional_text(run.get("mistake_reason"))
    yield Label(name="origin", evaluator="human:whowhen", turn=turn, agent=agent, label=agent, reason=reason)


WHOWHEN = Family(
    id="whowhen",
    title="Who&When (JSON, both parts)",
    kind="json",
    looks_like="an object with `history`, `question` and `mistake_agent`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)
